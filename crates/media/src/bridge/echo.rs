//! A leg that hears itself, at once or later.

use crate::control::EchoDelay;
use crate::frame::{Frame, TICK_MS, samples_per_tick};

/// The delay line of an echo, whole ticks long. Allocated when the echo starts.
pub(crate) struct Echo {
    delay_ticks: usize,
    rate_hz: u32,
    ring: Vec<i16>,
    /// Whether each tick in the ring holds anything.
    active: Vec<bool>,
    at: usize,
}

impl Echo {
    pub(crate) fn new(delay: EchoDelay, rate_hz: u32) -> Self {
        let delay_ticks = delay.delay_ms.min(EchoDelay::MAX_MS).div_ceil(TICK_MS) as usize;
        Self {
            delay_ticks,
            rate_hz,
            ring: vec![0; delay_ticks * samples_per_tick(rate_hz)],
            active: vec![false; delay_ticks],
            at: 0,
        }
    }

    pub(crate) fn set_rate(&mut self, rate_hz: u32) {
        *self = Self::new(
            EchoDelay {
                delay_ms: self.delay_ticks as u32 * TICK_MS,
            },
            rate_hz,
        );
    }

    /// Exchanges this tick for the one a delay ago; says whether there is anything in it.
    pub(crate) fn pass(&mut self, frame: &mut Frame, active: bool) -> bool {
        let length = samples_per_tick(self.rate_hz);
        if self.delay_ticks == 0 || frame.samples().len() != length {
            return active;
        }
        self.ring[self.at * length..][..length].swap_with_slice(frame.samples_mut());
        let before = std::mem::replace(&mut self.active[self.at], active);
        self.at = (self.at + 1) % self.delay_ticks;
        before
    }
}
