//! How long to wait for packets: a quantile of what was seen lately.

/// Width of a bin of the histogram.
const BIN_US: u64 = 5_000;
/// Bins: up to 200 ms, the last one takes the rest.
const BINS: usize = 40;
/// Share of packets that shall come in time.
const QUANTILE: f32 = 0.97;
/// What is left of the past with each packet: half is forgotten after 350 packets (7 s).
const MEMORY: f32 = 0.998;
/// The fastest packet of this many is the yardstick; two such windows are kept, so that a drifting
/// clock moves it.
const WINDOW: u32 = 250;
/// Assumed until so many packets have been seen.
const LEARNING: u32 = 20;
const WHILE_LEARNING_MS: u32 = 20;

/// Delay of packets relative to the fastest ones.
#[derive(Clone, Debug)]
pub(super) struct DelayEstimate {
    bins: [f32; BINS],
    total: f32,
    seen: u32,
    fastest_before: i64,
    fastest: i64,
    in_window: u32,
}

impl DelayEstimate {
    pub(super) fn new() -> Self {
        Self {
            bins: [0.0; BINS],
            total: 0.0,
            seen: 0,
            fastest_before: i64::MAX,
            fastest: i64::MAX,
            in_window: 0,
        }
    }

    /// Takes when a packet came and when, by its timestamp, it was spoken; both in microseconds from
    /// beginnings that stay the same.
    pub(super) fn observe(&mut self, arrival_us: u64, spoken_us: u64) {
        let transit = arrival_us as i64 - spoken_us as i64;
        self.fastest = self.fastest.min(transit);
        let delay = transit - self.fastest.min(self.fastest_before);
        self.in_window += 1;
        if self.in_window == WINDOW {
            self.in_window = 0;
            self.fastest_before = self.fastest;
            self.fastest = i64::MAX;
        }
        let bin = (delay.unsigned_abs() / BIN_US).min(BINS as u64 - 1) as usize;
        for share in &mut self.bins {
            *share *= MEMORY;
        }
        self.total = self.total * MEMORY + 1.0;
        self.bins[bin] += 1.0;
        self.seen = self.seen.saturating_add(1);
    }

    /// Milliseconds after the fastest within which the wanted share arrives.
    pub(super) fn delay_ms(&self) -> u32 {
        if self.seen < LEARNING {
            return WHILE_LEARNING_MS;
        }
        let mut sum = 0.0;
        for (at, share) in self.bins.iter().enumerate() {
            sum += share;
            if sum >= QUANTILE * self.total {
                // The first bin is the fastest packets themselves: nothing to wait for.
                return (at as u64 * BIN_US / 1000) as u32;
            }
        }
        (BINS as u64 * BIN_US / 1000) as u32
    }
}
