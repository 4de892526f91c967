//! What went wrong, in the words of the reference where it has any (sylkrtc.md §2.3).

use api::{CommandError, ErrorKind, ObjectKind};

use crate::store::StoreError;
use crate::wire::Invalid;

/// The text of an `error`; for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl Refusal {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Message family, address book, `session-create`, `videoroom-join`.
    pub(crate) fn unknown_account(account: &str) -> Self {
        Self(format!("Unknown account specified: {account}"))
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::new("Account not authenticated")
    }

    /// `videoroom-…`
    pub(crate) fn unknown_room_session(session: &str) -> Self {
        Self(format!("Unknown room session: {session}"))
    }

    pub(crate) fn unknown_session(session: &str) -> Self {
        Self(format!("Unknown session {session}"))
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.0)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// A refusal of the switch. What concerns one session or account is said by the command that asked.
impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let detail = || Self::new(&*error.detail);
        match error.kind {
            // The far side cannot be reached from here: what the reference finds out by asking the DNS.
            ErrorKind::NotSupported
            | ErrorKind::NotFound(ObjectKind::Gateway | ObjectKind::Profile) => {
                Self(format!("DNS lookup error: {}", error.detail))
            }
            ErrorKind::NotFound(
                ObjectKind::Channel
                | ObjectKind::Room
                | ObjectKind::Member
                | ObjectKind::User
                | ObjectKind::Task
                | ObjectKind::File
                | ObjectKind::Recording
                | ObjectKind::Variable
                | ObjectKind::Layout
                | ObjectKind::Seat
                | ObjectKind::Queue
                | ObjectKind::Agent
                | ObjectKind::Lot
                | ObjectKind::Slot
                | ObjectKind::Mailbox
                | ObjectKind::VoiceMessage
                | ObjectKind::Stream,
            )
            | ErrorKind::AlreadyExists(_)
            | ErrorKind::InvalidState
            | ErrorKind::InvalidArgument(_)
            | ErrorKind::Forbidden
            | ErrorKind::Unavailable
            | ErrorKind::TimedOut
            | ErrorKind::LimitReached
            | ErrorKind::CallFailed => detail(),
            ErrorKind::Internal => Self::new("Internal error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_reference() {
        let say = |kind| Refusal::from(CommandError::new(kind, "no way")).0;
        assert_eq!(say(ErrorKind::NotSupported), "DNS lookup error: no way");
        assert_eq!(say(ErrorKind::Internal), "Internal error");
        assert_eq!(say(ErrorKind::LimitReached), "no way");
    }
}
