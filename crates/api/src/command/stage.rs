//! Commands about the places of a room: layouts, seats, poses, and what is set about a participant
//! (event-manager.md §6). Rooms go by name here; doors know their numbers from the view.

use std::sync::Arc;

use crate::id::{LayoutId, ParticipantId, RoomNumber, SeatId};
use crate::spatial::{Control, Heading, ParticipantKind, Pose, Position};

/// Where a participant is after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its seat; `None` when placed by hand.
    pub seat: Option<SeatId>,
    /// Where it is and looks.
    pub pose: Pose,
}

/// Makes a room that stays until it is destroyed. A conference of that name uses it while it runs. Answered with its number.
///
/// # Errors
/// `AlreadyExists(Room)`, for its name or its number; `NotFound(Layout)`; `InvalidArgument` of `name` or `description`;
/// `LimitReached`.
#[derive(Clone, Debug)]
pub struct CreateStage {
    /// Its name, 1–256 bytes.
    pub room: Arc<str>,
    /// Its number; `None`: its name when that is a whole number, else one the switch gives.
    pub number: Option<RoomNumber>,
    /// For people, at most 2,000 bytes.
    pub description: Arc<str>,
    /// Its layout; `None`: the usual one.
    pub layout: Option<LayoutId>,
}

/// Removes everybody from a room, hanging nobody up but sending members out of the conference, and ends it.
///
/// # Errors
/// `NotFound(Room)`.
#[derive(Clone, Debug)]
pub struct DestroyStage {
    /// Which.
    pub room: Arc<str>,
}

/// Gives a room another layout; everybody is seated anew, in the order of the seats they had.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Layout)`.
#[derive(Clone, Debug)]
pub struct SetLayout {
    /// Which room.
    pub room: Arc<str>,
    /// Which layout.
    pub layout: LayoutId,
}

/// Adds somebody who is no member of a conference: they have a place and settings, but neither speak nor hear.
///
/// # Errors
/// `NotFound(Room)`; `AlreadyExists(Member)`; `InvalidArgument` of `name`, `rate` or `channels`; `LimitReached`.
#[derive(Clone, Debug)]
pub struct AddParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Its number there.
    pub participant: ParticipantId,
    /// For people, at most 2,000 bytes.
    pub name: Arc<str>,
    /// What it does there.
    pub kind: ParticipantKind,
    /// Rate it is said to send at: 8,000, 16,000, 24,000, 32,000 or 48,000 hertz.
    pub rate_hz: u32,
    /// Channels it is said to send, 1 or 2.
    pub channels: u8,
}

/// Removes a participant; a member leaves the conference, and its channel goes on in its dialplan.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`; `InvalidState` for a recording, which is ended where it was begun.
#[derive(Clone, Debug)]
pub struct RemoveParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Who.
    pub participant: ParticipantId,
}

/// Renames a participant.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`, `InvalidArgument("name")`.
#[derive(Clone, Debug)]
pub struct RenameParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Who.
    pub participant: ParticipantId,
    /// At most 2,000 bytes.
    pub name: Arc<str>,
}

/// Gives a participant a seat of the room's layout. On a seat that is taken it stands with or beside the others, under
/// a number of its own.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`, `NotFound(Seat)`.
#[derive(Clone, Debug)]
pub struct SeatParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Who.
    pub participant: ParticipantId,
    /// Which seat.
    pub seat: SeatId,
}

/// Puts a participant anywhere in an open room; it has no seat then.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`; `InvalidState` when the room is not open.
#[derive(Clone, Debug)]
pub struct PlaceParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Who.
    pub participant: ParticipantId,
    /// The point.
    pub position: Position,
    /// Where it looks; `None`: as before.
    pub heading: Option<Heading>,
}

/// Sets something about one participant or all.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`; `InvalidArgument("value")` when it is out of range.
#[derive(Clone, Debug)]
pub struct SetControl {
    /// Where.
    pub room: Arc<str>,
    /// Who; `None`: everybody who is there now.
    pub participant: Option<ParticipantId>,
    /// What.
    pub control: Control,
    /// To what; see [`Control::range`].
    pub value: i32,
}

/// Drops sound on its way from and to a participant.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct FlushParticipant {
    /// Where.
    pub room: Arc<str>,
    /// Who.
    pub participant: ParticipantId,
}
