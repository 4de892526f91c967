use std::collections::HashMap;

use api::event::{Publisher, SharedFile, VideoRoomEvent, VideoRoomEventKind as Kind};
use api::id::{FeedId, WebClientId};
use api::{Answer, ChannelId, Command, CommandError, ErrorKind, ObjectKind, Timestamp};

use super::party;

/// Video rooms as `api::command::video_room` describes them, without media: it is up at once.
#[derive(Default)]
pub struct FakeRooms {
    rooms: HashMap<String, FakeRoom>,
    feeds: HashMap<FeedId, (ChannelId, ChannelId)>,
    last_feed: u64,
}

#[derive(Default)]
struct FakeRoom {
    publishers: Vec<Publisher>,
    active: Vec<ChannelId>,
    hands: Vec<ChannelId>,
    files: Vec<SharedFile>,
    said: Vec<(Publisher, String)>,
    most: usize,
}

type Outcome = (Result<Answer, CommandError>, Vec<VideoRoomEvent>);

fn refused(kind: ErrorKind) -> Outcome {
    (Err(CommandError::new(kind, "refused")), Vec::new())
}

fn nobody() -> Outcome {
    (Err(CommandError::not_found(ObjectKind::Member)), Vec::new())
}

fn done(room: &str, kinds: Vec<Kind>) -> Outcome {
    (Ok(Answer::Unit(())), events(room, kinds))
}

fn events(room: &str, kinds: Vec<Kind>) -> Vec<VideoRoomEvent> {
    let event = |kind| VideoRoomEvent {
        room: room.into(),
        kind,
    };
    kinds.into_iter().map(event).collect()
}

/// `alice@example.org` is Alice.
fn shown(uri: &str) -> String {
    let mut chars = uri.split('@').next().unwrap().chars();
    let first = chars.next().unwrap();
    first.to_uppercase().chain(chars).collect()
}

impl FakeRooms {
    fn place(&self, channel: &ChannelId) -> Option<(String, Publisher)> {
        self.rooms.iter().find_map(|(name, room)| {
            let mut all = room.publishers.iter();
            let publisher = all.find(|publisher| publisher.channel == *channel)?;
            Some((name.clone(), publisher.clone()))
        })
    }

    /// Somebody is gone, with the room if it was the last one, and nobody is told.
    pub fn lose(&mut self, channel: &ChannelId) {
        self.rooms.retain(|_, room| {
            room.publishers.retain(|one| one.channel != *channel);
            !room.publishers.is_empty()
        });
    }

    pub fn phone(&mut self, room: &str, channel: ChannelId, uri: &str) -> Vec<VideoRoomEvent> {
        let publisher = Publisher {
            channel,
            party: party(uri, ""),
            is_phone: true,
        };
        let there = self.rooms.get_mut(room).unwrap();
        there.publishers.push(publisher.clone());
        events(room, vec![Kind::PublisherJoined(publisher)])
    }

