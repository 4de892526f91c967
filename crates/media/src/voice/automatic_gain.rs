//! Makes a voice as loud as the others.

use super::gated::GatedLoudness;
use super::limiter::Limiter;
use super::loudness::lufs;

/// A block this much above the target is turned down at once, LU.
const SUDDEN_LU: f64 = 6.0;
const TICK_MS: f64 = 20.0;

/// Gain towards a target, usually [`AutomaticGain::TARGET_LUFS`], by the gated loudness of the last 3 s (ITU-R BS.1770-5), within
/// [`AutomaticGain::LOWEST_DB`] and [`AutomaticGain::HIGHEST_DB`]; falls within 50 ms, rises within 500 ms, rests in silence.
/// A limiter keeps peaks under −1 dBFS; latency 5 ms. A tick takes 7 µs at 16 kHz.
pub(super) struct AutomaticGain {
    loudness: GatedLoudness,
    limiter: Limiter,
    gain_db: f64,
}

impl AutomaticGain {
    /// What it is unless the others say otherwise.
    pub(super) const TARGET_LUFS: f64 = -23.0;
    pub(super) const LOWEST_DB: f64 = -12.0;
    pub(super) const HIGHEST_DB: f64 = 18.0;
    const ATTACK_MS: f64 = 50.0;
    const RELEASE_MS: f64 = 500.0;
    const CEILING_DBFS: f32 = -1.0;

    pub(super) fn new(rate_hz: u32) -> Self {
        Self {
            loudness: GatedLoudness::new(rate_hz),
            limiter: Limiter::new(rate_hz, Self::CEILING_DBFS),
            gain_db: 0.0,
        }
    }

    /// A tick, towards so many LUFS.
    pub(super) fn process(&mut self, samples: &mut [f32], target_lufs: f64) {
        let block = self.loudness.listen(samples);
        let before = factor(self.gain_db);
        if let Some(wanted) = self.wanted_db(block, target_lufs) {
            let time_ms = if wanted < self.gain_db {
                Self::ATTACK_MS
            } else {
                Self::RELEASE_MS
            };
            self.gain_db += (wanted - self.gain_db) * (1.0 - (-TICK_MS / time_ms).exp());
        }
        let step = (factor(self.gain_db) - before) / samples.len() as f32;
        let mut gain = before;
        for sample in samples.iter_mut() {
            gain += step;
            *sample *= gain;
        }
        self.limiter.process(samples);
    }

    /// How loud the voice is that comes in; none when too little was heard.
    pub(super) fn measured_lufs(&self) -> Option<f64> {
        self.loudness.lufs()
    }

    /// The gain in decibels for what was heard; none when too little was.
    fn wanted_db(&self, block: Option<f64>, target_lufs: f64) -> Option<f64> {
        let steady = target_lufs - self.loudness.lufs()?;
        let sudden = target_lufs + SUDDEN_LU - lufs(block.unwrap_or(0.0));
        Some(steady.min(sudden).clamp(Self::LOWEST_DB, Self::HIGHEST_DB))
    }
}

fn factor(gain_db: f64) -> f32 {
    10f64.powf(gain_db / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::voice::loudness::integrated_lufs;
    use crate::voice::talker::{noise, sum, talker};

    fn levelled(sound: &[i16], rate_hz: u32) -> Vec<i16> {
        let mut gain = AutomaticGain::new(rate_hz);
        let mut out = Vec::new();
        for tick in sound.chunks_exact(rate_hz as usize / 50) {
            let mut tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            gain.process(&mut tick, AutomaticGain::TARGET_LUFS);
            out.extend(tick.iter().map(|s| s.round() as i16));
        }
        out
    }

    #[test]
    fn soft_and_loud_talkers_become_as_loud() {
        for (rate_hz, seed) in [(16_000, 1), (16_000, 2), (48_000, 3)] {
            for level_dbfs in [-40.0, -37.0, -30.0, -20.0, -10.0] {
                let said = talker(seed, rate_hz, 12, level_dbfs);
                let out = levelled(&said, rate_hz);
                let from = 3 * rate_hz as usize;
                let (before, after) = (
                    integrated_lufs(&said[from..], rate_hz),
                    integrated_lufs(&out[from..], rate_hz),
                );
                println!("{rate_hz} Hz, {level_dbfs} dBFS: {before:.1} to {after:.1} LUFS");
                // The softest one gets all there is to get, which is not quite enough.
                let wanted = AutomaticGain::TARGET_LUFS.min(before + AutomaticGain::HIGHEST_DB);
                assert!((after - wanted).abs() < 2.0, "{after}, not {wanted} LUFS");
                let highest = out.iter().map(|s| s.unsigned_abs()).max().unwrap();
                assert!(highest <= 29_204, "{highest}");
            }
        }
    }

    #[test]
    fn silence_and_steady_noise_are_not_brought_up() {
        for level_dbfs in [-65.0, -45.0] {
            let mut hiss = noise(1, 16_000 * 12, level_dbfs);
            // It begins after silence, as when a telephone is unmuted.
            hiss[..16_000].fill(0);
            let out = levelled(&hiss, 16_000);
            let gained = level::dbfs(&out[8 * 16_000..]) - level_dbfs;
            println!("{level_dbfs} dBFS of noise: {gained:+.1} dB");
            assert!(
                gained < 3.0,
                "{level_dbfs} dBFS of noise came up by {gained} dB"
            );
        }
        assert_eq!(levelled(&[0; 32_000], 16_000), [0; 32_000]);
    }

    #[test]
    fn a_pause_changes_nothing_and_a_shout_is_turned_down_at_once() {
        let rate = 16_000;
        let voice = talker(6, rate as u32, 8, -35.0);
        let mut sound = voice.clone();
        sound.extend(vec![0; 10 * rate]);
        let sound = sum(&sound, &noise(2, sound.len(), -70.0));
        let out = levelled(&sound, rate as u32);
        let noise_at = |second: usize| level::dbfs(&out[second * rate..(second + 1) * rate]);
        let (early, late) = (noise_at(9), noise_at(17));
        assert!(
            (early - late).abs() < 0.5,
            "{early} and {late} dBFS in the pause"
        );

        let mut shout = voice;
        shout.extend(talker(7, rate as u32, 4, -8.0));
        let out = levelled(&shout, rate as u32);
        let second = integrated_lufs(&out[8 * rate + rate / 2..10 * rate], rate as u32);
        println!("{second:.1} LUFS in the second after a shout began");
        assert!(second < -14.0, "{second} LUFS");
    }
}
