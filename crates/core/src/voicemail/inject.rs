//! What programs do with boxes beside their messages: files they put in as messages nobody has said, and the greeting they
//! ask for. The shell copies and measures a file, and then it is kept as a recording is.

use std::sync::Arc;

use api::command::voicemail::{FindGreeting, InjectVoiceMessage};
use api::event::VoicemailAction;
use api::view::{Extension, VoiceMessage};
use api::{CommandError, ErrorKind, ObjectKind, RequestId};

use super::deposit::Refused;
use super::{Pending, Profile, VoicemailWork, path};
use crate::Switch;

impl Switch {
    /// `vm_inject`: into one box.
    pub(crate) fn inject_voice_message(&mut self, request: RequestId, c: InjectVoiceMessage) {
        match self.prepare_injection(&c) {
            Ok((mailbox, profile)) => self.begin_injection(request, c, mailbox, &profile),
            Err(error) => self.refuse(request, error),
        }
    }

    fn prepare_injection(
        &self,
        c: &InjectVoiceMessage,
    ) -> Result<(Extension, Arc<Profile>), CommandError> {
        let (mailbox, profile) = self.box_and_profile(&c.mailbox, c.profile.as_ref())?;
        let user = self.view.directory.user(&c.mailbox.domain, &c.mailbox.user);
        let quota = user.and_then(|user| user.param("vm-disk-quota")?.parse().ok());
        let full = |detail| CommandError::new(ErrorKind::LimitReached, detail);
        match self.may_deposit(&profile, &mailbox, quota) {
            Ok(()) => Ok((mailbox, profile)),
            Err(Refused::Full) => Err(full("the box is full")),
            Err(Refused::Busy) => Err(full("too much waits to be kept")),
        }
    }

    fn box_and_profile(
        &self,
        name: &Extension,
        profile: Option<&Arc<str>>,
    ) -> Result<(Extension, Arc<Profile>), CommandError> {
        let mailbox = self.view.mailbox(&name.user, &name.domain);
        let mailbox = mailbox.ok_or_else(|| CommandError::not_found(ObjectKind::Mailbox))?;
        let profiles = &self.voicemail.profiles;
        let wanted = match profile {
            Some(name) => profiles.get(name),
            None => profiles.get("default").or(profiles.values().next()),
        };
        let Some(profile) = wanted.cloned() else {
            let detail = "voicemail.conf has no such profile";
            return Err(CommandError::new(ErrorKind::NotSupported, detail));
        };
        Ok((mailbox.name.clone(), profile))
    }

    /// `vm_prefs`: the shell knows what is there.
    pub(crate) fn find_greeting(&mut self, request: RequestId, c: &FindGreeting) {
        let (mailbox, profile) = match self.box_and_profile(&c.mailbox, c.profile.as_ref()) {
            Ok(found) => found,
            Err(error) => return self.refuse(request, error),
        };
        if !self.voicemail.has_room() {
            let detail = "too much waits to be kept";
            return self.refuse(request, CommandError::new(ErrorKind::Unavailable, detail));
        }
        let file = self.greeting_of(&profile, &mailbox);
        let pending = Pending::Look {
            request,
            file: file.clone(),
        };
        self.start_job(pending, VoicemailWork::Look { file });
    }

    fn begin_injection(
        &mut self,
        request: RequestId,
        c: InjectVoiceMessage,
        mailbox: Extension,
        profile: &Profile,
    ) {
        let id: Arc<str> = self.new_uuid().to_string().into();
        let directory = &self.config.voicemail.directory;
        let recording = path::incoming(directory, &id);
        let message = VoiceMessage {
            caller_name: c.caller_name,
            caller_number: c.caller_number,
            left_at: self.now.wall,
            read_at: None,
            length_ms: 0,
            path: path::message(directory, &profile.name, &mailbox, &id),
            id,
        };
        let pending = Pending::Copy {
            request,
            mailbox,
            message: Box::new(message),
            recording: recording.clone(),
        };
        let file = c.file;
        self.start_job(pending, VoicemailWork::Copy { file, recording });
    }

    /// The shell has made a copy of a file, which is so long.
    pub(crate) fn voicemail_copied(&mut self, number: u64, length_ms: u64) {
        match self.voicemail.jobs.remove(&number) {
            Some(Pending::Copy {
                request,
                mailbox,
                message,
                recording,
            }) => {
                let message = Arc::new(VoiceMessage {
                    length_ms,
                    ..*message
                });
                let work = VoicemailWork::Keep {
                    recording,
                    mailbox: mailbox.clone(),
                    message: message.clone(),
                };
                let pending = Pending::KeepCopy {
                    request,
                    mailbox,
                    message,
                };
                self.start_job(pending, work);
            }
            Some(other) => {
                tracing::error!(
                    number,
                    ?other,
                    "A voicemail job has the outcome of another kind"
                );
            }
            None => tracing::error!(number, "A voicemail job was done twice"),
        }
    }

    /// A message that nobody has said is in its box, or is not.
    pub(super) fn copy_kept(
        &mut self,
        request: RequestId,
        name: &Extension,
        message: Arc<VoiceMessage>,
        result: Result<(), Box<str>>,
    ) {
        let done = self.outcome(result);
        if done.is_ok() {
            let mailbox = self.put_message(name, message.clone());
            let left = VoicemailAction::Left(message);
            self.tell_of_mailbox(mailbox.clone(), left, None);
            self.tell_counts(mailbox, None);
        }
        self.answer(request, done);
    }
}
