//! How loud something seems: the K-weighting of ITU-R BS.1770-5.

use super::biquad::{Biquad, Coefficients};
use super::{FULL_SCALE, WIDE_FRAME};

/// Loudness of one channel, tick by tick.
pub(super) struct Loudness {
    head: Biquad,
    low_cut: Biquad,
    weighted: Box<[f32; WIDE_FRAME]>,
}

impl Loudness {
    pub(super) fn new(rate_hz: u32) -> Self {
        // The recommendation gives its filters for 48 kHz; these are the analogue ones they come from.
        Self {
            head: Biquad::new(Coefficients::head_shelf(
                rate_hz, 1681.974, 0.70718, 3.99984,
            )),
            low_cut: Biquad::new(Coefficients::high_pass_q(rate_hz, 38.1355, 0.50033)),
            weighted: Box::new([0.0; WIDE_FRAME]),
        }
    }

    /// Mean square of a tick, weighted; full scale is 1.
    pub(super) fn power(&mut self, samples: &[f32]) -> f64 {
        let weighted = &mut self.weighted[..samples.len()];
        for (weighted, sample) in weighted.iter_mut().zip(samples) {
            *weighted = sample / FULL_SCALE;
        }
        self.head.process(weighted);
        self.low_cut.process(weighted);
        let sum: f64 = weighted.iter().map(|s| f64::from(*s).powi(2)).sum();
        sum / samples.len() as f64
    }
}

/// A weighted mean square in LUFS, not less than −120.
pub(super) fn lufs(power: f64) -> f64 {
    -0.691 + 10.0 * power.max(1e-12).log10()
}

/// Loudness of a whole recording in LUFS: blocks of 400 ms, gated at −70 LUFS and at 10 LU below the mean of
/// what is left (BS.1770-5 Annex 1).
#[cfg(test)]
pub(super) fn integrated_lufs(samples: &[i16], rate_hz: u32) -> f64 {
    let mut loudness = Loudness::new(rate_hz);
    let ticks: Vec<f64> = samples
        .chunks_exact(rate_hz as usize / 50)
        .map(|tick| {
            let tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            loudness.power(&tick)
        })
        .collect();
    let blocks: Vec<f64> = ticks
        .windows(20)
        .step_by(5)
        .map(|block| block.iter().sum::<f64>() / 20.0)
        .collect();
    let mean_above = |gate_lufs: f64| {
        let kept: Vec<f64> = blocks
            .iter()
            .copied()
            .filter(|&b| lufs(b) > gate_lufs)
            .collect();
        lufs(kept.iter().sum::<f64>() / kept.len().max(1) as f64)
    };
    mean_above(mean_above(-70.0) - 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn tones_measure_as_the_recommendation_says() {
        // A full-scale sine of 997 Hz in one channel is −3.01 LUFS.
        for rate_hz in [16_000, 48_000] {
            let tone = level::sine(rate_hz, 997.0, 0.0, rate_hz as usize * 2);
            let found = integrated_lufs(&tone, rate_hz);
            assert!((found + 3.01).abs() < 0.1, "{found} LUFS at {rate_hz} Hz");
        }
        // Little is thought of what is low, more of what is high.
        let of = |hz| integrated_lufs(&level::sine(48_000, hz, 0.0, 96_000), 48_000);
        assert!((of(38.0) + 9.7).abs() < 0.3, "{}", of(38.0));
        assert!((of(8000.0) - 0.3).abs() < 0.2, "{}", of(8000.0));
    }
}
