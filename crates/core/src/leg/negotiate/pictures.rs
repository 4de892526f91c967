//! Pictures between phones and pages: which ways of coding them two sides share, and what was agreed as the media side
//! needs it. Nothing is decoded, so what one side sends the other must take.

use std::net::SocketAddr;
use std::sync::Arc;

use media::control::{Asking, VideoCodec, VideoSpec};
use sip::sdp::{self, Agreed, Attribute, Codec, LocalCodec, LocalMedia, SessionDescription};

use super::formats::to_media;
use crate::leg::web_leg::is_live;

/// RTP clock of all video. RFC 3551 §5.
const CLOCK_HZ: u32 = 90_000;
/// First payload type we give pictures: above those of our sound.
const FIRST_PT: u8 = 104;
/// The H.264 of browsers, as our peers agree on it with them.
const BROWSER_H264: &str = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";
/// What we understand of feedback, for every format: sylkrtc.md §5.6, RFC 5104 §7.1.
const FEEDBACK: [&str; 2] = ["* nack pli", "* ccm fir"];

/// A browser's way of coding pictures, in the words of descriptions.
pub(in crate::leg) fn of_browser(codec: VideoCodec) -> Codec {
    let fmtp = match codec {
        VideoCodec::H264 => Some(BROWSER_H264.to_owned()),
        VideoCodec::Vp8 | VideoCodec::Vp9 => None,
    };
    Codec {
        payload_type: FIRST_PT,
        name: codec.name().into(),
        clock_rate: CLOCK_HZ,
        channels: 1,
        fmtp,
    }
}

/// The ways a browser that wrote this could code its pictures for a phone, in its order.
pub(in crate::leg) fn of_browsers_offer(offer: &SessionDescription) -> Vec<Codec> {
    let ours = [VideoCodec::Vp8, VideoCodec::H264].map(of_browser);
    shared(&offered(offer), &ours)
}

/// Those a browser can take too, by name.
pub(in crate::leg) fn for_browser(formats: &[Codec]) -> Vec<VideoCodec> {
    let known = formats.iter().filter_map(|format| {
        let codec = VideoCodec::from_phone(&format.name)?;
        of_browser(codec).is_same_encoding(format).then_some(codec)
    });
    let mut codecs: Vec<VideoCodec> = Vec::new();
    for codec in known {
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    codecs
}

/// The formats of the first video line that is not refused.
fn offered(description: &SessionDescription) -> Vec<Codec> {
    let mut lines = description.media.iter();
    let video =
        lines.find(|line| line.kind.eq_ignore_ascii_case("video") && is_live(description, line));
    video.map_or_else(Vec::new, sdp::MediaDescription::codecs)
}

/// The formats of a phone's offer that a leg with those codecs may pass on.
pub(in crate::leg) fn of_phones_offer(text: &[u8], names: &[Arc<str>]) -> Vec<Codec> {
    let offer = sdp::parse(text);
    let formats = offer.map_or_else(|_| Vec::new(), |offer| offered(&offer));
    allowed(formats, names)
}

/// Those of `formats` that a leg with those codecs may have, in the order of the formats.
pub(in crate::leg) fn allowed(mut formats: Vec<Codec>, names: &[Arc<str>]) -> Vec<Codec> {
    formats.retain(|format| {
        let named = names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&format.name));
        named && VideoCodec::from_phone(&format.name).is_some() && format.clock_rate == CLOCK_HZ
    });
    formats
}

/// What both have, as `b` describes it, in the order of `a`, each once.
fn shared(a: &[Codec], b: &[Codec]) -> Vec<Codec> {
    let mut found: Vec<Codec> = Vec::new();
    for format in a {
        let other = b.iter().find(|other| other.is_same_encoding(format));
        if let Some(other) = other.filter(|other| !found.contains(other)) {
            found.push(other.clone());
        }
    }
    found
}

/// Our video line, with formats of the far side.
pub(super) fn local_media(
    address: SocketAddr,
    formats: &[Codec],
    direction: sdp::Direction,
) -> LocalMedia {
    let codecs = formats
        .iter()
        .zip(FIRST_PT..128)
        .map(|(format, number)| LocalCodec {
            codec: Codec {
                payload_type: number,
                ..format.clone()
            },
            auxiliary: false,
        });
    LocalMedia {
        kind: "video".into(),
        protocol: "RTP/AVP".into(),
        address,
        codecs: codecs.collect(),
        direction,
        ptime_ms: None,
        attributes: FEEDBACK
            .map(|value| Attribute::new("rtcp-fb", value))
            .into(),
    }
}

