//! What changes in boxes: messages that are kept, marked and deleted; the shell does it first.

use std::sync::Arc;

use api::command::voicemail::{DeleteVoiceMessage, MarkVoiceMessage, TransferToVoicemail};
use api::event::VoicemailAction;
use api::view::{Extension, Mailbox, VoiceMessage};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};

use super::{Pending, VoicemailWork};
use crate::Switch;

impl Switch {
    pub(crate) fn mark_voice_message(&mut self, request: RequestId, c: &MarkVoiceMessage) {
        let (mailbox, message) = match self.message_for_client(&c.mailbox, &c.message) {
            Ok(found) => found,
            Err(error) => return self.refuse(request, error),
        };
        if message.read_at.is_some() == c.read {
            return self.answer(request, Ok(false));
        }
        self.mark(Some(request), &mailbox, &message.id, c.read);
    }

    pub(crate) fn delete_voice_message(&mut self, request: RequestId, c: &DeleteVoiceMessage) {
        match self.message_for_client(&c.mailbox, &c.message) {
            Ok((mailbox, message)) => self.delete(Some(request), &mailbox, message),
            Err(error) => self.refuse(request, error),
        }
    }

    pub(crate) fn transfer_to_voicemail(
        &mut self,
        c: &TransferToVoicemail,
    ) -> Result<(), CommandError> {
        self.require(&c.channel)?;
        let called = self.channels.get(&c.channel);
        if called.is_some_and(|live| live.attempt.is_some()) {
            let kind = ErrorKind::InvalidState;
            return Err(CommandError::new(kind, "the channel is still being called"));
        }
        let Some(mailbox) = self.view.mailbox(&c.mailbox.user, &c.mailbox.domain) else {
            return Err(CommandError::not_found(ObjectKind::Mailbox));
        };
        let profiles = &self.voicemail.profiles;
        let usual = profiles
            .get_key_value("default")
            .or(profiles.first_key_value());
        let Some((profile, _)) = usual else {
            let detail = "voicemail.conf has no profile";
            return Err(CommandError::new(ErrorKind::NotSupported, detail));
        };
        let Extension { user, domain } = &mailbox.name;
        let application = format!("voicemail:{profile} {domain} {user}");
        self.transfer_channel(&c.channel, &application, Some("inline".into()), None);
        Ok(())
    }

    fn message_for_client(
        &self,
        mailbox: &Extension,
        message: &str,
    ) -> Result<(Extension, Arc<VoiceMessage>), CommandError> {
        let mailbox = self.view.mailbox(&mailbox.user, &mailbox.domain);
        let mailbox = mailbox.ok_or_else(|| CommandError::not_found(ObjectKind::Mailbox))?;
        let found = mailbox.message(message).cloned();
        let found = found.ok_or_else(|| CommandError::not_found(ObjectKind::VoiceMessage))?;
        if self.voicemail.has_room() {
            Ok((mailbox.name.clone(), found))
        } else {
            let kind = ErrorKind::Unavailable;
            Err(CommandError::new(kind, "too much waits to be kept"))
        }
    }

    /// Says whether a message has been listened to.
    pub(crate) fn mark(
        &mut self,
        request: Option<RequestId>,
        mailbox: &Extension,
        message: &Arc<str>,
        read: bool,
    ) {
        let read_at = read.then_some(self.now.wall);
        let pending = Pending::Mark {
            request,
            mailbox: mailbox.clone(),
            message: message.clone(),
            read_at,
        };
        let message = message.clone();
        self.start_job(pending, VoicemailWork::Mark { message, read_at });
    }

    /// Deletes a message.
    pub(crate) fn delete(
        &mut self,
        request: Option<RequestId>,
        mailbox: &Extension,
        message: Arc<VoiceMessage>,
    ) {
        let pending = Pending::Delete {
            request,
            mailbox: mailbox.clone(),
            message: message.id.clone(),
        };
        self.start_job(pending, VoicemailWork::Delete { message });
    }

