//! A tone of given frequencies in audio: one Goertzel filter each, and the checks that keep speech out.

use super::goertzel::Goertzel;

/// Block length in samples at 8 kHz (32 ms): parts frequencies 40 Hz from each other, and fits several times into the
/// shortest tones of telephone networks.
const BLOCK_AT_8K: u32 = 256;
/// Weakest tone accepted, each of its frequencies, dBFS.
const WEAKEST_DBFS: f32 = -36.0;
/// One frequency weaker than the strongest by at most this.
const TWIST_DB: f32 = 10.0;
/// Share of the whole power in the tone; speech spreads over more frequencies.
const PURITY: f32 = 0.6;
/// Blocks that must agree before a tone counts, and before it has ended.
const BLOCKS: u8 = 2;

/// Finds a tone in a stream of samples: all its frequencies at once, and little else.
///
/// Latency: a tone is told 64 to 96 ms after it began. No allocation after it was made.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    hz: Vec<u16>,
    filters: Vec<Goertzel>,
    block: u32,
    power: f32,
    filled: u32,
    /// Whether it lasts, and how many blocks in a row say otherwise.
    lasts: bool,
    against: u8,
}

impl ToneDetector {
    /// Frequencies of one tone; more are not looked for.
    pub const MAX_FREQUENCIES: usize = 12;

    /// A detector of one tone for one sampling rate. Frequencies at or above half of that are not looked for; a tone of
    /// none is never found.
    #[must_use]
    pub fn new(hz: &[u16], rate_hz: u32) -> Self {
        let hz: Vec<u16> = hz.iter().copied().take(Self::MAX_FREQUENCIES).collect();
        let audible = hz.iter().filter(|hz| u32::from(**hz) * 2 < rate_hz);
        Self {
            filters: audible.map(|hz| Goertzel::new(*hz, rate_hz)).collect(),
            hz,
            block: rate_hz * BLOCK_AT_8K / 8000,
            power: 0.0,
            filled: 0,
            lasts: false,
            against: 0,
        }
    }

    /// The same tone at another rate.
    #[must_use]
    pub fn at_rate(&self, rate_hz: u32) -> Self {
        Self::new(&self.hz, rate_hz)
    }

    /// Listens to a stretch; how many tones have begun in it.
    pub fn process(&mut self, samples: &[i16]) -> u32 {
        let mut begun = 0;
        for &sample in samples {
            let sample = f32::from(sample) / f32::from(i16::MAX);
            for filter in &mut self.filters {
                filter.add(sample);
            }
            self.power += sample * sample;
            self.filled += 1;
            if self.filled == self.block {
                let heard = self.judge();
                begun += u32::from(self.step(heard));
            }
        }
        begun
    }

    fn judge(&mut self) -> bool {
        let length = self.block as f32;
        self.filled = 0;
        let whole = std::mem::take(&mut self.power);
        let (mut least, mut most, mut sum) = (f32::MAX, 0.0_f32, 0.0);
        for filter in &mut self.filters {
            let power = filter.take();
            least = least.min(power);
            most = most.max(power);
            sum += power;
        }
        let weakest = ratio(WEAKEST_DBFS) * length * length / 4.0;
        !self.filters.is_empty()
            && least >= weakest
            && most <= least * ratio(TWIST_DB)
            // The power of a sine is a²·n/2 in the samples and a²·n²/4 in its filter.
            && sum * 2.0 / length >= PURITY * whole
    }

    /// Whether a tone begins with this block.
    fn step(&mut self, heard: bool) -> bool {
        if heard == self.lasts {
            self.against = 0;
            return false;
        }
        self.against += 1;
        if self.against < BLOCKS {
            return false;
        }
        self.against = 0;
        self.lasts = heard;
        heard
    }
}

fn ratio(db: f32) -> f32 {
    10f32.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    /// A tone of several frequencies, each at the same level.
    fn tone(rate_hz: u32, hz: &[f64], level_db: f64, ms: u32) -> Vec<i16> {
        let length = (rate_hz * ms / 1000) as usize;
        let mut sum = vec![0_i16; length];
        for hz in hz {
            for (sum, add) in sum
                .iter_mut()
                .zip(level::sine(rate_hz, *hz, level_db, length))
            {
                *sum += add;
            }
        }
        sum
    }

    fn count(hz: &[u16], rate_hz: u32, line: &[i16]) -> u32 {
        let mut detector = ToneDetector::new(hz, rate_hz);
        line.chunks(rate_hz as usize / 50)
            .map(|frame| detector.process(frame))
            .sum()
    }

    #[test]
    fn each_stretch_of_the_tone_counts_once_at_every_rate() {
        for rate in [8000, 16_000, 48_000] {
            let mut line = Vec::new();
            for _ in 0..3 {
                line.extend(tone(rate, &[480.0, 620.0], -20.0, 500));
                line.extend(tone(rate, &[], 0.0, 500));
            }
            assert_eq!(count(&[480, 620], rate, &line), 3, "{rate}");
        }
    }

    #[test]
    fn other_tones_parts_of_it_and_faint_ones_are_not_it() {
        for (hz, level) in [
            (&[425.0][..], -20.0),
            (&[480.0], -20.0),
            (&[480.0, 620.0, 1400.0, 2000.0], -20.0),
            (&[480.0, 620.0], -50.0),
            (&[480.0, 700.0], -20.0),
        ] {
            let line = tone(8000, hz, level, 1000);
            assert_eq!(count(&[480, 620], 8000, &line), 0, "{hz:?} at {level}");
        }
        assert_eq!(count(&[], 8000, &tone(8000, &[480.0], -20.0, 500)), 0);
        assert_eq!(count(&[5000], 8000, &tone(8000, &[3000.0], -20.0, 500)), 0);
    }

    #[test]
    fn noise_is_no_tone_and_a_short_hole_does_not_split_one() {
        let mut rng = StdRng::seed_from_u64(7);
        let noise: Vec<i16> = (0..80_000)
            .map(|_| rng.random_range(-12_000..12_000))
            .collect();
        assert_eq!(count(&[1100], 8000, &noise), 0);
        let mut line = tone(8000, &[1100.0], -20.0, 512);
        line.extend(vec![0; 200]);
        line.extend(tone(8000, &[1100.0], -20.0, 512));
        assert_eq!(count(&[1100], 8000, &line), 1);
    }
}
