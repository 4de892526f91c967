//! Takes noise out of a voice.

use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

use super::two_bands::HighBand;
use super::{LOW_BLOCK, WIDE_PER_LOW};

/// The noise suppressor of WebRTC, ported to Rust (`sonora-ns`): a Wiener filter with an estimate of steady noise, at most 18 dB,
/// per block of 10 ms of the lower band. What is above 8 kHz is turned down as much as the top of that. Latency 6 ms. A tick takes
/// 18 µs at 16 kHz.
pub(super) struct Suppressor {
    machine: NoiseSuppressor,
    high: HighBand,
}

impl Suppressor {
    /// Samples by which the lower band comes out later.
    const DELAY: usize = 96;

    pub(super) fn new() -> Self {
        let config = NsConfig {
            target_level: SuppressionLevel::K18dB,
        };
        Self {
            // Two bands, for the gain of the upper one.
            machine: NoiseSuppressor::new_with_bands(config, 2),
            high: HighBand::new(Self::DELAY),
        }
    }

    /// A tick of the lower band at 16 kHz; the upper one is empty for a voice that has none.
    pub(super) fn process(&mut self, low: &mut [f32], high: &mut [f32]) {
        let mut high = high.chunks_exact_mut(LOW_BLOCK * WIDE_PER_LOW);
        for block in low.chunks_exact_mut(LOW_BLOCK) {
            let Ok(block) = <&mut [f32; LOW_BLOCK]>::try_from(block) else {
                continue;
            };
            self.machine.analyze(block);
            self.machine.process(block);
            if let Some(high) = high.next() {
                self.high.process(high, self.machine.upper_band_gain());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::voice::LOW_FRAME;
    use crate::voice::talker::{noise, sum, talker};

    #[test]
    fn noise_goes_and_the_voice_stays() {
        for snr_db in [10.0, 20.0] {
            let second = 16_000;
            let mut voice = talker(4, second as u32, 10, -20.0);
            voice[..3 * second].fill(0);
            let spoken = level::dbfs(&voice[3 * second..]);
            let said = sum(&voice, &noise(5, voice.len(), spoken - snr_db));
            let mut suppressor = Suppressor::new();
            let mut out = Vec::new();
            for tick in said.chunks_exact(LOW_FRAME) {
                let mut low: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
                suppressor.process(&mut low, &mut []);
                out.extend(low.iter().map(|s| s.round() as i16));
            }
            let left = level::dbfs(&out[2 * second..3 * second]);
            let less = spoken - snr_db - left;
            // What differs from the voice alone while it speaks: noise that is left, and harm that was done.
            let late = Suppressor::DELAY;
            let off = |sound: &[i16], late: usize| {
                let off: Vec<i16> = (4 * second..10 * second - late)
                    .map(|n| sound[n + late].saturating_sub(voice[n]))
                    .collect();
                level::dbfs(&voice[4 * second..]) - level::dbfs(&off)
            };
            let (before, after) = (off(&said, 0), off(&out, late));
            let kept = level::dbfs(&out[4 * second..]) - level::dbfs(&voice[4 * second..]);
            println!(
                "{snr_db} dB: noise {less:.1} dB less, SNR {before:.1} to {after:.1}, voice {kept:+.1} dB"
            );
            assert!(less > 14.0, "noise alone went down {less} dB");
            assert!(
                after > before + 2.0,
                "{before} to {after} dB while speaking"
            );
            assert!(kept.abs() < 2.0, "the voice changed by {kept} dB");
        }
    }
}
