//! How loud a voice is, without its pauses.

use super::loudness::{Loudness, lufs};
use super::speaking::Speaking;

/// Ticks in a block of 400 ms, which loudness is judged by.
const BLOCK_TICKS: usize = 20;
/// Blocks that are remembered: 3 s.
const MEMORY: usize = 150;
/// What is softer is no voice, LUFS.
const GATE_LUFS: f64 = -55.0;
/// Blocks of voice needed before anything is said, one beginning in each tick: more than hold the moment in which a steady
/// noise begins.
const ENOUGH: usize = 25;

/// Gated loudness of the last 3 s (ITU-R BS.1770-5) of what moves like a voice. Allocates when made, never when used.
pub(crate) struct GatedLoudness {
    loudness: Loudness,
    /// Powers of the last ticks.
    ticks: [f64; BLOCK_TICKS],
    /// Powers of the last blocks; none where nobody spoke.
    blocks: [Option<f64>; MEMORY],
    now: usize,
    speaking: Speaking,
}

impl GatedLoudness {
    pub(crate) fn new(rate_hz: u32) -> Self {
        Self {
            loudness: Loudness::new(rate_hz),
            ticks: [0.0; BLOCK_TICKS],
            blocks: [None; MEMORY],
            now: 0,
            speaking: Speaking::default(),
        }
    }

    /// Takes a tick into account; the power of the last block where it was voice. Full scale is that of 16 bits.
    pub(crate) fn listen(&mut self, samples: &[f32]) -> Option<f64> {
        let power = self.loudness.power(samples);
        self.ticks[self.now % BLOCK_TICKS] = power;
        let speaks = self.speaking.learn(lufs(power));
        let mean = self.ticks.iter().sum::<f64>() / BLOCK_TICKS as f64;
        let is_whole = self.now + 1 >= BLOCK_TICKS;
        let block = (speaks && is_whole && lufs(mean) > GATE_LUFS).then_some(mean);
        self.blocks[self.now % MEMORY] = block;
        self.now += 1;
        block
    }

    /// The loudness; none when too little was said.
    pub(crate) fn lufs(&self) -> Option<f64> {
        let all = self.mean_above(0.0, ENOUGH)?;
        // BS.1770-5: what is 10 LU below the mean counts as a pause.
        self.mean_above(all / 10.0, 1).map(lufs)
    }

    fn mean_above(&self, least: f64, enough: usize) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for &block in self.blocks.iter().flatten() {
            if block >= least {
                sum += block;
                count += 1;
            }
        }
        (count >= enough).then(|| sum / f64::from(count as u32))
    }
}