    /// The shell has done a job, or says why not.
    pub(crate) fn voicemail_done(&mut self, number: u64, result: Result<(), Box<str>>) {
        let Some(pending) = self.voicemail.jobs.remove(&number) else {
            tracing::error!(number, "A voicemail job was done twice");
            return;
        };
        match pending {
            Pending::Keep {
                channel,
                mailbox,
                message,
            } => self.message_kept(&channel, &mailbox, message, result),
            Pending::Look { request, file } => {
                let there = if result.is_ok() { file } else { "".into() };
                self.answer(request, Ok(there));
            }
            Pending::Copy { request, .. } => {
                let failed = match result {
                    Ok(()) => Err("nobody has said how long it is".into()),
                    Err(error) => Err(error),
                };
                let failed = self.outcome(failed);
                self.answer(request, failed);
            }
            Pending::KeepCopy {
                request,
                mailbox,
                message,
            } => self.copy_kept(request, &mailbox, message, result),
            Pending::Mark {
                request,
                mailbox,
                message,
                read_at,
            } => {
                let done = self.outcome(result);
                if done.is_ok() {
                    self.change_mailbox(&mailbox, |mailbox| {
                        for one in &mut mailbox.messages {
                            if one.id == message {
                                let marked = VoiceMessage {
                                    read_at,
                                    ..(**one).clone()
                                };
                                *one = Arc::new(marked);
                            }
                        }
                    });
                }
                if let Some(request) = request {
                    self.answer(request, done.map(|()| true));
                }
            }
            Pending::Delete {
                request,
                mailbox,
                message,
            } => {
                let done = self.outcome(result);
                if done.is_ok() {
                    self.change_mailbox(&mailbox, |mailbox| {
                        mailbox.messages.retain(|one| one.id != message);
                    });
                }
                if let Some(request) = request {
                    self.answer(request, done);
                }
            }
            Pending::Greet {
                channel,
                mailbox,
                file,
            } => {
                let done = self.outcome(result);
                if done.is_ok() {
                    let mailbox = self.mailbox(&mailbox);
                    let action = VoicemailAction::GreetingRecorded { path: file };
                    self.tell_of_mailbox(mailbox, action, Some(&channel));
                }
                self.voicemail_kept(&channel, done.is_ok());
            }
            Pending::Discard => {
                if let Err(error) = result {
                    tracing::warn!(%error, "A recording that is no message stays on the disk");
                }
            }
        }
    }

    fn message_kept(
        &mut self,
        channel: &ChannelId,
        name: &Extension,
        message: Arc<VoiceMessage>,
        result: Result<(), Box<str>>,
    ) {
        if let Err(error) = result {
            tracing::error!(%error, mailbox = %name.user, message = &*message.id, "A voicemail message is not kept");
            return self.voicemail_kept(channel, false);
        }
        let mailbox = self.put_message(name, message.clone());
        self.set_var(channel, "voicemail_account", &*name.user);
        self.set_var(channel, "voicemail_domain", &*name.domain);
        let length = message.seconds().to_string();
        self.set_var(channel, "voicemail_message_len", length);
        self.set_var(channel, "voicemail_file_path", &*message.path);
        let left = VoicemailAction::Left(message);
        self.tell_of_mailbox(mailbox.clone(), left, Some(channel));
        self.tell_counts(mailbox, Some(channel));
        self.voicemail_kept(channel, true);
    }

    pub(super) fn outcome(&self, result: Result<(), Box<str>>) -> Result<(), CommandError> {
        result.map_err(|error| {
            tracing::error!(%error, "A change of a voicemail box is not kept");
            CommandError::new(ErrorKind::Unavailable, error)
        })
    }

    /// Changes a box; when that shows, everybody is told how much is in it.
    fn change_mailbox(&mut self, name: &Extension, change: impl FnOnce(&mut Mailbox)) {
        let before = self.mailbox(name);
        let mut mailbox = (*before).clone();
        change(&mut mailbox);
        if mailbox == *before {
            return;
        }
        let mailbox = self.show_mailbox(mailbox);
        self.tell_counts(mailbox, None);
    }
}
