//! What of the switch's events goes into the log: what clients of this door may see, as they see it.

use std::sync::Arc;

use api::Event;
use esl::kept;
use esl::view::Server;

/// The kind of this door's records in the log.
pub(crate) const KIND: u8 = 1;

/// Puts events into the log.
pub struct EventEncoder {
    server: Arc<Server>,
}

impl EventEncoder {
    /// `server`: what every event says about the server.
    pub fn new(server: Arc<Server>) -> Self {
        Self { server }
    }
}

impl eventlog::Encode for EventEncoder {
    fn kind(&self) -> u8 {
        KIND
    }

    fn encode(&mut self, event: &Event, out: &mut Vec<u8>) -> bool {
        kept::encode(event, &self.server, out)
    }
}
