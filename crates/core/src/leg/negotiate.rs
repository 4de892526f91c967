//! Between SDP and media: the only place that turns a session description into a
//! [`LegSpec`](media::control::LegSpec).

mod formats;
mod opus_fmtp;
pub(super) mod pictures;
mod told;

use api::ChannelId;
use api::HangupCause;
use api::cause::Blame;
use api::view::Codec as SeenCodec;
use bytes::Bytes;
use media::control::{LegSpec, MediaCommand, WebCommand};
use sip::sdp::{self, Agreed, CodecOrder, LocalMedia};

use super::phone_video::Line;
use crate::Switch;
pub(super) use told::Told;

use formats::{bit_rate, endpoint_codecs, leg_spec, local_codecs};

/// Packet length we ask for, ms.
const PTIME_MS: u32 = 20;

impl Switch {
    /// Our media lines as we offer them now: sound, encrypted where that is wanted, and pictures where the far side has some.
    pub(super) fn local_media(
        &mut self,
        id: &ChannelId,
        direction: sdp::Direction,
    ) -> Option<Vec<LocalMedia>> {
        let mut media = self.clear_media(id, direction)?;
        self.offer_secure(id, &mut media);
        Some(media)
    }

    /// Answers an offer with what we have now; `None` when nothing fits.
    pub(super) fn answer_offer(
        &mut self,
        id: &ChannelId,
        offer: &Bytes,
        direction: sdp::Direction,
    ) -> Option<(sdp::SessionDescription, Agreed)> {
        let mut media = self.clear_media(id, direction)?;
        let offer = sdp::parse(offer).ok()?;
        let keys = self.answer_secure(id, &offer, &mut media).ok()?;
        let leg = self.sip_leg(id)?;
        let answered = leg.negotiation.answer(&offer, &media, CodecOrder::Remote);
        let Ok(answered) = answered else {
            tracing::info!(channel = %id, "No codec in common");
            return None;
        };
        self.agree_on(id, keys);
        Some(answered)
    }

    /// The same lines with nothing said of encryption.
    fn clear_media(
        &mut self,
        id: &ChannelId,
        direction: sdp::Direction,
    ) -> Option<Vec<LocalMedia>> {
        let media = &self.channels.get(id)?.media;
        let (address, line) = (media.local?, media.line);
        let leg = self.sip_leg(id)?;
        let sound = LocalMedia {
            kind: "audio".into(),
            protocol: "RTP/AVP".into(),
            address,
            codecs: local_codecs(&leg.codecs),
            direction,
            ptime_ms: Some(PTIME_MS),
            attributes: Vec::new(),
        };
        let formats = pictures::allowed(leg.video.formats.clone(), &leg.codecs);
        let pictures = match line {
            Line::Open(_, address) if !formats.is_empty() => {
                Some(pictures::local_media(address, &formats, direction))
            }
            Line::Open(..) | Line::Opening(_) | Line::Closed => None,
        };
        Some([Some(sound), pictures].into_iter().flatten().collect())
    }

