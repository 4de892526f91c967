//! Subscriptions: who hears and sees whom.

use std::sync::Arc;

use api::command::video_room::{AnswerFeed, AttachFeed, DetachFeed, TrickleFeed, UpdateFeed};
use api::event::VideoRoomEventKind;
use api::id::FeedId;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::{PeerId, WebCommand, WebReport};

use super::flow::clamp_bitrate;
use super::{VideoRoom, senseless};
use crate::Switch;
use crate::web::{MAX_SDP, usable_candidates};

/// Most feeds of one participant.
const MAX_FEEDS: usize = 256;

/// One subscription.
#[derive(Debug)]
pub(super) struct Feed {
    peer: PeerId,
    subscriber: ChannelId,
    pub(super) publisher: ChannelId,
    stage: Stage,
    established: bool,
    audio: bool,
    video: bool,
}

/// How far the descriptions are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Our offer is being made.
    Offering,
    /// The browser has it.
    Offered,
    /// The peer reads the browser's answer.
    Taking,
    /// Both sides are described.
    Agreed,
}

impl Switch {
    pub(crate) fn attach_feed(&mut self, command: &AttachFeed) -> Result<FeedId, CommandError> {
        let AttachFeed { channel, publisher } = command;
        let (name, _) = self.require_participant(channel)?;
        if channel == publisher {
            return Err(senseless("publisher", "nobody subscribes to himself"));
        }
        let missing = || CommandError::not_found(ObjectKind::Member);
        let room = self.video_rooms.rooms.get(&name).ok_or_else(missing)?;
        room.publisher(publisher).ok_or_else(missing)?;
        let own = room.feeds.values().filter(|f| f.subscriber == *channel);
        if own.clone().any(|feed| feed.publisher == *publisher) {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::Member),
                "subscribed to already",
            ));
        }
        if own.count() >= MAX_FEEDS {
            return Err(CommandError::new(ErrorKind::LimitReached, "too many feeds"));
        }
        let source = self.source_of(&name, publisher).ok_or_else(missing)?;
        let peer = self.new_peer();
        self.video_rooms.next_feed += 1;
        let id = FeedId(self.video_rooms.next_feed);
        self.video_rooms.feeds.insert(id, name.clone());
        self.video_rooms.feed_peers.insert(peer, id);
        if let Some(room) = self.video_rooms.rooms.get_mut(&name) {
            let feed = Feed {
                peer,
                subscriber: channel.clone(),
                publisher: publisher.clone(),
                stage: Stage::Offering,
                established: false,
                audio: true,
                video: true,
            };
            room.feeds.insert(id, feed);
        }
        self.peers(WebCommand::OpenFeed { peer, source });
        Ok(id)
    }

    /// The peer that has what somebody sends; that of a phone is made when it is wanted first.
    fn source_of(&mut self, name: &Arc<str>, publisher: &ChannelId) -> Option<PeerId> {
        let room = self.video_rooms.rooms.get(name)?;
        match room.participant(publisher) {
            Some(participant) => Some(participant.peer),
            None => self.voice_of(name, publisher),
        }
    }

    fn feed_mut(&mut self, id: FeedId) -> Option<&mut Feed> {
        let name = self.video_rooms.feeds.get(&id)?;
        self.video_rooms.rooms.get_mut(name)?.feeds.get_mut(&id)
    }

    fn require_feed(&mut self, id: FeedId) -> Result<&mut Feed, CommandError> {
        self.feed_mut(id)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Member))
    }

    pub(crate) fn answer_feed(&mut self, command: &AnswerFeed) -> Result<(), CommandError> {
        let feed = self.require_feed(command.feed)?;
        if feed.stage != Stage::Offered {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "no answer is waited for",
            ));
        }
        if command.answer.len() > MAX_SDP {
            return Err(senseless("answer", "the description is too long"));
        }
        feed.stage = Stage::Taking;
        let (peer, answer) = (feed.peer, command.answer.to_string());
        self.peers(WebCommand::TakeAnswer { peer, answer });
        Ok(())
    }

    pub(crate) fn trickle_feed(&mut self, command: &TrickleFeed) -> Result<(), CommandError> {
        let peer = self.require_feed(command.feed)?.peer;
        for candidate in usable_candidates(&command.candidates) {
            let candidate = candidate.to_string();
            self.peers(WebCommand::Trickle { peer, candidate });
        }
        Ok(())
    }

    pub(crate) fn detach_feed(&mut self, command: &DetachFeed) -> Result<(), CommandError> {
        self.require_feed(command.feed)?;
        self.drop_feed(command.feed, true);
        Ok(())
    }

    pub(crate) fn update_feed(&mut self, command: &UpdateFeed) -> Result<(), CommandError> {
        let flow = command.flow;
        let feed = self.require_feed(command.feed)?;
        let before = (feed.audio, feed.video);
        feed.audio = flow.audio.unwrap_or(feed.audio);
        feed.video = flow.video.unwrap_or(feed.video);
        let (peer, audio, video) = (feed.peer, feed.audio, feed.video);
        if before != (audio, video) {
            self.peers(WebCommand::SetFlow { peer, audio, video });
        }
        if let Some(bitrate) = flow.bitrate {
            let bits_per_second = clamp_bitrate(bitrate);
            self.peers(WebCommand::LimitBitrate {
                peer,
                bits_per_second,
            });
        }
        Ok(())
    }

    /// What the peer of a feed reports.
    pub(crate) fn feed_report(&mut self, id: FeedId, report: WebReport) {
        let Some(feed) = self.feed_mut(id) else {
            return;
        };
        let channel = feed.subscriber.clone();
        match (report, feed.stage) {
            (WebReport::Offered { offer, .. }, Stage::Offering) => {
                feed.stage = Stage::Offered;
                let (feed, offer) = (id, offer.into());
                self.tell_of_feed(
                    id,
                    VideoRoomEventKind::FeedOffered {
                        channel,
                        feed,
                        offer,
                    },
                );
            }
            (WebReport::Agreed { .. }, Stage::Taking) => feed.stage = Stage::Agreed,
            (WebReport::Connected { .. }, _) => {
                if !std::mem::replace(&mut feed.established, true) {
                    let feed = id;
                    self.tell_of_feed(id, VideoRoomEventKind::FeedEstablished { channel, feed });
                }
            }
            (WebReport::Refused { why, .. }, stage @ (Stage::Offering | Stage::Taking)) => {
                tracing::info!(channel = %channel, why, "A description of a feed cannot be used");
                // Without any description the peer is gone already.
                self.end_feed(id, stage == Stage::Taking);
            }
            (WebReport::Ended { why, .. }, _) => {
                tracing::info!(channel = %channel, ?why, "Media of a feed failed");
                self.end_feed(id, false);
            }
            (report, stage) => {
                tracing::warn!(channel = %channel, ?report, ?stage, "A feed's peer reports what nobody asked");
            }
        }
    }

    fn tell_of_feed(&mut self, id: FeedId, kind: VideoRoomEventKind) {
        if let Some(name) = self.video_rooms.feeds.get(&id).cloned() {
            self.tell_video_room(&name, kind);
        }
    }

    /// A feed ends, and not because its subscriber wanted it to.
    fn end_feed(&mut self, id: FeedId, lives: bool) {
        let Some(channel) = self.feed_mut(id).map(|feed| feed.subscriber.clone()) else {
            return;
        };
        self.tell_of_feed(id, VideoRoomEventKind::FeedEnded { channel, feed: id });
        self.drop_feed(id, lives);
    }

    /// Forgets a feed; its peer is closed if it lives, and so is the voice of a phone nobody else listens to.
    fn drop_feed(&mut self, id: FeedId, lives: bool) {
        let Some(name) = self.video_rooms.feeds.remove(&id) else {
            return;
        };
        let Some(room) = self.video_rooms.rooms.get_mut(&name) else {
            return;
        };
        let Some(feed) = room.feeds.remove(&id) else {
            return;
        };
        self.video_rooms.feed_peers.remove(&feed.peer);
        if lives {
            self.peers(WebCommand::Close { peer: feed.peer });
        }
        self.drop_idle_voice(&name, &feed.publisher);
    }

    /// A subscriber goes: it need not be told.
    pub(super) fn drop_feeds_to(&mut self, name: &Arc<str>, subscriber: &ChannelId) {
        for id in self.feeds_where(name, |feed| feed.subscriber == *subscriber) {
            self.drop_feed(id, true);
        }
    }

    /// A publisher goes.
    pub(super) fn drop_feeds_of(&mut self, name: &Arc<str>, publisher: &ChannelId) {
        for id in self.feeds_where(name, |feed| feed.publisher == *publisher) {
            self.end_feed(id, true);
        }
    }

    fn feeds_where(&self, name: &Arc<str>, pick: impl Fn(&Feed) -> bool) -> Vec<FeedId> {
        let room = self.video_rooms.rooms.get(name);
        let feeds = room.into_iter().flat_map(|room| &room.feeds);
        feeds
            .filter(|(_, feed)| pick(feed))
            .map(|(id, _)| *id)
            .collect()
    }
}

impl VideoRoom {
    /// Whether anybody subscribes to a publisher.
    pub(super) fn has_feed_of(&self, publisher: &ChannelId) -> bool {
        self.feeds.values().any(|f| f.publisher == *publisher)
    }
}
