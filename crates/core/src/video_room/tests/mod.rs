//! Video rooms in a whole switch, with peers that answer at once.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod feeds;
mod flow;
mod invite;
mod join;
mod phones;
mod talk;

use std::collections::HashMap;

use api::command::channel::Hangup;
use api::command::room::{ControlRoom, RoomControl};
use api::command::video_room::{
    AnswerFeed, AttachFeed, JoinVideoRoom, LeaveVideoRoom, VideoRoomSettings,
};
use api::event::{EventKind, VideoRoomEventKind as Kind};
use api::id::{FeedId, WebClientId};
use api::{Answer, ChannelId, Command, CommandError, ErrorKind, HangupCause, ObjectKind};
use media::control::{PeerEnd, PeerId, WebReport};

use crate::Input;
use crate::rig::Rig;
use crate::web::tests::{AUDIO, VIDEO, add, check_idle, connected, rig};

const ROOM: &str = "team@videoconference.example.org";
/// What a `NotFound(Member)` is.
const NOBODY: ErrorKind = ErrorKind::NotFound(ObjectKind::Member);

/// A rig whose channels have names.
struct Stage {
    rig: Rig,
    names: HashMap<ChannelId, String>,
    /// What the room says of who comes and goes is shown, too.
    notices: bool,
}

fn settings() -> VideoRoomSettings {
    VideoRoomSettings {
        audio: true,
        video: true,
        max_bitrate: 2_016_000,
        video_codec: "vp9".into(),
        record_into: None,
        max_publishers: 10,
        phones_may_dial: true,
    }
}

fn offer() -> String {
    format!("{AUDIO}{VIDEO}")
}

impl Stage {
    fn new() -> Self {
        Self::with(rig())
    }

    fn with(rig: Rig) -> Self {
        Self {
            rig,
            names: HashMap::new(),
            notices: false,
        }
    }

    /// Three clients of our own domain: `a`, `b` and `c` are 1000, 1001 and 1002.
    fn with_clients() -> Self {
        let mut stage = Self::new();
        for (number, address) in [
            (1, "1000@127.0.0.1"),
            (2, "1001@127.0.0.1"),
            (3, "1002@127.0.0.1"),
        ] {
            add(&mut stage.rig, number, address);
        }
        stage
    }

    /// A room in which `a`, `b`, … are, by the number of clients wanted; nothing of it is told any more.
    fn with_room(size: usize) -> (Self, Vec<ChannelId>) {
        let mut stage = Self::with_clients();
        let ids = ["a", "b", "c"][..size]
            .iter()
            .zip(1..)
            .map(|(name, client)| stage.join(client, name))
            .collect();
        stage.told();
        stage.rig.peers.orders();
        stage.rig.commands.clear();
        (stage, ids)
    }

    fn joining(client: u64) -> JoinVideoRoom {
        JoinVideoRoom {
            client: WebClientId(client),
            room: ROOM.into(),
            offer: offer().into(),
            settings: settings(),
        }
    }

    fn join(&mut self, client: u64, name: &str) -> ChannelId {
        self.join_as(name, Self::joining(client))
    }

    fn join_as(&mut self, name: &str, command: JoinVideoRoom) -> ChannelId {
        // What follows at the same moment names the channel already.
        let known: Vec<ChannelId> = self.rig.switch.channels.keys().cloned().collect();
        let id = match self.rig.get(command).unwrap() {
            Answer::Channel(id) => id,
            other => panic!("{other:?}"),
        };
        assert!(!known.contains(&id));
        self.names.insert(id.clone(), name.into());
        id
    }

    fn leave(&mut self, id: &ChannelId) {
        let channel = id.clone();
        self.rig.get(LeaveVideoRoom { channel }).unwrap();
    }

    fn hang_up(&mut self, id: &ChannelId) {
        self.rig
            .get(Hangup {
                channel: id.clone(),
                cause: HangupCause::NormalClearing,
            })
            .unwrap();
    }

    fn refused(&mut self, command: impl Into<Command>) -> ErrorKind {
        self.rig.get(command).unwrap_err().kind
    }

    fn attach(&mut self, who: &ChannelId, whom: &ChannelId) -> Result<FeedId, CommandError> {
        let answer = self.rig.get(AttachFeed {
            channel: who.clone(),
            publisher: whom.clone(),
        })?;
        match answer {
            Answer::Feed(feed) => Ok(feed),
            other => panic!("{other:?}"),
        }
    }

    /// Attaches, and lets the browser answer.
    fn watch(&mut self, who: &ChannelId, whom: &ChannelId) -> FeedId {
        let feed = self.attach(who, whom).unwrap();
        self.answer(feed, "fine").unwrap();
        feed
    }

