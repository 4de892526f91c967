//! Commands about SIP MESSAGE (RFC 3428).

use std::sync::Arc;

use bytes::Bytes;

use crate::id::{ChannelId, MessageId, WebClientId};

/// How a message went: the final status of its MESSAGE request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// SIP status, 200–699.
    pub code: u16,
    /// Its phrase.
    pub phrase: Arc<str>,
}

/// Sends a message. To an account of a local domain it goes to every phone and every other web client
/// registered for it; to a foreign one as SIP. Answered with how that went; 2xx if at least one took it, 404 for a
/// local user that does not exist, 480 for one that nothing is registered for.
///
/// # Errors
/// `NotFound(User)`.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Who sends.
    pub client: WebClientId,
    /// `user@host` it goes to.
    pub to: Arc<str>,
    /// MIME type of `body`.
    pub content_type: Arc<str>,
    /// Further headers, in order.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// What is sent; at most 64 kB.
    pub body: Bytes,
}

/// Sends a message in the name of somebody, as [`SendMessage`] does for a web client. For programs that may do anything: nobody
/// asks whether it is from whom it says.
///
/// # Errors
/// `InvalidArgument`.
#[derive(Clone, Debug)]
pub struct SendChat {
    /// `user@host` it is from.
    pub from: Arc<str>,
    /// `user@host` it goes to.
    pub to: Arc<str>,
    /// MIME type of `body`.
    pub content_type: Arc<str>,
    /// What is sent; at most 64 kB.
    pub body: Bytes,
}

/// Sends a message within a call of a web client.
///
/// # Errors
/// `NotFound(Channel)`; `InvalidState` unless the call is answered.
#[derive(Clone, Debug)]
pub struct SendCallMessage {
    /// Within which call.
    pub channel: ChannelId,
    /// MIME type of `body`.
    pub content_type: Arc<str>,
    /// What is sent; at most 64 kB.
    pub body: Bytes,
}

/// Says that the asker keeps an account's messages from now on, until the server stops: one that comes from a phone
/// while nothing is registered for the account is published and awaits [`AnswerMessage`], instead of being refused with
/// 480.
///
/// # Errors
/// `InvalidArgument` for what is no `user@host`; `LimitReached`.
#[derive(Clone, Debug)]
pub struct KeepMessages {
    /// `user@host`, as messages are addressed to it.
    pub account: Arc<str>,
}

/// What became of a message that is [awaited](crate::event::MessageEvent::awaited): 202 once it is kept, a refusal when
/// it could not be. Without an answer within 5 s its sender gets 500.
///
/// # Errors
/// `InvalidState` when its sender does not wait any more; `InvalidArgument` for what is no final status.
#[derive(Clone, Debug)]
pub struct AnswerMessage {
    /// Which.
    pub message: MessageId,
    /// SIP status, 200–699.
    pub code: u16,
}
