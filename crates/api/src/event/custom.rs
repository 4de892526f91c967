use std::sync::Arc;

/// An event fired by a client (`sendevent`) or a dialplan (`event`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomEvent {
    /// `Event-Name`, from the list of event-socket.md appendix A.
    pub name: Arc<str>,
    /// `Event-Subclass`.
    pub subclass: Option<Arc<str>>,
    /// Headers in order, names as given. For `sendevent` the core headers stand after them, otherwise before.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// Body.
    pub body: Option<Arc<str>>,
    /// True when a client sent it: the request's headers come first, then `Event-UUID`, then the core ones.
    pub from_client: bool,
}
