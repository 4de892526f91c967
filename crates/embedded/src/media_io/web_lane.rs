//! The audio lane between a media worker and the thread of the WebRTC peers: a ring each way, of packets by value.
//!
//! Nobody waits and nothing is allocated: where a ring is full, the newest packet is dropped and counted, which is
//! what a network does. Each side wakes the other once per round in which it sent anything.

use std::sync::Arc;

use media::control::LegId;
use mio::Waker;

/// Packets in one ring: what a thousand legs say in four ticks. 6 MB, which are touched as they are used.
const PARCELS: usize = 4096;
/// Longest packet: an Ethernet frame, as everywhere on the media side.
pub(crate) const PARCEL_BYTES: usize = 1500;

/// One RTP packet of a leg, plain.
pub(crate) struct Parcel {
    leg: LegId,
    length: u16,
    bytes: [u8; PARCEL_BYTES],
}

impl Parcel {
    /// `None` when it is too long.
    fn new(leg: LegId, datagram: &[u8]) -> Option<Self> {
        let mut bytes = [0; PARCEL_BYTES];
        bytes.get_mut(..datagram.len())?.copy_from_slice(datagram);
        let length = u16::try_from(datagram.len()).ok()?;
        Some(Self { leg, length, bytes })
    }

    pub(crate) fn leg(&self) -> LegId {
        self.leg
    }

    pub(crate) fn datagram(&mut self) -> &mut [u8] {
        &mut self.bytes[..usize::from(self.length)]
    }
}

/// One end of a lane.
pub(crate) struct LaneEnd {
    outgoing: rtrb::Producer<Parcel>,
    incoming: rtrb::Consumer<Parcel>,
    other: Arc<Waker>,
    sent: bool,
}

/// The end on the media worker.
pub(super) type WorkerEnd = LaneEnd;
/// The end on the thread of the peers.
pub(crate) type WebEnd = LaneEnd;

/// A lane between two threads, given what wakes each.
pub(super) fn lane(worker: Arc<Waker>, web: Arc<Waker>) -> (WorkerEnd, WebEnd) {
    let (to_web, from_worker) = rtrb::RingBuffer::new(PARCELS);
    let (to_worker, from_web) = rtrb::RingBuffer::new(PARCELS);
    let end = |outgoing, incoming, other| LaneEnd {
        outgoing,
        incoming,
        other,
        sent: false,
    };
    (
        end(to_web, from_web, web),
        end(to_worker, from_worker, worker),
    )
}

impl LaneEnd {
    /// Sends a packet; false when it was dropped, because the ring is full or the packet too long.
    pub(crate) fn push(&mut self, leg: LegId, datagram: &[u8]) -> bool {
        let pushed = Parcel::new(leg, datagram).is_some_and(|p| self.outgoing.push(p).is_ok());
        self.sent |= pushed;
        pushed
    }

    /// The next packet of the other side.
    pub(crate) fn pop(&mut self) -> Option<Parcel> {
        self.incoming.pop().ok()
    }

    /// Wakes the other side if it was sent anything since the last time; call once per round.
    pub(crate) fn wake(&mut self) {
        if std::mem::take(&mut self.sent) {
            // The only way this fails is a closed poll: the other thread is gone, and so is the need.
            self.other.wake().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Poll, Token};

    #[test]
    fn packets_keep_their_order_and_a_full_ring_drops_the_newest() {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let (mut worker, mut web) = lane(waker.clone(), waker);
        let sent = (0..PARCELS + 10)
            .filter(|n| worker.push(LegId(*n as u64), &n.to_be_bytes()))
            .count();
        assert_eq!(sent, PARCELS);
        for n in 0..PARCELS {
            let mut parcel = web.pop().unwrap();
            assert_eq!(parcel.leg(), LegId(n as u64));
            assert_eq!(parcel.datagram(), n.to_be_bytes());
        }
        assert!(web.pop().is_none());
        assert!(web.push(LegId(1), &[0; PARCEL_BYTES]));
        assert!(!web.push(LegId(1), &[0; PARCEL_BYTES + 1]));
    }
}
