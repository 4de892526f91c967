//! The lanes between the switch and a worker: orders in, reports out. Both bounded, neither waits.

use std::collections::VecDeque;
use std::sync::Arc;

use media::control::{LegId, MediaCommand, MediaReport};
use mio::Waker;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::counters::WorkerCounters;

/// Orders in the ring to a worker.
const ORDERS: usize = 4096;
/// Orders the sender keeps while the ring is full. A worker drains the ring fifty times a second, so
/// this many mean that it has stopped.
const KEPT_ORDERS: usize = 65_536;

/// What a worker is told.
pub(super) enum Order {
    /// By the switch, for the engine.
    Command(MediaCommand),
    /// Give a leg to another worker.
    Move {
        /// Which leg.
        leg: LegId,
        /// To which worker.
        to: usize,
    },
}

/// The sender's end of a thread's orders.
pub(crate) struct OrderSender<T> {
    ring: rtrb::Producer<T>,
    kept: VecDeque<T>,
    waker: Arc<Waker>,
}

/// A thread has not taken an order for so long that no more can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media thread does not take orders any more")]
pub struct Stalled;

/// A lane of orders.
pub(crate) fn orders<T>(waker: Arc<Waker>) -> (OrderSender<T>, rtrb::Consumer<T>) {
    let (ring, consumer) = rtrb::RingBuffer::new(ORDERS);
    (
        OrderSender {
            ring,
            kept: VecDeque::new(),
            waker,
        },
        consumer,
    )
}

impl<T> OrderSender<T> {
    /// Keeps an order, behind all earlier ones, for [`flush`](Self::flush).
    pub(crate) fn post(&mut self, order: T) -> Result<(), Stalled> {
        if self.kept.len() >= KEPT_ORDERS {
            return Err(Stalled);
        }
        self.kept.push_back(order);
        Ok(())
    }

    /// Sends what was kept as far as there is room, and wakes the worker once for all of it; says how
    /// much is still kept.
    pub(crate) fn flush(&mut self) -> usize {
        let mut sent = false;
        while let Some(order) = self.kept.pop_front() {
            match self.ring.push(order) {
                Ok(()) => sent = true,
                Err(rtrb::PushError::Full(order)) => {
                    self.kept.push_front(order);
                    break;
                }
            }
        }
        if sent {
            self.wake();
        }
        self.kept.len()
    }

    pub(crate) fn wake(&self) {
        // The only way this fails is a closed poll: the thread is gone, and so is the need.
        if let Err(error) = self.waker.wake() {
            tracing::debug!(%error, "A media thread cannot be woken");
        }
    }
}

/// The worker's end of its reports. The lossless lane is kept here while the switch is behind; the
/// lossy one (answers that are out of date by then) is dropped and counted.
pub(super) struct ReportLane {
    sender: mpsc::Sender<MediaReport>,
    kept: VecDeque<MediaReport>,
    counters: Arc<WorkerCounters>,
}

impl ReportLane {
    pub(super) fn new(sender: mpsc::Sender<MediaReport>, counters: Arc<WorkerCounters>) -> Self {
        Self {
            sender,
            kept: VecDeque::with_capacity(1024),
            counters,
        }
    }

    pub(super) fn send(&mut self, report: MediaReport) {
        if self.kept.is_empty() {
            match self.sender.try_send(report) {
                Ok(()) => {}
                Err(TrySendError::Full(report)) => self.keep(report),
                // The switch is gone; the worker is about to be told.
                Err(TrySendError::Closed(_)) => {}
            }
        } else {
            self.keep(report);
        }
    }

    /// Tries again to send what was kept; call every tick.
    pub(super) fn flush(&mut self) {
        while let Some(report) = self.kept.pop_front() {
            match self.sender.try_send(report) {
                Ok(()) => {}
                Err(TrySendError::Full(report)) => {
                    self.kept.push_front(report);
                    break;
                }
                Err(TrySendError::Closed(_)) => self.kept.clear(),
            }
        }
        self.counters.reports_waiting.set(self.kept.len() as u64);
    }

    fn keep(&mut self, report: MediaReport) {
        if is_lossy(&report) {
            self.counters.reports_dropped.add(1);
        } else {
            // What is kept is bounded by what happens to the legs there are: a few reports each.
            self.kept.push_back(report);
        }
    }
}

fn is_lossy(report: &MediaReport) -> bool {
    match report {
        MediaReport::Stats { .. } => true,
        MediaReport::Opened { .. }
        | MediaReport::OpenFailed { .. }
        | MediaReport::Dtmf { .. }
        | MediaReport::DtmfSent { .. }
        | MediaReport::Noticed { .. }
        | MediaReport::PlayStarted { .. }
        | MediaReport::PlayDone { .. }
        | MediaReport::RecordStarted { .. }
        | MediaReport::RecordDone { .. }
        | MediaReport::Talking { .. }
        | MediaReport::MediaTimeout { .. }
        | MediaReport::Closed { .. }
        | MediaReport::Moved { .. }
        | MediaReport::WorkerSaturated { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::control::{LegStats, RoomId};

    #[test]
    fn orders_keep_their_order_through_a_full_ring() {
        let poll = mio::Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), mio::Token(0)).unwrap());
        let (mut sender, mut orders) = orders(waker);
        let many = ORDERS as u64 + 1000;
        for leg in 0..many {
            let command = MediaCommand::CloseLeg { leg: LegId(leg) };
            sender.post(Order::Command(command)).unwrap();
        }
        let mut seen = 0;
        while seen < many {
            while let Ok(order) = orders.pop() {
                let Order::Command(MediaCommand::CloseLeg { leg }) = order else {
                    panic!("an order nobody gave")
                };
                assert_eq!(leg, LegId(seen));
                seen += 1;
            }
            sender.flush();
        }
        assert_eq!(sender.flush(), 0);
    }

    #[test]
    fn a_slow_switch_misses_no_report_but_old_statistics() {
        let counters = Arc::new(WorkerCounters::default());
        let (sender, mut receiver) = mpsc::channel(4);
        let mut lane = ReportLane::new(sender, counters.clone());
        for n in 0..20 {
            let (room, leg) = (RoomId(1), LegId(n));
            lane.send(MediaReport::Talking {
                room,
                leg,
                on: true,
                energy: 0,
            });
            lane.send(MediaReport::Stats {
                leg,
                stats: LegStats::default(),
            });
        }
        let mut talking = Vec::new();
        loop {
            while let Ok(report) = receiver.try_recv() {
                if let MediaReport::Talking { leg, .. } = report {
                    talking.push(leg.0);
                }
            }
            lane.flush();
            if talking.len() == 20 {
                break;
            }
        }
        assert_eq!(talking, (0..20).collect::<Vec<_>>());
        assert_eq!(counters.reports_dropped.get(), 18);
    }
}