    fn answer(&mut self, feed: FeedId, answer: &str) -> Result<Answer, CommandError> {
        let answer = answer.into();
        self.rig.get(AnswerFeed { feed, answer })
    }

    fn control(&mut self, action: RoomControl) {
        let room = ROOM.into();
        self.rig.get(ControlRoom { room, action }).unwrap();
    }

    fn peer_ends(&mut self, peer: u64, why: PeerEnd) {
        let peer = PeerId(peer);
        self.rig.peers.living.remove(&peer);
        self.rig.feed(Input::Web(WebReport::Ended { peer, why }));
    }

    fn name(&self, id: &ChannelId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| "?".into())
    }

    fn list(&self, ids: &[ChannelId]) -> String {
        let names: Vec<String> = ids.iter().map(|id| self.name(id)).collect();
        names.join("+")
    }

    /// What was told since the last call, in short.
    fn told(&mut self) -> Vec<String> {
        let events = std::mem::take(&mut self.rig.events);
        let kinds = events.iter().filter_map(|event| match &event.kind {
            EventKind::VideoRoom(event) => {
                assert_eq!(&*event.room, ROOM);
                Some(&event.kind)
            }
            EventKind::Web(event) => panic!("told as a call: {event:?}"),
            _ => None,
        });
        kinds.filter_map(|kind| self.short(kind)).collect()
    }

    fn short(&self, kind: &Kind) -> Option<String> {
        let shown = |publisher: &api::event::Publisher| {
            if publisher.is_phone {
                let party = &publisher.party;
                format!("phone {} <{}>", party.display_name, party.uri)
            } else {
                self.name(&publisher.channel)
            }
        };
        Some(match kind {
            Kind::Joined {
                channel,
                answer,
                audio,
                video,
                publishers,
                active,
                hands,
                files,
                age_s,
            } => {
                let publishers: Vec<String> = publishers.iter().map(shown).collect();
                let files: Vec<&str> = files.iter().map(|file| &*file.name).collect();
                format!(
                    "{} joined, {answer}, {audio} {video}: [{}] active [{}] hands [{}] files [{}] {age_s}s",
                    self.name(channel),
                    publishers.join("+"),
                    self.list(active),
                    self.list(hands),
                    files.join("+")
                )
            }
            Kind::Established { channel } => format!("{} up", self.name(channel)),
            Kind::Left {
                channel,
                code,
                phrase,
            } => format!("{} left: {code} {phrase}", self.name(channel)),
            Kind::PublisherJoined(publisher) => format!("+{}", shown(publisher)),
            Kind::PublisherLeft { channel } => format!("-{}", self.name(channel)),
            Kind::FeedOffered {
                channel,
                feed,
                offer,
            } => format!("{} feed {}: {offer}", self.name(channel), feed.0),
            Kind::FeedEstablished { channel, feed } => {
                format!("{} feed {} up", self.name(channel), feed.0)
            }
            Kind::FeedEnded { channel, feed } => {
                format!("{} feed {} over", self.name(channel), feed.0)
            }
            Kind::Configured { originator, active } => format!(
                "active [{}] by {}",
                self.list(active),
                originator
                    .as_ref()
                    .map_or("the room".into(), |id| self.name(id))
            ),
            Kind::HandsChanged { hands } => format!("hands [{}]", self.list(hands)),
            Kind::MuteAsked { originator } => format!("silence by {}", self.name(originator)),
            Kind::Said {
                channel,
                from,
                content,
                ..
            } => match channel {
                Some(id) => format!("{} <{}>: {content}", self.name(id), from.uri),
                None if self.notices => format!("<{}>: {content}", from.uri),
                None => return None,
            },
            Kind::SaidBefore {
                to, from, content, ..
            } => {
                format!("{} hears <{}>: {content}", self.name(to), from.uri)
            }
            Kind::Composing {
                channel,
                active,
                refresh_s,
                ..
            } => format!("{} types {active} {refresh_s}", self.name(channel)),
            Kind::FileShared(file) => format!(
                "{} shares {} of {}",
                self.name(&file.channel),
                file.name,
                file.size
            ),
            Kind::Invited {
                clients,
                participants,
                originator,
                ..
            } => {
                let clients: Vec<u64> = clients.iter().map(|client| client.0).collect();
                format!("invited {clients:?} {participants:?} by {}", originator.uri)
            }
            Kind::InviteStatus {
                channel,
                participant,
                code,
                phrase,
            } => format!(
                "{} hears {participant}: {code} {phrase}",
                self.name(channel)
            ),
            Kind::Closed => "closed".into(),
        })
    }

    /// Nothing is left, of any room.
    fn check_empty(&mut self) {
        self.rig.pass(std::time::Duration::from_secs(80));
        check_idle(&self.rig);
    }
}
