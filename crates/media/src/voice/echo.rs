//! Takes what a leg hears out of what it says.

mod delay;
mod filter;
mod residual;
mod spectra;

use super::two_bands::HighBand;
use super::{FULL_SCALE, LOW_BLOCK, WIDE_PER_LOW};
use delay::DelaySearch;
use filter::EchoFilter;
use residual::ResidualSuppressor;
use spectra::{History, Transform};

/// Blocks of 10 ms the adaptive filter spans: 250 ms.
const TAIL_BLOCKS: usize = 25;
/// Blocks an echo may be late beyond that: 800 ms of network and devices.
const MAX_DELAY_BLOCKS: usize = 80;
const HISTORY_BLOCKS: usize = TAIL_BLOCKS + MAX_DELAY_BLOCKS;
/// Samples of a transform, half of them new.
const TRANSFORM: usize = 2 * LOW_BLOCK;
const BINS: usize = LOW_BLOCK + 1;
/// What moves less around its mean is silence, as of a muted microphone: −80 dB of full scale, three steps of a sample. The
/// mean does not count, because the silence of A-law is not 0.
const SILENCE: f32 = 1e-8;

/// Echo canceller for one leg: a partitioned-block frequency-domain Kalman filter of 250 ms
/// (G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones",
/// Signal Processing 86, 2006), whose steps are small where somebody near speaks and large where only the echo is heard; a
/// search for the echo's delay up to 800 ms; and a suppressor of what the filter leaves. Works on the lower band; the upper
/// one is turned down as much as the top of that. Latency 10 ms. A tick takes 38 µs.
pub(super) struct EchoCanceller {
    far: History,
    transform: Transform,
    filter: EchoFilter,
    delay: DelaySearch,
    residual: ResidualSuppressor,
    high: HighBand,
}

impl EchoCanceller {
    pub(super) fn new() -> Self {
        Self {
            far: History::new(HISTORY_BLOCKS),
            transform: Transform::new(),
            filter: EchoFilter::new(),
            delay: DelaySearch::new(),
            residual: ResidualSuppressor::new(),
            high: HighBand::new(LOW_BLOCK),
        }
    }

    /// A tick: what the leg heard in the tick before, what it says now at 16 kHz, and the upper band of that (empty for a voice
    /// that has none).
    pub(super) fn process(&mut self, heard: &[i16], low: &mut [f32], high: &mut [f32]) {
        let mut high = high.chunks_exact_mut(LOW_BLOCK * WIDE_PER_LOW);
        let blocks = heard
            .chunks_exact(LOW_BLOCK)
            .zip(low.chunks_exact_mut(LOW_BLOCK));
        for (heard, said) in blocks {
            for sample in said.iter_mut() {
                *sample /= FULL_SCALE;
            }
            self.far.push(heard, &mut self.transform);
            let is_silent = is_silent(said);
            let (far, transform) = (&self.far, &mut self.transform);
            if let Some(delay) = self.delay.learn(far, said, is_silent, transform) {
                self.filter.set_delay(delay);
            }
            let echo = self.filter.process(far, said, is_silent, transform);
            let gain = self.residual.process(&echo, said, &mut self.transform);
            for sample in said.iter_mut() {
                *sample *= FULL_SCALE;
            }
            if let Some(high) = high.next() {
                self.high.process(high, gain);
            }
        }
    }

    /// Where the filter begins, milliseconds after what was heard.
    #[cfg(test)]
    fn delay_ms(&self) -> usize {
        self.filter.delay() * 10
    }
}

fn is_silent(said: &[f32]) -> bool {
    let samples = said.len() as f32;
    let mean = said.iter().sum::<f32>() / samples;
    let square: f32 = said.iter().map(|s| (s - mean) * (s - mean)).sum();
    square <= SILENCE * samples
}

#[cfg(test)]
mod tests;
