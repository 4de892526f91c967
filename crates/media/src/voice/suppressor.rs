//! Takes noise out of a voice.

use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

use super::two_bands::HighBand;
use super::{LOW_BLOCK, WIDE_PER_LOW};

/// The noise suppressor of WebRTC, ported to Rust (`sonora-ns`): a Wiener filter with an estimate of steady noise, at most 18 dB,
/// per block of 10 ms of the lower band. What is above 8 kHz is turned down as much as the top of that. Latency 6 ms; 27 µs
/// per tick.
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
