//! What comes from the browser: its sound and pictures, what it says of ours, and what it is asked for.

use std::time::{Duration, Instant};

use str0m::Event;
use str0m::bwe::BweKind;
use str0m::media::{KeyframeRequestKind, Rid};
use str0m::rtp::{RtpPacket, StreamRx};

use super::Peer;
use super::formats::{audio_codec, degrees, video_codec};
use crate::control::PeerEnd;
use crate::webrtc::happening::{AudioPacket, Happening, VideoPacket};
use crate::webrtc::layers::{MAX_LAYERS, Meter, Rates};
use crate::webrtc::loss_report::loss_report;
use crate::webrtc::stage::Stage;

/// How often a browser is told how much it may send: the word may get lost.
const LIMIT_REPEATED: Duration = Duration::from_secs(1);

/// Times the browser's streams may begin anew. A page does so when it changes what it sends; the library keeps something
/// of every stream there ever was, so one that always does is sent away.
const MAX_NEW_STREAMS: u32 = 256;

/// Under which SSRC the sound and each layer of the video come.
#[derive(Default)]
pub(super) struct Streams {
    sources: [Option<u32>; 1 + MAX_LAYERS],
    begun: u32,
}

impl Streams {
    /// Notes who sends a stream. `false`: it began anew too often.
    fn bear(&mut self, stream: usize, ssrc: u32) -> bool {
        if let Some(source) = self.sources.get_mut(stream)
            && *source != Some(ssrc)
        {
            *source = Some(ssrc);
            self.begun += 1;
        }
        self.begun <= MAX_NEW_STREAMS
    }
}

/// Layers the browser sends side by side.
#[derive(Default)]
pub(super) struct Layers {
    /// Their names, in the order of its description; none when it sends one video.
    pub(super) names: Vec<Rid>,
    changes: u32,
    /// Under which SSRC each comes. Only the first packets say so.
    sources: [Option<u32>; MAX_LAYERS],
    meter: Meter,
}

impl Layers {
    /// The layer of a packet, by its name where it has one.
    fn of(&mut self, ssrc: u32, name: Option<Rid>) -> Option<u8> {
        if self.names.is_empty() {
            return Some(0);
        }
        let named = name.and_then(|name| self.names.iter().position(|n| *n == name));
        if let Some(source) = named.and_then(|at| self.sources.get_mut(at)) {
            *source = Some(ssrc);
        }
        let at = named.or_else(|| self.sources.iter().position(|s| *s == Some(ssrc)))?;
        u8::try_from(at).ok()
    }
}

/// What the browser is told to send at most.
#[derive(Default)]
pub(super) struct Limit {
    bits_per_second: Option<u64>,
    told: Option<Instant>,
}

impl Peer {
    /// The browser sends these layers from now on.
    pub(super) fn learn_layers(&mut self, names: &[&str]) {
        let names: Vec<Rid> = names.iter().map(|name| Rid::from(*name)).collect();
        if names != self.layers.names {
            self.layers = Layers {
                names,
                changes: self.layers.changes.wrapping_add(1),
                ..Layers::default()
            };
        }
    }

    /// How often the browser changed the layers it sends: who gets them has to begin anew then.
    #[must_use]
    pub fn layer_changes(&self) -> u32 {
        self.layers.changes
    }

