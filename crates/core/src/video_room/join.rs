//! Entering a room, and what others notice of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use api::command::video_room::{JoinVideoRoom, VideoRoomSettings};
use api::event::{VideoRoomEventKind, WebParty};
use api::{Application, ChannelId, CommandError, ErrorKind};
use media::control::VideoCodec;

use super::{MAX_ROOMS, Participant, VideoRoom, senseless};
use crate::Switch;
use crate::leg::{LegEnd, Participation};
use crate::room::conference_of;
use crate::web::{MAX_SDP, is_plain};

/// How the host of a room begins that can be called by its address. Whoever makes a room may call it what they like, so
/// calls to other hosts are not looked for among them.
const ROOM_HOSTS: &str = "videoconference.";
/// Longest name of a room, bytes: that of a conference.
const MAX_NAME: usize = 256;
/// Bits per second the publishers of a room may share (sylkrtc.md §6.2).
const BITRATES: std::ops::RangeInclusive<u32> = 64_000..=4_194_304;

impl Switch {
    /// A web client enters a room; its channel.
    pub(crate) fn join_video_room(
        &mut self,
        command: JoinVideoRoom,
    ) -> Result<ChannelId, CommandError> {
        let JoinVideoRoom {
            client: id,
            room,
            offer,
            settings,
        } = command;
        let client = self.require_web_client(id)?;
        check_name(&room)?;
        if offer.len() > MAX_SDP {
            return Err(senseless("offer", "the description is too long"));
        }
        let codec = check_settings(&settings)?;
        if self.view.settings.paused_inbound || self.view.settings.draining {
            return Err(CommandError::new(
                ErrorKind::Unavailable,
                "nobody is let in now",
            ));
        }
        self.check_conference_entry(&room)?;
        let (settings, codec) = match self.video_rooms.rooms.get(&room) {
            Some(known) if known.is_full() => return Err(limit("the room is full")),
            Some(known) => (known.settings.clone(), codec_of(&known.settings)),
            None if settings.max_publishers == 0 => return Err(limit("the room is full")),
            None if self.video_rooms.len() >= MAX_ROOMS => return Err(limit("too many rooms")),
            None => (settings, codec),
        };
        if !self.admit() {
            return Err(limit("session limit"));
        }
        let worker = self.open_video_room(&room, &settings);
        let participation = Participation {
            room: room.clone(),
            audio: settings.audio,
            video_codec: codec,
        };
        let (channel, peer) =
            self.make_web_participant((id, &client), participation, settings.video, worker, offer);
        self.video_rooms
            .places
            .insert(channel.clone(), room.clone());
        if let Some(known) = self.video_rooms.rooms.get_mut(&room) {
            known.participants.push(Participant {
                channel: channel.clone(),
                party: WebParty {
                    uri: client.address(),
                    display_name: client.display_name.clone(),
                },
                peer,
                joined: false,
                audio: true,
                video: true,
                cap: None,
                told_flow: (true, true),
                told_limit: None,
            });
        }
        Ok(channel)
    }

    /// Makes the room unless it is there; the media thread of its conference.
    fn open_video_room(&mut self, name: &Arc<str>, settings: &VideoRoomSettings) -> usize {
        if let Some(room) = self.video_rooms.rooms.get(name) {
            return room.worker;
        }
        let worker = match self.conference_worker(name) {
            Some(worker) => worker,
            None => self.place(),
        };
        tracing::info!(room = %name, "Video room begins");
        let room = VideoRoom {
            settings: settings.clone(),
            worker,
            created: self.now.mono,
            participants: Vec::new(),
            phones: Vec::new(),
            feeds: BTreeMap::new(),
            active: Vec::new(),
            hands: Vec::new(),
            said: VecDeque::new(),
            files: Vec::new(),
            recorded: false,
        };
        self.video_rooms.rooms.insert(name.clone(), room);
        // Phones that met there before.
        for channel in self.conference_channels(name) {
            self.seat_phone(name, &channel);
        }
        worker
    }

