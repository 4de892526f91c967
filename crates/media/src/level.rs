//! Ears: how loud a piece of audio is, and at which frequency.
//!
//! The engine itself uses [`mean_absolute`]; the rest is for tests that listen. 0 dBFS is the level of
//! a sine that just reaches full scale (AES17), so a tone asked for at −7 dB measures −7 dBFS.

use std::f64::consts::{SQRT_2, TAU};

/// Mean absolute sample value, 0–32768: the "energy" of conference members and silence detection.
#[must_use]
pub fn mean_absolute(samples: &[i16]) -> u16 {
    if samples.is_empty() {
        return 0;
    }
    let sum: u64 = samples.iter().map(|&s| u64::from(s.unsigned_abs())).sum();
    (sum / samples.len() as u64) as u16
}

/// Root mean square level in dBFS; silence is −infinity.
#[must_use]
pub fn dbfs(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return f64::NEG_INFINITY;
    }
    let power = samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64;
    20.0 * (power.sqrt() * SQRT_2 / f64::from(i16::MAX)).log10()
}

/// Level of the one frequency `hz` in dBFS (Hann window, single-bin transform); other frequencies
/// further away than `4 × rate ÷ length` hardly count.
#[must_use]
pub fn dbfs_at(samples: &[i16], rate_hz: u32, hz: f64) -> f64 {
    20.0 * (amplitude_at(samples, rate_hz, hz) / f64::from(i16::MAX)).log10()
}

/// Peak amplitude of one frequency, by a windowed Goertzel recursion.
fn amplitude_at(samples: &[i16], rate_hz: u32, hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate_hz)).cos();
    // The window's cosine comes from a recursion as well: this runs thousands of times per question.
    let turn = TAU / samples.len() as f64;
    let window_coefficient = 2.0 * turn.cos();
    let (mut cosine, mut cosine_before) = ((0.5 * turn).cos(), (-0.5 * turn).cos());
    let (mut last, mut before, mut window_sum) = (0.0, 0.0, 0.0);
    for &sample in samples {
        let window = 0.5 - 0.5 * cosine;
        (cosine, cosine_before) = (window_coefficient * cosine - cosine_before, cosine);
        let next = f64::from(sample) * window + coefficient * last - before;
        (last, before) = (next, last);
        window_sum += window;
    }
    let power = last * last + before * before - coefficient * last * before;
    2.0 * power.max(0.0).sqrt() / window_sum
}

/// The strongest frequency in hertz, or `None` for (near) silence.
///
/// Looks at no more than the first quarter of a second, between 50 Hz and 0.48 of the rate; good to about 1 Hz
/// when given 200 ms of a steady tone.
#[must_use]
pub fn dominant_hz(samples: &[i16], rate_hz: u32) -> Option<f64> {
    let samples = &samples[..samples.len().min(rate_hz as usize / 4)];
    if samples.len() < 64 || dbfs(samples) < -70.0 {
        return None;
    }
    let step = 1.5 * f64::from(rate_hz) / samples.len() as f64;
    let (mut best, mut best_amplitude) = (50.0, 0.0);
    let mut hz = 50.0;
    while hz < 0.48 * f64::from(rate_hz) {
        let amplitude = amplitude_at(samples, rate_hz, hz);
        if amplitude > best_amplitude {
            (best, best_amplitude) = (hz, amplitude);
        }
        hz += step;
    }
    // The main lobe of the window is wider than two steps and has one top: close in on it.
    let (mut low, mut high) = (best - step, best + step);
    while high - low > 0.05 {
        let third = (high - low) / 3.0;
        if amplitude_at(samples, rate_hz, low + third)
            < amplitude_at(samples, rate_hz, high - third)
        {
            low += third;
        } else {
            high -= third;
        }
    }
    Some((low + high) / 2.0)
}

/// First sample whose absolute value reaches `threshold`: where a tone begins.
#[must_use]
pub fn onset(samples: &[i16], threshold: u16) -> Option<usize> {
    samples.iter().position(|s| s.unsigned_abs() >= threshold)
}

/// A sine of a frequency in hertz and a level in dBFS: what tests speak with.
#[must_use]
pub fn sine(rate_hz: u32, hz: f64, level_dbfs: f64, samples: usize) -> Vec<i16> {
    let amplitude = f64::from(i16::MAX) * 10f64.powf(level_dbfs / 20.0);
    (0..samples)
        .map(|n| (amplitude * (TAU * hz * n as f64 / f64::from(rate_hz)).sin()).round() as i16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_measures_as_it_was_made() {
        for (hz, level) in [(440.0, -7.0), (1004.0, -20.0), (3100.0, -40.0)] {
            let tone = sine(8000, hz, level, 4000);
            assert!((dbfs(&tone) - level).abs() < 0.1);
            assert!((dbfs_at(&tone, 8000, hz) - level).abs() < 0.2);
            assert!((dominant_hz(&tone, 8000).unwrap() - hz).abs() < 1.0);
        }
    }

    #[test]
    fn silence_has_no_frequency_and_no_level() {
        assert_eq!(dominant_hz(&[0; 1600], 8000), None);
        assert_eq!(dbfs(&[0; 160]), f64::NEG_INFINITY);
        assert_eq!(mean_absolute(&[]), 0);
        assert_eq!(mean_absolute(&[-100, 100, i16::MIN, 0]), 8242);
    }

    #[test]
    fn the_stronger_of_two_tones_wins() {
        let mut mix = sine(16_000, 600.0, -30.0, 8000);
        for (sum, add) in mix.iter_mut().zip(sine(16_000, 2400.0, -10.0, 8000)) {
            *sum += add;
        }
        assert!((dominant_hz(&mix, 16_000).unwrap() - 2400.0).abs() < 1.0);
        assert!((dbfs_at(&mix, 16_000, 600.0) + 30.0).abs() < 0.5);
    }
}
