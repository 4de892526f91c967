//! Filters of the second order.

use std::f64::consts::{SQRT_2, TAU};

/// What a filter does: b0, b1, b2, a1, a2, with a0 = 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coefficients([f64; 5]);

impl Coefficients {
    /// Butterworth high-pass, 3 dB down at `hz`.
    pub(super) fn high_pass(rate_hz: u32, hz: f64) -> Self {
        Self::high_pass_q(rate_hz, hz, 1.0 / SQRT_2)
    }

    /// High-pass with a resonance; the numerator is not scaled, as in ITU-R BS.1770-5 Annex 1 table 2.
    pub(super) fn high_pass_q(rate_hz: u32, hz: f64, q: f64) -> Self {
        let k = (TAU * hz / f64::from(rate_hz) / 2.0).tan();
        let a0 = 1.0 + k / q + k * k;
        let b0 = 1.0 / a0;
        Self([
            b0,
            -2.0 * b0,
            b0,
            2.0 * (k * k - 1.0) / a0,
            (1.0 - k / q + k * k) / a0,
        ])
    }

    /// More or less of what is above about `hz`: the first stage of ITU-R BS.1770-5 Annex 1, for any rate.
    pub(super) fn head_shelf(rate_hz: u32, hz: f64, q: f64, gain_db: f64) -> Self {
        let k = (TAU * hz / f64::from(rate_hz) / 2.0).tan();
        let high = 10f64.powf(gain_db / 20.0);
        let middle = high.sqrt();
        let a0 = 1.0 + k / q + k * k;
        Self([
            (high + middle * k / q + k * k) / a0,
            2.0 * (k * k - high) / a0,
            (high - middle * k / q + k * k) / a0,
            2.0 * (k * k - 1.0) / a0,
            (1.0 - k / q + k * k) / a0,
        ])
    }

    /// More or less of what is around `hz` (R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter
    /// coefficients").
    pub(super) fn peak(rate_hz: u32, hz: f64, q: f64, gain_db: f64) -> Self {
        let a = 10f64.powf(gain_db / 40.0);
        let w = TAU * hz / f64::from(rate_hz);
        let alpha = w.sin() / (2.0 * q);
        let a0 = 1.0 + alpha / a;
        Self([
            (1.0 + alpha * a) / a0,
            -2.0 * w.cos() / a0,
            (1.0 - alpha * a) / a0,
            -2.0 * w.cos() / a0,
            (1.0 - alpha / a) / a0,
        ])
    }

    /// More or less of what is below `hz` (`-1.0`) or above it (`1.0`), from the same place.
    pub(super) fn shelf(rate_hz: u32, hz: f64, side: f64, gain_db: f64) -> Self {
        let a = 10f64.powf(gain_db / 40.0);
        let w = TAU * hz / f64::from(rate_hz);
        let root = a.sqrt() * w.sin() * SQRT_2;
        let (plus, minus, cosine) = (a + 1.0, a - 1.0, w.cos() * side);
        let a0 = plus - minus * cosine + root;
        Self([
            a * (plus + minus * cosine + root) / a0,
            -2.0 * side * a * (minus + plus * cosine) / a0,
            a * (plus + minus * cosine - root) / a0,
            2.0 * side * (minus - plus * cosine) / a0,
            (plus - minus * cosine - root) / a0,
        ])
    }
}

/// A filter and its memory. No latency.
#[derive(Clone, Debug)]
pub(super) struct Biquad {
    coefficients: Coefficients,
    memory: [f64; 2],
}

impl Biquad {
    pub(super) fn new(coefficients: Coefficients) -> Self {
        Self {
            coefficients,
            memory: [0.0; 2],
        }
    }

    /// Becomes another filter with the same memory: small changes make no click.
    pub(super) fn set(&mut self, coefficients: Coefficients) {
        self.coefficients = coefficients;
    }

    pub(super) fn process(&mut self, samples: &mut [f32]) {
        let Coefficients([b0, b1, b2, a1, a2]) = self.coefficients;
        let [mut first, mut second] = self.memory;
        for sample in samples {
            let input = f64::from(*sample);
            let output = b0 * input + first;
            first = b1 * input - a1 * output + second;
            second = b2 * input - a2 * output;
            *sample = output as f32;
        }
        // What decays for ever ends in numbers that processors are slow with.
        let settle = |value: f64| if value.abs() < 1e-20 { 0.0 } else { value };
        self.memory = [settle(first), settle(second)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain_db(coefficients: Coefficients, hz: f64) -> f64 {
        let samples = 48_000;
        let tone = (0..samples).map(|n| (TAU * hz * f64::from(n) / 48_000.0).sin() as f32);
        let mut tone: Vec<f32> = tone.collect();
        Biquad::new(coefficients).process(&mut tone);
        let steady = &tone[24_000..];
        let power: f64 = steady.iter().map(|s| f64::from(*s).powi(2)).sum();
        10.0 * (2.0 * power / steady.len() as f64).log10()
    }

    #[test]
    fn each_kind_does_what_its_name_says() {
        let near = |coefficients, hz, wanted: f64| {
            let found = gain_db(coefficients, hz);
            assert!(
                (found - wanted).abs() < 0.15,
                "{hz} Hz: {found}, not {wanted}"
            );
        };
        let high_pass = Coefficients::high_pass(48_000, 80.0);
        near(high_pass, 80.0, -3.01);
        near(high_pass, 800.0, 0.0);
        near(high_pass, 20.0, -24.1);
        let peak = Coefficients::peak(48_000, 1000.0, 1.0, -6.0);
        near(peak, 1000.0, -6.0);
        near(peak, 50.0, 0.0);
        let low = Coefficients::shelf(48_000, 500.0, -1.0, 6.0);
        near(low, 40.0, 6.0);
        near(low, 500.0, 3.0);
        near(low, 8000.0, 0.0);
        let high = Coefficients::shelf(48_000, 4000.0, 1.0, -6.0);
        near(high, 20_000.0, -6.0);
        near(high, 4000.0, -3.0);
        near(high, 200.0, 0.0);
    }
}
