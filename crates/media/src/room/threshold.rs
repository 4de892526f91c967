//! From which energy on somebody counts as talking: a fixed one, one that follows the noise around them, and one above
//! which nothing of them is let through.

use crate::control::{MAX_ENERGY_FRAMES, MAX_ENERGY_MUTE_MS, MemberSettings};
use crate::frame::TICK_MS;

/// What is there in every stretch of so many windows is noise: voices have pauses.
const WINDOWS: usize = 4;
/// How long a window is.
const WINDOW_MS: u32 = 500;
/// A voice is so much louder than the noise around it: 6 dB.
const OVER_NOISE: u16 = 2;

/// The threshold of one member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Threshold {
    /// The energy of the softest tick of each of the windows before.
    softest: [u16; WINDOWS],
    /// The same of the one that goes on.
    current: u16,
    current_ms: u32,
    /// Ticks in a row that were too loud.
    too_loud: u32,
    /// For how long nothing is let through.
    shut_ms: u32,
}

impl Threshold {
    /// Takes the energy of a tick. Gives from which energy on it counts as talking; `None`: it was too loud, and nothing
    /// is let through.
    pub(super) fn step(&mut self, energy: u16, settings: &MemberSettings) -> Option<u16> {
        if self.is_shut(energy, settings.max_energy) {
            return None;
        }
        if settings.auto_energy == 0 {
            self.current_ms = 0;
            self.softest = [0; WINDOWS];
            return Some(settings.energy.max(1));
        }
        let noise = self.noise(energy);
        let most = settings.auto_energy.max(settings.energy);
        let wanted = noise.saturating_mul(OVER_NOISE);
        Some(wanted.clamp(settings.energy, most).max(1))
    }

    /// The energy of what is always there: nothing until it was listened to for as long as all windows.
    fn noise(&mut self, energy: u16) -> u16 {
        self.current = match self.current_ms {
            0 => energy,
            _ => self.current.min(energy),
        };
        self.current_ms += TICK_MS;
        if self.current_ms >= WINDOW_MS {
            self.current_ms = 0;
            self.softest.rotate_left(1);
            self.softest[WINDOWS - 1] = self.current;
        }
        let before = self.softest.iter().copied().min().unwrap_or_default();
        before.min(self.current)
    }

    fn is_shut(&mut self, energy: u16, max_energy: u16) -> bool {
        if max_energy == 0 {
            self.too_loud = 0;
            self.shut_ms = 0;
            return false;
        }
        self.too_loud = match energy > max_energy {
            true => self.too_loud.saturating_add(1),
            false => 0,
        };
        if self.too_loud >= MAX_ENERGY_FRAMES {
            self.shut_ms = MAX_ENERGY_MUTE_MS;
            return true;
        }
        self.shut_ms = self.shut_ms.saturating_sub(TICK_MS);
        self.shut_ms > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(energy: u16, auto_energy: u16, max_energy: u16) -> MemberSettings {
        MemberSettings {
            energy,
            auto_energy,
            max_energy,
            ..MemberSettings::default()
        }
    }

    fn after(
        threshold: &mut Threshold,
        ms: u32,
        energy: u16,
        with: &MemberSettings,
    ) -> Option<u16> {
        let steps = (0..ms / TICK_MS).map(|_| threshold.step(energy, with));
        steps.last().flatten()
    }

    #[test]
    fn it_follows_noise_up_to_its_limit_and_comes_down_at_once() {
        let with = settings(100, 900, 0);
        let mut threshold = Threshold::default();
        assert_eq!(
            after(&mut threshold, 1900, 300, &with),
            Some(100),
            "too early to know"
        );
        assert_eq!(after(&mut threshold, 200, 300, &with), Some(600));
        assert_eq!(
            after(&mut threshold, 4000, 2000, &with),
            Some(900),
            "the limit"
        );
        assert_eq!(
            after(&mut threshold, 20, 20, &with),
            Some(100),
            "what was set"
        );
        after(&mut threshold, 4000, 60, &with);
        // A voice: loud, with pauses.
        for _ in 0..10 {
            after(&mut threshold, 900, 5000, &with);
            assert_eq!(after(&mut threshold, 100, 60, &with), Some(120));
        }
        assert_eq!(
            after(&mut threshold, 20, 60, &settings(100, 0, 0)),
            Some(100)
        );
    }

    #[test]
    fn what_is_too_loud_is_shut_out_until_it_was_softer_for_a_while() {
        let with = settings(100, 0, 3000);
        let mut threshold = Threshold::default();
        let all_but_one = (MAX_ENERGY_FRAMES - 1) * TICK_MS;
        assert_eq!(after(&mut threshold, all_but_one, 9000, &with), Some(100));
        assert_eq!(after(&mut threshold, 20, 3000, &with), Some(100), "a click");
        assert_eq!(
            after(&mut threshold, all_but_one + TICK_MS, 9000, &with),
            None
        );
        let nearly = MAX_ENERGY_MUTE_MS - TICK_MS;
        assert_eq!(after(&mut threshold, nearly, 500, &with), None);
        assert_eq!(after(&mut threshold, TICK_MS, 500, &with), Some(100));
        assert_eq!(after(&mut threshold, 1000, 9000, &with), None);
        assert_eq!(
            after(&mut threshold, 20, 9000, &settings(100, 0, 0)),
            Some(100)
        );
    }
}
