use std::sync::Arc;

use crate::id::RoomNumber;
use crate::spatial::{Control, Layout};
use crate::view::{Participant, Stage};

/// Something that happened to the places of a room or to somebody in it (event-manager.md §7).
#[derive(Clone, PartialEq, Debug)]
pub struct StageEvent {
    /// The room as it was then.
    pub stage: StagePlace,
    /// The participant concerned, as it was then.
    pub participant: Option<Arc<Participant>>,
    /// What happened.
    pub action: StageAction,
}

/// What an event says of its room. Not who else is there: a list of everybody in each of the events about everybody
/// would be far more than what happened.
#[derive(Clone, PartialEq, Debug)]
pub struct StagePlace {
    /// Number clients know it by.
    pub number: RoomNumber,
    /// Name.
    pub name: Arc<str>,
    /// Its seats.
    pub layout: Arc<Layout>,
}

impl From<&Stage> for StagePlace {
    fn from(stage: &Stage) -> Self {
        Self {
            number: stage.number,
            name: stage.name.clone(),
            layout: stage.layout.clone(),
        }
    }
}

/// See [`StageEvent`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StageAction {
    /// The room is there.
    Created,
    /// The room is gone, and everybody was removed before.
    Destroyed,
    /// A participant came; where it sits is told by the next event.
    Added,
    /// A participant went.
    Removed,
    /// A participant has another seat.
    Seated,
    /// A participant was placed by hand.
    Placed,
    /// Something was set about a participant.
    ControlSet {
        /// What.
        control: Control,
        /// To what.
        value: i32,
    },
    /// Something was set about everybody who is there.
    AllControlsSet {
        /// What.
        control: Control,
        /// To what.
        value: i32,
    },
    /// The room has another layout; those who sit elsewhere now are told by the next events.
    LayoutSet,
    /// A participant has another name.
    Renamed,
}
