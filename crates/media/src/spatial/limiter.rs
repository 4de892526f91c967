//! The last stage: nothing comes out above −0.5 dBFS.

/// Highest sample that comes out: −0.5 dBFS.
pub const CEILING: f32 = 0.944_060_9;
/// The gain begins to fall so much before the peak, milliseconds.
const LOOK_AHEAD_MS: usize = 2;
/// And stays down so much after it: longer than half a period of 20 Hz, so that the gain stands still under any steady
/// tone and shapes no wave.
const HOLD_MS: usize = 26;
/// Blocks of a millisecond in which the least gain is remembered.
const BLOCKS: usize = LOOK_AHEAD_MS + HOLD_MS + 1;
/// After that the gain comes back with this time constant, seconds.
const RELEASE_S: f32 = 0.1;
/// But by at least so much per sample: less would be lost in rounding.
const LEAST_STEP: f32 = 2e-7;

/// Limits two channels together, so that nothing moves sideways.
///
/// Latency 2 ms. While nothing is above the ceiling it only delays. Allocates when made only.
#[derive(Clone, Debug)]
pub struct Limiter {
    /// The last samples of each channel, as many as it looks ahead.
    late: [Vec<f32>; 2],
    block: usize,
    /// Least gain wanted in each of the last blocks, and where the current one is.
    wanted: [f32; BLOCKS],
    current: usize,
    /// Samples of the current block that have passed.
    passed: usize,
    /// Gain before smoothing, its last values as far as it looks ahead, and where the oldest of them is.
    gain: f32,
    recent: Vec<f32>,
    oldest: usize,
    release: f32,
}

impl Limiter {
    /// A limiter at a rate in hertz.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let block = (rate_hz as usize / 1000).max(1);
        let ahead = block * LOOK_AHEAD_MS;
        Self {
            late: [vec![0.0; ahead], vec![0.0; ahead]],
            block,
            wanted: [1.0; BLOCKS],
            current: 0,
            passed: 0,
            gain: 1.0,
            recent: vec![1.0; ahead + 1],
            oldest: 0,
            release: 1.0 - (-1.0 / (RELEASE_S * rate_hz as f32)).exp(),
        }
    }

    /// Delays both channels by 2 ms and keeps them below the ceiling. Both of one length, of at least 2 ms.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        let peak = left
            .iter()
            .chain(right.iter())
            .fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        if peak > CEILING || !self.is_at_rest() {
            self.limit(left, right);
        } else {
            // At rest nothing is remembered but unity, wherever in its rings it stands.
            for (channel, late) in [left, right].into_iter().zip(&mut self.late) {
                delay(channel, late);
            }
        }
    }

    /// Forgets what went before.
    pub fn reset(&mut self) {
        for late in &mut self.late {
            late.fill(0.0);
        }
        self.wanted.fill(1.0);
        self.recent.fill(1.0);
        self.gain = 1.0;
    }

    /// Has heard what another one of the same rate has.
    pub(super) fn follow(&mut self, other: &Self) {
        for (late, other) in self.late.iter_mut().zip(&other.late) {
            late.copy_from_slice(other);
        }
        self.wanted = other.wanted;
        self.current = other.current;
        self.passed = other.passed;
        self.gain = other.gain;
        self.recent.copy_from_slice(&other.recent);
        self.oldest = other.oldest;
    }

    fn is_at_rest(&self) -> bool {
        self.gain == 1.0
            && self.wanted.iter().all(|&gain| gain == 1.0)
            && self.recent.iter().all(|&gain| gain == 1.0)
    }

    fn limit(&mut self, left: &mut [f32], right: &mut [f32]) {
        // Summed anew for each frame, so that rounding does not pile up.
        let mut sum: f32 = self.recent.iter().sum();
        let share = 1.0 / self.recent.len() as f32;
        let ahead = self.late[0].len();
        let mut before = self.earlier_blocks();
        // Where the oldest delayed sample is; at 0 between frames.
        let mut at = 0;
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            let peak = left.abs().max(right.abs());
            if peak > CEILING {
                let wanted = &mut self.wanted[self.current];
                *wanted = wanted.min(CEILING / peak);
            }
            let held = before.min(self.wanted[self.current]);
            // Ever more slowly towards 1, which is reached all the same.
            let step = ((1.0 - self.gain) * self.release).max(LEAST_STEP);
            self.gain = held.min(self.gain + step);
            sum += self.gain - self.recent[self.oldest];
            self.recent[self.oldest] = self.gain;
            self.oldest = (self.oldest + 1) % self.recent.len();
            let gain = (sum * share).min(1.0);
            for (sample, late) in [left, right].into_iter().zip(&mut self.late) {
                // Rounding of the sum may leave a hair above the ceiling.
                let delayed = (late[at] * gain).clamp(-CEILING, CEILING);
                late[at] = *sample;
                *sample = delayed;
            }
            at = (at + 1) % ahead;
            self.passed += 1;
            if self.passed == self.block {
                self.passed = 0;
                self.current = (self.current + 1) % BLOCKS;
                self.wanted[self.current] = 1.0;
                before = self.earlier_blocks();
            }
        }
        for late in &mut self.late {
            late.rotate_left(at);
        }
    }

    /// Least gain wanted in all blocks but the current one.
    fn earlier_blocks(&self) -> f32 {
        self.wanted
            .iter()
            .enumerate()
            .filter(|(block, _)| *block != self.current)
            .fold(1.0, |least, (_, &gain)| least.min(gain))
    }
}

