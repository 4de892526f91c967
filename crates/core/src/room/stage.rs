//! What the stage of a conference asks of it.

use std::sync::Arc;

use api::CommandError;
use api::event::RoomAction;
use api::id::MemberId;
use api::spatial::Position;
use api::view::Channel;
use media::control::{LegId, RecordId, RoomId as MixId};

use crate::Switch;

impl Switch {
    /// The mix of a conference that can be joined.
    pub(crate) fn conference_mix(&self, name: &str) -> Option<MixId> {
        self.rooms.by_name(name)
    }

    /// A member's channel, and the rate of the mix in hertz.
    pub(crate) fn conference_member(
        &self,
        mix: MixId,
        id: MemberId,
    ) -> Option<(Arc<Channel>, u32)> {
        let room = self.rooms.all.get(&mix)?;
        let channel = room.seen.member(id)?.channel.clone();
        Some((channel, room.seen.rate_hz))
    }

    /// A member's leg, and the media thread it is on.
    pub(crate) fn member_leg(&self, mix: MixId, id: MemberId) -> Option<(usize, LegId)> {
        let room = self.rooms.all.get(&mix)?;
        Some((room.worker, room.live(id)?.leg))
    }

    /// Whether a member is muted.
    pub(crate) fn is_muted_member(&self, mix: MixId, id: MemberId) -> Option<bool> {
        let member = self.rooms.all.get(&mix)?.seen.member(id)?;
        Some(!member.can_speak)
    }

    /// The media thread of a recording with two channels, if the room has that one.
    pub(crate) fn stereo_recording(&self, mix: MixId, record: RecordId) -> Option<usize> {
        let room = self.rooms.all.get(&mix)?;
        let is_it = room
            .records
            .iter()
            .any(|other| other.id() == record && other.is_stereo());
        is_it.then_some(room.worker)
    }

    fn name_of_room(&self, mix: MixId) -> Option<Arc<str>> {
        Some(self.rooms.all.get(&mix)?.seen.name.clone())
    }

    /// Puts a member somewhere. Nothing is told when it is there already.
    pub(super) fn position_member(&mut self, mix: MixId, id: MemberId, position: Position) {
        let name = self.name_of_room(mix);
        if name.is_some_and(|name| self.stand(&name, id, position)) {
            self.member_event(mix, id, RoomAction::PositionSet { position });
        }
    }

    /// Where a member is, `x:y:z` in centimetres; nothing when it has no place.
    pub(super) fn member_position(&self, mix: MixId, id: MemberId) -> String {
        let name = self.name_of_room(mix);
        let position = name.and_then(|name| self.standing(&name, id));
        position.map_or_else(String::new, |Position { x, y, z }| format!("{x}:{y}:{z}"))
    }

    /// Everybody hears the others from their seats, or no longer.
    pub(super) fn arrange_members(&mut self, mix: MixId, on: bool) -> Result<(), CommandError> {
        match self.name_of_room(mix) {
            Some(name) => self.arrange(&name, on),
            None => Ok(()),
        }
    }
}
