//! Video rooms: who publishes, who subscribes, hands, chat (sylkrtc.md §3.6, §6).
//!
//! A participant is a channel like any other, whose leg is a web leg: its peer publishes. It sits, deaf, in the
//! conference of the room's name, where phones hear it and other doors list, mute, kick and record it. Whoever else is in
//! that conference is a phone to the room: a publisher of sound alone. A room lives from its first participant to its
//! last; phones that stay behind are a plain conference.

mod chat;
mod configure;
mod feeds;
mod flow;
mod invite;
mod join;
mod leave;
mod phones;
mod recording;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use api::command::video_room::VideoRoomSettings;
use api::event::{EventKind, Publisher, SharedFile, VideoRoomEvent, VideoRoomEventKind, WebParty};
use api::id::FeedId;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::{LegId, PeerId};

use crate::Switch;
use chat::Past;
use feeds::Feed;
pub(crate) use invite::Invitation;

/// Most rooms at one time.
const MAX_ROOMS: usize = 10_000;
/// Most publishers of one room, whatever its settings say.
const MAX_PUBLISHERS: usize = 500;

/// Every video room there is.
#[derive(Debug, Default)]
pub(crate) struct VideoRooms {
    /// By name, `room@host`.
    rooms: HashMap<Arc<str>, VideoRoom>,
    /// Which room a participant or a phone is in.
    places: HashMap<ChannelId, Arc<str>>,
    /// Which room a feed is of.
    feeds: HashMap<FeedId, Arc<str>>,
    /// Whose peer it is.
    feed_peers: HashMap<PeerId, FeedId>,
    next_feed: u64,
    /// Sources made of phones.
    voices: usize,
}

/// One room.
#[derive(Debug)]
struct VideoRoom {
    settings: VideoRoomSettings,
    /// Media thread of its conference.
    worker: usize,
    created: Instant,
    /// In the order they came; some still join.
    participants: Vec<Participant>,
    /// In the order they came.
    phones: Vec<Phone>,
    feeds: BTreeMap<FeedId, Feed>,
    active: Vec<ChannelId>,
    /// Raised hands, in the order they were raised.
    hands: Vec<ChannelId>,
    /// What was said last, oldest first.
    said: VecDeque<Past>,
    files: Vec<SharedFile>,
    /// Its recording was begun.
    recorded: bool,
}

/// A web client in a room.
#[derive(Debug)]
struct Participant {
    channel: ChannelId,
    party: WebParty,
    peer: PeerId,
    /// Its description was agreed: it publishes.
    joined: bool,
    /// What it sends by its own choice.
    audio: bool,
    video: bool,
    /// What it wants to send at most, bits per second.
    cap: Option<u32>,
    /// What its peer was told last.
    told_flow: (bool, bool),
    told_limit: Option<u32>,
}

/// Somebody in the room's conference who is no participant.
#[derive(Debug)]
struct Phone {
    channel: ChannelId,
    party: WebParty,
    /// There while somebody subscribes.
    voice: Option<Voice>,
}

/// What a phone says, for the peers.
#[derive(Debug)]
struct Voice {
    peer: PeerId,
    leg: LegId,
    worker: usize,
    told_audio: bool,
}

impl VideoRooms {
    /// Rooms alive.
    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Peers of feeds, and voices.
    pub(crate) fn peers(&self) -> usize {
        self.feed_peers.len() + self.voices
    }

    /// Whether there is a room of that name which takes nobody more.
    pub(crate) fn is_full(&self, name: &str) -> bool {
        self.rooms.get(name).is_some_and(VideoRoom::is_full)
    }

    /// Whether there is a room of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rooms.contains_key(name)
    }

    /// The feed of a peer.
    pub(crate) fn feed_of(&self, peer: PeerId) -> Option<FeedId> {
        self.feed_peers.get(&peer).copied()
    }
}

impl VideoRoom {
    fn participant(&self, channel: &ChannelId) -> Option<&Participant> {
        self.participants.iter().find(|p| p.channel == *channel)
    }

    fn participant_mut(&mut self, channel: &ChannelId) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|p| p.channel == *channel)
    }

    /// Somebody who can be subscribed to.
    fn publisher(&self, channel: &ChannelId) -> Option<WebParty> {
        let participant = self.participant(channel).filter(|p| p.joined);
        let phone = || self.phones.iter().find(|p| p.channel == *channel);
        participant
            .map(|p| p.party.clone())
            .or_else(|| phone().map(|p| p.party.clone()))
    }

    /// Everybody who can be subscribed to, participants first.
    fn publishers(&self) -> Vec<Publisher> {
        let web = self
            .participants
            .iter()
            .filter(|p| p.joined)
            .map(Participant::shown);
        let phones = self.phones.iter().map(Phone::shown);
        web.chain(phones).collect()
    }

    /// Those who publish or are about to.
    fn size(&self) -> usize {
        self.participants.len() + self.phones.len()
    }

    fn is_full(&self) -> bool {
        self.size() >= self.settings.max_publishers.min(MAX_PUBLISHERS)
    }
}

impl Participant {
    fn shown(&self) -> Publisher {
        Publisher {
            channel: self.channel.clone(),
            party: self.party.clone(),
            is_phone: false,
        }
    }
}

impl Phone {
    fn shown(&self) -> Publisher {
        Publisher {
            channel: self.channel.clone(),
            party: self.party.clone(),
            is_phone: true,
        }
    }
}

impl Switch {
    /// Tells those in a room something.
    fn tell_video_room(&mut self, room: &Arc<str>, kind: VideoRoomEventKind) {
        let event = VideoRoomEvent {
            room: room.clone(),
            kind,
        };
        self.publish(EventKind::VideoRoom(Box::new(event)), None);
    }

    /// The room a participant publishes in, and who it is.
    ///
    /// # Errors
    /// `NotFound(Member)`, also while it still joins.
    fn require_participant(
        &self,
        channel: &ChannelId,
    ) -> Result<(Arc<str>, WebParty), CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Member);
        let name = self.video_rooms.places.get(channel).ok_or_else(missing)?;
        let room = self.video_rooms.rooms.get(name).ok_or_else(missing)?;
        let participant = room.participant(channel).filter(|p| p.joined);
        let party = participant.ok_or_else(missing)?.party.clone();
        Ok((name.clone(), party))
    }
}

/// Says which argument makes no sense, and why.
fn senseless(argument: &'static str, why: &'static str) -> CommandError {
    CommandError::new(ErrorKind::InvalidArgument(argument), why)
}
