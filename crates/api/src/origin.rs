//! Who asked: carried by every command and by the events it causes.

use std::sync::Arc;

/// The door, connection and request behind a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Name of the door, as in the configuration (`event_socket`).
    pub door: &'static str,
    /// The peer as the door names it (an address), for logs.
    pub peer: Arc<str>,
    /// Number of the connection within the door.
    pub connection: u64,
}

impl Origin {
    /// An origin inside the server itself.
    pub fn internal(part: &'static str) -> Self {
        Self {
            door: part,
            peer: "internal".into(),
            connection: 0,
        }
    }
}
