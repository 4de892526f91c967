use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::Event;
use crate::id::{EventId, NodeId};

/// The events asked for are no longer there, or belong to another run of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("events are gone")]
pub struct Gone {
    /// The oldest event after which [`crate::Switch::resume`] would work; `None` for another run.
    pub oldest: Option<EventId>,
}

/// The newest events, bounded by number and bytes.
pub(super) struct ReplayRing {
    node: NodeId,
    max_events: usize,
    max_bytes: usize,
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
    /// Position of the newest event ever pushed.
    newest: u64,
}

impl ReplayRing {
    pub(super) fn new(node: NodeId, max_events: usize, max_bytes: usize) -> Self {
        Self {
            node,
            max_events,
            max_bytes,
            events: VecDeque::new(),
            bytes: 0,
            newest: 0,
        }
    }

    pub(super) fn push(&mut self, event: &Arc<Event>) {
        self.newest = event.id.seq.0;
        let weight = event.weight();
        self.bytes += weight;
        self.events.push_back((event.clone(), weight));
        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            let Some((_, weight)) = self.events.pop_front() else {
                break;
            };
            self.bytes -= weight;
        }
    }

    /// Everything after `after`.
    pub(super) fn since(&self, after: EventId) -> Result<impl Iterator<Item = &Arc<Event>>, Gone> {
        if after.node != self.node {
            return Err(Gone { oldest: None });
        }
        let oldest = self.newest - self.events.len() as u64;
        if after.seq.0 < oldest || after.seq.0 > self.newest {
            return Err(Gone {
                oldest: Some(EventId {
                    node: self.node,
                    seq: crate::id::Seq(oldest),
                }),
            });
        }
        let skip = usize::try_from(after.seq.0 - oldest).unwrap_or(usize::MAX);
        Ok(self.events.iter().skip(skip).map(|(event, _)| event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CustomEvent, EventKind};
    use crate::id::Seq;
    use crate::time::Timestamp;

    /// A client may fire events of a mebibyte each; what door encodes them comes after they were weighed.
    #[test]
    fn long_events_are_kept_as_far_as_there_are_bytes_for_them() {
        let node = NodeId(crate::Uuid::from_u128(7));
        let mut ring = ReplayRing::new(node, 50_000, 64 << 20);
        for seq in 1..=200 {
            let custom = CustomEvent {
                name: "CUSTOM".into(),
                subclass: None,
                headers: Vec::new(),
                body: Some("x".repeat(1 << 20).into()),
                from_client: true,
            };
            let (id, kind) = (
                EventId {
                    node,
                    seq: Seq(seq),
                },
                EventKind::Custom(custom.into()),
            );
            ring.push(&Arc::new(Event::new(id, Timestamp(1), kind, None, None)));
        }
        assert_eq!(ring.events.len(), 31, "two mebibytes each, and a little");
        assert_eq!(ring.since(ring.events[0].0.id).unwrap().count(), 30);
    }
}
