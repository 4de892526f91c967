//! Who hears whom: whisper and sidebar groups (event-manager.md §8.2).

/// The groups a member is in; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Groups {
    pub(super) whisper: u8,
    pub(super) sidebar: u8,
}

impl Groups {
    /// Whether it is in any.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    /// Whether somebody in these groups hears what is said by somebody in others. A whisper is for the whisper alone,
    /// a sidebar for the sidebar, and what is said in the room is for all who have not gone aside.
    pub(super) fn hears(self, source: Self) -> bool {
        if source.whisper != 0 {
            self.whisper == source.whisper
        } else {
            self.sidebar == source.sidebar
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sixteen_cases() {
        let kinds = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let group = |(whisper, sidebar)| Groups { whisper, sidebar };
        // Rows listen, columns speak: main, whisper, sidebar, both.
        let expected = [
            [true, false, false, false],
            [true, true, false, true],
            [false, false, true, false],
            [false, true, true, true],
        ];
        for (listener, row) in kinds.into_iter().zip(expected) {
            for (source, hears) in kinds.into_iter().zip(row) {
                assert_eq!(
                    group(listener).hears(group(source)),
                    hears,
                    "{listener:?} {source:?}"
                );
            }
        }
        assert!(!group((1, 0)).hears(group((2, 0))) && !group((0, 1)).hears(group((0, 2))));
    }
}
