//! Moving and resampling impulse responses by windowed sincs, when filters are made.

use std::f64::consts::PI;

/// Zero crossings of the kernel to each side, at the slower of the two rates.
const REACH: usize = 32;
/// Points of the kernel's table per zero crossing; in between it is interpolated linearly (−110 dB).
const STEPS: usize = 512;
const KAISER_BETA: f64 = 8.0;
/// End of the pass band as a fraction of the slower rate.
const CUTOFF: f64 = 0.46;

/// A windowed sinc, ready to read.
pub(super) struct Kernel {
    table: Vec<f64>,
}

impl Kernel {
    pub(super) fn new() -> Self {
        let table = (0..=REACH * STEPS + 1)
            .map(|n| {
                let x = n as f64 / STEPS as f64;
                2.0 * CUTOFF * sinc(2.0 * CUTOFF * x) * kaiser(x / REACH as f64, KAISER_BETA)
            })
            .collect();
        Self { table }
    }

    /// The kernel at a distance from its middle, in samples of the slower rate.
    fn at(&self, x: f64) -> f64 {
        let x = x.abs() * STEPS as f64;
        let index = x as usize;
        if index >= REACH * STEPS {
            return 0.0;
        }
        let rest = x - index as f64;
        self.table[index] * (1.0 - rest) + self.table[index + 1] * rest
    }

    /// `output` becomes the response `input` at another rate, beginning `start` samples (of `input`) into it.
    /// The frequency response stays the same in level, up to 0.46 of the slower rate.
    pub(super) fn resample(
        &self,
        input: &[f32],
        from_hz: f64,
        to_hz: f64,
        start: f64,
        output: &mut [f32],
    ) {
        let step = from_hz / to_hz;
        // Width of the kernel in input samples per sample of the slower rate.
        let width = step.max(1.0);
        // A kernel of width 1 has unit gain per input sample; a response spread over more output samples is lower.
        let gain = step / width;
        for (n, out) in output.iter_mut().enumerate() {
            let middle = start + n as f64 * step;
            let reach = REACH as f64 * width;
            let first = (middle - reach).ceil().max(0.0) as usize;
            let end = ((middle + reach).floor() + 1.0).clamp(0.0, input.len() as f64) as usize;
            let mut sum = 0.0;
            for (m, &sample) in input.iter().enumerate().take(end).skip(first) {
                sum += f64::from(sample) * self.at((m as f64 - middle) / width);
            }
            *out = (sum * gain) as f32;
        }
    }
}

/// Taps that delay by `whole` samples and the fraction `part` of one; unit gain at 0 Hz.
pub(super) fn fractional_delay(whole: usize, part: f64, taps: &mut [f64]) {
    let half = taps.len() as f64 / 2.0;
    for (n, tap) in taps.iter_mut().enumerate() {
        let x = n as f64 - whole as f64 - part;
        *tap = sinc(x) * kaiser(x / half, 6.0);
    }
    let sum: f64 = taps.iter().sum();
    for tap in taps {
        *tap /= sum;
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// Kaiser window from −1 to 1, nothing outside.
fn kaiser(x: f64, beta: f64) -> f64 {
    let inside = 1.0 - x * x;
    if inside <= 0.0 {
        0.0
    } else {
        bessel_i0(beta * inside.sqrt()) / bessel_i0(beta)
    }
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..32 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level in dB of a response at a frequency.
    fn level_at(response: &[f32], rate: f64, hz: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &sample) in response.iter().enumerate() {
            let angle = 2.0 * PI * hz * n as f64 / rate;
            re += f64::from(sample) * angle.cos();
            im += f64::from(sample) * angle.sin();
        }
        10.0 * (re * re + im * im).log10()
    }

    #[test]
    fn the_response_keeps_its_level_at_every_rate() {
        let kernel = Kernel::new();
        let mut input = [0.0; 512];
        (input[250], input[251]) = (1.0, 0.5);
        for to in [8000.0, 16_000.0, 24_000.0, 32_000.0, 48_000.0] {
            let mut output = vec![0.0; 700];
            kernel.resample(&input, 44_100.0, to, 0.0, &mut output);
            for hz in [100.0, 1000.0, 3000.0] {
                let change = level_at(&output, to, hz) - level_at(&input, 44_100.0, hz);
                assert!(change.abs() < 0.01, "{to} {hz}: {change}");
            }
        }
    }

    #[test]
    fn a_shift_moves_the_impulse_by_a_fraction() {
        let kernel = Kernel::new();
        let mut input = [0.0; 128];
        input[60] = 1.0;
        let mut output = [0.0; 128];
        kernel.resample(&input, 48_000.0, 48_000.0, 40.25, &mut output);
        let middle: f64 = output
            .iter()
            .enumerate()
            .map(|(n, &x)| n as f64 * f64::from(x))
            .sum();
        assert!((middle - 19.75).abs() < 1e-3, "{middle}");
    }

    #[test]
    fn a_delay_delays() {
        let mut taps = [0.0; 16];
        fractional_delay(7, 0.0, &mut taps);
        assert!((taps[7] - 1.0).abs() < 1e-9);
        fractional_delay(7, 0.5, &mut taps);
        let taps: Vec<f32> = taps.iter().map(|&tap| tap as f32).collect();
        for hz in [100.0, 5000.0, 16_000.0] {
            assert!(level_at(&taps, 48_000.0, hz).abs() < 0.1, "{hz}");
        }
    }
}
