//! Active participants, raised hands, and asking for silence.

use api::command::video_room::{AskForSilence, ConfigureVideoRoom, ToggleHand};
use api::event::VideoRoomEventKind;
use api::{ChannelId, CommandError, ObjectKind};

use super::senseless;
use crate::Switch;

/// Most active participants (sylkrtc.md §3.6).
const MAX_ACTIVE: usize = 2;

impl Switch {
    pub(crate) fn configure_video_room(
        &mut self,
        command: &ConfigureVideoRoom,
    ) -> Result<(), CommandError> {
        let (name, _) = self.require_participant(&command.channel)?;
        let missing = || CommandError::not_found(ObjectKind::Member);
        let mut active: Vec<ChannelId> = Vec::new();
        for channel in &command.active {
            if !active.contains(channel) {
                active.push(channel.clone());
            }
            if active.len() > MAX_ACTIVE {
                return Err(senseless("active", "two at most"));
            }
        }
        let room = self.video_rooms.rooms.get_mut(&name).ok_or_else(missing)?;
        if active.iter().any(|id| room.publisher(id).is_none()) {
            return Err(missing());
        }
        room.active = active.clone();
        let originator = Some(command.channel.clone());
        self.tell_video_room(&name, VideoRoomEventKind::Configured { originator, active });
        self.share_bitrate(&name);
        Ok(())
    }

    pub(crate) fn toggle_hand(&mut self, command: &ToggleHand) -> Result<bool, CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Member);
        let channel = &command.channel;
        let name = self.video_rooms.places.get(channel).cloned();
        let name = name.ok_or_else(missing)?;
        let room = self.video_rooms.rooms.get_mut(&name).ok_or_else(missing)?;
        room.publisher(channel).ok_or_else(missing)?;
        let raised = room.hands.iter().position(|hand| hand == channel);
        match raised {
            Some(at) => drop(room.hands.remove(at)),
            None => room.hands.push(channel.clone()),
        }
        let hands = room.hands.clone();
        self.tell_video_room(&name, VideoRoomEventKind::HandsChanged { hands });
        Ok(raised.is_none())
    }

    pub(crate) fn ask_for_silence(&mut self, command: &AskForSilence) -> Result<(), CommandError> {
        let (name, _) = self.require_participant(&command.channel)?;
        let originator = command.channel.clone();
        self.tell_video_room(&name, VideoRoomEventKind::MuteAsked { originator });
        Ok(())
    }
}
