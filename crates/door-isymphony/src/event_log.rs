//! What of the switch's events goes into the log: the events of clients that each of them became, as they read them.

use std::sync::Arc;

use api::Event;

use crate::events;
use crate::start::Shared;

/// The kind of this door's records in the log.
pub(crate) const KIND: u8 = 2;

/// Puts events into the log.
pub struct EventEncoder {
    shared: Arc<Shared>,
}

impl EventEncoder {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl eventlog::Encode for EventEncoder {
    fn kind(&self) -> u8 {
        KIND
    }

    fn encode(&mut self, event: &Event, out: &mut Vec<u8>) -> bool {
        let encoded = events::encoded(event, &self.shared);
        out.extend_from_slice(&encoded);
        !encoded.is_empty()
    }
}
