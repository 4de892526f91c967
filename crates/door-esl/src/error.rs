use api::{CommandError, ErrorKind, ObjectKind};
use esl::command::sendmsg;

/// The reply to a `sendmsg` the switch refused; `target` is the channel as the client named it.
///
/// The original has three answers only: `+OK`, no such session, queue full. What became of an accepted message is
/// never told (event-socket.md §2.12).
pub(crate) fn sendmsg_reply(error: &CommandError, target: Option<&str>) -> String {
    match error.kind {
        ErrorKind::NotFound(ObjectKind::Channel) | ErrorKind::InvalidState => {
            sendmsg::invalid_session(target)
        }
        ErrorKind::LimitReached
        | ErrorKind::Unavailable
        | ErrorKind::TimedOut
        | ErrorKind::Internal => sendmsg::QUEUE_FULL.to_owned(),
        ErrorKind::NotFound(
            ObjectKind::Room
            | ObjectKind::Member
            | ObjectKind::User
            | ObjectKind::Profile
            | ObjectKind::Gateway
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
        | ErrorKind::InvalidArgument(_)
        | ErrorKind::NotSupported
        | ErrorKind::Forbidden
        | ErrorKind::CallFailed => esl::command::OK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_answers() {
        let reply = |kind| sendmsg_reply(&CommandError::new(kind, ""), Some("abc"));
        assert_eq!(
            reply(ErrorKind::NotFound(ObjectKind::Channel)),
            "-ERR invalid session id [abc]"
        );
        assert_eq!(reply(ErrorKind::LimitReached), "-ERR memory error");
        assert_eq!(reply(ErrorKind::NotSupported), "+OK");
    }
}
