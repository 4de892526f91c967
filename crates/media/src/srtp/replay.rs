//! Packets come once. RFC 3711 §3.3.2.

/// Numbers behind the highest that are remembered; older packets are refused.
const WINDOW: u64 = 128;

/// The highest number that came, and which of those before it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Replay {
    highest: u64,
    /// Bit n: the number n below the highest came. 0: none did.
    came: u128,
}

impl Replay {
    /// The highest number; `None` before the first.
    pub(super) fn highest(&self) -> Option<u64> {
        (self.came != 0).then_some(self.highest)
    }

    /// Whether a packet of that number may still come.
    pub(super) fn admits(&self, index: u64) -> bool {
        match self.highest() {
            Some(highest) if index <= highest => {
                let behind = highest - index;
                behind < WINDOW && self.came >> behind & 1 == 0
            }
            Some(_) | None => true,
        }
    }

    /// A genuine packet of that number came.
    pub(super) fn note(&mut self, index: u64) {
        let Some(highest) = self.highest() else {
            *self = Self {
                highest: index,
                came: 1,
            };
            return;
        };
        if index > highest {
            let ahead = u32::try_from(index - highest).unwrap_or(u32::MAX);
            self.came = self.came.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = index;
        } else if highest - index < WINDOW {
            self.came |= 1 << (highest - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_once_and_not_too_late() {
        let mut replay = Replay::default();
        assert!(replay.admits(0));
        replay.note(1000);
        assert!(!replay.admits(1000));
        assert!(replay.admits(1000 - 127) && !replay.admits(1000 - 128));
        replay.note(1000 - 127);
        assert!(!replay.admits(1000 - 127));
        replay.note(1127);
        assert!(!replay.admits(1000), "the window moves on with its bits");
        assert!(replay.admits(1001));
        replay.note(1_000_000);
        assert!(!replay.admits(1127) && replay.admits(999_999));
    }
}
