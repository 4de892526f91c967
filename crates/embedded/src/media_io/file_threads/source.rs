//! The media thread's end of a playback from disk: a ring the reading thread keeps filled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use media::source::{Fill, FrameSource};

use super::FileCounters;

/// What both ends of a ring know besides the samples.
#[derive(Default)]
pub(super) struct SourceState {
    /// No more samples follow those in the ring.
    pub(super) ended: AtomicBool,
    /// Sample to go to, valid when the two numbers below differ.
    pub(super) seek_to: AtomicU64,
    /// Seeks asked for, and seeks done. The reading thread does one when the ring is empty.
    pub(super) seeks_asked: AtomicU32,
    pub(super) seeks_done: AtomicU32,
}

/// A playback from disk.
pub(super) struct RingSource {
    rate_hz: u32,
    ring: rtrb::Consumer<i16>,
    state: Arc<SourceState>,
    counters: Arc<FileCounters>,
}

impl RingSource {
    pub(super) fn new(
        rate_hz: u32,
        ring: rtrb::Consumer<i16>,
        state: Arc<SourceState>,
        counters: Arc<FileCounters>,
    ) -> Self {
        Self {
            rate_hz,
            ring,
            state,
            counters,
        }
    }

    /// Takes what is there, up to the length of `out`.
    fn take(&mut self, out: &mut [i16]) -> usize {
        let (samples, _) = self.ring.pop_partial_slice(out);
        samples.len()
    }
}

impl FrameSource for RingSource {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let asked = self.state.seeks_asked.load(Ordering::Relaxed);
        if self.state.seeks_done.load(Ordering::Acquire) != asked {
            // Samples of before the seek: away with them, so that the reader can go on.
            while self.take(out) == out.len() {}
            return Fill::Starved(0);
        }
        // The end is looked at first: what was pushed before it was set is seen by the take.
        let ended = self.state.ended.load(Ordering::Acquire);
        let taken = self.take(out);
        if taken == out.len() {
            Fill::Full
        } else if ended {
            Fill::End(taken)
        } else {
            self.counters
                .starved_samples
                .add((out.len() - taken) as u64);
            Fill::Starved(taken)
        }
    }

    fn seek(&mut self, sample: u64) -> bool {
        self.state.seek_to.store(sample, Ordering::Relaxed);
        self.state.seeks_asked.fetch_add(1, Ordering::Release);
        true
    }
}
