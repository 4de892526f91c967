//! A wide voice in two bands: up to 8 kHz, where echo and noise are looked for, and the rest.

use super::{LOW_FRAME, LOW_RATE_HZ, WIDE_FRAME, WIDE_PER_LOW, WIDE_RATE_HZ};
use crate::dsp::Resampler;

/// Samples at 48 kHz a sound is late by after it went down to 16 kHz and back up.
const ROUND_TRIP: usize = 95;

/// Parts a voice at 48 kHz and puts it together again. What was not treated in between comes out as it was (but
/// for rounding), 2 ms later.
pub(super) struct TwoBands {
    down: Resampler,
    /// What of the upper band is the lower one.
    up: Resampler,
    /// Brings the lower one back.
    back: Resampler,
    late: Delay,
}

impl TwoBands {
    /// `None` never happens: the resampler has these two rates.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            down: Resampler::new(WIDE_RATE_HZ, LOW_RATE_HZ)?,
            up: Resampler::new(LOW_RATE_HZ, WIDE_RATE_HZ)?,
            back: Resampler::new(LOW_RATE_HZ, WIDE_RATE_HZ)?,
            late: Delay::new(ROUND_TRIP),
        })
    }

    pub(super) fn part(&mut self, wide: &[i16], low: &mut [f32], high: &mut [f32]) {
        let (mut narrow, mut again) = ([0; LOW_FRAME], [0; WIDE_FRAME]);
        self.down.process(wide, &mut narrow);
        self.up.process(&narrow, &mut again);
        for (low, &narrow) in low.iter_mut().zip(&narrow) {
            *low = f32::from(narrow);
        }
        for (high, &wide) in high.iter_mut().zip(wide) {
            *high = f32::from(wide);
        }
        self.late.process(high);
        for (high, &again) in high.iter_mut().zip(&again) {
            *high -= f32::from(again);
        }
    }

    /// The wide voice takes the place of its upper band.
    pub(super) fn join(&mut self, low: &[f32], high: &mut [f32]) {
        let (mut narrow, mut wide) = ([0; LOW_FRAME], [0; WIDE_FRAME]);
        for (narrow, &low) in narrow.iter_mut().zip(low) {
            *narrow = low.round() as i16;
        }
        self.back.process(&narrow, &mut wide);
        for (high, &wide) in high.iter_mut().zip(&wide) {
            *high += f32::from(wide);
        }
    }
}

/// Gives samples back later.
struct Delay {
    held: Vec<f32>,
    at: usize,
}

impl Delay {
    fn new(samples: usize) -> Self {
        Self {
            held: vec![0.0; samples],
            at: 0,
        }
    }

    fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            std::mem::swap(sample, &mut self.held[self.at]);
            self.at = (self.at + 1) % self.held.len();
        }
    }
}

/// What a stage that works in the lower band does to the upper one: delays it as much, and turns it down.
pub(super) struct HighBand {
    delay: Delay,
    gain: f32,
}

impl HighBand {
    /// For a stage with a delay in samples of the lower band.
    pub(super) fn new(low_samples: usize) -> Self {
        Self {
            delay: Delay::new(low_samples * WIDE_PER_LOW),
            gain: 1.0,
        }
    }

    /// A block, going to another gain in its course.
    pub(super) fn process(&mut self, samples: &mut [f32], gain: f32) {
        self.delay.process(samples);
        let step = (gain - self.gain) / samples.len() as f32;
        for sample in samples {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn what_was_parted_and_joined_is_what_it_was_two_milliseconds_later() {
        let mut sound = level::sine(WIDE_RATE_HZ, 300.0, -16.0, 48_000);
        for hz in [5000.0, 7900.0, 12_000.0] {
            let other = level::sine(WIDE_RATE_HZ, hz, -16.0, 48_000);
            sound
                .iter_mut()
                .zip(other)
                .for_each(|(sum, add)| *sum += add);
        }
        let mut bands = TwoBands::new().unwrap();
        let mut out = Vec::new();
        for tick in sound.chunks_exact(WIDE_FRAME) {
            let (mut low, mut high) = ([0.0; LOW_FRAME], [0.0; WIDE_FRAME]);
            bands.part(tick, &mut low, &mut high);
            bands.join(&low, &mut high);
            out.extend(high.iter().map(|s| s.round() as i16));
        }
        assert_eq!(out[960..], sound[960 - ROUND_TRIP..48_000 - ROUND_TRIP]);
    }
}
