//! Log levels of single channels: they stand in the place of everybody's level for lines about that channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicI8, Ordering};

use arc_swap::ArcSwap;
use rpds::HashTrieMapSync;

/// Which channels have a level of their own. Cloning shares.
///
/// Asking takes no lock; while no channel has one, it is a single load. There is one writer, the switch.
#[derive(Clone)]
pub struct ChannelLevels(Arc<Shared>);

struct Shared {
    /// [`NOBODY`] while no channel has a level.
    highest: AtomicI8,
    table: ArcSwap<Table>,
}

#[derive(Clone)]
struct Table {
    levels: HashTrieMapSync<Arc<str>, i8>,
    /// Channels of each level, from [`LOWEST`] up.
    counts: [usize; 9],
}

/// Below all levels.
const NOBODY: i8 = i8::MIN;

/// No lines at all (`disable`).
const LOWEST: i8 = -1;

/// Everything (`debug`).
const HIGHEST: i8 = 7;

impl Default for ChannelLevels {
    fn default() -> Self {
        Self(Arc::new(Shared {
            highest: AtomicI8::new(NOBODY),
            table: ArcSwap::from_pointee(Table {
                levels: HashTrieMapSync::new_sync(),
                counts: [0; 9],
            }),
        }))
    }
}

impl ChannelLevels {
    /// From now on lines about the channel are shown up to `level`, -1 (none) to 7 (all); `None` takes it back.
    pub fn set(&self, channel: &str, level: Option<i8>) {
        let mut table = Table::clone(&self.0.table.load());
        if let Some(old) = table.levels.get(channel).copied() {
            table.counts[place(old)] -= 1;
            table.levels.remove_mut(channel);
        }
        if let Some(level) = level {
            let level = level.clamp(LOWEST, HIGHEST);
            table.counts[place(level)] += 1;
            table.levels.insert_mut(channel.into(), level);
        }
        let highest = (LOWEST..=HIGHEST)
            .rev()
            .find(|level| table.counts[place(*level)] > 0);
        self.0.table.store(Arc::new(table));
        self.0
            .highest
            .store(highest.unwrap_or(NOBODY), Ordering::Release);
    }

    /// The highest level a channel has; `None` while none has one.
    pub fn highest(&self) -> Option<i8> {
        let highest = self.0.highest.load(Ordering::Acquire);
        (highest != NOBODY).then_some(highest)
    }

    /// The level of a channel, if it has one.
    pub fn of(&self, channel: &str) -> Option<i8> {
        self.highest()?;
        self.0.table.load().levels.get(channel).copied()
    }
}

/// Where a level is counted.
fn place(level: i8) -> usize {
    usize::try_from(level - LOWEST).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_is_known_until_the_last_is_gone() {
        let levels = ChannelLevels::default();
        assert_eq!((levels.highest(), levels.of("a")), (None, None));
        levels.set("a", Some(7));
        levels.set("b", Some(-1));
        levels.set("a", Some(4));
        assert_eq!((levels.highest(), levels.of("a")), (Some(4), Some(4)));
        levels.set("a", None);
        assert_eq!((levels.of("a"), levels.of("b")), (None, Some(-1)));
        assert_eq!(levels.highest(), Some(-1));
        levels.set("b", None);
        levels.set("b", None);
        assert_eq!(levels.highest(), None);
        levels.set("c", Some(63));
        assert_eq!(levels.of("c"), Some(7));
    }
}
