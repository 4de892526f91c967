//! How late an echo is.

use super::spectra::{History, Spectrum, Transform};
use super::{BINS, HISTORY_BLOCKS, MAX_DELAY_BLOCKS, TAIL_BLOCKS};
use crate::voice::LOW_BLOCK;

/// Bins that are compared: 200 Hz to 3.8 kHz, which every telephone passes.
const FIRST_BIN: usize = 4;
const COMPARED: usize = 73;
/// Share of the old in correlations: a second and a half.
const MEMORY: f32 = 0.993;
/// Correlations turned into delays per block; all of them in 210 ms.
const JUDGED_PER_BLOCK: usize = 5;
/// The best delay must be so many times the mean of all.
const CLEAR: f32 = 12.0;
/// Rounds in which the same delay must be the best before the filter moves.
const ROUNDS: u32 = 3;
/// Blocks the filter begins before the loudest part of the echo.
const LEAD: usize = 2;
/// Where in the filter the loudest part may lie before it is moved.
const NEAR_ENOUGH: usize = 8;
/// What was heard is something if it is above −60 dBFS: mean square of 20 ms.
const HEARD: f32 = 1e-6;

/// Correlates what is said with what was heard up to 1.05 s before, whitened so that what counts is when and not which
/// frequency (generalised cross-correlation, C. Knapp and G. Carter 1976), a block of 10 ms at a time.
pub(super) struct DelaySearch {
    correlations: Vec<[[f32; COMPARED]; 2]>,
    heard: [f32; COMPARED],
    said: [f32; COMPARED],
    /// The highest correlation within each block.
    peaks: Vec<f32>,
    next: usize,
    delay: usize,
    candidate: usize,
    rounds: u32,
}

impl DelaySearch {
    pub(super) fn new() -> Self {
        Self {
            correlations: vec![[[0.0; COMPARED]; 2]; HISTORY_BLOCKS],
            heard: [0.0; COMPARED],
            said: [0.0; COMPARED],
            peaks: vec![0.0; HISTORY_BLOCKS],
            next: 0,
            delay: 0,
            candidate: 0,
            rounds: 0,
        }
    }

    /// Every number that is carried from one block to the next.
    #[cfg(test)]
    pub(super) fn numbers(&self) -> impl Iterator<Item = f32> {
        let powers = self.heard.iter().chain(&self.said).chain(&self.peaks);
        self.correlations
            .iter()
            .flatten()
            .flatten()
            .chain(powers)
            .copied()
    }

    /// Takes a block of what is said into account. Returns where the filter should begin when that has changed, in blocks.
    pub(super) fn learn(
        &mut self,
        far: &History,
        said: &[f32],
        is_silent: bool,
        transform: &mut Transform,
    ) -> Option<usize> {
        let power: f32 = far.ago(0).1.iter().sum();
        // Parseval, with half of the spectrum: 2 Σ ÷ N² is the mean square.
        let heard_now = 2.0 * power / (BINS * BINS * 4) as f32 > HEARD;
        // A muted microphone says nothing about delays.
        if heard_now && !is_silent {
            self.correlate(far, said, transform);
        }
        let mut moved = None;
        for _ in 0..JUDGED_PER_BLOCK {
            self.judge(transform);
            self.next += 1;
            if self.next == far.blocks() {
                self.next = 0;
                moved = self.decide();
            }
        }
        moved
    }

    fn correlate(&mut self, far: &History, said: &[f32], transform: &mut Transform) {
        let mut spectrum = Spectrum::ZERO;
        transform.forward(&[0.0; LOW_BLOCK], said, &mut spectrum);
        let (re, im) = (
            &spectrum.re[FIRST_BIN..][..COMPARED],
            &spectrum.im[FIRST_BIN..][..COMPARED],
        );
        for (ago, [sum_re, sum_im]) in self.correlations.iter_mut().enumerate() {
            let (x, _) = far.ago(ago);
            let (x_re, x_im) = (
                &x.re[FIRST_BIN..][..COMPARED],
                &x.im[FIRST_BIN..][..COMPARED],
            );
            for bin in 0..COMPARED {
                let product_re = re[bin] * x_re[bin] + im[bin] * x_im[bin];
                let product_im = im[bin] * x_re[bin] - re[bin] * x_im[bin];
                sum_re[bin] = MEMORY * sum_re[bin] + (1.0 - MEMORY) * product_re;
                sum_im[bin] = MEMORY * sum_im[bin] + (1.0 - MEMORY) * product_im;
            }
        }
        let powers = &far.ago(0).1[FIRST_BIN..][..COMPARED];
        for bin in 0..COMPARED {
            let said = re[bin] * re[bin] + im[bin] * im[bin];
            self.heard[bin] = MEMORY * self.heard[bin] + (1.0 - MEMORY) * powers[bin];
            self.said[bin] = MEMORY * self.said[bin] + (1.0 - MEMORY) * said;
        }
    }

    /// The peak of one block of delays.
    fn judge(&mut self, transform: &mut Transform) {
        let [re, im] = &self.correlations[self.next];
        let mut whitened = Spectrum::ZERO;
        for bin in 0..COMPARED {
            let scale = 1.0 / (self.heard[bin] * self.said[bin] + 1e-20).sqrt();
            whitened.re[FIRST_BIN + bin] = re[bin] * scale;
            whitened.im[FIRST_BIN + bin] = im[bin] * scale;
        }
        let delays = transform.inverse(&whitened).0;
        self.peaks[self.next] = delays.iter().map(|d| d * d).fold(0.0, f32::max);
    }

    fn decide(&mut self) -> Option<usize> {
        let (mut best, mut highest, mut sum) = (0, 0.0, 0.0);
        for (at, &peak) in self.peaks.iter().enumerate() {
            sum += peak;
            if peak > highest {
                (best, highest) = (at, peak);
            }
        }
        let mean = (sum - highest) / (self.peaks.len() - 1) as f32;
        let wanted = best.saturating_sub(LEAD).min(MAX_DELAY_BLOCKS);
        let fits = (self.delay..=self.delay + NEAR_ENOUGH).contains(&best)
            || best < self.delay + TAIL_BLOCKS && wanted == self.delay;
        if highest < CLEAR * mean || fits {
            self.rounds = 0;
            return None;
        }
        if self.candidate.abs_diff(best) > 1 {
            self.candidate = best;
            self.rounds = 0;
        }
        self.rounds += 1;
        if self.rounds < ROUNDS {
            return None;
        }
        self.rounds = 0;
        self.delay = wanted;
        Some(wanted)
    }
}
