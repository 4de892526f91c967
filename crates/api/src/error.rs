//! Why the switch could not do what it was asked.

use crate::cause::HangupCause;

/// The kinds of object a command can fail to find.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each variant is the object of that name")]
pub enum ObjectKind {
    Channel,
    Room,
    Member,
    User,
    Profile,
    Gateway,
    Task,
    File,
    Recording,
    Variable,
    Layout,
    Seat,
    Queue,
    Agent,
    Lot,
    Slot,
    Mailbox,
    VoiceMessage,
    Stream,
}

/// What went wrong; every door maps each kind to its own wire code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The named object does not exist.
    NotFound(ObjectKind),
    /// An object of that name is there already.
    AlreadyExists(ObjectKind),
    /// The object cannot do that now.
    InvalidState,
    /// The named argument makes no sense.
    InvalidArgument(&'static str),
    /// This backend cannot do it at all.
    NotSupported,
    /// The asker may not.
    Forbidden,
    /// Cannot be done now, for instance while draining.
    Unavailable,
    /// It took too long.
    TimedOut,
    /// A configured limit was reached.
    LimitReached,
    /// The call was tried and failed; the cause says why.
    CallFailed,
    /// A defect of ours.
    Internal,
}

/// A refusal: kind, hangup cause where a call was involved, and a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{kind:?}: {detail}")]
pub struct CommandError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Set when a call failed.
    pub cause: Option<HangupCause>,
    /// For the log and for doors that print text.
    pub detail: Box<str>,
}

impl CommandError {
    /// An error of `kind` with a sentence.
    pub fn new(kind: ErrorKind, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            cause: None,
            detail: detail.into(),
        }
    }

    /// `object` does not exist.
    pub fn not_found(object: ObjectKind) -> Self {
        Self::new(ErrorKind::NotFound(object), "not found")
    }

    /// A call that failed with `cause`.
    pub fn call_failed(cause: HangupCause) -> Self {
        Self {
            kind: ErrorKind::CallFailed,
            cause: Some(cause),
            detail: cause.name().into(),
        }
    }
}
