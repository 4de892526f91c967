//! A page's place in a video room, with all it knows from what it was told. What it is told must make sense.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::command::video_room::{AnswerFeed, TrickleFeed};
use api::event::{VideoRoomEvent, VideoRoomEventKind as Kind};
use api::id::FeedId;
use api::{ChannelId, Command};

/// How long a browser takes to answer the offer of a feed.
const ANSWERS: Duration = Duration::from_millis(40);

/// A page in a video room.
#[derive(Debug)]
pub struct Seat {
    /// Its channel.
    pub channel: ChannelId,
    /// `room@host`
    pub room: Arc<str>,
    /// It is in.
    pub joined: bool,
    /// Its media is up.
    pub established: bool,
    /// The others it can subscribe to; those that are phones.
    pub publishers: BTreeMap<ChannelId, bool>,
    /// Its subscriptions: to whom, and whether they flow.
    pub feeds: BTreeMap<FeedId, (ChannelId, bool)>,
    /// What it has heard in the chat.
    pub chat: Vec<Arc<str>>,
    pub(super) left: bool,
}

impl Seat {
    pub(super) fn new(channel: ChannelId, room: Arc<str>) -> Self {
        Self {
            channel,
            room,
            joined: false,
            established: false,
            publishers: BTreeMap::new(),
            feeds: BTreeMap::new(),
            chat: Vec::new(),
            left: false,
        }
    }

    /// Everybody it knows to publish, itself among them.
    pub fn roster(&self) -> BTreeSet<&ChannelId> {
        self.publishers.keys().chain([&self.channel]).collect()
    }

    /// Takes what the room says; what the page does about it, and after how long.
    pub(super) fn hear(&mut self, event: &VideoRoomEvent) -> Vec<(Duration, Command)> {
        if event.room != self.room {
            return Vec::new();
        }
        match &event.kind {
            Kind::Joined {
                channel,
                publishers,
                active,
                hands,
                ..
            } if *channel == self.channel => {
                assert!(!self.joined, "{channel} joins once");
                self.joined = true;
                self.publishers = publishers
                    .iter()
                    .map(|publisher| (publisher.channel.clone(), publisher.is_phone))
                    .collect();
                self.knows(active);
                self.knows(hands);
            }
            Kind::Established { channel } if *channel == self.channel => {
                assert!(self.joined && !self.established, "{channel} is up once");
                self.established = true;
            }
            Kind::Left { channel, .. } if *channel == self.channel => self.left = true,
            Kind::FeedOffered { channel, feed, .. } if *channel == self.channel => {
                assert!(self.feeds.contains_key(feed), "{feed:?} was asked for");
                return answer(*feed);
            }
            Kind::FeedEstablished { channel, feed } if *channel == self.channel => {
                let known = self.feeds.get_mut(feed);
                let (_, up) = known.expect("a feed that flows was asked for");
                assert!(!std::mem::replace(up, true), "{feed:?} is up once");
            }
            Kind::FeedEnded { channel, feed } if *channel == self.channel => {
                assert!(self.feeds.remove(feed).is_some(), "{feed:?} ends once");
            }
            _ if !self.joined => {}
            Kind::PublisherJoined(publisher) if publisher.channel != self.channel => {
                let new = (publisher.channel.clone(), publisher.is_phone);
                let before = self.publishers.insert(new.0, new.1);
                assert!(before.is_none(), "{} comes once", publisher.channel);
            }
            Kind::PublisherLeft { channel } if *channel != self.channel => {
                assert!(
                    self.publishers.remove(channel).is_some(),
                    "{channel} was there"
                );
                assert!(
                    self.feeds.values().all(|(of, _)| of != channel),
                    "feeds of {channel} have ended"
                );
            }
            Kind::Configured { active, .. } => self.knows(active),
            Kind::HandsChanged { hands } => self.knows(hands),
            Kind::Said {
                channel: Some(_),
                content,
                ..
            } => self.chat.push(content.clone()),
            Kind::SaidBefore { to, content, .. } if *to == self.channel => {
                self.chat.push(content.clone());
            }
            Kind::Closed => panic!("{} is closed with {} in it", self.room, self.channel),
            Kind::Joined { .. }
            | Kind::Established { .. }
            | Kind::Left { .. }
            | Kind::FeedOffered { .. }
            | Kind::FeedEstablished { .. }
            | Kind::FeedEnded { .. }
            | Kind::PublisherJoined(_)
            | Kind::PublisherLeft { .. }
            | Kind::MuteAsked { .. }
            | Kind::Said { .. }
            | Kind::SaidBefore { .. }
            | Kind::Composing { .. }
            | Kind::FileShared(_)
            | Kind::Invited { .. }
            | Kind::InviteStatus { .. } => {}
        }
        Vec::new()
    }

    fn knows(&self, named: &[ChannelId]) {
        for channel in named {
            assert!(
                self.roster().contains(channel),
                "{channel} is named and publishes"
            );
        }
    }
}

fn answer(feed: FeedId) -> Vec<(Duration, Command)> {
    let candidates = vec!["candidate:1 1 udp 1 192.0.2.1 9 typ host".into()];
    let answer = "answer of a browser".into();
    vec![
        (Duration::ZERO, TrickleFeed { feed, candidates }.into()),
        (ANSWERS, AnswerFeed { feed, answer }.into()),
    ]
}
