//! Leaving a room, by whatever door, and the end of a room.

use std::sync::Arc;

use api::command::video_room::LeaveVideoRoom;
use api::event::{VideoRoomEventKind, WebParty};
use api::{ChannelId, CommandError, ObjectKind};

use crate::Switch;
use crate::work::Work;

impl Switch {
    /// A participant leaves because it wants to.
    pub(crate) fn leave_video_room(
        &mut self,
        command: &LeaveVideoRoom,
    ) -> Result<(), CommandError> {
        let channel = &command.channel;
        if self.participation_of(channel).is_none()
            || !self.video_rooms.places.contains_key(channel)
        {
            return Err(CommandError::not_found(ObjectKind::Member));
        }
        self.web_hangs_up(channel, 480);
        Ok(())
    }

    /// A participant's channel ends: everything of it goes.
    pub(crate) fn participant_ended(&mut self, id: &ChannelId, code: u16, phrase: &str) {
        let Some(name) = self.video_rooms.places.remove(id) else {
            return;
        };
        let Some(room) = self.video_rooms.rooms.get_mut(&name) else {
            return;
        };
        let Some(at) = room.participants.iter().position(|p| p.channel == *id) else {
            return;
        };
        let participant = room.participants.remove(at);
        tracing::info!(room = %name, channel = %id, code, "Participant is out");
        let left = VideoRoomEventKind::Left {
            channel: id.clone(),
            code,
            phrase: phrase.into(),
        };
        self.tell_video_room(&name, left);
        self.drop_feeds_to(&name, id);
        if participant.joined {
            self.publisher_left(&name, id, &participant.party);
        }
        let is_last = self
            .video_rooms
            .rooms
            .get(&name)
            .is_some_and(|room| room.participants.is_empty());
        if is_last {
            self.close_video_room(&name);
        }
    }

    /// Somebody who could be subscribed to is gone.
    pub(super) fn publisher_left(&mut self, name: &Arc<str>, id: &ChannelId, party: &WebParty) {
        self.drop_feeds_of(name, id);
        let channel = id.clone();
        self.tell_video_room(name, VideoRoomEventKind::PublisherLeft { channel });
        let Some(room) = self.video_rooms.rooms.get_mut(name) else {
            return;
        };
        let (hands, active) = (room.hands.len(), room.active.len());
        room.hands.retain(|hand| hand != id);
        room.active.retain(|active| active != id);
        let hands = (room.hands.len() != hands).then(|| room.hands.clone());
        let active = (room.active.len() != active).then(|| room.active.clone());
        if let Some(hands) = hands {
            self.tell_video_room(name, VideoRoomEventKind::HandsChanged { hands });
        }
        if let Some(active) = active {
            let originator = None;
            self.tell_video_room(name, VideoRoomEventKind::Configured { originator, active });
        }
        self.notice(name, party, "left");
        self.share_bitrate(name);
    }

    /// The last participant is gone. Phones that are there go on as a conference; nobody else is called.
    fn close_video_room(&mut self, name: &Arc<str>) {
        let Some(room) = self.video_rooms.rooms.remove(name) else {
            return;
        };
        debug_assert!(room.feeds.is_empty(), "subscribers were participants");
        for phone in room.phones {
            self.video_rooms.places.remove(&phone.channel);
            if let Some(voice) = phone.voice {
                self.close_voice(&voice);
            }
        }
        self.cancel_invitations(name);
        tracing::info!(room = %name, "Video room is over");
        self.tell_video_room(name, VideoRoomEventKind::Closed);
    }

    /// Somebody left the conference of that name.
    pub(crate) fn left_conference(&mut self, name: &str, id: &ChannelId) {
        let Some(place) = self.video_rooms.places.get(id).cloned() else {
            return;
        };
        if *place != *name {
            return;
        }
        let is_phone = self
            .video_rooms
            .rooms
            .get(&place)
            .is_some_and(|room| room.participant(id).is_none());
        if is_phone {
            self.remove_phone(&place, id);
        } else {
            // Kicked, or sent elsewhere by an operator. There is nothing for it outside of the room.
            self.work.push_back(Work::EndParticipation(id.clone()));
        }
    }

    /// A participant without its conference is hung up.
    pub(crate) fn end_participation(&mut self, id: &ChannelId) {
        self.hangup(
            id,
            api::HangupCause::NormalClearing,
            api::cause::Blame::Ours,
        );
    }
}
