//! Whether somebody speaks.

/// Ticks that are looked at together: 400 ms.
const TICKS: usize = 20;
/// The level of a voice goes up and down at least this much in that time, decibels; a hum or a hiss does not.
const LIVELY_DB: f64 = 6.0;

/// Tells speech from steady noise and silence by how much its level moves.
#[derive(Default)]
pub(super) struct Speaking {
    levels: [f64; TICKS],
    heard: usize,
}

impl Speaking {
    /// Takes the level of a tick, decibels; whether the last 400 ms had a voice in them.
    pub(super) fn learn(&mut self, level: f64) -> bool {
        self.levels[self.heard % TICKS] = level;
        self.heard += 1;
        let levels = &self.levels[..self.heard.min(TICKS)];
        let highest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = levels.iter().copied().fold(f64::INFINITY, f64::min);
        highest - lowest >= LIVELY_DB
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::voice::talker::{noise, talker};

    fn share(sound: &[i16]) -> f64 {
        let mut speaking = Speaking::default();
        let ticks = sound.chunks_exact(320);
        let count = ticks.len();
        let found = ticks.filter(|tick| speaking.learn(level::dbfs(tick).max(-90.0)));
        found.count() as f64 / count as f64
    }

    #[test]
    fn speech_is_told_from_hum_and_hiss() {
        assert!(share(&talker(1, 16_000, 10, -30.0)) > 0.9);
        assert!(share(&noise(1, 160_000, -30.0)) < 0.01);
        assert!(share(&level::sine(16_000, 120.0, -30.0, 160_000)) < 0.01);
        assert!(share(&[0; 160_000]) < 0.01);
    }
}
