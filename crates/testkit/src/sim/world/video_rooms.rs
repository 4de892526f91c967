//! What pages do in video rooms.

use api::command::video_room::{AttachFeed, DetachFeed, JoinVideoRoom, VideoRoomSettings};
use api::id::FeedId;
use api::{Answer, ChannelId};
use media::codec::Decoder;
use media::control::CodecSpec;
use media::rtp::Packet;

use super::World;
use crate::sim::{AUDIO_AND_VIDEO, Seat};

/// Samples of one Opus packet of 20 ms.
const OPUS_FRAME: usize = 960;

impl World {
    /// A page enters a room; its channel, unless it is refused.
    pub fn browser_joins(
        &mut self,
        index: usize,
        room: &str,
        settings: VideoRoomSettings,
    ) -> Option<ChannelId> {
        let request = self.ask(JoinVideoRoom {
            client: self.browsers[index].client,
            room: room.into(),
            offer: AUDIO_AND_VIDEO.into(),
            settings,
        });
        let Some(Ok(Answer::Channel(channel))) = self.answer(request) else {
            return None;
        };
        let seat = Seat::new(channel.clone(), room.into());
        self.browsers[index].seats.push(seat);
        Some(channel)
    }

    /// A page subscribes to a publisher; whether it may.
    pub fn browser_watches(&mut self, channel: &ChannelId, publisher: &ChannelId) -> bool {
        let request = self.ask(AttachFeed {
            channel: channel.clone(),
            publisher: publisher.clone(),
        });
        let Some(Ok(Answer::Feed(feed))) = self.answer(request) else {
            return false;
        };
        let seats = self.browsers.iter_mut().flat_map(|page| &mut page.seats);
        for seat in seats.filter(|seat| seat.channel == *channel) {
            seat.feeds.insert(feed, (publisher.clone(), false));
        }
        true
    }

    /// A page ends a subscription; whether there was one.
    pub fn browser_looks_away(&mut self, feed: FeedId) -> bool {
        let request = self.ask(DetachFeed { feed });
        let done = matches!(self.answer(request), Some(Ok(_)));
        let seats = self.browsers.iter_mut().flat_map(|page| &mut page.seats);
        let known = seats.filter_map(|seat| seat.feeds.remove(&feed)).count();
        done && known == 1
    }

    /// Every place of a page in a video room.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.browsers.iter().flat_map(|page| &page.seats)
    }

    /// Lets every so many peers refuse every description.
    pub fn refuse_peers(&mut self, every: Option<u64>) {
        self.peers.refusing = every;
    }

    /// Lets every microphone hear a tone.
    pub fn browsers_hum(&mut self, hz: f64) {
        self.peers.hum_hz = Some(hz);
    }

    /// How many phones are made into something to subscribe to.
    pub fn voices(&self) -> usize {
        self.peers.voices.len()
    }

    /// Listens to what is sent to the peers from here on. It is kept: not for long histories.
    pub fn listen_to_voices(&mut self) {
        self.media.to_peers = Some(std::collections::HashMap::new());
    }

    /// What the only voice said since then, at 48 kHz.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn voice_said(&self) -> Vec<i16> {
        let legs: Vec<_> = self.peers.voices.values().collect();
        let [leg] = legs[..] else {
            panic!("{} voices", legs.len())
        };
        let sent = self.media.to_peers.as_ref().and_then(|sent| sent.get(leg));
        let mut decoder = Decoder::new(CodecSpec::opus(111));
        let mut said = Vec::new();
        for bytes in sent.into_iter().flatten() {
            let packet = Packet::parse(bytes).expect("our own packet");
            let mut samples = [0; 6 * OPUS_FRAME];
            let length = decoder.decode(packet.payload, &mut samples);
            said.extend_from_slice(&samples[..length]);
        }
        said
    }

    /// Checks that all in a room know of the same publishers. To be asked when nothing is on its way.
    ///
    /// # Panics
    /// When they do not.
    pub fn check_rosters(&self) {
        for seat in self.seats().filter(|seat| seat.joined) {
            for other in self.seats().filter(|other| other.joined) {
                if seat.room == other.room {
                    assert_eq!(seat.roster(), other.roster(), "in {}", seat.room);
                }
            }
        }
    }
}
