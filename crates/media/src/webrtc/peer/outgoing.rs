//! What goes out to the browser: the sound of its leg, and what others send.

use std::time::Instant;

use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite, Vp8Descriptor, Vp8Patch};

use super::Peer;
use super::formats::{orientation, video_codec};
use crate::control::{CodecSpec, VideoCodec};
use crate::rtp::Packet;
use crate::webrtc::continuity::Continuity;
use crate::webrtc::happening::{AudioPacket, Forwarding, Happening, VideoPacket};
use crate::webrtc::keyframe_wishes::KeyframeWishes;
use crate::webrtc::layers::Rates;
use crate::webrtc::picture_ids::PictureIds;
use crate::webrtc::stage::Stage;
use crate::webrtc::viewing::{Verdict, Viewing};

/// Longest payload that goes out: more than an Ethernet carries unbroken, and with header, extensions and seal less than
/// the 2,000 bytes in which the library builds its packets.
const LONGEST_PAYLOAD: usize = 1500;

/// Sound with this browser.
pub(super) struct Sound {
    pub(super) mid: Option<Mid>,
    /// What it gets.
    pub(super) agreed: Option<CodecSpec>,
    pub(super) numbers: Continuity,
    /// Who the sender of what it gets says it is in its packets.
    pub(super) source: Option<u32>,
    flows: bool,
}

impl Sound {
    pub(super) fn new(first_sequence: u16) -> Self {
        Self {
            mid: None,
            agreed: None,
            numbers: Continuity::new(8000, first_sequence),
            source: None,
            flows: true,
        }
    }
}

/// Video with this browser.
pub(super) struct Pictures {
    pub(super) mid: Option<Mid>,
    /// Codecs agreed on.
    pub(super) formats: Vec<VideoCodec>,
    /// What it sends.
    pub(super) seen: Option<VideoCodec>,
    numbers: Continuity,
    ids: PictureIds,
    pub(super) viewing: Viewing,
    /// Whole pictures it is asked for.
    pub(super) wishes: KeyframeWishes,
}

impl Pictures {
    pub(super) fn new(first_sequence: u16, estimate: Option<u64>) -> Self {
        Self {
            mid: None,
            formats: Vec::new(),
            seen: None,
            numbers: Continuity::new(90_000, first_sequence),
            ids: PictureIds::default(),
            viewing: Viewing::everything(estimate),
            wishes: KeyframeWishes::default(),
        }
    }
}

impl Pictures {
    /// What is to change in a packet for its picture numbers to go on.
    fn renumbered(&mut self, packet: &VideoPacket, begins: bool) -> Option<Vp8Patch> {
        if packet.format != VideoCodec::Vp8 {
            return None;
        }
        let theirs = Vp8Descriptor::parse(&packet.payload).ok()?;
        let (picture, base) = (theirs.picture_id(), theirs.tl0_pic_idx());
        let ours = self.ids.number(begins, picture, base);
        if ours == (picture, base) {
            return None;
        }
        let mut patch = theirs.patch();
        if let Some(picture) = ours.0 {
            patch = patch.picture_id(picture);
        }
        if let Some(base) = ours.1 {
            patch = patch.tl0_pic_idx(base);
        }
        // Numbers of seven bits have no room for ours; browsers write fifteen.
        patch.build().ok()
    }
}

impl Peer {
    /// Sends one plain RTP packet of its leg's audio to the browser. `false`: it cannot go.
    pub fn send_audio(&mut self, now: Instant, datagram: &[u8], out: &mut Vec<Happening>) -> bool {
        let (Some(packet), Some(mid)) = (Packet::parse(datagram), self.sound.mid) else {
            return false;
        };
        self.sound.source = Some(packet.ssrc);
        let pt = Pt::new_with_value(packet.payload_type);
        if self.stage != Stage::Up
            || packet.payload.len() > LONGEST_PAYLOAD
            || self.rtc.codec_config().find(|p| p.pt() == pt).is_none()
        {
            return false;
        }
        let numbers = &mut self.sound.numbers;
        let numbered = numbers.number(now, packet.ssrc, packet.sequence, packet.timestamp);
        let Some((sequence, timestamp)) = numbered else {
            return false;
        };
        let write = RtpWrite::new(pt, sequence.into(), timestamp, now, packet.payload)
            .marker(packet.marker);
        self.write(now, mid, write, out)
    }

    /// Sends a packet of somebody's sound to the browser, in the payload type agreed with it.
    pub fn forward_audio(
        &mut self,
        now: Instant,
        packet: &AudioPacket,
        out: &mut Vec<Happening>,
    ) -> Forwarding {
        let (Some(mid), Some(agreed), Stage::Up) = (self.sound.mid, self.sound.agreed, self.stage)
        else {
            return Forwarding::Refused;
        };
        if packet.codec.is_some_and(|codec| codec != agreed.codec)
            || packet.payload.len() > LONGEST_PAYLOAD
        {
            return Forwarding::Refused;
        }
        if !self.sound.flows {
            return Forwarding::Held;
        }
        if packet.codec.is_none() {
            self.sound.numbers.skip(packet.ssrc, packet.sequence);
            return Forwarding::Held;
        }
        self.sound.source = Some(packet.ssrc);
        let numbers = &mut self.sound.numbers;
        let numbered = numbers.number(now, packet.ssrc, packet.sequence, packet.timestamp);
        let Some((sequence, timestamp)) = numbered else {
            return Forwarding::Held;
        };
        let pt = Pt::new_with_value(agreed.payload_type);
        let payload = packet.payload.clone();
        let write =
            RtpWrite::new(pt, sequence.into(), timestamp, now, payload).marker(packet.marker);
        self.forwarded(now, mid, write, out)
    }

