use std::sync::Arc;

use super::Extension;
use crate::time::Timestamp;

/// A user's voicemail box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// Its number, and the domain as the directory writes it.
    pub name: Extension,
    /// What is in it, the oldest first.
    pub messages: Vec<Arc<VoiceMessage>>,
}

/// A message somebody left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoiceMessage {
    /// A UUID.
    pub id: Arc<str>,
    /// Who left it.
    pub caller_name: Arc<str>,
    /// Who left it.
    pub caller_number: Arc<str>,
    /// When it was complete.
    pub left_at: Timestamp,
    /// When it was listened to; `None`: it is new.
    pub read_at: Option<Timestamp>,
    /// How long it is, milliseconds.
    pub length_ms: u64,
    /// The WAV file.
    pub path: Arc<str>,
}

impl VoiceMessage {
    /// Whole seconds, as clients are told it; 1 at least.
    pub fn seconds(&self) -> u64 {
        (self.length_ms / 1000).max(1)
    }
}

impl Mailbox {
    /// A box with nothing in it.
    pub fn empty(name: Extension) -> Self {
        Self {
            name,
            messages: Vec::new(),
        }
    }

    /// As `1000@example.org`.
    pub fn address(&self) -> Arc<str> {
        format!("{}@{}", self.name.user, self.name.domain).into()
    }

    /// Messages nobody has listened to.
    pub fn new_messages(&self) -> usize {
        let new = |message: &&Arc<VoiceMessage>| message.read_at.is_none();
        self.messages.iter().filter(new).count()
    }

    /// Messages that were listened to and not deleted.
    pub fn saved_messages(&self) -> usize {
        self.messages.len() - self.new_messages()
    }

    /// The message with that id.
    pub fn message(&self, id: &str) -> Option<&Arc<VoiceMessage>> {
        self.messages.iter().find(|message| &*message.id == id)
    }
}
