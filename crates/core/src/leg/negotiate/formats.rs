//! Formats: our codecs as an offer names them, and what was agreed as the media side needs it.

use std::sync::Arc;

use media::control::{Codec, CodecSpec, Direction, LegSpec, OpusSending, TelephoneEvent};
use sip::sdp::{self, Agreed, AgreedCodec, LocalCodec};

use super::PTIME_MS;
use super::opus_fmtp::OpusFmtp;

/// Payload types we give telephone-event, by its clock.
const TELEPHONE_EVENT_PT: u8 = 101;
const TELEPHONE_EVENT_48K_PT: u8 = 103;
/// Payload type we give Opus.
const OPUS_PT: u8 = 102;
/// First dynamic payload type for the others without a static one.
const DYNAMIC_PT: u8 = 96;

/// The codecs of our offers and answers, telephone-event behind them.
pub(super) fn local_codecs(names: &[Arc<str>]) -> Vec<LocalCodec> {
    let mut dynamic = DYNAMIC_PT;
    let mut next = || {
        dynamic += 1;
        dynamic - 1
    };
    let mut codecs: Vec<LocalCodec> = names
        .iter()
        .filter_map(|name| Codec::from_name(name))
        .map(|codec| {
            let (payload_type, clock_rate, channels, fmtp) = match codec {
                Codec::Pcmu => (0, 8000, 1, None),
                Codec::Pcma => (8, 8000, 1, None),
                Codec::L16 => (next(), 8000, 1, None),
                // RFC 7587 §7: always 48000 and two channels, whatever is sent.
                Codec::Opus => (OPUS_PT, 48_000, 2, Some(OpusFmtp::ours().to_string())),
            };
            LocalCodec {
                codec: sdp::Codec {
                    payload_type,
                    name: codec.name().into(),
                    clock_rate,
                    channels,
                    fmtp,
                },
                auxiliary: false,
            }
        })
        .collect();
    // One for each clock, since events share that of the audio (RFC 4733 §2.1). The one at 8000 is
    // always there: many phones know no other, beside Opus too.
    let has_opus = codecs.iter().any(|local| local.codec.clock_rate == 48_000);
    let clocks = [(TELEPHONE_EVENT_48K_PT, 48_000), (TELEPHONE_EVENT_PT, 8000)];
    for (payload_type, clock_rate) in clocks {
        if clock_rate == 8000 || has_opus {
            codecs.push(LocalCodec {
                codec: sdp::Codec {
                    payload_type,
                    name: "telephone-event".into(),
                    clock_rate,
                    channels: 1,
                    fmtp: Some("0-16".into()),
                },
                auxiliary: true,
            });
        }
    }
    codecs
}

/// What was agreed, as the media side needs it; `None` when no codec of ours is in it.
pub(super) fn leg_spec(
    agreed: &Agreed,
    timeout_ms: Option<u32>,
    opus_complexity: u8,
) -> Option<LegSpec> {
    let formats: Vec<(CodecSpec, &AgreedCodec)> = agreed
        .codecs
        .iter()
        .filter(|codec| !codec.auxiliary)
        .filter_map(|codec| Some((format(codec, agreed.ptime_ms)?, codec)))
        .collect();
    let (send, chosen) = *formats.first()?;
    let receive = formats
        .iter()
        .enumerate()
        // An answer of ours names the first alone. Other G.711 is understood all the same and costs
        // nothing; a decoder with a memory is not kept for what nobody may send.
        .filter(|(at, (spec, _))| {
            *at == 0 || !agreed.is_our_answer || spec.codec.bytes_per_sample().is_some()
        })
        .map(|(_, (spec, codec))| CodecSpec {
            payload_type: codec.receive_payload_type,
            ..*spec
        })
        .take(LegSpec::MAX_RECEIVE)
        .collect();
    let opus = match send.codec {
        Codec::Opus => fmtp(chosen).sending(opus_complexity),
        Codec::Pcmu | Codec::Pcma | Codec::L16 => OpusSending::default(),
    };
    let telephone_event = agreed
        .codecs
        .iter()
        .find(|codec| codec.auxiliary && codec.remote.name.eq_ignore_ascii_case("telephone-event"))
        .map(|codec| TelephoneEvent {
            send: codec.send_payload_type,
            receive: codec.receive_payload_type,
            clock_rate_hz: codec.remote.clock_rate,
        });
    Some(LegSpec {
        remote: agreed.remote,
        rtcp: Some(agreed.remote_rtcp),
        send,
        opus,
        receive,
        telephone_event,
        direction: to_media(agreed.direction),
        symmetric: true,
        timeout_ms,
    })
}

/// One agreed codec under the payload type we send; `None` when it is none of ours.
fn format(agreed: &AgreedCodec, asked_ms: Option<u32>) -> Option<CodecSpec> {
    let codec = Codec::from_name(&agreed.remote.name)?;
    let clock_rate_hz = agreed.remote.clock_rate;
    let ptime_ms = match codec {
        Codec::Pcmu | Codec::Pcma | Codec::L16 => asked_ms.unwrap_or(PTIME_MS).clamp(10, 60),
        Codec::Opus => fmtp(agreed).packet_ms(asked_ms),
    };
    codec.allows_rate(clock_rate_hz).then_some(CodecSpec {
        payload_type: agreed.send_payload_type,
        codec,
        clock_rate_hz,
        ptime_ms: ptime_ms as u16,
    })
}

/// What the peer says about its Opus.
fn fmtp(agreed: &AgreedCodec) -> OpusFmtp {
    OpusFmtp::parse(agreed.remote.fmtp.as_deref().unwrap_or_default())
}

/// `ep_codec_string`: what both sides have, in the form clients parse.
pub(super) fn endpoint_codecs(agreed: &Agreed) -> String {
    let ptime = agreed.ptime_ms.unwrap_or(PTIME_MS);
    let codecs = agreed
        .codecs
        .iter()
        .filter(|codec| !codec.auxiliary)
        .filter_map(|agreed| {
            let codec = Codec::from_name(&agreed.remote.name)?;
            let (name, rate) = (codec.name(), agreed.remote.clock_rate);
            Some(match bit_rate(codec, rate) {
                0 => format!(
                    "mod_{name}.{name}@{rate}h@{ptime}i@{}c",
                    agreed.remote.channels
                ),
                bits => format!("CORE_PCM_MODULE.{name}@{rate}h@{ptime}i@{bits}b"),
            })
        });
    codecs.collect::<Vec<_>>().join(",")
}

/// Bits per second clients are told; 0 where it varies.
pub(super) fn bit_rate(codec: Codec, clock_rate_hz: u32) -> u32 {
    codec
        .bytes_per_sample()
        .map_or(0, |bytes| clock_rate_hz * 8 * bytes as u32)
}

fn to_media(direction: sdp::Direction) -> Direction {
    match direction {
        sdp::Direction::SendRecv => Direction::SendRecv,
        sdp::Direction::SendOnly => Direction::SendOnly,
        sdp::Direction::RecvOnly => Direction::RecvOnly,
        sdp::Direction::Inactive => Direction::Inactive,
    }
}
