//! What happens in video rooms to what their participants are told (sylkrtc.md §2.4, §3.6, §6.1).

use std::sync::Arc;
use std::time::Instant;

use api::event::{Publisher as SwitchPublisher, VideoRoomEvent, VideoRoomEventKind as Kind};
use api::id::WebClientId;
use api::{ChannelId, Timestamp};

use crate::calls::hashed;
use crate::dialect::Dialect;
use crate::rooms::Participation;
use crate::session::Session;
use crate::timestamp;
use crate::wire::account::AccountEvent;
use crate::wire::videoroom::{Publisher, SharedFile, VideoroomEvent as Said};
use crate::wire::{Event, Party};

/// Who configures a room when nobody does.
const THE_ROOM: &str = "videoroom";

impl Session {
    /// Something happened in a room in which a client is, or to which it is invited.
    pub(super) async fn on_video_room(
        &mut self,
        client: WebClientId,
        at: Timestamp,
        event: &VideoRoomEvent,
    ) {
        let room = &event.room;
        match &event.kind {
            Kind::Joined { channel, .. } => {
                if self.is_in(channel) {
                    self.joined(channel, event).await;
                }
            }
            Kind::Established { channel } => self.tell_one(channel, |_| Some(Said::Established)),
            Kind::Left {
                channel,
                code,
                phrase,
            } => self.put_out(channel, *code, phrase),
            Kind::FeedOffered {
                channel,
                feed,
                offer,
            } => self.tell_one(channel, |one| {
                Some(Said::FeedAttached {
                    feed: one.feed_name(*feed)?.clone(),
                    sdp: offer.clone(),
                })
            }),
            Kind::FeedEstablished { channel, feed } => self.tell_one(channel, |one| {
                let feed = one.feed_name(*feed)?.clone();
                Some(Said::FeedEstablished { feed })
            }),
            Kind::FeedEnded { channel, feed } => {
                let one = self.rooms.of_channel(channel);
                let name = one.and_then(|one| {
                    let name = one.feed_name(*feed)?.clone();
                    Some((one.session.clone(), name))
                });
                if let Some((session, name)) = name {
                    self.rooms.end_feed(&session, &name, Instant::now());
                }
            }
            Kind::InviteStatus {
                channel,
                participant,
                code,
                phrase,
            } => self.tell_one(channel, |_| {
                Some(Said::InviteStatus {
                    participant: participant.clone(),
                    code: *code,
                    reason: phrase.clone(),
                })
            }),
            Kind::PublisherJoined(publisher) => {
                if self.rooms.of_client(client, room).next().is_none() {
                    return;
                }
                let joined = self.publisher(room, publisher).await;
                let channel = &publisher.channel;
                self.tell_all(client, room, |one| {
                    if *channel == one.channel {
                        return None;
                    }
                    one.others.insert(channel.clone(), joined.id.clone());
                    Some(Said::PublishersJoined(vec![joined.clone()]))
                });
            }
            Kind::PublisherLeft { channel } => self.tell_all(client, room, |one| {
                let name = one.others.remove(channel)?;
                Some(Said::PublishersLeft(vec![name]))
            }),
            Kind::Configured { originator, active } => self.tell_all(client, room, |one| {
                Some(configured(one, originator.as_ref(), active))
            }),
            Kind::HandsChanged { hands } => {
                self.tell_all(client, room, |one| {
                    Some(Said::RaisedHands(names(one, hands)))
                });
            }
            Kind::MuteAsked { originator } => self.tell_all(client, room, |one| {
                let originator = one.name_of(originator);
                Some(Said::MuteAudio { originator })
            }),
            Kind::Said {
                channel,
                from,
                content_type,
                content,
            } => self.tell_all(client, room, |one| {
                (channel.as_ref() != Some(&one.channel)).then(|| Said::Message {
                    status: channel.is_none(),
                    content: content.clone(),
                    content_type: content_type.clone(),
                    sender: Party::from(from),
                    timestamp: timestamp::of_micros(at.as_micros()),
                })
            }),
            Kind::SaidBefore {
                to,
                channel: _,
                from,
                content_type,
                content,
                at,
            } => self.tell_one(to, |_| {
                Some(Said::Message {
                    status: false,
                    content: content.clone(),
                    content_type: content_type.clone(),
                    sender: Party::from(from),
                    timestamp: timestamp::of_micros(at.as_micros()),
                })
            }),
            Kind::Composing {
                channel,
                from,
                active,
                refresh_s,
            } => self.tell_all(client, room, |one| {
                (*channel != one.channel).then(|| Said::ComposingIndication {
                    active: *active,
                    refresh: u16::try_from(*refresh_s).unwrap_or(u16::MAX),
                    content_type: "text/plain".into(),
                    sender: Party::from(from),
                })
            }),
            Kind::FileShared(file) => {
                let file = self.shared_file(room, file);
                self.tell_all(client, room, |one| {
                    let mut file = file.clone();
                    file.session = file_owner(one, file.session);
                    Some(Said::FileSharing(vec![file]))
                });
            }
            Kind::Invited {
                originator, number, ..
            } => self.invited(client, room, Party::from(originator), *number),
            // Everybody was put out before.
            Kind::Closed => {}
        }
    }

    fn is_in(&mut self, channel: &ChannelId) -> bool {
        self.rooms.of_channel(channel).is_some()
    }

    /// Tells one participation something. One that the client has left is not there any more.
    fn tell_one(
        &mut self,
        channel: &ChannelId,
        what: impl FnOnce(&mut Participation) -> Option<Said>,
    ) {
        let Some(one) = self.rooms.of_channel(channel) else {
            return;
        };
        let session = one.session.clone();
        if let Some(event) = what(one) {
            self.in_room(&session, event);
        }
    }

