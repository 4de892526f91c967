//! What publishers send: paused by themselves, muted in the conference, and how many bits each may have
//! (sylkrtc.md §6.4).

use std::sync::Arc;

use api::command::video_room::UpdatePublication;
use api::{ChannelId, CommandError, ObjectKind};
use media::control::WebCommand;

use super::VideoRoom;
use crate::Switch;

/// The least a publisher or a feed is limited to, bits per second (sylkrtc.md §6.2).
const LEAST: u32 = 64_000;
/// What those have who are not active while others are, bits per second (sylkrtc.md §6.4).
const INACTIVE: u32 = 100_000;

/// A limit a browser named, within reason.
pub(super) fn clamp_bitrate(bits_per_second: u32) -> u32 {
    bits_per_second.max(LEAST)
}

impl VideoRoom {
    /// What a publisher may send, bits per second.
    fn share_of(&self, channel: &ChannelId) -> u32 {
        let most = self.settings.max_bitrate;
        let count = |number: usize| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
        if self.active.is_empty() {
            let publishers = self.participants.iter().filter(|p| p.joined).count();
            most / count(publishers.saturating_sub(1))
        } else if self.active.contains(channel) {
            most / count(self.active.len())
        } else {
            INACTIVE
        }
    }
}

impl Switch {
    /// A publisher pauses, resumes or limits what it sends.
    pub(crate) fn update_publication(
        &mut self,
        command: &UpdatePublication,
    ) -> Result<(), CommandError> {
        let UpdatePublication { channel, flow } = command;
        let missing = || CommandError::not_found(ObjectKind::Member);
        let (name, _) = self.require_participant(channel)?;
        let room = self.video_rooms.rooms.get_mut(&name);
        let participant = room
            .and_then(|room| room.participant_mut(channel))
            .ok_or_else(missing)?;
        participant.audio = flow.audio.unwrap_or(participant.audio);
        participant.video = flow.video.unwrap_or(participant.video);
        participant.cap = flow.bitrate.map(clamp_bitrate).or(participant.cap);
        self.settle_flow(channel);
        self.share_bitrate(&name);
        Ok(())
    }

    /// Tells a source's peer what flows now, if that changed: a publisher muted in the conference is not heard in
    /// feeds either, and one that pauses its sound is not heard in the conference.
    pub(crate) fn settle_flow(&mut self, id: &ChannelId) {
        let Some(name) = self.video_rooms.places.get(id).cloned() else {
            return;
        };
        let heard = self.is_heard_in_conference(id);
        let Some(room) = self.video_rooms.rooms.get_mut(&name) else {
            return;
        };
        let told = if let Some(participant) = room.participant_mut(id).filter(|p| p.joined) {
            let flow = (participant.audio && heard, participant.video);
            let changed = std::mem::replace(&mut participant.told_flow, flow) != flow;
            changed.then_some((participant.peer, flow))
        } else {
            let phone = room.phones.iter_mut().find(|p| p.channel == *id);
            phone.and_then(|phone| phone.voice.as_mut()).and_then(|v| {
                let changed = std::mem::replace(&mut v.told_audio, heard) != heard;
                changed.then_some((v.peer, (heard, true)))
            })
        };
        if let Some((peer, (audio, video))) = told {
            self.peers(WebCommand::SetFlow { peer, audio, video });
        }
    }

    /// Divides the room's bitrate among its publishers; who has what it had is told nothing.
    pub(super) fn share_bitrate(&mut self, name: &Arc<str>) {
        let Some(room) = self.video_rooms.rooms.get_mut(name) else {
            return;
        };
        let shares: Vec<u32> = room
            .participants
            .iter()
            .map(|p| room.share_of(&p.channel))
            .collect();
        let mut limits = Vec::new();
        for (participant, share) in room.participants.iter_mut().zip(shares) {
            let limit = share.min(participant.cap.unwrap_or(u32::MAX)).max(LEAST);
            if participant.joined && participant.told_limit.replace(limit) != Some(limit) {
                limits.push((participant.peer, limit));
            }
        }
        for (peer, bits_per_second) in limits {
            self.peers(WebCommand::LimitBitrate {
                peer,
                bits_per_second,
            });
        }
    }
}