    pub fn serve(
        &mut self,
        command: Command,
        names: &HashMap<WebClientId, String>,
        new: Option<ChannelId>,
    ) -> Outcome {
        match command {
            Command::JoinVideoRoom(join) => {
                let channel = new.unwrap();
                let Some(uri) = names.get(&join.client) else {
                    return refused(ErrorKind::NotFound(ObjectKind::User));
                };
                let room = self.rooms.entry(join.room.to_string()).or_default();
                room.most = room.most.max(join.settings.max_publishers);
                if room.publishers.len() >= room.most {
                    return refused(ErrorKind::LimitReached);
                }
                let publisher = Publisher {
                    channel: channel.clone(),
                    party: party(uri, &shown(uri)),
                    is_phone: false,
                };
                let joined = Kind::Joined {
                    channel: channel.clone(),
                    answer: "v=0\r\n...".into(),
                    audio: join.settings.audio,
                    video: join.settings.video,
                    publishers: room.publishers.clone(),
                    active: room.active.clone(),
                    hands: room.hands.clone(),
                    files: room.files.clone(),
                    age_s: 0,
                };
                room.publishers.push(publisher.clone());
                let before = room.said.iter().map(|(from, content)| Kind::SaidBefore {
                    to: channel.clone(),
                    channel: from.channel.clone(),
                    from: from.party.clone(),
                    content_type: "text/plain".into(),
                    content: content.as_str().into(),
                    at: Timestamp(1_772_356_800_000_000),
                });
                let after = [
                    Kind::PublisherJoined(publisher),
                    Kind::Established {
                        channel: channel.clone(),
                    },
                ];
                let kinds = [joined].into_iter().chain(before).chain(after).collect();
                (Ok(Answer::Channel(channel)), events(&join.room, kinds))
            }
            Command::LeaveVideoRoom(leave) => {
                let channel = leave.channel;
                let Some((name, _)) = self.place(&channel) else {
                    return nobody();
                };
                let room = self.rooms.get_mut(&name).unwrap();
                room.publishers.retain(|other| other.channel != channel);
                let mut kinds = vec![
                    Kind::Left {
                        channel: channel.clone(),
                        code: 0,
                        phrase: "".into(),
                    },
                    Kind::PublisherLeft {
                        channel: channel.clone(),
                    },
                ];
                let hands = room.hands.len();
                room.hands.retain(|hand| *hand != channel);
                if room.hands.len() < hands {
                    let hands = room.hands.clone();
                    kinds.push(Kind::HandsChanged { hands });
                }
                if room.publishers.is_empty() {
                    self.rooms.remove(&name);
                    kinds.push(Kind::Closed);
                }
                done(&name, kinds)
            }
            Command::AttachFeed(attach) => {
                let (own, other) = (self.place(&attach.channel), self.place(&attach.publisher));
                let (Some((room, _)), Some(_)) = (own, other) else {
                    return nobody();
                };
                self.last_feed += 1;
                let feed = FeedId(self.last_feed);
                let pair = (attach.channel.clone(), attach.publisher);
                self.feeds.insert(feed, pair);
                let offered = Kind::FeedOffered {
                    channel: attach.channel,
                    feed,
                    offer: "v=0\r\n...".into(),
                };
                (Ok(Answer::Feed(feed)), events(&room, vec![offered]))
            }
            Command::AnswerFeed(answer) => self.feed(answer.feed, |channel, feed| {
                vec![Kind::FeedEstablished { channel, feed }]
            }),
            Command::DetachFeed(detach) => {
                let done = self.feed(detach.feed, |_, _| vec![]);
                self.feeds.remove(&detach.feed);
                done
            }
            Command::TrickleFeed(trickle) => self.feed(trickle.feed, |_, _| vec![]),
            Command::UpdateFeed(update) => self.feed(update.feed, |_, _| vec![]),
            Command::UpdatePublication(update) => self.say(&update.channel, |_, _| vec![]),
            Command::ConfigureVideoRoom(configure) => {
                let known = |channel| self.place(channel).is_some();
                if !configure.active.iter().all(known) {
                    return nobody();
                }
                self.say(&configure.channel, |room, publisher| {
                    room.active = configure.active.clone();
                    vec![Kind::Configured {
                        originator: Some(publisher.channel.clone()),
                        active: configure.active.clone(),
                    }]
                })
            }
            Command::ToggleHand(toggle) => {
                let mut is_up = false;
                let (answer, events) = self.say(&toggle.channel, |room, publisher| {
                    let before = room.hands.len();
                    room.hands.retain(|hand| *hand != publisher.channel);
                    is_up = room.hands.len() == before;
                    if is_up {
                        room.hands.push(publisher.channel.clone());
                    }
                    let hands = room.hands.clone();
                    vec![Kind::HandsChanged { hands }]
                });
                (answer.map(|_| Answer::Bool(is_up)), events)
            }
            Command::AskForSilence(ask) => self.say(&ask.channel, |_, publisher| {
                let originator = publisher.channel.clone();
                vec![Kind::MuteAsked { originator }]
            }),
            Command::SayInVideoRoom(say) => self.say(&say.channel, |room, publisher| {
                room.said.push((publisher.clone(), say.content.to_string()));
                vec![Kind::Said {
                    channel: Some(publisher.channel.clone()),
                    from: publisher.party.clone(),
                    content_type: say.content_type.clone(),
                    content: say.content.clone(),
                }]
            }),
            Command::ShowComposing(show) => self.say(&show.channel, |_, publisher| {
                vec![Kind::Composing {
                    channel: publisher.channel.clone(),
                    from: publisher.party.clone(),
                    active: show.active,
                    refresh_s: show.refresh_s,
                }]
            }),
            Command::ShareFile(share) => self.say(&share.channel, |room, publisher| {
                let file = SharedFile {
                    name: share.name.clone(),
                    size: share.size,
                    uploader: publisher.party.clone(),
                    channel: publisher.channel.clone(),
                };
                room.files.push(file.clone());
                vec![Kind::FileShared(file)]
            }),
            Command::InviteToVideoRoom(invite) => self.say(&invite.channel, |_, publisher| {
                let is_invited = |uri: &str| invite.participants.iter().any(|one| **one == *uri);
                let clients = names.iter().filter(|(_, uri)| is_invited(uri));
                vec![Kind::Invited {
                    clients: clients.map(|(client, _)| *client).collect(),
                    participants: invite.participants.clone(),
                    originator: publisher.party.clone(),
                    number: 3_735_928_559,
                }]
            }),
            _ => refused(ErrorKind::NotSupported),
        }
    }

    fn feed(&self, feed: FeedId, kinds: impl FnOnce(ChannelId, FeedId) -> Vec<Kind>) -> Outcome {
        let Some((channel, _)) = self.feeds.get(&feed) else {
            return nobody();
        };
        match self.place(channel) {
            Some((room, _)) => done(&room, kinds(channel.clone(), feed)),
            None => nobody(),
        }
    }

    fn say(
        &mut self,
        channel: &ChannelId,
        kinds: impl FnOnce(&mut FakeRoom, &Publisher) -> Vec<Kind>,
    ) -> Outcome {
        let Some((name, publisher)) = self.place(channel) else {
            return nobody();
        };
        let kinds = kinds(self.rooms.get_mut(&name).unwrap(), &publisher);
        done(&name, kinds)
    }
}