    /// Sends a packet of somebody's video to the browser.
    pub fn send_video(
        &mut self,
        now: Instant,
        packet: &VideoPacket,
        out: &mut Vec<Happening>,
    ) -> Forwarding {
        let (Some(mid), Stage::Up) = (self.pictures.mid, self.stage) else {
            return Forwarding::Refused;
        };
        if packet.payload.len() > LONGEST_PAYLOAD {
            return Forwarding::Refused;
        }
        let Some(pt) = self.video_payload_type(mid, packet.format) else {
            return Forwarding::Refused;
        };
        let pictures = &mut self.pictures;
        let verdict = pictures
            .viewing
            .judge(now, packet.layer, || packet.begins_keyframe());
        match verdict {
            Verdict::Send => {}
            Verdict::Begin => pictures.numbers.expect_new_source(),
            Verdict::Hold => return Forwarding::Held,
            Verdict::HoldAndAsk => {
                out.push(Happening::KeyframeWanted);
                return Forwarding::Held;
            }
        }
        let numbers = &mut pictures.numbers;
        let numbered = numbers.number(now, packet.ssrc, packet.sequence, packet.timestamp);
        let Some((sequence, timestamp)) = numbered else {
            return Forwarding::Held;
        };
        let mut write = RtpWrite::new(pt, sequence.into(), timestamp, now, packet.payload.clone())
            .marker(packet.marker)
            .nackable(true);
        if let Some(patch) = pictures.renumbered(packet, verdict == Verdict::Begin) {
            write = write.vp8_patch(patch);
        }
        if let Some(degrees) = packet.turned {
            write = write.ext_vals(ExtensionValues {
                video_orientation: Some(orientation(degrees)),
                ..ExtensionValues::default()
            });
        }
        self.forwarded(now, mid, write, out)
    }

    fn forwarded(
        &mut self,
        now: Instant,
        mid: Mid,
        write: RtpWrite,
        out: &mut Vec<Happening>,
    ) -> Forwarding {
        if self.write(now, mid, write, out) {
            Forwarding::Sent
        } else {
            Forwarding::Refused
        }
    }

    fn write(&mut self, now: Instant, mid: Mid, write: RtpWrite, out: &mut Vec<Happening>) -> bool {
        match self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            Some(stream) => stream.write_rtp(write),
            None => return false,
        }
        self.timeout(now, out);
        true
    }

    fn video_payload_type(&self, mid: Mid, format: VideoCodec) -> Option<Pt> {
        if !self.pictures.formats.contains(&format) {
            return None;
        }
        let media = self.rtc.media(mid)?;
        self.rtc
            .codec_config()
            .params()
            .iter()
            .find(|p| video_codec(p.spec().codec) == Some(format))
            .map(|p| p.pt())
            .filter(|pt| media.remote_pts().contains(pt))
    }

    /// The video forwarded to this browser comes from elsewhere from now on, or in other layers: nothing of it goes out
    /// before a whole picture, and [`Peer::measured`] has to say again what its layers take, if there are any.
    pub fn expect_new_video(&mut self) {
        self.pictures.viewing.watch_another();
    }

    /// The sound forwarded to this browser begins anew after a pause.
    pub fn expect_new_audio(&mut self) {
        self.sound.numbers.expect_new_source();
    }

    /// Pauses or resumes what is forwarded to this browser.
    pub fn set_flow(&mut self, now: Instant, audio: bool, video: bool, out: &mut Vec<Happening>) {
        if audio && !self.sound.flows {
            self.expect_new_audio();
        }
        self.sound.flows = audio;
        if self.pictures.viewing.set_flow(now, video) {
            out.push(Happening::KeyframeWanted);
        }
    }

    /// Which layer a whole picture is wanted of, for this browser. `None`: of none, it sees nothing.
    #[must_use]
    pub fn wanted_layer(&self) -> Option<u8> {
        let viewing = &self.pictures.viewing;
        let watches = self.pictures.mid.is_some() && viewing.flows();
        watches.then(|| viewing.wanted())
    }

    /// What is forwarded to this browser is to take no more than so many bits per second: the best layer that fits is
    /// chosen, or the least one.
    pub fn limit_viewing(&mut self, now: Instant, bits_per_second: u64, out: &mut Vec<Happening>) {
        if self.pictures.viewing.limit(now, bits_per_second) {
            out.push(Happening::KeyframeWanted);
        }
    }

    /// How much each layer takes of what is forwarded to this browser.
    pub fn measured(&mut self, now: Instant, rates: &Rates, out: &mut Vec<Happening>) {
        if self.pictures.viewing.measured(now, rates) {
            out.push(Happening::KeyframeWanted);
        }
        if self.estimating {
            // Half more than the best takes: the way up to it asks for room to spare.
            let desired = rates.most() / 2 * 3;
            self.rtc.bwe().set_bitrate(0.into(), desired.into());
            self.timeout(now, out);
        }
    }
}
