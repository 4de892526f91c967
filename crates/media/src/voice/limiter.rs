//! Keeps peaks under a ceiling by turning down shortly before they come.

/// A limiter that looks 5 ms ahead. Nothing that comes out exceeds the ceiling, and the gain never jumps: it is
/// the mean over the look-ahead of the smallest gain needed within it. Latency 5 ms.
pub(super) struct Limiter {
    ceiling: f32,
    /// Samples on their way.
    delay: Vec<f32>,
    /// Gains that are still the smallest of those not older than the look-ahead, with their time; rising.
    least: Vec<(u64, f32)>,
    first: usize,
    count: usize,
    /// The last gains, held down and let go slowly, whose mean is used.
    held: Vec<f32>,
    sum: f64,
    now: u64,
    last: f32,
    recovery: f32,
}

impl Limiter {
    /// With a ceiling in decibels of full scale.
    pub(super) fn new(rate_hz: u32, ceiling_dbfs: f32) -> Self {
        let ahead = rate_hz as usize / 200;
        Self {
            ceiling: 10f32.powf(ceiling_dbfs / 20.0) * f32::from(i16::MAX),
            delay: vec![0.0; ahead],
            least: vec![(0, 1.0); ahead + 1],
            first: 0,
            count: 0,
            held: vec![1.0; ahead],
            sum: ahead as f64,
            now: 0,
            last: 1.0,
            // Back within about 50 ms.
            recovery: 1.0 - (-1.0 / (0.05 * rate_hz as f32)).exp(),
        }
    }

    pub(super) fn process(&mut self, samples: &mut [f32]) {
        let ahead = self.delay.len();
        for sample in samples {
            let needed = self.least_needed(self.ceiling / sample.abs().max(self.ceiling));
            self.last = needed.min(self.last + self.recovery * (1.0 - self.last));
            let at = (self.now % ahead as u64) as usize;
            self.sum += f64::from(self.last) - f64::from(self.held[at]);
            self.held[at] = self.last;
            let late = std::mem::replace(&mut self.delay[at], *sample);
            let gain = (self.sum / ahead as f64) as f32;
            *sample = (late * gain).clamp(-self.ceiling, self.ceiling);
            self.now += 1;
        }
    }

    /// Takes the gain one sample needs and returns the smallest one within the look-ahead.
    fn least_needed(&mut self, gain: f32) -> f32 {
        let room = self.least.len();
        while self.count > 0 && self.least[(self.first + self.count - 1) % room].1 >= gain {
            self.count -= 1;
        }
        while self.count > 0 && self.least[self.first].0 + room as u64 <= self.now {
            self.first = (self.first + 1) % room;
            self.count -= 1;
        }
        self.least[(self.first + self.count) % room] = (self.now, gain);
        self.count += 1;
        self.least[self.first].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn what_is_too_loud_comes_out_under_the_ceiling_and_clean() {
        let tone = level::sine(16_000, 1000.0, 0.0, 16_000);
        let mut loud: Vec<f32> = tone.iter().map(|&s| f32::from(s) * 3.0).collect();
        let mut limiter = Limiter::new(16_000, -1.0);
        loud.chunks_mut(320).for_each(|tick| limiter.process(tick));
        let out: Vec<i16> = loud.iter().map(|s| s.round() as i16).collect();
        let highest = out.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(highest <= 29_204, "{highest}");
        let steady = &out[8000..];
        let fundamental = level::dbfs_at(steady, 16_000, 1000.0);
        assert!((fundamental + 1.0).abs() < 0.3, "{fundamental}");
        let third = level::dbfs_at(steady, 16_000, 3000.0);
        assert!(third < -50.0, "third harmonic {third} dBFS");
    }

    #[test]
    fn what_is_not_too_loud_passes_unchanged_and_later() {
        let mut quiet: Vec<f32> = (0..640).map(|n| (n % 100) as f32 * 100.0).collect();
        let before = quiet.clone();
        Limiter::new(16_000, -1.0).process(&mut quiet);
        assert_eq!(quiet[80..], before[..560]);
    }

    #[test]
    fn a_single_peak_is_lowered_whenever_it_comes() {
        for at in 200..300 {
            let mut sound = vec![1000.0; 640];
            sound[at] = 60_000.0;
            let mut limiter = Limiter::new(16_000, -1.0);
            limiter.process(&mut sound);
            // Not by cutting it off: the gain was down in time.
            assert!(sound[at + 80] <= 29_204.0);
            assert!(sound[at + 79] < 500.0, "{}", sound[at + 79]);
        }
    }
}
