//! The adaptive filter.

use super::spectra::{History, Spectrum, Transform};
use super::{BINS, MAX_DELAY_BLOCKS, TAIL_BLOCKS};
use crate::voice::LOW_BLOCK;

/// How sure the filter is at first that it knows nothing: the power an echo may have in each block of its tail, relative to
/// what was heard.
const UNKNOWN: f32 = 0.02;
/// How much of an echo path is still the same after a block.
const STEADY: f32 = 0.9998;
/// Share of the old in the estimate of what is said near.
const NEAR_MEMORY: f32 = 0.8;
/// Filter blocks kept free of wrapped-round parts in each block of time; all of them in 50 ms.
const CLEANED_PER_BLOCK: usize = 5;
/// Power that is nothing: −100 dBFS in a bin.
const NOTHING: f32 = 1e-10 * LOW_BLOCK as f32;
/// Share of the old in the powers that tell whether the filter does harm.
const HARM_MEMORY: f32 = 0.95;
/// More comes out than went in by this factor: the filter is wrong.
const HARM: f32 = 2.0;

/// What came out of the filter besides the voice without its echo.
pub(super) struct Echo {
    /// The echo that was found.
    pub(super) found: [f32; LOW_BLOCK],
    /// Power that is probably left of it in each bin.
    pub(super) left: [f32; BINS],
}

/// Weights of the filter, and how far each may be off.
pub(super) struct EchoFilter {
    weights: Vec<Spectrum>,
    doubts: Vec<[f32; BINS]>,
    /// Power of what is not echo in each bin.
    near: [f32; BINS],
    delay: usize,
    next_cleaned: usize,
    said_power: f32,
    rest_power: f32,
}

impl EchoFilter {
    pub(super) fn new() -> Self {
        Self {
            weights: vec![Spectrum::ZERO; TAIL_BLOCKS],
            doubts: vec![[UNKNOWN; BINS]; TAIL_BLOCKS],
            near: [0.0; BINS],
            delay: 0,
            next_cleaned: 0,
            said_power: 0.0,
            rest_power: 0.0,
        }
    }

    #[cfg(test)]
    pub(super) fn delay(&self) -> usize {
        self.delay
    }

    /// Begins so many blocks after what was heard; what it knows moves with it.
    pub(super) fn set_delay(&mut self, delay: usize) {
        let delay = delay.min(MAX_DELAY_BLOCKS);
        let moved = delay as isize - self.delay as isize;
        self.delay = delay;
        let forget = |filter: &mut Self, blocks: std::ops::Range<usize>| {
            filter.weights[blocks.clone()].fill(Spectrum::ZERO);
            filter.doubts[blocks].fill([UNKNOWN; BINS]);
        };
        let by = moved.unsigned_abs().min(TAIL_BLOCKS);
        if moved > 0 {
            self.weights.rotate_left(by);
            self.doubts.rotate_left(by);
            forget(self, TAIL_BLOCKS - by..TAIL_BLOCKS);
        } else {
            self.weights.rotate_right(by);
            self.doubts.rotate_right(by);
            forget(self, 0..by);
        }
    }

    /// Takes the echo out of a block, and learns.
    pub(super) fn process(
        &mut self,
        far: &History,
        said: &mut [f32],
        transform: &mut Transform,
    ) -> Echo {
        let mut echo = Spectrum::ZERO;
        let mut left = [0.0f32; BINS];
        for (at, (weights, doubts)) in self.weights.iter().zip(&self.doubts).enumerate() {
            let (x, power) = far.ago(self.delay + at);
            for bin in 0..BINS {
                echo.re[bin] += x.re[bin] * weights.re[bin] - x.im[bin] * weights.im[bin];
                echo.im[bin] += x.re[bin] * weights.im[bin] + x.im[bin] * weights.re[bin];
                left[bin] += doubts[bin] * power[bin];
            }
        }
        let mut found = [0.0; LOW_BLOCK];
        found.copy_from_slice(transform.inverse(&echo).1);
        let said_power: f32 = said.iter().map(|s| s * s).sum();
        for (said, found) in said.iter_mut().zip(&found) {
            *said -= found;
        }
        let rest_power: f32 = said.iter().map(|s| s * s).sum();
        let mut rest = Spectrum::ZERO;
        transform.forward(&[0.0; LOW_BLOCK], said, &mut rest);
        self.learn(far, &rest, &left);
        self.clean(transform);
        if self.does_harm(said_power, rest_power) {
            self.weights.fill(Spectrum::ZERO);
            self.doubts.fill([UNKNOWN; BINS]);
        }
        // Spectra of what was heard are of two blocks, those of the rest of one.
        left.iter_mut().for_each(|power| *power *= 0.5);
        Echo { found, left }
    }

    /// One step of the Kalman filter, each bin on its own.
    fn learn(&mut self, far: &History, rest: &Spectrum, left: &[f32; BINS]) {
        let mut step = [0.0; BINS];
        for bin in 0..BINS {
            let power = rest.power(bin);
            self.near[bin] = NEAR_MEMORY * self.near[bin] + (1.0 - NEAR_MEMORY) * power;
            step[bin] = 1.0 / (left[bin] + 2.0 * self.near[bin] + NOTHING);
        }
        let forgotten = 1.0 - STEADY * STEADY;
        for (at, (weights, doubts)) in self.weights.iter_mut().zip(&mut self.doubts).enumerate() {
            let (x, power) = far.ago(self.delay + at);
            for bin in 0..BINS {
                let gain = doubts[bin] * step[bin];
                let (re, im) = (gain * x.re[bin], -gain * x.im[bin]);
                weights.re[bin] += re * rest.re[bin] - im * rest.im[bin];
                weights.im[bin] += re * rest.im[bin] + im * rest.re[bin];
                let surer = doubts[bin] * (1.0 - 0.5 * gain * power[bin]);
                let known = weights.re[bin] * weights.re[bin] + weights.im[bin] * weights.im[bin];
                doubts[bin] = STEADY * STEADY * surer + forgotten * known;
            }
        }
    }

    /// A filter of one block has nothing in the second half of its transform.
    fn clean(&mut self, transform: &mut Transform) {
        for _ in 0..CLEANED_PER_BLOCK {
            let weights = &mut self.weights[self.next_cleaned];
            let mut kept = [0.0; LOW_BLOCK];
            kept.copy_from_slice(transform.inverse(weights).0);
            transform.forward(&kept, &[0.0; LOW_BLOCK], weights);
            self.next_cleaned = (self.next_cleaned + 1) % TAIL_BLOCKS;
        }
    }

    /// Whether the filter has made things worse for a while, or is broken.
    fn does_harm(&mut self, said_power: f32, rest_power: f32) -> bool {
        self.said_power = HARM_MEMORY * self.said_power + (1.0 - HARM_MEMORY) * said_power;
        self.rest_power = HARM_MEMORY * self.rest_power + (1.0 - HARM_MEMORY) * rest_power;
        let harm =
            !self.rest_power.is_finite() || self.rest_power > HARM * self.said_power + NOTHING;
        if harm {
            self.said_power = 0.0;
            self.rest_power = 0.0;
            self.near = [0.0; BINS];
        }
        harm
    }
}
