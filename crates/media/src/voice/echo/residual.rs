//! Suppresses what the adaptive filter leaves of an echo.

use std::f64::consts::PI;

use super::filter::Echo;
use super::spectra::{Spectrum, Transform, settled};
use super::{BINS, TRANSFORM};
use crate::voice::LOW_BLOCK;

/// Nothing is turned down more than this: −34 dB.
const LOWEST: f32 = 0.02;
/// Weight of the block before in what voice and echo seem to be to each other (Y. Ephraim, D. Malah 1984).
const DECISION: f32 = 0.9;
/// The echo that is left is taken for this much more than it is estimated to be.
const CAUTION: f32 = 2.0;
/// Shares of the old in the mean powers that the filter's leakage is judged by (J.-M. Valin, "On adjusting the learning rate
/// in frequency domain echo cancellation with double-talk", 2007).
const MEAN_MEMORY: f32 = 0.9;
const LEAK_MEMORY: f32 = 0.99;
/// How fast the estimate of the background may rise, per block: 3 dB per second.
const BACKGROUND_RISE: f32 = 1.007;
/// Power that is nothing: −100 dBFS in a bin.
const NOTHING: f32 = 1e-10 * LOW_BLOCK as f32;
/// Bins whose mean gain is that of the upper band: 5 to 7.5 kHz.
const TOP: std::ops::Range<usize> = 100..150;

/// A Wiener filter against the rest of the echo, down to the background but not below it. Latency 10 ms.
pub(super) struct ResidualSuppressor {
    window: [f32; TRANSFORM],
    said_before: [f32; LOW_BLOCK],
    echo_before: [f32; LOW_BLOCK],
    overlap: [f32; LOW_BLOCK],
    /// Powers that came out of each bin in the block before.
    kept: [f32; BINS],
    background: [f32; BINS],
    mean_said: [f32; BINS],
    mean_echo: [f32; BINS],
    /// Variation of voice and echo together, and of the echo alone.
    together: f32,
    alone: f32,
}

impl ResidualSuppressor {
    pub(super) fn new() -> Self {
        let window = |n: usize| (PI * (n as f64 + 0.5) / TRANSFORM as f64).sin() as f32;
        Self {
            window: std::array::from_fn(window),
            said_before: [0.0; LOW_BLOCK],
            echo_before: [0.0; LOW_BLOCK],
            overlap: [0.0; LOW_BLOCK],
            kept: [0.0; BINS],
            background: [0.0; BINS],
            mean_said: [0.0; BINS],
            mean_echo: [0.0; BINS],
            together: 0.0,
            alone: 0.0,
        }
    }

    /// Every number that is carried from one block to the next, but for samples.
    #[cfg(test)]
    pub(super) fn numbers(&self) -> impl Iterator<Item = f32> {
        let powers = self.kept.iter().chain(&self.background);
        let means = self.mean_said.iter().chain(&self.mean_echo);
        powers
            .chain(means)
            .copied()
            .chain([self.together, self.alone])
    }

    /// A block out of the filter; comes out a block later. Returns the gain for the upper band.
    pub(super) fn process(
        &mut self,
        echo: &Echo,
        said: &mut [f32],
        transform: &mut Transform,
    ) -> f32 {
        let mut spectrum = Spectrum::ZERO;
        self.windowed(said, true, transform, &mut spectrum);
        let mut found = Spectrum::ZERO;
        self.windowed(&echo.found, false, transform, &mut found);
        let leak = self.leak(&spectrum, &found);
        let mut top = 0.0;
        for bin in 0..BINS {
            let power = spectrum.power(bin) + NOTHING;
            let left = CAUTION * (leak * found.power(bin)).max(echo.left[bin]) + 0.01 * NOTHING;
            let seen = (power / left - 1.0).max(0.0);
            let ratio = DECISION * self.kept[bin] / left + (1.0 - DECISION) * seen;
            let background = &mut self.background[bin];
            *background = power.min((*background * BACKGROUND_RISE).max(NOTHING));
            let least = (*background / power).sqrt().max(LOWEST);
            let gain = (ratio / (1.0 + ratio)).max(least).min(1.0);
            self.kept[bin] = gain * gain * power;
            spectrum.re[bin] *= gain;
            spectrum.im[bin] *= gain;
            if TOP.contains(&bin) {
                top += gain / TOP.len() as f32;
            }
        }
        let (first, second) = transform.inverse(&spectrum);
        for n in 0..LOW_BLOCK {
            said[n] = self.overlap[n] + first[n] * self.window[n];
            self.overlap[n] = second[n] * self.window[LOW_BLOCK + n];
        }
        top
    }

    /// Transforms a block and the one before it, and keeps it.
    fn windowed(
        &mut self,
        block: &[f32],
        is_said: bool,
        transform: &mut Transform,
        to: &mut Spectrum,
    ) {
        let before = if is_said {
            &mut self.said_before
        } else {
            &mut self.echo_before
        };
        let (mut first, mut second) = ([0.0; LOW_BLOCK], [0.0; LOW_BLOCK]);
        let (rising, falling) = self.window.split_at(LOW_BLOCK);
        for n in 0..LOW_BLOCK {
            first[n] = before[n] * rising[n];
            second[n] = block[n] * falling[n];
        }
        before.copy_from_slice(block);
        transform.forward(&first, &second, to);
    }

    /// Share of the echo's power that the filter leaves: how much of the voice's power rises and falls with it.
    fn leak(&mut self, said: &Spectrum, found: &Spectrum) -> f32 {
        let (mut together, mut alone) = (0.0, 0.0);
        for bin in 0..BINS {
            let (said, found) = (said.power(bin), found.power(bin));
            let (said_off, found_off) = (said - self.mean_said[bin], found - self.mean_echo[bin]);
            let (mean_said, mean_echo) = (&mut self.mean_said[bin], &mut self.mean_echo[bin]);
            *mean_said = settled(*mean_said + (1.0 - MEAN_MEMORY) * said_off);
            *mean_echo = settled(*mean_echo + (1.0 - MEAN_MEMORY) * found_off);
            together += said_off * found_off;
            alone += found_off * found_off;
        }
        // A loud echo tells much, silence nothing.
        self.together = settled(LEAK_MEMORY * self.together + (1.0 - LEAK_MEMORY) * together);
        self.alone = settled(LEAK_MEMORY * self.alone + (1.0 - LEAK_MEMORY) * alone);
        if self.alone <= 0.0 {
            return 0.0;
        }
        (self.together / self.alone).clamp(0.0, 1.0)
    }
}
