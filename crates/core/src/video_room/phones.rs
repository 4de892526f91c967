//! Phones: whoever is in the room's conference without being a participant. Each is a publisher of sound alone.

use std::sync::Arc;

use api::ChannelId;
use api::event::{Publisher, VideoRoomEventKind, WebParty};
use media::control::{
    CodecSpec, Direction, LegId, LegKind, LegSpec, MediaCommand, OpusSending, PeerId, WebCommand,
};
use media::webrtc::NOWHERE;

use super::invite::INVITED_AS;
use super::{Phone, Voice};
use crate::Switch;
use crate::originate::NO_NAME;

/// Payload type of what a voice sends. It means something to the peers only, which number anew for each browser.
const VOICE_PAYLOAD_TYPE: u8 = 111;

impl Switch {
    /// Somebody entered the conference of that name.
    pub(crate) fn entered_conference(&mut self, name: &Arc<str>, id: &ChannelId) {
        match self.video_rooms.places.get(id) {
            Some(place) if place == name => self.record_video_room(name),
            // A participant sent here from its own room, which it is about to leave for good.
            Some(_) => {}
            None => {
                if let Some(phone) = self.seat_phone(name, id) {
                    let party = phone.party.clone();
                    self.tell_video_room(name, VideoRoomEventKind::PublisherJoined(phone));
                    self.notice(name, &party, "joined");
                }
            }
        }
    }

    /// Makes a publisher of somebody in the conference of a room; `None` when there is no room, or none with sound.
    pub(super) fn seat_phone(&mut self, name: &Arc<str>, id: &ChannelId) -> Option<Publisher> {
        let phone = Phone {
            channel: id.clone(),
            party: self.phone_party(id),
            voice: None,
        };
        let shown = phone.shown();
        let room = self.video_rooms.rooms.get_mut(name);
        let room = room.filter(|room| room.settings.audio)?;
        room.phones.push(phone);
        self.video_rooms.places.insert(id.clone(), name.clone());
        Some(shown)
    }

    pub(super) fn remove_phone(&mut self, name: &Arc<str>, id: &ChannelId) {
        self.video_rooms.places.remove(id);
        let room = self.video_rooms.rooms.get_mut(name);
        let Some(room) = room else { return };
        let Some(at) = room.phones.iter().position(|p| p.channel == *id) else {
            return;
        };
        let phone = room.phones.remove(at);
        self.publisher_left(name, id, &phone.party);
        if let Some(voice) = phone.voice {
            self.close_voice(&voice);
        }
    }

    /// Who is on the phone: the address that was invited, or the caller's number at the domain it came from.
    fn phone_party(&self, id: &ChannelId) -> WebParty {
        let profile = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.as_deref());
        let (name, number) =
            profile.map_or(("", ""), |p| (&*p.caller_id_name, &*p.caller_id_number));
        let uri: Arc<str> = match self.var(id, INVITED_AS) {
            Some(address) => address.into(),
            None => {
                let own = self.default_domain();
                let host = self
                    .var(id, "sip_from_host")
                    .filter(|_| self.var(id, "direction") == Some("inbound"));
                format!("{number}@{}", host.unwrap_or(&own)).into()
            }
        };
        WebParty {
            uri,
            display_name: if name == NO_NAME { "" } else { name }.into(),
        }
    }

    /// The source made of a phone, which is made now if nobody wanted it before.
    pub(super) fn voice_of(&mut self, name: &Arc<str>, id: &ChannelId) -> Option<PeerId> {
        let room = self.video_rooms.rooms.get(name)?;
        let phone = room.phones.iter().find(|p| p.channel == *id)?;
        if let Some(voice) = &phone.voice {
            return Some(voice.peer);
        }
        let live = self.channels.get(id)?;
        let (worker, of) = (live.media.worker, live.media.id);
        self.serials.leg += 1;
        let leg = LegId(self.serials.leg);
        let peer = self.new_peer();
        let voice = Voice {
            peer,
            leg,
            worker,
            told_audio: true,
        };
        self.video_rooms.voices += 1;
        let spec = self.voice_spec();
        for command in [
            MediaCommand::OpenLeg {
                leg,
                kind: LegKind::Web,
            },
            MediaCommand::SetRemote { leg, spec },
            MediaCommand::Monitor { leg, of: Some(of) },
        ] {
            self.media(worker, command);
        }
        let leg = (worker, leg);
        self.peers(WebCommand::OpenVoice { peer, leg });
        let room = self.video_rooms.rooms.get_mut(name)?;
        let phone = room.phones.iter_mut().find(|p| p.channel == *id)?;
        phone.voice = Some(voice);
        self.settle_flow(id);
        Some(peer)
    }

    /// Opus, one way, with the bits a call to a browser has: with those meant for a narrow band, a second coder after
    /// that of the phone, tones lose more than a decibel. Losses on the way to browsers are reported to the leg. No DTX:
    /// it takes steady tones for silence, and music for it now and then.
    fn voice_spec(&self) -> LegSpec {
        let send = CodecSpec::opus(VOICE_PAYLOAD_TYPE);
        LegSpec {
            remote: NOWHERE,
            rtcp: Some(NOWHERE),
            send,
            opus: OpusSending {
                fec: true,
                complexity: self.config.opus_complexity,
                ..OpusSending::default()
            },
            receive: vec![send],
            telephone_event: None,
            direction: Direction::SendOnly,
            symmetric: false,
            timeout_ms: None,
        }
    }

    /// Nobody may be left who listens to a phone.
    pub(super) fn drop_idle_voice(&mut self, name: &Arc<str>, id: &ChannelId) {
        let Some(room) = self.video_rooms.rooms.get_mut(name) else {
            return;
        };
        let phone = room.phones.iter().position(|p| p.channel == *id);
        let Some(at) = phone.filter(|at| room.phones[*at].voice.is_some()) else {
            return;
        };
        if room.has_feed_of(id) {
            return;
        }
        if let Some(voice) = room.phones[at].voice.take() {
            self.close_voice(&voice);
        }
    }

    pub(super) fn close_voice(&mut self, voice: &Voice) {
        self.video_rooms.voices -= 1;
        self.peers(WebCommand::Close { peer: voice.peer });
        self.media(voice.worker, MediaCommand::CloseLeg { leg: voice.leg });
    }
}
