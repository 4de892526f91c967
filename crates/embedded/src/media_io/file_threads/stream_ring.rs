//! What a stream has decoded, for everybody who hears it: one writer, any number of readers, none of whom waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use media::source::{Fill, FrameSource};

use super::FileCounters;

/// Sound decoded ahead of what is heard: a disk may be that slow once in a while.
pub(super) const AHEAD: Duration = Duration::from_secs(2);
/// Length of the ring: what is ahead, and as much behind for who is late.
const LENGTH_S: usize = 4;
/// Who is further from the others than this goes where they are: it stood still, or its thread left out ticks.
const APART: Duration = Duration::from_millis(200);

/// Samples by their number since the stream began; the last few seconds of them.
pub(super) struct Ring {
    samples: Box<[AtomicI16]>,
    /// The number behind the last one.
    written: AtomicU64,
}

impl Ring {
    pub(super) fn new(rate_hz: u32, begins: u64) -> Arc<Self> {
        let length = rate_hz as usize * LENGTH_S;
        Arc::new(Self {
            samples: (0..length).map(|_| AtomicI16::new(0)).collect(),
            written: AtomicU64::new(begins),
        })
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// What follows has that number; samples that were behind it are written again.
    pub(super) fn go_to(&self, sample: u64) {
        self.written.store(sample, Ordering::Release);
    }

    fn slot(&self, sample: u64) -> &AtomicI16 {
        &self.samples[(sample % self.samples.len() as u64) as usize]
    }

    pub(super) fn push(&self, samples: &[i16]) {
        let begins = self.written.load(Ordering::Relaxed);
        for (number, sample) in (begins..).zip(samples) {
            self.slot(number).store(*sample, Ordering::Relaxed);
        }
        self.written
            .store(begins + samples.len() as u64, Ordering::Release);
    }

    /// Copies samples from that number on, as many as there are.
    pub(super) fn read(&self, from: u64, out: &mut [i16]) -> usize {
        let there = self.written().saturating_sub(from);
        let there = out.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        for (number, sample) in (from..).zip(&mut out[..there]) {
            *sample = self.slot(number).load(Ordering::Relaxed);
        }
        there
    }
}

/// The number of the sample that is heard at a moment.
pub(super) fn sample_at(origin: Instant, rate_hz: u32, now: Instant) -> u64 {
    samples_in(now.saturating_duration_since(origin), rate_hz)
}

/// Whole samples in so much time.
pub(super) fn samples_in(time: Duration, rate_hz: u32) -> u64 {
    let samples = time.as_nanos() * u128::from(rate_hz) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

/// One listener's end of a ring, at the rate it has.
pub(super) struct StreamSource {
    rate_hz: u32,
    ring: Arc<Ring>,
    /// When sample 0 was heard.
    origin: Instant,
    /// The sample to be heard next; `None` before the first.
    at: Option<u64>,
    /// Samples to be heard, and those that were.
    limit: Option<u64>,
    heard: u64,
    counters: Arc<FileCounters>,
}

impl StreamSource {
    pub(super) fn new(
        rate_hz: u32,
        ring: Arc<Ring>,
        origin: Instant,
        limit_ms: Option<u64>,
        counters: Arc<FileCounters>,
    ) -> Self {
        let limit = limit_ms.map(|ms| samples_in(Duration::from_millis(ms), rate_hz));
        Self {
            rate_hz,
            ring,
            origin,
            at: None,
            limit,
            heard: 0,
            counters,
        }
    }

    pub(super) fn read_at(&mut self, now: Instant, out: &mut [i16]) -> Fill {
        let others = sample_at(self.origin, self.rate_hz, now);
        let apart = samples_in(APART, self.rate_hz);
        let at = self.at.filter(|at| at.abs_diff(others) <= apart);
        let at = at.unwrap_or(others);
        let left = self.limit.map_or(u64::MAX, |limit| limit - self.heard);
        let wanted = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let given = self.ring.read(at, &mut out[..wanted]);
        // Time goes on without those that are missing.
        self.at = Some(at + wanted as u64);
        self.heard += wanted as u64;
        if given < wanted {
            self.counters.starved_samples.add((wanted - given) as u64);
        }
        if wanted < out.len() {
            out[given..wanted].fill(0);
            Fill::End(wanted)
        } else if given < wanted {
            Fill::Starved(given)
        } else {
            Fill::Full
        }
    }
}

impl FrameSource for StreamSource {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        self.read_at(Instant::now(), out)
    }

    /// Nobody moves what others hear; who goes back to the beginning hears it for its whole time again.
    fn seek(&mut self, sample: u64) -> bool {
        if sample == 0 {
            self.heard = 0;
            self.at = None;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of samples that say their own number.
    fn numbered() -> Arc<Ring> {
        let ring = Ring::new(8000, 0);
        ring.push(&(0..8000).collect::<Vec<i16>>());
        ring
    }

    fn listener(ring: &Arc<Ring>, origin: Instant, limit_ms: Option<u64>) -> StreamSource {
        StreamSource::new(8000, ring.clone(), origin, limit_ms, Arc::default())
    }

    #[test]
    fn who_comes_later_hears_what_the_others_hear() {
        let (ring, origin) = (numbered(), Instant::now());
        let ms = |ms| origin + Duration::from_millis(ms);
        let mut first = listener(&ring, origin, None);
        let mut second = listener(&ring, origin, None);
        let (mut a, mut b) = ([0; 160], [0; 160]);
        for tick in 0..10 {
            assert_eq!(first.read_at(ms(100 + tick * 20), &mut a), Fill::Full);
        }
        // A thread that is a little late takes nothing away from anybody.
        assert_eq!(first.read_at(ms(303), &mut a), Fill::Full);
        assert_eq!(second.read_at(ms(300), &mut b), Fill::Full);
        assert_eq!((a[0], b), (2400, a));
        // Who stood still goes where the others are.
        assert_eq!(first.read_at(ms(600), &mut a), Fill::Full);
        assert_eq!(a[0], 4800);
        // What is not decoded yet is missing, and does not come later.
        assert_eq!(first.read_at(ms(990), &mut a), Fill::Starved(80));
    }

    #[test]
    fn a_limit_ends_it_and_a_further_round_begins_anew() {
        let (ring, origin) = (numbered(), Instant::now());
        let mut heard = listener(&ring, origin, Some(30));
        let mut out = [0; 160];
        assert_eq!(heard.read_at(origin, &mut out), Fill::Full);
        assert_eq!(heard.read_at(origin, &mut out), Fill::End(80));
        assert_eq!(heard.read_at(origin, &mut out), Fill::End(0));
        assert!(!heard.seek(0));
        assert_eq!(heard.read_at(origin, &mut out), Fill::Full);
    }

    #[test]
    fn samples_can_be_written_again_and_old_ones_make_place() {
        let ring = numbered();
        ring.go_to(100);
        ring.push(&[-1; 50]);
        let mut out = [0; 4];
        assert_eq!((ring.read(148, &mut out), out), (2, [-1, -1, 0, 0]));
        for _ in 0..4 {
            ring.push(&[7; 8000]);
        }
        assert_eq!((ring.read(32_000, &mut out), out), (4, [7; 4]));
    }
}