/// Puts out what `late` holds before the channel, whose end stays in `late`.
fn delay(channel: &mut [f32], late: &mut [f32]) {
    let ahead = late.len().min(channel.len());
    channel.rotate_right(ahead);
    late[..ahead].swap_with_slice(&mut channel[..ahead]);
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn tone(rate: u32, hz: f32, peak: f32, frames: usize) -> Vec<f32> {
        let length = frames * rate as usize / 50;
        let step = TAU * f64::from(hz) / f64::from(rate);
        (0..length)
            .map(|n| peak * (step * n as f64).sin() as f32)
            .collect()
    }

    fn limited(rate: u32, input: &[f32]) -> Vec<f32> {
        let mut limiter = Limiter::new(rate);
        let (mut left, mut right) = (input.to_vec(), input.to_vec());
        let frame = rate as usize / 50;
        for (left, right) in left.chunks_mut(frame).zip(right.chunks_mut(frame)) {
            limiter.process(left, right);
        }
        assert_eq!(left, right);
        left
    }

    #[test]
    fn what_is_below_the_ceiling_is_only_late() {
        for rate in [8000, 24_000, 48_000] {
            let input = tone(rate, 440.0, 0.9, 10);
            let output = limited(rate, &input);
            let late = rate as usize * LOOK_AHEAD_MS / 1000;
            assert!(output[..late].iter().all(|&sample| sample == 0.0));
            assert_eq!(output[late..], input[..input.len() - late]);
        }
    }

    #[test]
    fn nothing_comes_out_above_the_ceiling() {
        // Bursts, steps and single samples of any height.
        let mut input = tone(48_000, 1000.0, 0.3, 100);
        let mut seed = 1u32;
        for n in (0..input.len()).step_by(173) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            input[n] = (seed >> 8) as f32 / (1 << 20) as f32 - 8.0;
        }
        let output = limited(48_000, &input);
        assert!(output.iter().all(|sample| sample.abs() <= CEILING));
    }

    #[test]
    fn a_steady_tone_is_lowered_and_not_bent() {
        for (rate, hz) in [
            (48_000, 60.0),
            (48_000, 997.0),
            (8000, 203.0),
            (16_000, 2789.0),
        ] {
            let input = tone(rate, hz, 2.0, 150);
            let output = limited(rate, &input);
            // A second later only the tone is left: fit a sine and look at the rest.
            let steady = &output[rate as usize..];
            let (mut by_sin, mut by_cos) = (0.0f64, 0.0f64);
            let phase = |n: usize| f64::from(hz) * TAU * n as f64 / f64::from(rate);
            let periods = (steady.len() as f64 * f64::from(hz) / f64::from(rate)).floor();
            let length = (periods * f64::from(rate) / f64::from(hz)).round() as usize;
            for (n, &sample) in steady[..length].iter().enumerate() {
                by_sin += f64::from(sample) * phase(n).sin() * 2.0 / length as f64;
                by_cos += f64::from(sample) * phase(n).cos() * 2.0 / length as f64;
            }
            let rest: f64 = steady[..length]
                .iter()
                .enumerate()
                .map(|(n, &x)| f64::from(x) - by_sin * phase(n).sin() - by_cos * phase(n).cos())
                .map(|rest| rest * rest)
                .sum::<f64>()
                / length as f64;
            let level = by_sin.hypot(by_cos);
            assert!((20.0 * level.log10() + 0.5).abs() < 0.1, "{hz}: {level}");
            let distortion = 10.0 * (rest * 2.0 / (level * level)).log10();
            assert!(distortion < -70.0, "{hz}: {distortion} dB");
        }
    }

    #[test]
    fn it_comes_back_after_a_peak() {
        let mut input = tone(48_000, 500.0, 0.5, 100);
        input[4800] = 4.0;
        let output = limited(48_000, &input);
        let late = 96;
        let rest = &output[output.len() - 4800..];
        let expected = &input[input.len() - 4800 - late..input.len() - late];
        assert!(rest == expected, "the gain is not back at 1");
    }
}
