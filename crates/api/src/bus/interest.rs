use std::collections::HashSet;
use std::sync::Arc;

use crate::event::{Event, EventKind, Family};
use crate::id::ChannelId;

/// A set of [`Family`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Families(u16);

impl Families {
    /// No family.
    pub const NONE: Self = Self(0);
    /// Every family.
    pub const ALL: Self = Self((1 << Family::COUNT) - 1);

    /// With `family` too.
    #[must_use]
    pub const fn with(self, family: Family) -> Self {
        Self(self.0 | 1 << family as u8)
    }

    /// Whether `family` is in it.
    pub const fn contains(self, family: Family) -> bool {
        self.0 & (1 << family as u8) != 0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Whose events are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// Everybody's.
    #[default]
    All,
    /// Those that speak of these channels.
    Channels(HashSet<ChannelId>),
    /// Those that speak of these conferences.
    Rooms(HashSet<Arc<str>>),
}

/// What a subscriber wants: families and scope. Finer selection is the door's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interest {
    /// Which families.
    pub families: Families,
    /// Whose.
    pub scope: Scope,
}

impl Interest {
    /// Everything.
    pub fn everything() -> Self {
        Self {
            families: Families::ALL,
            scope: Scope::All,
        }
    }

    /// These families of everybody.
    pub fn families(families: Families) -> Self {
        Self {
            families,
            scope: Scope::All,
        }
    }

    /// Whether `event` is wanted.
    pub fn matches(&self, event: &Event) -> bool {
        self.families.contains(event.kind.family())
            && match &self.scope {
                Scope::All => true,
                Scope::Channels(ids) => event.channel.as_ref().is_some_and(|c| ids.contains(&c.id)),
                Scope::Rooms(names) => room_of(event).is_some_and(|room| names.contains(room)),
            }
    }
}

/// The conference an event speaks of.
pub(super) fn room_of(event: &Event) -> Option<&Arc<str>> {
    match &event.kind {
        EventKind::Room(room) => Some(&room.room.name),
        EventKind::Stage(stage) => Some(&stage.stage.name),
        EventKind::Channel(_) => event.channel.as_ref().and_then(|c| c.room.as_ref()),
        EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Custom(_)
        | EventKind::Web(_)
        | EventKind::Message(_)
        | EventKind::VideoRoom(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_) => None,
    }
}
