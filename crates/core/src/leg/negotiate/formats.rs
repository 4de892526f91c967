//! Formats: our codecs as an offer names them, and what was agreed as the media side needs it.

use std::net::SocketAddr;
use std::sync::Arc;

use media::control::{Codec, CodecSpec, Direction, LegSpec, OpusSending, TelephoneEvent};
use sip::sdp::{self, Agreed, AgreedCodec, CodecOrder, LocalCodec, LocalMedia, OfferAnswer};

use super::PTIME_MS;
use super::opus_fmtp::OpusFmtp;
use crate::leg::secure::profile;

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
                Codec::G722 => (9, 8000, 1, None),
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
        .filter(|(at, (spec, _))| *at == 0 || !agreed.is_our_answer || !spec.codec.has_memory())
        .map(|(_, (spec, codec))| CodecSpec {
            payload_type: codec.receive_payload_type,
            ..*spec
        })
        .take(LegSpec::MAX_RECEIVE)
        .collect();
    let opus = match send.codec {
        Codec::Opus => fmtp(chosen).sending(opus_complexity),
        Codec::Pcmu | Codec::Pcma | Codec::L16 | Codec::G722 => OpusSending::default(),
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
        Codec::Pcmu | Codec::Pcma | Codec::L16 | Codec::G722 => {
            asked_ms.unwrap_or(PTIME_MS).clamp(10, 60)
        }
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
            let module = match codec {
                Codec::Pcmu | Codec::Pcma | Codec::L16 => "CORE_PCM_MODULE",
                Codec::G722 => "mod_spandsp",
                Codec::Opus => "mod_opus",
            };
            Some(match bit_rate(codec, rate) {
                0 => format!(
                    "{module}.{name}@{rate}h@{ptime}i@{}c",
                    agreed.remote.channels
                ),
                bits => format!("{module}.{name}@{rate}h@{ptime}i@{bits}b"),
            })
        });
    codecs.collect::<Vec<_>>().join(",")
}

/// The same for an offer nobody has answered yet; empty when it has nothing for us.
pub(super) fn shared_codecs(offer: &sdp::SessionDescription, names: &[Arc<str>]) -> String {
    let sound = |line: &&sdp::MediaDescription| line.port != 0 && profile(line).is_some();
    let protocol = offer.media.iter().find(sound).map(|line| &line.protocol);
    let media = LocalMedia {
        kind: "audio".into(),
        protocol: protocol.map_or_else(|| "RTP/AVP".into(), Clone::clone),
        // Nothing is sent of this answer.
        address: SocketAddr::from(([127, 0, 0, 1], 9)),
        codecs: local_codecs(names),
        direction: sdp::Direction::SendRecv,
        ptime_ms: Some(PTIME_MS),
        attributes: Vec::new(),
    };
    let answered = OfferAnswer::new("", "", 0, 0).answer(offer, &media, CodecOrder::Remote);
    answered.map_or_else(|_| String::new(), |(_, agreed)| endpoint_codecs(&agreed))
}

/// Bits per second clients are told; 0 where it varies.
pub(super) fn bit_rate(codec: Codec, clock_rate_hz: u32) -> u32 {
    codec
        .bytes_per_tick()
        .map_or(0, |bytes| clock_rate_hz * 8 * bytes as u32)
}

