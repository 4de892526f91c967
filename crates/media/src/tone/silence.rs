//! `silence_stream://<ms>[,<noise>]`: nothing, or a little noise.

use crate::source::{Fill, FrameSource};

/// Silence of a length, or comfort noise. The noise figure is a divisor of full scale: 1400 is a
/// quiet −63 dBFS, larger is quieter.
#[derive(Clone, Debug)]
pub struct Silence {
    rate_hz: u32,
    length: Option<u64>,
    at: u64,
    peak: i16,
    /// State of a xorshift generator (Marsaglia 2003): noise needs no better randomness.
    random: u32,
}

impl Silence {
    /// Silence of so many milliseconds (`None` = for ever) with noise of this divisor (0 = none).
    #[must_use]
    pub fn new(rate_hz: u32, length_ms: Option<u64>, noise: u32) -> Self {
        let length = length_ms.map(|ms| ms.saturating_mul(u64::from(rate_hz)) / 1000);
        // Uniform noise of peak p has an r.m.s. of p/√3, and full scale sine one of 1/√2.
        let peak = if noise == 0 {
            0.0
        } else {
            f64::from(i16::MAX) / f64::from(noise) * 1.225
        };
        let peak = peak.min(f64::from(i16::MAX)) as i16;
        Self {
            rate_hz,
            length,
            at: 0,
            peak,
            random: 0x5eed,
        }
    }

    fn noise(&mut self) -> i16 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        // The upper 16 bits as a signed share of the peak.
        let share = (self.random >> 16) as u16 as i16;
        ((i32::from(share) * i32::from(self.peak)) >> 15) as i16
    }
}

impl FrameSource for Silence {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let left = self
            .length
            .map_or(u64::MAX, |length| length.saturating_sub(self.at));
        let written = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        for sample in &mut out[..written] {
            *sample = if self.peak == 0 { 0 } else { self.noise() };
        }
        self.at += written as u64;
        if written < out.len() {
            Fill::End(written)
        } else {
            Fill::Full
        }
    }

    fn seek(&mut self, sample: u64) -> bool {
        self.at = self.length.map_or(sample, |length| sample.min(length));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn it_is_as_long_and_as_loud_as_asked() {
        let mut silence = Silence::new(8000, Some(30), 0);
        let mut frame = [9; 160];
        assert_eq!(silence.read(&mut frame), Fill::Full);
        assert_eq!(silence.read(&mut frame), Fill::End(80));
        assert_eq!(frame[..80], [0; 80]);
        let mut noise = Silence::new(8000, None, 1400);
        let mut heard = [0; 8000];
        assert_eq!(noise.read(&mut heard), Fill::Full);
        assert!(
            (level::dbfs(&heard) + 63.0).abs() < 1.0,
            "{}",
            level::dbfs(&heard)
        );
    }
}
