//! Voicemail: boxes of directory users, messages left in them, and what is kept of them (event-socket.md §5.1, §5.2;
//! event-api.md §5.3).
//!
//! Sound is recorded into a file apart. When it is complete, the shell moves it to its place and writes the index, and only
//! when that is on the disk is the message in the box and are clients told. What the shell does is asked for by
//! [`VoicemailJob`]s and answered by [`crate::Input::VoicemailDone`].

mod change;
mod deposit;
mod inject;
mod path;
mod profile;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::event::{EventKind, VoicemailAction, VoicemailEvent};
use api::view::{Extension, Mailbox, VoiceMessage};
use api::{ChannelId, RequestId, Timestamp};
use media::control::RecordId;

use crate::Switch;
use crate::effect::Effect;

pub(crate) use deposit::{Deposit, Recorded, Recording};
pub(crate) use profile::Profile;

/// Most jobs the shell has not done yet; recordings beyond are refused. A shell takes as many.
pub const MAX_VOICEMAIL_JOBS: usize = 1_000;

/// Something to be kept; the answer is [`crate::Input::VoicemailDone`] with its number.
#[derive(Debug)]
pub struct VoicemailJob {
    /// For the answer.
    pub number: u64,
    /// What.
    pub work: VoicemailWork,
}

/// See [`VoicemailJob`].
#[derive(Clone, Debug)]
pub enum VoicemailWork {
    /// Moves a complete recording to [`VoiceMessage::path`], then writes the index.
    Keep {
        /// The recording.
        recording: Arc<str>,
        /// Whose message it is.
        mailbox: Extension,
        /// The message.
        message: Arc<VoiceMessage>,
    },
    /// Says in the index when a message was listened to.
    Mark {
        /// Its id.
        message: Arc<str>,
        /// When; `None`: it is new.
        read_at: Option<Timestamp>,
    },
    /// Takes a message out of the index, then deletes its file.
    Delete {
        /// The message.
        message: Arc<VoiceMessage>,
    },
    /// Moves a complete recording to the place of a greeting.
    Greet {
        /// The recording.
        recording: Arc<str>,
        /// The greeting.
        file: Arc<str>,
    },
    /// Deletes a recording that is no message.
    Discard {
        /// The recording.
        recording: Arc<str>,
    },
    /// Looks whether a file is there; it has failed when that is not so.
    Look {
        /// The file.
        file: Arc<str>,
    },
    /// Copies a WAV file to where a recording would be; the answer is [`crate::Input::VoicemailCopied`], or that it has
    /// failed. Nothing is left behind then.
    Copy {
        /// What is copied; where it is no whole path, it is a sound.
        file: Arc<str>,
        /// Where to.
        recording: Arc<str>,
    },
}

/// What a job was for.
#[derive(Debug)]
enum Pending {
    Keep {
        channel: ChannelId,
        mailbox: Extension,
        message: Arc<VoiceMessage>,
    },
    Mark {
        request: Option<RequestId>,
        mailbox: Extension,
        message: Arc<str>,
        read_at: Option<Timestamp>,
    },
    Delete {
        request: Option<RequestId>,
        mailbox: Extension,
        message: Arc<str>,
    },
    Greet {
        channel: ChannelId,
        mailbox: Extension,
        file: Arc<str>,
    },
    Discard,
    Look {
        request: RequestId,
        file: Arc<str>,
    },
    Copy {
        request: RequestId,
        mailbox: Extension,
        message: Box<VoiceMessage>,
        recording: Arc<str>,
    },
    KeepCopy {
        request: RequestId,
        mailbox: Extension,
        message: Arc<VoiceMessage>,
    },
}

/// Profiles, recordings under way, and jobs under way. The boxes themselves are in the view.
#[derive(Debug, Default)]
pub(crate) struct Voicemail {
    profiles: BTreeMap<Arc<str>, Arc<Profile>>,
    deposits: HashMap<RecordId, Deposit>,
    jobs: HashMap<u64, Pending>,
    serial: u64,
}

impl Voicemail {
    /// Recordings and jobs that have not ended.
    pub(crate) fn len(&self) -> usize {
        self.deposits.len() + self.jobs.len()
    }

    /// Whether another recording may begin.
    fn has_room(&self) -> bool {
        self.len() < MAX_VOICEMAIL_JOBS
    }

