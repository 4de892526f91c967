//! Conference rooms (event-api.md §5.1 `confRoomCallLeave`, §5.2, §5.3).

use api::event::{RoomAction, RoomEvent};
use api::view::Channel;

use super::Teller;
use super::call::ends_last;
use crate::rest::live_rooms::{Room, find};
use crate::wire::Line;

impl Teller<'_> {
    pub(super) fn of_room(&self, event: &RoomEvent, channel: Option<&Channel>) -> Vec<Line> {
        let kind = match event.action {
            RoomAction::MemberAdded => "confRoomCallJoin",
            RoomAction::MemberRemoved => "confRoomCallLeave",
            RoomAction::Muted => "confRoomCallMute",
            RoomAction::Unmuted => "confRoomCallUnmute",
            RoomAction::RecordingStarted { failed: true, .. }
            | RoomAction::Created
            | RoomAction::Destroyed
            | RoomAction::TalkingStarted
            | RoomAction::TalkingStopped
            | RoomAction::MuteDetected
            | RoomAction::Deafened
            | RoomAction::Undeafened
            | RoomAction::Held
            | RoomAction::Unheld
            | RoomAction::Kicked
            | RoomAction::HungUp
            | RoomAction::DigitPressed { .. }
            | RoomAction::DigitsSent { .. }
            | RoomAction::EnergyStepped { .. }
            | RoomAction::GainStepped { .. }
            | RoomAction::VolumeStepped { .. }
            | RoomAction::EnergySet { .. }
            | RoomAction::AutoEnergySet { .. }
            | RoomAction::MaxEnergySet { .. }
            | RoomAction::AutomaticGainSet { .. }
            | RoomAction::VolumeInSet { .. }
            | RoomAction::VolumeOutSet { .. }
            | RoomAction::PositionSet { .. }
            | RoomAction::FloorChanged { .. }
            | RoomAction::Locked
            | RoomAction::Unlocked
            | RoomAction::Transferred { .. }
            | RoomAction::DialResult { .. }
            | RoomAction::FilePlaying { .. }
            | RoomAction::FilePlayed { .. }
            | RoomAction::RecordingStarted { .. }
            | RoomAction::RecordingStopped { .. }
            | RoomAction::RecordingPaused { .. }
            | RoomAction::RecordingResumed { .. }
            | RoomAction::EnterSoundSwitched { .. }
            | RoomAction::ExitSoundSwitched { .. }
            | RoomAction::EnterSoundChanged { .. }
            | RoomAction::ExitSoundChanged { .. } => return Vec::new(),
        };
        let member = event.member.as_ref().map(|member| &*member.channel);
        let Some(channel) = channel.or(member) else {
            return Vec::new();
        };
        let party = self.party(channel);
        let Room { live, name, .. } = find(&event.room, self.objects, self.view);
        let mut lines: Vec<Line> = Vec::new();
        if let Some(mut line) = self.of_party(kind, &party, None) {
            line.set("conferenceRoomId", live.to_string());
            line.set("conferenceRoomName", name);
            lines.push(line);
        }
        // Who leaves by hanging up has not been told of yet.
        let left = event.action == RoomAction::MemberRemoved;
        if left && channel.is_down() && !ends_last(channel) {
            lines.extend(self.of_hangup(channel));
        }
        lines
    }
}
