//! What writer and readers have in common: which segments there are, and how far they can be read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::{EventId, Seq};
use tokio::sync::watch;

use crate::cursor::Cursor;
use crate::record::numbers;
use crate::segment::Segment;

/// The log as readers see it. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    written: watch::Sender<u64>,
    /// Number before the first event of this run of the server.
    base: AtomicU64,
    pub(crate) counters: Counters,
}

pub(crate) struct State {
    /// Oldest first; the last one is written to.
    pub(crate) segments: VecDeque<Segment>,
    /// Everything up to here is in the segments, or will never be.
    pub(crate) newest: u64,
    /// Events and gaps there ever were.
    pub(crate) ordinal: u64,
    /// What was lost and is not noted in a segment yet.
    pub(crate) gap: Option<Missed>,
}

/// What the log has done since the start of the server.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events and gaps written.
    pub records: AtomicU64,
    /// Bytes written.
    pub bytes: AtomicU64,
    /// Events left out: the disk did not take them, or took them too slowly.
    pub lost: AtomicU64,
    /// Gaps those events made.
    pub gaps: AtomicU64,
    /// Times the disk refused.
    pub failures: AtomicU64,
    /// Bytes cut off the end of the last segment at the start.
    pub torn_bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// What can be replayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Everything after this one is there.
    pub oldest: u64,
    /// The last one there is.
    pub newest: u64,
}

/// A position the log does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutOfRange {
    /// Events after it are not kept any more.
    #[error("the oldest position is {}", .0.oldest)]
    TooOld(Bounds),
    /// It has not been given out.
    #[error("the newest position is {}", .0.newest)]
    TooNew(Bounds),
}

/// Events that are not in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The first number they may have.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// How many; 0: that is not known any more.
    pub count: u64,
}

impl Missed {
    pub(crate) fn payload(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (place, number) in bytes
            .chunks_exact_mut(8)
            .zip([self.first, self.last, self.count])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn of_payload(payload: &[u8]) -> Option<Self> {
        let [first, last, count] = numbers(payload)?;
        Some(Self { first, last, count })
    }
}

impl EventLog {
    pub(crate) fn new(segments: VecDeque<Segment>, newest: u64, ordinal: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    segments,
                    newest,
                    ordinal,
                    gap: None,
                }),
                written: watch::Sender::new(newest),
                base: AtomicU64::new(newest),
                counters: Counters::default(),
            }),
        }
    }

    /// What can be replayed now.
    pub fn bounds(&self) -> Bounds {
        self.shared.state().bounds()
    }

    /// How far the log goes: events up to here are safe from the death of the process, or declared lost.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.shared.written.subscribe()
    }

    /// The number of an event of this run of the server. Numbers grow over restarts; within one run there is none
    /// between two events of the bus.
    pub fn sequence_of(&self, event: EventId) -> u64 {
        self.sequence_at(event.seq)
    }

    /// The same by its place in this run.
    pub fn sequence_at(&self, seq: Seq) -> u64 {
        self.shared.base() + seq.0
    }

    /// The event of this run with that number; `None` for one of an earlier run.
    pub fn seq_of(&self, sequence: u64) -> Option<u64> {
        sequence.checked_sub(self.shared.base())
    }

    /// A place in the log: behind `position`.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn cursor(&self, position: u64) -> Result<Cursor, OutOfRange> {
        let bounds = self.bounds();
        if position < bounds.oldest {
            Err(OutOfRange::TooOld(bounds))
        } else if position > bounds.newest {
            Err(OutOfRange::TooNew(bounds))
        } else {
            Ok(Cursor::new(self.shared.clone(), position))
        }
    }

    /// A place in the log that was valid once: what is gone meanwhile is told as missed.
    pub fn cursor_from(&self, position: u64) -> Cursor {
        Cursor::new(self.shared.clone(), position)
    }

    /// What it has done.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.shared.state().segments.iter().map(|s| s.bytes).sum()
    }
}

impl Shared {
    /// Held for a look or a note, never across IO.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets readers have what was written.
    pub(crate) fn publish(&self, newest: u64) {
        self.written.send_replace(newest);
    }

    pub(crate) fn base(&self) -> u64 {
        self.base.load(Ordering::Relaxed)
    }

    pub(crate) fn set_base(&self, base: u64) {
        self.base.store(base, Ordering::Relaxed);
    }
}

impl State {
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            oldest: self.segments.front().map_or(self.newest, |s| s.after),
            newest: self.newest,
        }
    }
}
