//! One frequency out of a block of samples: the filter of Goertzel.

use std::f32::consts::TAU;

/// Power of one frequency, block by block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goertzel {
    coefficient: f32,
    last: f32,
    before: f32,
}

impl Goertzel {
    pub(crate) fn new(hz: u16, rate_hz: u32) -> Self {
        let coefficient = 2.0 * (TAU * f32::from(hz) / rate_hz as f32).cos();
        Self {
            coefficient,
            last: 0.0,
            before: 0.0,
        }
    }

    pub(crate) fn add(&mut self, sample: f32) {
        let next = sample + self.coefficient * self.last - self.before;
        self.before = self.last;
        self.last = next;
    }

    /// Power of the frequency in the block, and a fresh start. A sine of amplitude `a` in `n` samples gives `a²·n²/4`.
    pub(crate) fn take(&mut self) -> f32 {
        let power = self.last * self.last + self.before * self.before
            - self.coefficient * self.last * self.before;
        self.last = 0.0;
        self.before = 0.0;
        power
    }
}