pub(super) fn to_media(direction: sdp::Direction) -> Direction {
    match direction {
        sdp::Direction::SendRecv => Direction::SendRecv,
        sdp::Direction::SendOnly => Direction::SendOnly,
        sdp::Direction::RecvOnly => Direction::RecvOnly,
        sdp::Direction::Inactive => Direction::Inactive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media() -> LocalMedia {
        LocalMedia {
            kind: "audio".into(),
            protocol: "RTP/AVP".into(),
            address: "10.0.0.1:4000".parse().unwrap(),
            codecs: local_codecs(&["OPUS".into(), "PCMU".into(), "PCMA".into()]),
            direction: sdp::Direction::SendRecv,
            ptime_ms: Some(PTIME_MS),
            attributes: Vec::new(),
        }
    }

    fn description(formats: &str, attributes: &str) -> sdp::SessionDescription {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n\
             m=audio 5000 RTP/AVP {formats}\r\n{}\r\n",
            attributes.replace(' ', "\r\n").replace('_', " ")
        );
        sdp::parse(text.as_bytes()).unwrap()
    }

    /// What follows when the peer answers our offer like this.
    fn answered(formats: &str, attributes: &str) -> LegSpec {
        let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
        negotiation.offer(&media());
        let agreed = negotiation
            .accept(&description(formats, attributes))
            .unwrap();
        leg_spec(&agreed, None, 3).unwrap()
    }

    /// What we answer to an offer like this, and what follows.
    fn offered(formats: &str, attributes: &str) -> (String, LegSpec) {
        let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
        let offer = description(formats, attributes);
        let (answer, agreed) = negotiation
            .answer(&offer, &media(), CodecOrder::Remote)
            .unwrap();
        let text = String::from_utf8(answer.print().to_vec()).unwrap();
        (text, leg_spec(&agreed, None, 3).unwrap())
    }

    fn event(spec: &LegSpec) -> (u8, u8, u32) {
        let event = spec.telephone_event.unwrap();
        (event.send, event.receive, event.clock_rate_hz)
    }

    #[test]
    fn an_offer_names_opus_first_and_events_at_both_clocks() {
        let offer = OfferAnswer::new("x", "x", 1, 1).offer(&media()).print();
        let text = String::from_utf8(offer.to_vec()).unwrap();
        for line in [
            "m=audio 4000 RTP/AVP 102 0 8 103 101",
            "a=rtpmap:102 opus/48000/2",
            "a=fmtp:102 useinbandfec=1;minptime=10",
            "a=rtpmap:103 telephone-event/48000",
            "a=rtpmap:101 telephone-event/8000",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in\n{text}");
        }
        let plain = local_codecs(&["PCMU".into()]);
        let clocks: Vec<_> = plain.iter().map(|local| local.codec.clock_rate).collect();
        assert_eq!(clocks, [8000, 8000], "no second clock without Opus");
    }

    #[test]
    fn a_phone_with_g711_alone_answers_as_before() {
        let spec = answered("0 101", "a=rtpmap:101_telephone-event/8000");
        assert_eq!(spec.send, CodecSpec::pcmu());
        assert_eq!(event(&spec), (101, 101, 8000));
        assert_eq!(spec.receive, [CodecSpec::pcmu()]);
    }

    #[test]
    fn a_phone_with_opus_gets_what_it_wishes() {
        let spec = answered(
            "96 97 0",
            "a=rtpmap:96_opus/48000/2 a=fmtp:96_useinbandfec=1;usedtx=1;maxaveragebitrate=16000 \
             a=rtpmap:97_telephone-event/48000 a=ptime:40",
        );
        // Sent under its number, received under ours; what else it may send is understood too.
        assert_eq!(
            spec.send,
            CodecSpec {
                ptime_ms: 40,
                ..CodecSpec::opus(96)
            }
        );
        let received: Vec<_> = spec
            .receive
            .iter()
            .map(|r| (r.payload_type, r.codec))
            .collect();
        assert_eq!(received, [(102, Codec::Opus), (0, Codec::Pcmu)]);
        assert_eq!(event(&spec), (97, 103, 48_000));
        let expected = OpusSending {
            fec: true,
            dtx: true,
            max_bitrate: Some(16_000),
            complexity: 3,
            ..OpusSending::default()
        };
        assert_eq!(spec.opus, expected);
    }

    #[test]
    fn opus_with_events_at_the_old_clock_alone_keeps_them() {
        let attributes = "a=rtpmap:96_opus/48000/2 a=rtpmap:101_telephone-event/8000";
        assert_eq!(event(&answered("96 101", attributes)), (101, 101, 8000));
        let (answer, spec) = offered("96 101", attributes);
        assert_eq!(event(&spec), (101, 101, 8000));
        assert!(
            answer.contains("a=rtpmap:101 telephone-event/8000"),
            "{answer}"
        );
    }

    #[test]
    fn the_callers_order_chooses() {
        let attributes = "a=rtpmap:111_opus/48000/2 a=rtpmap:110_telephone-event/48000 \
                          a=rtpmap:101_telephone-event/8000";
        let (answer, spec) = offered("111 0 110 101", attributes);
        assert_eq!(spec.send, CodecSpec::opus(111));
        assert_eq!(event(&spec), (110, 110, 48_000));
        assert!(
            answer.contains("m=audio 4000 RTP/AVP 111 110\r\n"),
            "{answer}"
        );
        assert!(answer.contains("a=fmtp:111 useinbandfec=1"), "{answer}");

        let (answer, spec) = offered("0 111 110 101", attributes);
        assert_eq!(spec.send, CodecSpec::pcmu());
        assert!(
            answer.contains("m=audio 4000 RTP/AVP 0 101\r\n"),
            "{answer}"
        );
        // Our answer names PCMU alone: no decoder is kept for Opus.
        assert_eq!(spec.receive, [CodecSpec::pcmu()]);
    }

    fn wideband() -> LocalMedia {
        LocalMedia {
            codecs: local_codecs(&["OPUS".into(), "G722".into(), "PCMU".into()]),
            ..media()
        }
    }

    #[test]
    fn g722_is_offered_at_the_clock_it_has_on_paper() {
        let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
        let offer = negotiation.offer(&wideband()).print();
        let text = String::from_utf8(offer.to_vec()).unwrap();
        for line in [
            "m=audio 4000 RTP/AVP 102 9 0 103 101",
            "a=rtpmap:9 G722/8000",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in\n{text}");
        }
        let answer = description("9 101", "a=rtpmap:101_telephone-event/8000 a=ptime:30");
        let agreed = negotiation.accept(&answer).unwrap();
        assert_eq!(
            endpoint_codecs(&agreed),
            "mod_spandsp.G722@8000h@30i@64000b"
        );
        let spec = leg_spec(&agreed, None, 3).unwrap();
        let expected = CodecSpec {
            ptime_ms: 30,
            ..CodecSpec::g722()
        };
        assert_eq!(spec.send, expected);
        assert_eq!(spec.send.sampling_rate_hz(), 16_000);
        assert_eq!(spec.receive, [expected]);
        assert_eq!(bit_rate(Codec::G722, 8000), 64_000);
        assert_eq!(event(&spec), (101, 101, 8000));
    }

    #[test]
    fn an_offer_of_g722_is_answered_with_or_without_its_name() {
        for attributes in [
            "a=rtpmap:101_telephone-event/8000",
            "a=rtpmap:9_G722/8000 a=rtpmap:101_telephone-event/8000",
            "a=rtpmap:9_g722/8000/1 a=rtpmap:101_telephone-event/8000",
        ] {
            let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
            let offer = description("9 0 101", attributes);
            let (answer, agreed) = negotiation
                .answer(&offer, &wideband(), CodecOrder::Remote)
                .unwrap();
            let text = String::from_utf8(answer.print().to_vec()).unwrap();
            assert!(text.contains("m=audio 4000 RTP/AVP 9 101\r\n"), "{text}");
            assert!(text.contains("a=rtpmap:9 G722/8000\r\n"), "{text}");
            let spec = leg_spec(&agreed, None, 3).unwrap();
            // G.711 needs no memory, so it is understood although our answer does not name it.
            assert_eq!(spec.receive, [CodecSpec::g722(), CodecSpec::pcmu()]);
        }
        // Some write the rate of the samples; nobody knows what such a phone counts in.
        let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
        let offer = description("96", "a=rtpmap:96_G722/16000");
        assert!(
            negotiation
                .answer(&offer, &wideband(), CodecOrder::Remote)
                .is_err()
        );
    }

    #[test]
    fn where_g711_is_chosen_no_decoder_is_kept_for_g722() {
        let mut negotiation = OfferAnswer::new("x", "x", 1, 1);
        let offer = description("0 9", "a=rtpmap:9_G722/8000");
        let (_, agreed) = negotiation
            .answer(&offer, &wideband(), CodecOrder::Remote)
            .unwrap();
        let spec = leg_spec(&agreed, None, 3).unwrap();
        assert_eq!(spec.receive, [CodecSpec::pcmu()]);
    }
}
