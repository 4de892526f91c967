use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::web::WebParty;
use crate::id::{ChannelId, MessageId, WebClientId};

/// A message (RFC 3428) for an account of ours, from a phone, a foreign server or a web client, that somebody
/// took: web clients, at least one phone, or whoever keeps the account's messages, who has still to say so. One that
/// nobody took is only answered so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageEvent {
    /// Who sent it.
    pub from: WebParty,
    /// Whether the switch knows that it is `from`: a phone or web client with the password of that account of ours, an
    /// address that is trusted, or the registrar of a domain that is not ours, about accounts of that domain. Anything
    /// else that comes from elsewhere says what it likes, but never that it is an account of ours.
    pub verified: bool,
    /// Web client that sent it, when one did.
    pub sender: Option<WebClientId>,
    /// Where it came from.
    pub source: SocketAddr,
    /// `user@host` it is for.
    pub to: Arc<str>,
    /// Web clients it reaches: those registered for the account when it came.
    pub clients: Vec<WebClientId>,
    /// Nothing is registered for the account: its sender waits until whoever keeps its messages has answered with
    /// [`AnswerMessage`](crate::command::message::AnswerMessage).
    pub awaited: Option<MessageId>,
    /// The call it came within, if any.
    pub call: Option<ChannelId>,
    /// MIME type of `body`.
    pub content_type: Arc<str>,
    /// Headers whose names begin with `X-`, in order.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// What was sent.
    pub body: Bytes,
}