    /// What each layer takes of what the browser sends, by the last measure.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.layers.meter.rates()
    }

    /// Asks the browser for a whole picture of a layer: now, or, if it was asked a moment ago, after a moment.
    pub fn ask_for_keyframe(&mut self, now: Instant, layer: u8, out: &mut Vec<Happening>) {
        if self.stage == Stage::Up && self.pictures.wishes.wish(now, layer) {
            self.request_keyframe(layer, out);
            self.timeout(now, out);
        }
    }

    /// Asks for what was wished for too soon before.
    pub(super) fn ask_again(&mut self, now: Instant, out: &mut Vec<Happening>) {
        while let Some(layer) = self.pictures.wishes.take_due(now) {
            self.request_keyframe(layer, out);
        }
    }

    fn request_keyframe(&mut self, layer: u8, out: &mut Vec<Happening>) {
        // Before its first packet there is nobody to ask, and that packet begins a whole picture.
        if self.with_video(layer, |stream| {
            stream.request_keyframe(KeyframeRequestKind::Pli)
        }) {
            out.push(Happening::KeyframeAsked);
        }
    }

    /// Does something with the stream of a layer, if it has come yet.
    fn with_video(&mut self, layer: u8, what: impl FnOnce(&mut StreamRx)) -> bool {
        let Some(mid) = self.pictures.mid else {
            return false;
        };
        let name = self.layers.names.get(usize::from(layer)).copied();
        let mut library = self.rtc.direct_api();
        library.stream_rx_by_mid(mid, name).map(what).is_some()
    }

    /// Tells the browser once to send no more video than this, bits per second.
    pub fn limit_bitrate(&mut self, now: Instant, bits: u64, out: &mut Vec<Happening>) {
        let bits = self
            .limit
            .bits_per_second
            .map_or(bits, |limit| limit.min(bits));
        if self.request_limit(bits) {
            self.timeout(now, out);
        }
    }

    /// Tells the browser from now on to send no more than this, bits per second of sound and pictures.
    pub fn limit_sending(&mut self, now: Instant, bits: u64, out: &mut Vec<Happening>) {
        self.limit = Limit {
            bits_per_second: Some(bits),
            told: None,
        };
        self.repeat_limit(now);
        self.timeout(now, out);
    }

    /// Says the limit when it is time.
    pub(super) fn repeat_limit(&mut self, now: Instant) {
        let Some(bits) = self.limit.bits_per_second else {
            return;
        };
        let since = |told| now.saturating_duration_since(told) >= LIMIT_REPEATED;
        if self.limit.told.is_none_or(since) && self.request_limit(bits) {
            self.limit.told = Some(now);
        }
    }

    /// One message is for all the browser sends, whichever stream it names. draft-alvestrand-rmcat-remb-03 §2.2.
    fn request_limit(&mut self, bits: u64) -> bool {
        let layers = u8::try_from(self.layers.names.len().max(1)).unwrap_or(u8::MAX);
        if (0..layers).any(|layer| self.with_video(layer, |video| video.request_remb(bits.into())))
        {
            return true;
        }
        let Some(mid) = self.sound.mid else {
            return false;
        };
        let mut library = self.rtc.direct_api();
        let sound = library.stream_rx_by_mid(mid, None);
        sound.map(|sound| sound.request_remb(bits.into())).is_some()
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
    pub(super) fn happen(&mut self, now: Instant, event: Event, out: &mut Vec<Happening>) {
        match event {
            Event::Connected => {
                self.stage.shaken();
                if !self.connected_told && self.stage != Stage::Over {
                    self.connected_told = true;
                    out.push(Happening::Connected);
                }
            }
            Event::IceConnectionStateChange(state) => {
                let connected = state.is_connected();
                self.stage.ice(now, connected, self.connected_told);
            }
            Event::RtpPacket(packet) => self.packet(now, &packet, out),
            Event::KeyframeRequest(request)
                if Some(request.mid) == self.pictures.mid && self.pictures.viewing.flows() =>
            {
                out.push(Happening::KeyframeWanted);
            }
            Event::EgressBitrateEstimate(estimate) => self.estimated(now, &estimate, out),
            Event::MediaEgressStats(stats) if Some(stats.mid) == self.sound.mid => {
                if let (Some(loss), Some(ssrc)) = (stats.loss, self.sound.source) {
                    let remote = stats.remote.map(|r| (r.packets_lost, r.jitter));
                    out.push(Happening::AudioReport(loss_report(ssrc, loss, remote)));
                }
            }
            Event::Closed => self.end(PeerEnd::Closed, out),
            _ => {}
        }
    }

    fn estimated(&mut self, now: Instant, estimate: &BweKind, out: &mut Vec<Happening>) {
        let bits = match estimate {
            BweKind::Remb { estimate, .. } => {
                out.push(Happening::BitrateLimit(estimate.as_u64()));
                estimate.as_u64()
            }
            BweKind::Twcc { estimate, .. } => estimate.as_u64(),
            _ => return,
        };
        if self.pictures.viewing.estimate(now, bits) {
            out.push(Happening::KeyframeWanted);
        }
    }

    fn packet(&mut self, now: Instant, packet: &RtpPacket, out: &mut Vec<Happening>) {
        let header = &packet.header;
        let params = self
            .rtc
            .codec_config()
            .find(|p| p.pt() == header.payload_type);
        let Some(codec) = params.map(|params| params.spec().codec) else {
            return;
        };
        let Some(format) = video_codec(codec) else {
            if !self.streams.bear(0, *header.ssrc) {
                return self.end(PeerEnd::DtlsFailed, out);
            }
            if self.sound.mid.is_some() {
                self.layers.meter.audio(packet.payload.len());
                out.push(Happening::Audio(AudioPacket {
                    codec: audio_codec(codec),
                    marker: header.marker,
                    payload_type: *header.payload_type,
                    ssrc: *header.ssrc,
                    sequence: header.sequence_number,
                    timestamp: header.timestamp,
                    payload: packet.payload.clone(),
                }));
            }
            return;
        };
        let name = header.ext_vals.rid.or(header.ext_vals.rid_repair);
        let (Some(_), Some(layer)) = (self.pictures.mid, self.layers.of(*header.ssrc, name)) else {
            return;
        };
        if !self.streams.bear(1 + usize::from(layer), *header.ssrc) {
            return self.end(PeerEnd::DtlsFailed, out);
        }
        self.pictures.seen = Some(format);
        let packet = VideoPacket {
            format,
            layer,
            ssrc: *header.ssrc,
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            marker: header.marker,
            turned: header.ext_vals.video_orientation.map(degrees),
            payload: packet.payload.clone(),
        };
        if self.pictures.wishes.waits(layer) && packet.begins_keyframe() {
            self.pictures.wishes.came(layer);
        }
        let bytes = packet.payload.len();
        out.push(Happening::Video(packet));
        if !self.layers.names.is_empty()
            && let Some(rates) = self.layers.meter.video(now, layer, bytes)
        {
            out.push(Happening::Measured(rates));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_begin_anew_for_ever_are_too_many() {
        let mut streams = Streams::default();
        for ssrc in 0..MAX_NEW_STREAMS {
            assert!(streams.bear(1, ssrc) && streams.bear(1, ssrc));
        }
        // Going back to one there was is another beginning.
        assert!(!streams.bear(1, 0));
        let mut streams = Streams::default();
        for _ in 0..10_000 {
            assert!((0..5).all(|stream| streams.bear(stream, stream as u32)));
        }
    }
}
