//! How much is lost on the way from a source to a listener.

/// Loss by distance, as a listener sets it (`event-manager.md` §8, controls 7 and 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attenuation {
    db_per_m: u8,
    max_distance_cm: u32,
}

impl Attenuation {
    /// The steepest loss, dB per metre.
    pub const MAX_DB_PER_M: u8 = 40;
    /// Below this a source is silent: −180 dB is less than 24 bits hold, and far above denormal numbers.
    const SILENT_DB: f32 = -180.0;

    /// Loss in dB per metre (0 to 40), which grows no more beyond a distance; `None` when too steep.
    #[must_use]
    pub fn new(db_per_m: u8, max_distance_cm: u32) -> Option<Self> {
        (db_per_m <= Self::MAX_DB_PER_M).then_some(Self {
            db_per_m,
            max_distance_cm,
        })
    }

    /// Gain in dB at a distance: never above 0, for nothing is boosted near the ear.
    #[must_use]
    pub fn gain_db(&self, distance_cm: f32) -> f32 {
        let metres = distance_cm.clamp(0.0, self.max_distance_cm as f32) / 100.0;
        -f32::from(self.db_per_m) * metres
    }

    /// The same as a factor, 0 to 1.
    #[must_use]
    pub fn gain(&self, distance_cm: f32) -> f32 {
        let gain_db = self.gain_db(distance_cm);
        if gain_db < Self::SILENT_DB {
            0.0
        } else {
            10f32.powf(gain_db / 20.0)
        }
    }
}

impl Default for Attenuation {
    /// 6 dB per metre up to three metres.
    fn default() -> Self {
        Self {
            db_per_m: 6,
            max_distance_cm: 300,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(db_per_m: u8, max_distance_cm: u32, distance_cm: f32) -> f32 {
        let attenuation = Attenuation::new(db_per_m, max_distance_cm).unwrap();
        20.0 * attenuation.gain(distance_cm).log10()
    }

    #[test]
    fn six_decibels_per_metre_are_lost_up_to_the_greatest_distance() {
        assert!((db(6, 300, 200.0) + 12.0).abs() < 1e-4);
        assert!((db(6, 300, 900.0) + 18.0).abs() < 1e-4);
        assert!((db(6, 300, 300.0) + 18.0).abs() < 1e-4);
        assert_eq!(db(6, 300, 0.0), 0.0);
    }

    #[test]
    fn nothing_is_lost_where_nothing_is_asked() {
        for distance in [0.0, 1.0, 1e5, f32::MAX] {
            assert_eq!(db(0, u32::MAX, distance), 0.0);
            assert_eq!(db(40, 0, distance), 0.0);
        }
    }

    #[test]
    fn the_far_away_is_silent_and_not_a_denormal_number() {
        let steep = Attenuation::new(40, u32::MAX).unwrap();
        for metres in 0..2000u16 {
            let gain = steep.gain(f32::from(metres) * 100.0);
            assert!(gain == 0.0 || gain.is_normal(), "{metres}");
        }
        assert!(Attenuation::new(41, 0).is_none());
    }
}
