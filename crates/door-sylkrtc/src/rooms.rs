//! Video rooms (sylkrtc.md §3.6, §6): the participations of one connection. What the door as a whole knows of rooms is
//! in the files below.

mod counted;
mod files;
mod policy;
mod registry;
mod settings;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::ChannelId;
use api::id::{FeedId, WebClientId};

pub(crate) use counted::{Counted, Labels};
pub(crate) use files::{FileInfo, NotShared, SharedFiles};
pub(crate) use policy::Standing;
pub use policy::{AccessOrder, AccessPolicy, Who};
pub(crate) use registry::RoomRegistry;
pub use settings::{RoomConfig, RoomsConfig, VideoCodec};

/// How long the end of a participation or feed is remembered, so that late candidates do no harm.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Most ends remembered.
const MOST_ENDED: usize = 256;

/// Most feeds of one participation. Ours; the switch has a limit of its own.
pub(crate) const MOST_FEEDS: usize = 128;

/// One client in one room.
pub(crate) struct Participation {
    /// The client's id of it, by which the others know it as a publisher.
    pub(crate) session: Arc<str>,
    pub(crate) client: WebClientId,
    /// `room@host`, lower case.
    pub(crate) room: Arc<str>,
    pub(crate) channel: ChannelId,
    /// It has heard that it is in; what happened in the room before is none of its business.
    pub(crate) joined: bool,
    /// The others it was told of, by what the client calls them.
    pub(crate) others: HashMap<ChannelId, Arc<str>>,
    pub(crate) feeds: HashMap<Arc<str>, Feed>,
}

/// A subscription.
pub(crate) struct Feed {
    pub(crate) id: FeedId,
    pub(crate) _counted: Counted,
}

impl Participation {
    pub(crate) fn new(
        session: Arc<str>,
        client: WebClientId,
        room: Arc<str>,
        channel: ChannelId,
    ) -> Self {
        Self {
            session,
            client,
            room,
            channel,
            joined: false,
            others: HashMap::new(),
            feeds: HashMap::new(),
        }
    }

    /// What the client calls a participant: itself by its own id, one it was never told of by its channel.
    pub(crate) fn name_of(&self, channel: &ChannelId) -> Arc<str> {
        if *channel == self.channel {
            return self.session.clone();
        }
        match self.others.get(channel) {
            Some(name) => name.clone(),
            None => channel.as_str().into(),
        }
    }

    /// Whom the client calls so.
    pub(crate) fn channel_of(&self, name: &str) -> Option<&ChannelId> {
        if name == &*self.session {
            return Some(&self.channel);
        }
        let mut others = self.others.iter();
        others
            .find(|(_, known)| &***known == name)
            .map(|(channel, _)| channel)
    }

    /// What the client calls a feed.
    pub(crate) fn feed_name(&self, id: FeedId) -> Option<&Arc<str>> {
        let mut feeds = self.feeds.iter();
        feeds.find(|(_, feed)| feed.id == id).map(|(name, _)| name)
    }
}

/// The participations of one connection.
#[derive(Default)]
pub(crate) struct Rooms {
    by_session: HashMap<Arc<str>, Participation>,
    ended: VecDeque<(Arc<str>, Instant)>,
}

impl Rooms {
    pub(crate) fn insert(&mut self, participation: Participation) {
        self.revive(&participation.session);
        self.by_session
            .insert(participation.session.clone(), participation);
    }

    pub(crate) fn get(&self, session: &str) -> Option<&Participation> {
        self.by_session.get(session)
    }

    /// The participation with that channel.
    pub(crate) fn of_channel(&mut self, channel: &ChannelId) -> Option<&mut Participation> {
        let mut all = self.by_session.values_mut();
        all.find(|participation| participation.channel == *channel)
    }

    /// Where a client is in a room and knows it.
    pub(crate) fn of_client(
        &mut self,
        client: WebClientId,
        room: &str,
    ) -> impl Iterator<Item = &mut Participation> {
        let all = self.by_session.values_mut();
        all.filter(move |participation| {
            participation.client == client && &*participation.room == room && participation.joined
        })
    }

