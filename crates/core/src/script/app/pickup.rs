//! `pickup`: taking a call that rings `pickup/<group>`, among others or alone.

use api::ChannelId;

use super::Started;
use crate::Switch;

/// `<group>`: the channel takes the place of the leg that waits for the group, and what was rung for beside it ends.
pub(super) fn pickup(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let group = data.trim();
    let Some(leg) = switch.leg_to_pick_up(group, id) else {
        tracing::info!(channel = %id, group, "No call of that group rings");
        return Started::Done;
    };
    if switch.partner(id).is_some() {
        tracing::warn!(channel = %id, group, "Who takes a call must not have one");
        return Started::Done;
    }
    switch.answer_channel(id);
    switch.end_script(id);
    switch.pose_as_called(id, &leg);
    switch.take_leg(&leg, id);
    Started::Done
}

impl Switch {
    /// The channel is to be seen as one that was called: by whoever called that leg.
    fn pose_as_called(&mut self, id: &ChannelId, leg: &ChannelId) {
        let profile = self
            .channels
            .get(leg)
            .and_then(|live| live.seen.profile.clone());
        let Some((called, live)) = profile.zip(self.channels.get_mut(id)) else {
            return;
        };
        let own = live.profile_mut();
        own.callee_id_name =
            std::mem::replace(&mut own.caller_id_name, called.caller_id_name.clone());
        own.callee_id_number =
            std::mem::replace(&mut own.caller_id_number, called.caller_id_number.clone());
        self.touch(id);
    }
}

#[cfg(test)]
mod tests;
