//! The media thread's end of a recording: a ring the writing thread keeps empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use media::source::{Drain, FrameSink};

use super::FileCounters;

/// A recording to disk.
pub(super) struct RingSink {
    rate_hz: u32,
    channels: u16,
    ring: rtrb::Producer<i16>,
    /// Set by the writing thread when the disk refuses.
    broken: Arc<AtomicBool>,
    counters: Arc<FileCounters>,
}

impl RingSink {
    pub(super) fn new(
        rate_hz: u32,
        channels: u16,
        ring: rtrb::Producer<i16>,
        broken: Arc<AtomicBool>,
        counters: Arc<FileCounters>,
    ) -> Self {
        Self {
            rate_hz,
            channels,
            ring,
            broken,
            counters,
        }
    }
}

impl FrameSink for RingSink {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn write(&mut self, samples: &[i16]) -> Drain {
        if self.broken.load(Ordering::Relaxed) {
            return Drain::Failed;
        }
        // All or nothing: half a stereo pair would swap the sides for the rest of the file.
        if self.ring.push_entire_slice(samples).is_ok() {
            return Drain::Taken;
        }
        self.counters.dropped_samples.add(samples.len() as u64);
        Drain::Dropped(samples.len())
    }
}