    /// The participation a feed belongs to, and the feed.
    pub(crate) fn of_feed(&self, name: &str) -> Option<(&Participation, FeedId)> {
        let mut all = self.by_session.values();
        all.find_map(|participation| Some((participation, participation.feeds.get(name)?.id)))
    }

    /// Whether an id stands for a participation or a feed.
    pub(crate) fn uses(&self, id: &str) -> bool {
        self.by_session.contains_key(id) || self.of_feed(id).is_some()
    }

    /// Takes a participation out and remembers that it and its feeds were there.
    pub(crate) fn end(&mut self, session: &str, now: Instant) -> Option<Participation> {
        let participation = self.by_session.remove(session)?;
        self.remember(participation.session.clone(), now);
        for feed in participation.feeds.keys() {
            self.remember(feed.clone(), now);
        }
        Some(participation)
    }

    /// A subscription has begun under that name.
    pub(crate) fn add_feed(&mut self, session: &str, name: &Arc<str>, feed: Feed) {
        self.revive(name);
        if let Some(participation) = self.by_session.get_mut(session) {
            participation.feeds.insert(name.clone(), feed);
        }
    }

    /// Takes a feed out and remembers that it was there.
    pub(crate) fn end_feed(&mut self, session: &str, name: &str, now: Instant) {
        let participation = self.by_session.get_mut(session);
        let gone = participation.and_then(|participation| participation.feeds.remove_entry(name));
        if let Some((name, _)) = gone {
            self.remember(name, now);
        }
    }

    fn remember(&mut self, id: Arc<str>, now: Instant) {
        if self.ended.len() >= MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((id, now));
    }

    /// An id is used again.
    fn revive(&mut self, id: &str) {
        self.ended.retain(|(ended, _)| &**ended != id);
    }

    /// Whether an id stood for something a moment ago.
    pub(crate) fn has_ended(&self, id: &str, now: Instant) -> bool {
        let mut ended = self.ended.iter();
        ended.any(|(ended, at)| &**ended == id && now.saturating_duration_since(*at) < REMEMBERED)
    }

    /// Takes out all participations of a client.
    pub(crate) fn take(&mut self, client: WebClientId) -> Vec<Participation> {
        let of_client = |participation: &&Participation| participation.client == client;
        let sessions: Vec<Arc<str>> = self
            .by_session
            .values()
            .filter(of_client)
            .map(|participation| participation.session.clone())
            .collect();
        sessions
            .iter()
            .filter_map(|session| self.by_session.remove(session))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_session.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(text: &str) -> ChannelId {
        ChannelId::from_text(text).unwrap()
    }

    fn participation() -> Participation {
        let mut participation = Participation::new(
            "V1".into(),
            WebClientId(1),
            "team@videoconference.example.org".into(),
            channel("c1"),
        );
        participation.others.insert(channel("c2"), "V2".into());
        participation
    }

    #[test]
    fn participants_are_called_as_their_clients_do() {
        let participation = participation();
        assert_eq!(&*participation.name_of(&channel("c1")), "V1");
        assert_eq!(&*participation.name_of(&channel("c2")), "V2");
        assert_eq!(&*participation.name_of(&channel("c3")), "c3", "a stranger");
        assert_eq!(participation.channel_of("V2"), Some(&channel("c2")));
        assert_eq!(participation.channel_of("c2"), None, "by its name only");
    }

    #[test]
    fn ends_are_remembered_for_a_while() {
        let (mut rooms, now) = (Rooms::default(), Instant::now());
        rooms.insert(participation());
        let feed = || Feed {
            id: FeedId(1),
            _counted: Counted::new("jackfield_test", "others"),
        };
        rooms.add_feed("V1", &"F1".into(), feed());
        assert!(rooms.uses("F1") && rooms.of_feed("F1").is_some());
        rooms.end_feed("V1", "F1", now);
        assert!(!rooms.uses("F1") && rooms.has_ended("F1", now));
        rooms.add_feed("V1", &"F1".into(), feed());
        assert!(!rooms.has_ended("F1", now), "its id is used again");
        assert!(rooms.end("V1", now).is_some() && rooms.end("V1", now).is_none());
        assert!(rooms.has_ended("V1", now) && rooms.has_ended("F1", now));
        assert!(!rooms.has_ended("V1", now + REMEMBERED));
    }
}