/// What was agreed, as the media side needs it.
pub(super) fn spec(agreed: &Agreed) -> Option<VideoSpec> {
    let chosen = agreed.codecs.first()?;
    Some(VideoSpec {
        remote: agreed.remote,
        rtcp: agreed.remote_rtcp,
        codec: VideoCodec::from_phone(&chosen.remote.name)?,
        send_payload_type: chosen.send_payload_type,
        receive_payload_type: chosen.receive_payload_type,
        direction: to_media(agreed.direction),
        asking: asking(&agreed.feedback, chosen.send_payload_type),
    })
}

/// How a phone that announces this feedback is asked for whole pictures.
fn asking(feedback: &[String], payload_type: u8) -> Asking {
    let announces = |kind: &str| {
        feedback.iter().any(|value| {
            let mut words = value.split_ascii_whitespace();
            let of = words.next().unwrap_or_default();
            let mine = of == "*" || of.parse() == Ok(payload_type);
            mine && words.eq(kind.split(' '))
        })
    };
    if announces("nack pli") {
        Asking::PictureLoss
    } else if announces("ccm fir") {
        Asking::FullIntra
    } else {
        Asking::Signalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(lines: &str) -> SessionDescription {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n{lines}"
        );
        sdp::parse(text.as_bytes()).unwrap()
    }

    const CHROMIUM: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 98 102 104 106\r\n\
        a=rtpmap:96 VP8/90000\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:102 H264/90000\r\n\
        a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
        a=rtpmap:104 H264/90000\r\n\
        a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n\
        a=rtpmap:106 H264/90000\r\n\
        a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n";

    #[test]
    fn a_browser_gives_a_phone_one_of_each_kind_both_could_have() {
        let formats = of_browsers_offer(&description(CHROMIUM));
        let names: Vec<_> = formats.iter().map(|format| format.name.as_str()).collect();
        assert_eq!(names, ["VP8", "H264"]);
        let allowed = allowed(formats.clone(), &["PCMU".into(), "h264".into()]);
        assert_eq!(allowed, formats[1..]);
        let media = local_media(
            "10.0.0.1:4002".parse().unwrap(),
            &formats,
            sdp::Direction::SendRecv,
        );
        let numbers: Vec<u8> = media.codecs.iter().map(|c| c.codec.payload_type).collect();
        assert_eq!(numbers, [104, 105]);
        assert!(of_browsers_offer(&description("m=video 0 RTP/AVP 96\r\n")).is_empty());
    }

    #[test]
    fn a_browser_takes_of_a_phones_formats_what_is_packed_as_its_own() {
        let offer = "m=video 4 RTP/AVP 34 97 98 99\r\na=rtpmap:97 H264/90000\r\n\
            a=fmtp:97 profile-level-id=42801f\r\na=rtpmap:98 H264/90000\r\n\
            a=fmtp:98 profile-level-id=42801f;packetization-mode=1\r\na=rtpmap:99 VP8/90000\r\n";
        let text = format!("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n{offer}");
        let formats = of_phones_offer(text.as_bytes(), &["VP8".into(), "H264".into()]);
        let numbers: Vec<u8> = formats.iter().map(|format| format.payload_type).collect();
        assert_eq!(numbers, [97, 98, 99]);
        assert_eq!(for_browser(&formats), [VideoCodec::H264, VideoCodec::Vp8]);
        assert_eq!(for_browser(&formats[..1]), [], "another packetization-mode");
        assert!(of_phones_offer(text.as_bytes(), &["PCMU".into()]).is_empty());
        assert!(of_phones_offer(b"x", &["VP8".into()]).is_empty());
    }

    #[test]
    fn a_phone_is_asked_in_the_way_it_announces_for_the_format_it_sends() {
        let asked = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            asking(&values, 97)
        };
        assert_eq!(asked(&[]), Asking::Signalled);
        assert_eq!(asked(&["* nack", "97 nack rpsi"]), Asking::Signalled);
        assert_eq!(asked(&["96 nack pli"]), Asking::Signalled);
        assert_eq!(asked(&["97 ccm fir", "97 nack pli"]), Asking::PictureLoss);
        assert_eq!(asked(&["*  nack  pli"]), Asking::PictureLoss);
        assert_eq!(asked(&["97 ccm fir"]), Asking::FullIntra);
    }
}
