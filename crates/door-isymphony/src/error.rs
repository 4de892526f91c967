//! Refusals of the REST interfaces: a status and a sentence (event-api.md §6).

use api::{CommandError, ErrorKind, ObjectKind};
use axum::http::StatusCode;

/// Why a request is not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{status}: {text}")]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    /// With a sentence for people.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }

    /// 404. `noun`: "A queue".
    pub(crate) fn no_such(noun: &str, by: &str) -> Self {
        let what = noun.split_once(' ').map_or(noun, |(_, what)| what);
        Self::new(
            StatusCode::NOT_FOUND,
            format!("No {what} with the given {by} exists."),
        )
    }

    /// 404 for what is simply not there.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 403: whoever asks may not see or do that.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "You may not do that.")
    }

    /// 409.
    pub(crate) fn conflict(noun: &str, member: &str) -> Self {
        let text = format!("{noun} with the given {member} already exists.");
        Self::new(StatusCode::CONFLICT, text)
    }

    /// 412: a member is not given.
    pub(crate) fn missing(member: &str) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            format!("No {member} provided."),
        )
    }

    /// 412: a member makes no sense.
    pub(crate) fn invalid(member: &str) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            format!("Invalid {member}."),
        )
    }

    /// 412: the body is no JSON.
    pub(crate) fn json() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "Invalid JSON.")
    }

    /// 500.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// What the switch refuses (event-api.md §7.3): an object that is gone is 404, an argument 412, everything else 500 with
/// a sentence.
impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        match error.kind {
            ErrorKind::NotFound(object) => {
                Self::not_found(format!("No such {} exists.", name(object)))
            }
            ErrorKind::InvalidArgument(argument) => Self::invalid(argument),
            ErrorKind::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "The switch does not allow that.")
            }
            ErrorKind::CallFailed => {
                let cause = error.cause.map_or("an unknown cause", |cause| cause.name());
                Self::failed(format!("The call failed with {cause}."))
            }
            ErrorKind::NotSupported => Self::failed("The switch cannot do that."),
            ErrorKind::AlreadyExists(object) => {
                Self::failed(format!("There is such a {} already.", name(object)))
            }
            ErrorKind::InvalidState => Self::failed(format!(
                "That cannot be done now: {}.",
                error.detail.trim_end_matches('.')
            )),
            ErrorKind::Unavailable => Self::failed("The switch takes nothing new."),
            ErrorKind::TimedOut => Self::failed("The switch took too long."),
            ErrorKind::LimitReached => Self::failed("A limit of the switch is reached."),
            ErrorKind::Internal => Self::failed("The switch failed."),
        }
    }
}

fn name(object: ObjectKind) -> &'static str {
    match object {
        ObjectKind::Channel => "call segment",
        ObjectKind::Room => "conference room",
        ObjectKind::Member => "member of a conference room",
        ObjectKind::User => "user",
        ObjectKind::Profile => "profile",
        ObjectKind::Gateway => "gateway",
        ObjectKind::Task => "task",
        ObjectKind::File => "file",
        ObjectKind::Recording => "recording",
        ObjectKind::Variable => "variable",
        ObjectKind::Layout => "layout",
        ObjectKind::Seat => "seat",
        ObjectKind::Queue => "queue",
        ObjectKind::Agent => "agent",
        ObjectKind::Lot => "parking lot",
        ObjectKind::Slot => "slot",
        ObjectKind::Mailbox => "voicemail box",
        ObjectKind::VoiceMessage => "voicemail message",
        ObjectKind::Stream => "stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Kind;
    use api::HangupCause;

    /// The texts event-api.md §6 knows.
    #[test]
    fn known_texts() {
        let group = Kind::ExtensionGroup;
        let by_id = Refusal::conflict(group.noun(), "id");
        assert_eq!(
            by_id.text(),
            "An extension group with the given id already exists."
        );
        let by_name = Refusal::conflict(group.noun_in_conflict(), "displayName");
        assert_eq!(
            by_name.text(),
            "An extension with the given displayName already exists."
        );
        assert_eq!(
            Refusal::missing("displayName").text(),
            "No displayName provided."
        );
        assert_eq!(
            Refusal::no_such(Kind::Queue.noun(), "id").text(),
            "No queue with the given id exists."
        );
        assert_eq!(Refusal::json().status(), 412);
    }

    #[test]
    fn refusals_of_the_switch_have_a_status() {
        let status = |kind| {
            Refusal::from(CommandError::new(kind, "x"))
                .status()
                .as_u16()
        };
        assert_eq!(status(ErrorKind::NotFound(ObjectKind::Channel)), 404);
        assert_eq!(status(ErrorKind::InvalidArgument("x")), 412);
        assert_eq!(status(ErrorKind::Forbidden), 403);
        for kind in [
            ErrorKind::InvalidState,
            ErrorKind::NotSupported,
            ErrorKind::Unavailable,
            ErrorKind::TimedOut,
            ErrorKind::LimitReached,
            ErrorKind::Internal,
        ] {
            assert_eq!(status(kind), 500, "{kind:?}");
        }
        let busy = Refusal::from(CommandError::call_failed(HangupCause::UserBusy));
        assert_eq!(busy.text(), "The call failed with USER_BUSY.");
    }
}
