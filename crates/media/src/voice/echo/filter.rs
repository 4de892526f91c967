//! The adaptive filter.

use super::spectra::{History, Spectrum, Transform, settled};
use super::{BINS, MAX_DELAY_BLOCKS, TAIL_BLOCKS};
use crate::voice::LOW_BLOCK;

/// How sure the filter is at first that it knows nothing: the power an echo may have in each block of its tail, relative to
/// what was heard.
const UNKNOWN: f32 = 0.02;
/// How much of an echo path is still the same after a block.
const STEADY: f32 = 0.9998;
/// The power an echo path may get in each block of its tail where none was known, relative to what was heard. A filter that
/// found no echo for long, with a headset, would otherwise be so sure of it that it learnt none that comes later.
const POSSIBLE: f32 = 0.001;
/// Share of the old in the estimate of what is said near.
const NEAR_MEMORY: f32 = 0.8;
/// Filter blocks kept free of wrapped-round parts in each block of time; all of them in 50 ms.
const CLEANED_PER_BLOCK: usize = 5;
/// Power that is nothing: −100 dBFS in a bin.
const NOTHING: f32 = 1e-10 * LOW_BLOCK as f32;
/// Blocks of silence a voice makes pauses of: 200 ms. In longer ones nothing is learnt, because the microphone is muted.
const PAUSE_BLOCKS: u32 = 20;
/// In silence, an echo louder than it might be by mistake by this factor was there before: the microphone is muted.
const SURE: f32 = 4.0;
/// A block comes out louder than it went in by this factor: it goes out as it came.
const WORSE: f32 = 2.0;
/// Samples of the fade between the two: 2 ms.
const FADE: usize = 32;
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

impl Echo {
    const NONE: Self = Self {
        found: [0.0; LOW_BLOCK],
        left: [0.0; BINS],
    };
}

/// Weights of the filter, and how far each may be off.
pub(super) struct EchoFilter {
    weights: Vec<Spectrum>,
    doubts: Vec<[f32; BINS]>,
    /// Power of what is not echo in each bin.
    near: [f32; BINS],
    /// Power of the echo path that is known in each bin, relative to what was heard.
    known: [f32; BINS],
    /// Blocks since something else than silence was said.
    silent_blocks: u32,
    /// Share of the echo that was taken out of the end of the block before.
    taken: f32,
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
            known: [0.0; BINS],
            silent_blocks: 0,
            taken: 1.0,
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

    /// Every number that is carried from one block to the next.
    #[cfg(test)]
    pub(super) fn numbers(&self) -> impl Iterator<Item = f32> {
        let weights = self.weights.iter().flat_map(|w| w.re.iter().chain(&w.im));
        let powers = self.doubts.iter().flatten().chain(&self.near);
        let single = [self.said_power, self.rest_power];
        weights
            .chain(powers)
            .chain(&self.known)
            .copied()
            .chain(single)
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

    /// Takes the echo out of a block, and learns. Silence, which is what a muted microphone sends, stays silent and teaches
    /// nothing beyond a pause.
    pub(super) fn process(
        &mut self,
        far: &History,
        said: &mut [f32],
        is_silent: bool,
        transform: &mut Transform,
    ) -> Echo {
        self.silent_blocks = if is_silent {
            self.silent_blocks.saturating_add(1)
        } else {
            0
        };
        if self.silent_blocks > PAUSE_BLOCKS {
            return Echo::NONE;
        }
        let Echo { found, mut left } = self.find(far, transform);
        let found_power = power(&found);
        // Parseval: spectra of what was heard are of two blocks, those of the rest of one.
        let mistaken = 0.5 * left.iter().sum::<f32>() / LOW_BLOCK as f32;
        if is_silent && found_power > SURE * mistaken {
            return Echo::NONE;
        }
        let mut rest = [0.0; LOW_BLOCK];
        for ((rest, said), found) in rest.iter_mut().zip(&*said).zip(&found) {
            *rest = said - found;
        }
        let (said_power, rest_power) = (power(said), power(&rest));
        let mut spectrum = Spectrum::ZERO;
        transform.forward(&[0.0; LOW_BLOCK], &rest, &mut spectrum);
        self.learn(far, &spectrum, &left);
        self.clean(transform);
        if self.does_harm(said_power, rest_power) {
            self.weights.fill(Spectrum::ZERO);
            self.doubts.fill([UNKNOWN; BINS]);
        }
        if is_silent || !rest_power.is_finite() {
            return Echo::NONE;
        }
        self.take(&found, rest_power <= WORSE * said_power, said);
        left.iter_mut().for_each(|power| *power *= 0.5);
        Echo { found, left }
    }

    /// The echo there should be in a block, and how much of what was heard may be in it beyond that.
    fn find(&self, far: &History, transform: &mut Transform) -> Echo {
        let mut echo = Spectrum::ZERO;
        let mut found = Echo::NONE;
        let left = &mut found.left;
        for (at, (weights, doubts)) in self.weights.iter().zip(&self.doubts).enumerate() {
            let (x, power) = far.ago(self.delay + at);
            for bin in 0..BINS {
                echo.re[bin] += x.re[bin] * weights.re[bin] - x.im[bin] * weights.im[bin];
                echo.im[bin] += x.re[bin] * weights.im[bin] + x.im[bin] * weights.re[bin];
                left[bin] += doubts[bin] * power[bin];
            }
        }
        found.found.copy_from_slice(transform.inverse(&echo).1);
        found
    }

    /// Takes the echo out, or fades to leaving it where that would make things worse: whoever mutes a microphone by noise
    /// instead of silence would otherwise send the echo that is missing, turned round.
    fn take(&mut self, found: &[f32; LOW_BLOCK], is_better: bool, said: &mut [f32]) {
        let wanted = if is_better { 1.0 } else { 0.0 };
        for (n, (said, found)) in said.iter_mut().zip(found).enumerate() {
            let at = (n as f32 / FADE as f32).min(1.0);
            *said -= (self.taken + at * (wanted - self.taken)) * found;
        }
        self.taken = wanted;
    }

    /// One step of the Kalman filter, each bin on its own.
    fn learn(&mut self, far: &History, rest: &Spectrum, left: &[f32; BINS]) {
        let mut step = [0.0; BINS];
        for bin in 0..BINS {
            let power = rest.power(bin);
            self.near[bin] = settled(NEAR_MEMORY * self.near[bin] + (1.0 - NEAR_MEMORY) * power);
            step[bin] = 1.0 / (left[bin] + 2.0 * self.near[bin] + NOTHING);
        }
        // Where a path is known, it is that which may change.
        let possible = self
            .known
            .map(|known| (POSSIBLE - known / TAIL_BLOCKS as f32).max(0.0));
        self.known = [0.0; BINS];
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
                doubts[bin] = STEADY * STEADY * surer + forgotten * (known + possible[bin]);
                self.known[bin] += known;
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

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum()
}
