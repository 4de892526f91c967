use std::sync::Arc;

use crate::view::{Mailbox, VoiceMessage};

/// Something that happened in a voicemail box (`MESSAGE_WAITING`, event-socket.md §5.1; `vm::maintenance`, §5.2;
/// event-api.md §5.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoicemailEvent {
    /// The box as it is now.
    pub mailbox: Arc<Mailbox>,
    /// What happened.
    pub action: VoicemailAction,
}

/// See [`VoicemailEvent`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VoicemailAction {
    /// A message was left; it is kept.
    Left(Arc<VoiceMessage>),
    /// How many messages there are, after every change: for lamps of telephones.
    Waiting,
    /// The same, for programs.
    Counted,
    /// Somebody gave the box's password, or another one.
    Authenticated {
        /// Whether it was the right one.
        ok: bool,
    },
    /// The box has a greeting of its own.
    GreetingRecorded {
        /// Its WAV file.
        path: Arc<str>,
    },
}