    /// Writes our description for a caller that waits for one: the answer to its offer, or our own offer when it made
    /// none. False (and the call refused) when nothing fits.
    pub(super) fn describe_ourselves(&mut self, id: &ChannelId) -> bool {
        if self.sip_leg(id).is_some_and(|leg| leg.local_sdp.is_some()) {
            return true;
        }
        let is_open = self
            .channels
            .get(id)
            .is_some_and(|live| live.media.local.is_some());
        let Some(leg) = self.sip_leg(id).filter(|_| is_open) else {
            return false;
        };
        let Some(offer) = leg.offer.take() else {
            let media = self.local_media(id, sdp::Direction::SendRecv);
            let (Some(media), Some(leg)) = (media, self.sip_leg(id)) else {
                return false;
            };
            let description = leg.negotiation.offer(&media);
            leg.local_sdp = Some(description.print());
            leg.awaits_answer = true;
            return true;
        };
        let answered = self.answer_offer(id, &offer, sdp::Direction::SendRecv);
        let Some((description, agreed)) = answered else {
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Caller);
            return false;
        };
        if let Some(leg) = self.sip_leg(id) {
            leg.local_sdp = Some(description.print());
        }
        self.describe_peer(id, &agreed);
        if !self.apply_agreed(id, agreed) {
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Caller);
            return false;
        }
        self.announce_codec(id);
        true
    }

    /// The offer of an outbound call.
    pub(crate) fn outbound_offer(&mut self, id: &ChannelId) -> Option<Bytes> {
        let media = self.local_media(id, sdp::Direction::SendRecv)?;
        let leg = self.sip_leg(id)?;
        let text = leg.negotiation.offer(&media).print();
        leg.local_sdp = Some(text.clone());
        Some(text)
    }

    /// Takes the peer's answer to our offer. False when it does not fit.
    pub(super) fn take_answer(&mut self, id: &ChannelId, text: &Bytes) -> bool {
        let Ok(answer) = sdp::parse(text) else {
            return false;
        };
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let first = leg.agreed.is_none();
        let Ok(agreed) = leg.negotiation.accept(&answer) else {
            return false;
        };
        let Ok(keys) = self.accept_secure(id, &answer, &agreed) else {
            return false;
        };
        self.agree_on(id, keys);
        if let Some(leg) = self.sip_leg(id) {
            leg.awaits_answer = false;
        }
        self.set_var(id, "ep_codec_string", endpoint_codecs(&agreed));
        self.describe_peer(id, &agreed);
        if !self.apply_agreed(id, agreed) {
            return false;
        }
        if first {
            self.announce_codec(id);
        }
        true
    }

    /// Sets media up as agreed, with the variables that tell of it.
    pub(super) fn apply_agreed(&mut self, id: &ChannelId, agreed: Agreed) -> bool {
        let timeout_ms = self.var(id, "media_timeout").and_then(|t| t.parse().ok());
        let Some(spec) = leg_spec(&agreed, timeout_ms, self.config.opus_complexity) else {
            return false;
        };
        let told = Told::new(&agreed, &spec);
        self.apply_pictures(id, &agreed);
        let before = self.sip_leg(id).and_then(|leg| {
            let before = leg.agreed.replace(agreed);
            leg_spec(&before?, None, 0)
        });
        let is_same = before.is_some_and(|before| before.send == spec.send);
        self.protect_media(id);
        self.set_media(id, spec, &told, is_same);
        true
    }

    /// What was agreed with a phone, as the media side needs it.
    pub(super) fn agreed_spec(&mut self, id: &ChannelId) -> Option<LegSpec> {
        let opus_complexity = self.config.opus_complexity;
        let agreed = self.sip_leg(id)?.agreed.as_ref()?;
        leg_spec(agreed, None, opus_complexity)
    }

    /// Sets the pictures of a phone up as agreed, or ends them.
    fn apply_pictures(&mut self, id: &ChannelId, agreed: &Agreed) {
        let line = self.channels.get(id).map(|live| live.media.line);
        let video = agreed.beside("video");
        let spec = video.and_then(pictures::spec);
        let format = video.and_then(|video| video.codecs.first());
        let Some(leg) = self.sip_leg(id) else { return };
        let had = leg.video.agreed.take().is_some();
        let mut is_there = false;
        if let (Some(Line::Open(peer, _)), Some(spec), Some(format)) = (line, spec, format) {
            leg.video.formats = vec![format.remote.clone()];
            leg.video.agreed = Some(format.remote.clone());
            self.peers(WebCommand::DescribeLine { peer, spec });
            is_there = true;
        }
        self.link_video(id);
        if had && !is_there {
            self.pictures_ended(id);
        }
        // A caller or changer that has its answer without pictures needs no ports for them.
        if !is_there && agreed.is_our_answer {
            self.close_line(id);
        }
    }

    /// Sets a leg's media up, with the variables that tell of it; `is_same`: its codec was in use already.
    pub(super) fn set_media(&mut self, id: &ChannelId, spec: LegSpec, told: &Told, is_same: bool) {
        let (send, seen_rate) = (spec.send, spec.send.sampling_rate_hz());
        self.media_of(id, |leg| MediaCommand::SetRemote { leg, spec });
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let codec = SeenCodec {
            name: send.codec.name().into(),
            rate_hz: seen_rate,
            bit_rate: bit_rate(send.codec, send.clock_rate_hz),
        };
        let (local, ssrc) = (live.media.local, live.media.ssrc);
        let seen = live.seen_mut();
        seen.read_codec = Some(codec.clone());
        seen.write_codec = Some(codec);
        let pairs = if is_same {
            told.again()
        } else {
            told.at_first(local, ssrc)
        };
        self.set_vars(id, &pairs);
    }

    /// The variables of a description the peer wrote: which codecs it shares with us, and what flows.
    pub(super) fn describe_peer(&mut self, id: &ChannelId, agreed: &Agreed) {
        let Some(leg) = self.sip_leg(id) else { return };
        let used = leg.codecs.join(",");
        let flow = agreed.direction.as_str().to_owned();
        let pictures = agreed.beside("video").map(|video| video.direction);
        let theirs = pictures.map_or("inactive", |direction| direction.reversed().as_str());
        let mut pairs: Vec<(&str, String)> = vec![
            ("rtp_use_codec_string", used),
            ("remote_video_media_flow", theirs.into()),
            ("remote_text_media_flow", "inactive".into()),
            (
                "remote_audio_media_flow",
                agreed.direction.reversed().as_str().into(),
            ),
        ];
        // This one stays where it is while it says the same, and tells what the peer wants: what we asked for
        // ourselves (hold) does not change it.
        let first = self.sip_leg(id).is_some_and(|leg| leg.agreed.is_none());
        let told = agreed.is_our_answer || first;
        if told && self.var(id, "audio_media_flow") != Some(&flow) {
            pairs.push(("audio_media_flow", flow));
        }
        let had = self
            .var(id, "video_media_flow")
            .is_some_and(|flow| flow != "disabled");
        match pictures {
            Some(direction) => pairs.push(("video_media_flow", direction.as_str().into())),
            None if had => pairs.push(("video_media_flow", "inactive".into())),
            None => {}
        }
        self.set_vars(id, &pairs);
    }

    /// The codecs a caller's offer shares with us, before anything is answered.
    pub(super) fn describe_offer(&mut self, id: &ChannelId, offer: &Bytes) {
        let Some(leg) = self.sip_leg(id) else { return };
        let shared = sdp::parse(offer)
            .ok()
            .map(|offer| formats::shared_codecs(&offer, &leg.codecs));
        if let Some(shared) = shared.filter(|shared| !shared.is_empty()) {
            self.set_var(id, "ep_codec_string", shared);
        }
    }
}
