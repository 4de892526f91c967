//! Recordings for boxes: begun by an application, ended by whatever ends first, and kept although the caller is gone.

use std::sync::Arc;

use api::ChannelId;
use api::view::{Extension, VoiceMessage};
use media::control::{MediaCommand, RecordEnd, RecordId, RecordLength, RecordSides};

use super::{Pending, Profile, VoicemailWork, path};
use crate::Switch;
use crate::switch::RecordOwner;

/// A recording under way.
#[derive(Debug)]
pub(crate) struct Deposit {
    channel: ChannelId,
    mailbox: Extension,
    profile: Arc<Profile>,
    id: Arc<str>,
    recording: Arc<str>,
    caller_name: Arc<str>,
    caller_number: Arc<str>,
    what: Recording,
}

impl Deposit {
    pub(super) fn is_message_for(&self, mailbox: &Extension) -> bool {
        self.what == Recording::Message && self.mailbox == *mailbox
    }
}

/// What a recording is to become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recording {
    Message,
    Greeting,
}

/// What has become of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recorded {
    /// It is complete, and being kept.
    Complete,
    /// Too short, or nothing was heard.
    TooShort,
    /// The file could not be written.
    Failed,
}

/// Why nothing can be left in a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// There are as many messages as there may be, or as many seconds of them.
    Full,
    /// The server has too many recordings to keep.
    Busy,
}

impl Switch {
    /// Whether a message may be left.
    pub(crate) fn may_deposit(
        &self,
        profile: &Profile,
        name: &Extension,
        quota_s: Option<u64>,
    ) -> Result<(), Refused> {
        if !self.voicemail.has_room() {
            return Err(Refused::Busy);
        }
        let mailbox = self.mailbox(name);
        if mailbox.messages.len() + self.voicemail.coming(name) >= profile.max_messages {
            return Err(Refused::Full);
        }
        let used_ms: u64 = mailbox.messages.iter().map(|m| m.length_ms).sum();
        match quota_s {
            Some(quota_s) if used_ms >= quota_s.saturating_mul(1000) => Err(Refused::Full),
            Some(_) | None => Ok(()),
        }
    }

    /// Where the greeting of a box is, if it has one.
    pub(crate) fn greeting_of(&self, profile: &Profile, mailbox: &Extension) -> Arc<str> {
        path::greeting(&self.config.voicemail.directory, &profile.name, mailbox)
    }

    /// Begins to record what a channel says.
    pub(crate) fn begin_deposit(
        &mut self,
        channel: &ChannelId,
        profile: &Arc<Profile>,
        mailbox: &Extension,
        what: Recording,
    ) -> RecordId {
        self.serials.record += 1;
        let record = RecordId(self.serials.record);
        let id: Arc<str> = self.new_uuid().to_string().into();
        let recording = path::incoming(&self.config.voicemail.directory, &id);
        let longest_s = match what {
            Recording::Message => profile.max_record_s,
            Recording::Greeting => profile.max_greeting_s,
        };
        let live = self.channels.get(channel);
        let caller = live.and_then(|live| live.seen.profile.clone());
        let (caller_name, caller_number) = caller.map_or_else(Default::default, |caller| {
            (
                caller.caller_id_name.clone(),
                caller.caller_id_number.clone(),
            )
        });
        let (file, silence, rate_hz) = (recording.to_string(), profile.silence, profile.rate_hz);
        let deposit = Deposit {
            channel: channel.clone(),
            mailbox: mailbox.clone(),
            profile: profile.clone(),
            id,
            recording,
            caller_name,
            caller_number,
            what,
        };
        self.voicemail.deposits.insert(record, deposit);
        self.records.insert(record, RecordOwner::Voicemail);
        self.media_of(channel, |leg| MediaCommand::Record {
            leg,
            record,
            file,
            sides: RecordSides::Read,
            limit_ms: Some(longest_s.saturating_mul(1000)),
            silence,
            append: false,
            rate_hz,
        });
        record
    }

    /// A recording is complete, or has failed. Whoever made it may be gone.
    pub(crate) fn deposit_done(
        &mut self,
        record: RecordId,
        end: RecordEnd,
        length: RecordLength,
        heard: bool,
    ) {
        let Some(deposit) = self.voicemail.deposits.remove(&record) else {
            return;
        };
        let (channel, mailbox) = (deposit.channel.clone(), deposit.mailbox.clone());
        let (profile, recording) = (deposit.profile.clone(), deposit.recording.clone());
        // What ended a recording by being quiet is not part of what was said.
        let quiet_ms = match (end, profile.silence) {
            (RecordEnd::Silence, Some(silence)) => u64::from(silence.after_ms),
            (RecordEnd::Silence, None)
            | (RecordEnd::Limit | RecordEnd::Stopped | RecordEnd::Failed, _) => 0,
        };
        let said_ms = length.as_ms().saturating_sub(quiet_ms);
        let outcome = if end == RecordEnd::Failed {
            tracing::error!(channel = %channel, mailbox = %mailbox.user, file = &*recording, "A voicemail message cannot be recorded");
            Recorded::Failed
        } else if !heard || said_ms < profile.min_record_s * 1000 {
            tracing::info!(channel = %channel, mailbox = %mailbox.user, said_ms, heard, "Too short for a voicemail message");
            Recorded::TooShort
        } else {
            Recorded::Complete
        };
        match (outcome, deposit.what) {
            (Recorded::Complete, Recording::Message) => {
                let message = self.message_of(deposit, length);
                let work = VoicemailWork::Keep {
                    recording,
                    mailbox: mailbox.clone(),
                    message: message.clone(),
                };
                let pending = Pending::Keep {
                    channel: channel.clone(),
                    mailbox,
                    message,
                };
                self.start_job(pending, work);
            }
            (Recorded::Complete, Recording::Greeting) => {
                let file = self.greeting_of(&profile, &mailbox);
                let work = VoicemailWork::Greet {
                    recording,
                    file: file.clone(),
                };
                let pending = Pending::Greet {
                    channel: channel.clone(),
                    mailbox,
                    file,
                };
                self.start_job(pending, work);
            }
            (Recorded::TooShort | Recorded::Failed, Recording::Message | Recording::Greeting) => {
                self.start_job(Pending::Discard, VoicemailWork::Discard { recording });
            }
        }
        self.voicemail_recorded(&channel, record, outcome);
    }

    fn message_of(&self, deposit: Deposit, length: RecordLength) -> Arc<VoiceMessage> {
        let Deposit {
            mailbox,
            profile,
            id,
            caller_name,
            caller_number,
            ..
        } = deposit;
        let directory = &self.config.voicemail.directory;
        Arc::new(VoiceMessage {
            caller_name,
            caller_number,
            left_at: self.now.wall,
            read_at: None,
            length_ms: length.as_ms(),
            path: path::message(directory, &profile.name, &mailbox, &id),
            id,
        })
    }
}
