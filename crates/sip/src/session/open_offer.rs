//! Whose turn it is to offer (RFC 3261 §14, RFC 3311 §5).

use super::{Session, State};
use crate::dialog::Early;
use crate::message::{HeaderName, Message};

/// Whether an offer of ours may be sent: in an established session, and before that when the first exchange is over
/// and the peer takes UPDATE (RFC 3311 §5.1).
pub(super) fn may_change(session: &Session) -> bool {
    match session.state {
        State::Established => true,
        State::Leaving => false,
        State::Inviting { .. } | State::Incoming { .. } => {
            let agreed = session
                .dialog()
                .is_some_and(|dialog| dialog.early.is_agreed());
            agreed
                && session.takes_update
                && session.reliable.is_settled()
                && !session.reliable.answer_waits()
        }
    }
}

/// Whose offer is without an answer in a session without final answer.
pub(super) enum OpenOffer {
    Ours,
    Theirs,
    None,
}

pub(super) fn open_offer(session: &Session, message: &Message) -> OpenOffer {
    let tag = message.from().and_then(|from| from.tag()).unwrap_or("");
    let Some(dialog) = session.dialog() else {
        return OpenOffer::Theirs;
    };
    let is_caller = matches!(session.state, State::Inviting { .. });
    match &dialog.early {
        // Another fork than the one that is spoken with has to wait.
        Early::Agreed(_) if *dialog.remote_tag != *tag => OpenOffer::Theirs,
        Early::Agreed(_) => OpenOffer::None,
        Early::Open if is_caller => OpenOffer::Ours,
        Early::Offered if !is_caller => OpenOffer::Ours,
        Early::Open | Early::Offered => OpenOffer::Theirs,
    }
}

/// Whether a body is none that is understood, and not marked as optional.
pub(super) fn is_foreign_body(message: &Message) -> bool {
    let optional = message
        .header_named("Content-Disposition")
        .is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
    !optional && !message.body().is_empty() && message.header(HeaderName::ContentType).is_some()
}