    /// Tells every participation of a client in a room something.
    fn tell_all(
        &mut self,
        client: WebClientId,
        room: &str,
        mut what: impl FnMut(&mut Participation) -> Option<Said>,
    ) {
        let all = self.rooms.of_client(client, room);
        let said: Vec<(Arc<str>, Said)> = all
            .filter_map(|one| {
                let event = what(one)?;
                Some((one.session.clone(), event))
            })
            .collect();
        for (session, event) in said {
            self.in_room(&session, event);
        }
    }

    /// It is in: the answer, and then the room as it is.
    async fn joined(&mut self, own: &ChannelId, event: &VideoRoomEvent) {
        let Kind::Joined {
            channel: _,
            answer,
            audio,
            video,
            publishers,
            active,
            hands,
            files,
            age_s,
        } = &event.kind
        else {
            return;
        };
        let mut others = Vec::new();
        for publisher in publishers {
            let told = self.publisher(&event.room, publisher).await;
            others.push((publisher.channel.clone(), told));
        }
        let mut shared: Vec<SharedFile> = self
            .shared
            .files
            .iter()
            .flat_map(|files| files.list(&event.room))
            .map(SharedFile::from)
            .collect();
        for file in files {
            if shared.iter().all(|known| known.filename != file.name) {
                shared.push(self.shared_file(&event.room, file));
            }
        }
        let Some(one) = self.rooms.of_channel(own) else {
            return;
        };
        one.joined = true;
        let session = one.session.clone();
        let list = others.iter().map(|(_, told)| told.clone()).collect();
        let named = others.into_iter().map(|(channel, told)| (channel, told.id));
        one.others = named.collect();
        let mut said = vec![
            Said::Accepted {
                sdp: answer.clone(),
                audio: *audio,
                video: *video,
                duration: *age_s,
            },
            Said::InitialPublishers(list),
        ];
        if !active.is_empty() {
            said.push(configured(one, None, active));
        }
        if !shared.is_empty() {
            for file in &mut shared {
                file.session = file_owner(one, file.session.clone());
            }
            said.push(Said::FileSharing(shared));
        }
        if !hands.is_empty() {
            said.push(Said::RaisedHands(names(one, hands)));
        }
        for event in said {
            self.in_room(&session, event);
        }
    }

    /// A publisher as the clients of this door call it; a telephone, which has no client, by its channel.
    async fn publisher(&self, room: &str, publisher: &SwitchPublisher) -> Publisher {
        let channel = &publisher.channel;
        let name = if publisher.is_phone {
            None
        } else {
            self.shared.rooms.name_soon(room, channel).await
        };
        Publisher {
            id: name.unwrap_or_else(|| channel.as_str().into()),
            party: Party::from(&publisher.party),
            is_phone: publisher.is_phone,
        }
    }

    /// A file, its owner by what the door knows of it or else by its channel.
    fn shared_file(&self, room: &str, file: &api::event::SharedFile) -> SharedFile {
        let files = self.shared.files.as_ref();
        if let Some((known, _)) = files.and_then(|files| files.find(room, &file.name)) {
            return known.into();
        }
        SharedFile {
            filename: file.name.clone(),
            filesize: i64::try_from(file.size).unwrap_or(i64::MAX),
            uploader: Party::from(&file.uploader),
            session: file.channel.as_str().into(),
        }
    }

    /// The switch has ended a participation.
    fn put_out(&mut self, channel: &ChannelId, code: u16, phrase: &str) {
        let session = self
            .rooms
            .of_channel(channel)
            .map(|one| one.session.clone());
        let Some(ended) = session.and_then(|session| self.rooms.end(&session, Instant::now()))
        else {
            return;
        };
        self.shared.rooms.left(&ended.room, &ended.session);
        let asked = code == 0 && phrase.is_empty();
        let reason = (!asked).then(|| super::reason(code, phrase));
        self.in_room(&ended.session, Said::Terminated { reason });
    }

    /// One id for one invitation: the hash of its number (sylkrtc.md §3.6).
    fn invited(&mut self, client: WebClientId, room: &Arc<str>, originator: Party, number: u32) {
        let Some(account) = self.accounts.get(client) else {
            return;
        };
        let account = account.name.clone();
        let event = AccountEvent::ConferenceInvite {
            room: room.clone(),
            session_id: hashed(&number.to_string(), Dialect::V2),
            originator,
        };
        self.say(&Event::Account { account, event });
    }

    /// EXT: somebody asks this participant to be silent, or no longer.
    pub(crate) fn asked_to_mute(&mut self, session: &Arc<str>, muted: bool, originator: Arc<str>) {
        if self.rooms.get(session).is_some_and(|one| one.joined) {
            self.in_room(session, Said::MuteRequest { muted, originator });
        }
    }
}

fn names(one: &Participation, channels: &[ChannelId]) -> Vec<Arc<str>> {
    channels
        .iter()
        .map(|channel| one.name_of(channel))
        .collect()
}

fn configured(one: &Participation, originator: Option<&ChannelId>, active: &[ChannelId]) -> Said {
    Said::Configure {
        originator: originator.map_or_else(|| THE_ROOM.into(), |channel| one.name_of(channel)),
        active_participants: names(one, active),
    }
}

/// The name of a file's owner when only its channel was known.
fn file_owner(one: &Participation, session: Arc<str>) -> Arc<str> {
    match ChannelId::from_text(&session) {
        Some(channel) => match one.others.get(&channel) {
            Some(name) => name.clone(),
            None if channel == one.channel => one.session.clone(),
            None => session,
        },
        None => session,
    }
}
