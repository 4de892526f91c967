//! What the stage of a conference asks of it.

use std::sync::Arc;

use api::id::MemberId;
use api::view::Channel;
use media::control::{LegId, RoomId as MixId};

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
}
