use std::sync::Arc;

use crate::id::{ChannelId, MemberId, ParticipantId, RoomNumber, SeatId};
use crate::spatial::{Controls, Layout, ParticipantKind, Pose};

/// The places of a room and who has them. Every conference has one as long as it runs; one that a client made stays
/// until a client ends it.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    /// Number clients know it by.
    pub number: RoomNumber,
    /// Name; that of the conference when there is one.
    pub name: Arc<str>,
    /// For people; given by whoever made it.
    pub description: Arc<str>,
    /// Its seats.
    pub layout: Arc<Layout>,
    /// By number.
    pub participants: Vec<Arc<Participant>>,
    /// A client made it: it does not end with its conference.
    pub kept: bool,
}

impl Stage {
    /// The participant of this number.
    pub fn participant(&self, id: ParticipantId) -> Option<&Arc<Participant>> {
        let at = self.participants.binary_search_by_key(&id, |p| p.id).ok()?;
        self.participants.get(at)
    }
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Debug)]
pub struct Participant {
    /// Its number in this room.
    pub id: ParticipantId,
    /// For people; at first the name the caller shows.
    pub name: Arc<str>,
    /// What it does there.
    pub kind: ParticipantKind,
    /// Rate of what it sends, hertz.
    pub rate_hz: u32,
    /// Channels of what it sends, 1 or 2.
    pub channels: u8,
    /// Its seat; `None` after it was placed by hand.
    pub seat: Option<SeatId>,
    /// Where it is and looks.
    pub pose: Pose,
    /// What is set about it.
    pub controls: Controls,
    /// The member of the conference it is; `None` for a recording, and for one that a client added.
    pub member: Option<MemberId>,
    /// The channel of that member.
    pub channel: Option<ChannelId>,
}
