//! Between SDP and media: the only place that turns a session description into a
//! [`LegSpec`](media::control::LegSpec).

mod formats;
mod opus_fmtp;

use api::ChannelId;
use api::HangupCause;
use api::cause::Blame;
use api::view::Codec as SeenCodec;
use bytes::Bytes;
use media::control::{LegSpec, MediaCommand};
use sip::sdp::{self, Agreed, CodecOrder, LocalMedia};

use crate::Switch;
use formats::{bit_rate, endpoint_codecs, leg_spec, local_codecs};

/// Packet length we ask for, ms.
const PTIME_MS: u32 = 20;

impl Switch {
    /// Our media line as it is now.
    pub(super) fn local_media(
        &mut self,
        id: &ChannelId,
        direction: sdp::Direction,
    ) -> Option<LocalMedia> {
        let address = self.channels.get(id)?.media.local?;
        let leg = self.sip_leg(id)?;
        Some(LocalMedia {
            kind: "audio".into(),
            protocol: "RTP/AVP".into(),
            address,
            codecs: local_codecs(&leg.codecs),
            direction,
            ptime_ms: Some(PTIME_MS),
            attributes: Vec::new(),
        })
    }

    /// Writes our description for a caller that waits for one: the answer to its offer, or our own offer when it made
    /// none. False (and the call refused) when nothing fits.
    pub(super) fn describe_ourselves(&mut self, id: &ChannelId) -> bool {
        if self.sip_leg(id).is_some_and(|leg| leg.local_sdp.is_some()) {
            return true;
        }
        let Some(media) = self.local_media(id, sdp::Direction::SendRecv) else {
            return false;
        };
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let Some(offer) = leg.offer.take() else {
            let description = leg.negotiation.offer(&media);
            leg.local_sdp = Some(description.print());
            leg.awaits_answer = true;
            return true;
        };
        let answered = sdp::parse(&offer).ok().and_then(|offer| {
            leg.negotiation
                .answer(&offer, &media, CodecOrder::Remote)
                .ok()
        });
        let Some((description, agreed)) = answered else {
            tracing::info!(channel = %id, "No codec in common");
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Caller);
            return false;
        };
        leg.local_sdp = Some(description.print());
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
        leg.awaits_answer = false;
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
        let offered = endpoint_codecs(&agreed);
        if let Some(leg) = self.sip_leg(id) {
            leg.agreed = Some(agreed);
        }
        self.set_media(id, spec, offered);
        true
    }

    /// Sets a leg's media up, with the variables that tell of it; `offered` is `ep_codec_string`.
    pub(super) fn set_media(&mut self, id: &ChannelId, spec: LegSpec, offered: String) {
        let remote = spec.remote;
        let (send, telephone_event) = (spec.send, spec.telephone_event);
        let receive_pt = spec
            .receive
            .first()
            .map_or(send.payload_type, |codec| codec.payload_type);
        self.media_of(id, |leg| MediaCommand::SetRemote { leg, spec });
        let name = send.codec.name();
        let rate = send.clock_rate_hz;
        let bits = bit_rate(send.codec, rate);
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let local = live.media.local;
        // A browser's addresses are its peer's business.
        let on_wire = matches!(live.end, super::LegEnd::Sip(_));
        let codec = SeenCodec {
            name: name.into(),
            rate_hz: rate,
            bit_rate: bits,
        };
        let seen = live.seen_mut();
        seen.read_codec = Some(codec.clone());
        seen.write_codec = Some(codec);
        let mut pairs: Vec<(&str, String)> = vec![
            ("ep_codec_string", offered),
            ("remote_video_media_flow", "inactive".into()),
            ("remote_text_media_flow", "inactive".into()),
            ("remote_audio_media_flow", "sendrecv".into()),
            ("audio_media_flow", "sendrecv".into()),
            ("rtp_audio_recv_pt", receive_pt.to_string()),
            ("rtp_use_codec_name", name.into()),
            ("rtp_use_codec_rate", rate.to_string()),
            ("rtp_use_codec_ptime", send.ptime_ms.to_string()),
            ("rtp_use_codec_channels", "1".into()),
            (
                "rtp_last_audio_codec_string",
                format!("{name}@{rate}h@{}i@1c", send.ptime_ms),
            ),
            ("read_codec", name.into()),
            ("original_read_codec", name.into()),
            ("read_rate", rate.to_string()),
            ("original_read_rate", rate.to_string()),
            ("write_codec", name.into()),
            ("write_rate", rate.to_string()),
        ];
        if telephone_event.is_some() {
            pairs.push(("dtmf_type", "rfc2833".into()));
        }
        if let Some(local) = local {
            pairs.push(("local_media_ip", local.ip().to_string()));
            pairs.push(("local_media_port", local.port().to_string()));
            pairs.push(("advertised_media_ip", local.ip().to_string()));
        }
        pairs.push(("rtp_use_pt", send.payload_type.to_string()));
        if let Some(event) = telephone_event {
            pairs.push(("rtp_2833_send_payload", event.send.to_string()));
            pairs.push(("rtp_2833_recv_payload", event.receive.to_string()));
        }
        if on_wire {
            pairs.push(("remote_media_ip", remote.ip().to_string()));
            pairs.push(("remote_media_port", remote.port().to_string()));
        }
        self.set_vars(id, &pairs);
    }
}