    /// What a channel that arrives runs instead of its dialplan: a participant enters its room, and so does a phone
    /// that calls the address of a room. Pages enter by joining only, so that their door can judge.
    pub(crate) fn video_room_route(&self, id: &ChannelId) -> Option<Application> {
        let name = match &self.channels.get(id)?.end {
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => return None,
            LegEnd::Web(leg) => leg.participation.as_ref()?.room.clone(),
            LegEnd::Sip(_) => {
                let (user, host) = (self.var(id, "sip_req_user")?, self.var(id, "sip_req_host")?);
                let name = format!("{user}@{host}").to_ascii_lowercase();
                name.split_once('@')
                    .filter(|(_, host)| host.starts_with(ROOM_HOSTS))?;
                let (name, room) = self.video_rooms.rooms.get_key_value(name.as_str())?;
                if !room.settings.phones_may_dial {
                    return Some(Application::new("respond", "403"));
                }
                name.clone()
            }
        };
        Some(Application::new("conference", conference_of(&name)))
    }

    /// The room a channel participates in.
    pub(crate) fn participation_of(&self, id: &ChannelId) -> Option<Arc<str>> {
        let participation = self.as_web_leg(id)?.participation.as_ref()?;
        Some(participation.room.clone())
    }

    /// Both sides are described: the participant publishes.
    pub(crate) fn participant_agreed(&mut self, id: &ChannelId, answer: Arc<str>) {
        let Some(name) = self.video_rooms.places.get(id).cloned() else {
            return;
        };
        let now = self.now.mono;
        let Some(room) = self.video_rooms.rooms.get_mut(&name) else {
            return;
        };
        let publishers = room.publishers();
        let Some(participant) = room.participant_mut(id) else {
            return;
        };
        participant.joined = true;
        let own = participant.shown();
        let joined = VideoRoomEventKind::Joined {
            channel: id.clone(),
            answer,
            audio: room.settings.audio,
            video: room.settings.video,
            publishers,
            active: room.active.clone(),
            hands: room.hands.clone(),
            files: room.files.clone(),
            age_s: now.saturating_duration_since(room.created).as_secs(),
        };
        let said: Vec<_> = room.said.iter().map(|past| past.told_to(id)).collect();
        tracing::info!(room = %name, channel = %id, "Participant publishes");
        self.tell_video_room(&name, joined);
        for past in said {
            self.tell_video_room(&name, past);
        }
        let party = own.party.clone();
        self.tell_video_room(&name, VideoRoomEventKind::PublisherJoined(own));
        self.notice(&name, &party, "joined");
        self.settle_flow(id);
        self.share_bitrate(&name);
    }

    /// The participant's media is up.
    pub(crate) fn participant_connected(&mut self, id: &ChannelId) {
        if let Some(name) = self.video_rooms.places.get(id).cloned() {
            let channel = id.clone();
            self.tell_video_room(&name, VideoRoomEventKind::Established { channel });
        }
    }
}

fn limit(why: &'static str) -> CommandError {
    CommandError::new(ErrorKind::LimitReached, why)
}

/// `room@host` in lower case, of characters that mean nothing to dial strings and arguments.
fn check_name(name: &str) -> Result<(), CommandError> {
    let sound = name.split_once('@').is_some_and(|(room, host)| {
        let plain = |part: &str| !part.is_empty() && is_plain(part);
        plain(room) && plain(host)
    });
    if sound && name.len() <= MAX_NAME && !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(senseless("room", "no name of a room"))
    }
}

/// The codec wanted for pictures, when the settings make sense.
fn check_settings(settings: &VideoRoomSettings) -> Result<VideoCodec, CommandError> {
    if !BITRATES.contains(&settings.max_bitrate) {
        return Err(senseless("max_bitrate", "not within 64,000–4,194,304"));
    }
    video_codec(&settings.video_codec)
        .ok_or_else(|| senseless("video_codec", "not vp8, vp9 or h264"))
}

fn video_codec(name: &str) -> Option<VideoCodec> {
    match name {
        "vp8" => Some(VideoCodec::Vp8),
        "vp9" => Some(VideoCodec::Vp9),
        "h264" => Some(VideoCodec::H264),
        _ => None,
    }
}

/// That of a room, which was checked when it was made.
fn codec_of(settings: &VideoRoomSettings) -> VideoCodec {
    video_codec(&settings.video_codec).unwrap_or(VideoCodec::Vp8)
}