    /// Messages for a box that are not in it yet.
    fn coming(&self, mailbox: &Extension) -> usize {
        let jobs = self.jobs.values();
        let kept = jobs.filter(|job| match job {
            Pending::Keep { mailbox: to, .. }
            | Pending::Copy { mailbox: to, .. }
            | Pending::KeepCopy { mailbox: to, .. } => to == mailbox,
            Pending::Mark { .. }
            | Pending::Delete { .. }
            | Pending::Greet { .. }
            | Pending::Look { .. }
            | Pending::Discard => false,
        });
        let recorded = self.deposits.values();
        let recorded = recorded.filter(|deposit| deposit.is_message_for(mailbox));
        kept.count() + recorded.count()
    }
}

/// The key of a box in the view.
fn address(name: &Extension) -> Arc<str> {
    format!("{}@{}", name.user, name.domain).into()
}

impl Switch {
    /// Reads the profiles; takes the messages there were at the start.
    pub(crate) fn start_voicemail(&mut self) {
        self.load_voicemail_profiles();
        for (mailbox, message) in std::mem::take(&mut self.config.voicemail.messages) {
            self.put_message(&mailbox, Arc::new(message));
        }
    }

    pub(crate) fn load_voicemail_profiles(&mut self) {
        self.voicemail.profiles = profile::read(&self.config.xml);
    }

    pub(crate) fn voicemail_profile(&self, name: &str) -> Option<Arc<Profile>> {
        self.voicemail.profiles.get(name).cloned()
    }

    /// Messages of earlier runs, when the index could not be read at the start.
    pub(crate) fn voicemail_found(&mut self, found: Vec<(Extension, VoiceMessage)>) {
        let mut told = std::collections::BTreeSet::new();
        for (mailbox, message) in found {
            told.insert(address(&mailbox));
            self.put_message(&mailbox, Arc::new(message));
        }
        for address in told {
            if let Some(mailbox) = self.view.mailboxes.get(&address).cloned() {
                self.tell_counts(mailbox, None);
            }
        }
    }

    /// The box of that name, which may be empty.
    pub(crate) fn mailbox(&self, name: &Extension) -> Arc<Mailbox> {
        let address = address(name);
        let known = self.view.mailboxes.get(&address);
        known
            .cloned()
            .unwrap_or_else(|| Arc::new(Mailbox::empty(name.clone())))
    }

    /// Puts a message into a box, in the order of time.
    fn put_message(&mut self, name: &Extension, message: Arc<VoiceMessage>) -> Arc<Mailbox> {
        let before = self.mailbox(name);
        if before.message(&message.id).is_some() {
            return before;
        }
        let mut mailbox = (*before).clone();
        let at = mailbox
            .messages
            .partition_point(|one| one.left_at <= message.left_at);
        mailbox.messages.insert(at, message);
        self.show_mailbox(mailbox)
    }

    fn show_mailbox(&mut self, mailbox: Mailbox) -> Arc<Mailbox> {
        let (address, mailbox) = (mailbox.address(), Arc::new(mailbox));
        if mailbox.messages.is_empty() {
            self.view.mailboxes.remove_mut(&address);
        } else {
            self.view.mailboxes.insert_mut(address, mailbox.clone());
        }
        self.view_changed();
        mailbox
    }

    /// Something happened in a box.
    pub(crate) fn tell_of_mailbox(
        &mut self,
        mailbox: Arc<Mailbox>,
        action: VoicemailAction,
        channel: Option<&ChannelId>,
    ) {
        let channel = channel.and_then(|id| self.channels.get(id));
        let channel = channel.map(|live| live.seen.clone());
        let event = VoicemailEvent { mailbox, action };
        self.publish(EventKind::Voicemail(Box::new(event)), channel);
    }

    fn tell_counts(&mut self, mailbox: Arc<Mailbox>, channel: Option<&ChannelId>) {
        self.light_lamps(&mailbox);
        self.tell_of_mailbox(mailbox.clone(), VoicemailAction::Waiting, channel);
        self.tell_of_mailbox(mailbox, VoicemailAction::Counted, channel);
    }

    fn start_job(&mut self, pending: Pending, work: VoicemailWork) {
        self.voicemail.serial += 1;
        let number = self.voicemail.serial;
        self.voicemail.jobs.insert(number, pending);
        self.effect(Effect::Voicemail(VoicemailJob { number, work }));
    }
}

#[cfg(test)]
mod tests;
