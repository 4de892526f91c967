//! `pickup/<group>`: a leg that rings and answers nobody, until somebody takes the call.

use api::ChannelId;

use super::LegEnd;
use crate::Switch;

impl Switch {
    pub(super) fn start_pickup(&mut self, id: &ChannelId) {
        self.mark_ringing(id);
        self.leg_ringing(id);
    }

    /// The leg that has waited longest for somebody who takes calls of a group; not one of that channel's own call.
    pub(crate) fn leg_to_pick_up(&self, group: &str, by: &ChannelId) -> Option<ChannelId> {
        let waiting = self.channels.values().filter(|live| match &live.end {
            LegEnd::Pickup(name) => **name == *group && live.is_up() && live.attempt.is_some(),
            LegEnd::Sip(_) | LegEnd::Web(_) | LegEnd::Null | LegEnd::Loopback(_) => false,
        });
        waiting
            .filter(|live| self.caller_of(live.id()).as_ref() != Some(by))
            .min_by_key(|live| live.seen.serial)
            .map(|live| live.id().clone())
    }
}
