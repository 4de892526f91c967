//! Who is talking: a threshold, and patience before saying that somebody stopped.

use crate::frame::TICK_MS;

/// Talk state of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Talk {
    on: bool,
    quiet_ms: u32,
}

impl Talk {
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// It does not count as talking, whatever was said; tells a change.
    pub(super) fn stop(&mut self) -> Option<bool> {
        std::mem::take(&mut self.on).then_some(false)
    }

    /// Takes the energy of a tick; tells a change. The first loud frame is already in, fading in, so that
    /// little of a beginning is cut off; only silence as long as the hang-over ends it, so that pauses between
    /// words do not.
    pub(super) fn step(&mut self, energy: u16, threshold: u16, hang_over_ms: u16) -> Option<bool> {
        if energy >= threshold {
            self.quiet_ms = 0;
            return (!std::mem::replace(&mut self.on, true)).then_some(true);
        }
        self.quiet_ms = self.quiet_ms.saturating_add(TICK_MS);
        if self.on && self.quiet_ms > u32::from(hang_over_ms) {
            self.on = false;
            return Some(false);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_words_do_not_end_talking_silence_does() {
        let mut talk = Talk::default();
        assert_eq!(talk.step(50, 100, 100), None);
        assert_eq!(talk.step(100, 100, 100), Some(true));
        for _ in 0..5 {
            assert_eq!(talk.step(0, 100, 100), None);
        }
        assert_eq!(talk.step(300, 100, 100), None);
        for _ in 0..5 {
            assert_eq!(talk.step(0, 100, 100), None);
        }
        assert_eq!(talk.step(0, 100, 100), Some(false));
        assert!(!talk.is_on());
    }
}
