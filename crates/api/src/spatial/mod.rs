//! Places in a room: coordinates, seats, layouts and what can be set about a participant
//! (event-manager.md §8, §9).

mod control;
mod layout;
mod output;
mod pose;

pub use control::{BadControl, Control, Controls, Device};
pub use layout::Layout;
pub use output::{INTERFACE_VERSION, Output};
pub use pose::{Heading, Pose, Position, Spherical};

/// What a participant does in a room (event-manager.md §8.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ParticipantKind {
    /// Speaks and hears.
    #[default]
    Regular,
    /// Is only heard: effects, the sound of a film.
    SourceOnly,
    /// Only hears: a recorder.
    ListenerOnly,
}

impl ParticipantKind {
    /// The number clients know it by, 1–3.
    pub fn number(self) -> i32 {
        match self {
            Self::Regular => 1,
            Self::SourceOnly => 2,
            Self::ListenerOnly => 3,
        }
    }

    /// The reverse of [`Self::number`].
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Regular, Self::SourceOnly, Self::ListenerOnly]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}
