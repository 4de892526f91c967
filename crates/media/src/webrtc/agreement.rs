//! What an offer and its answer agreed on, in the words of the media side.

use std::net::{Ipv4Addr, SocketAddr};

use super::sdp_rules::{Refusal, codecs, is_event};
use super::section::{Description, Kind, Mapping, Section};
use super::video_rules::{pictures, video_codec};
use crate::control::{
    Codec, CodecSpec, Direction, LegSpec, OpusSending, PeerWish, TelephoneEvent, VideoCodec,
    WebAgreed,
};

/// Address in a [`WebAgreed`]'s leg, where nothing is ever sent: the peer is reached through its lane.
pub const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// What both descriptions together agree on, from our side.
///
/// The one who answered chose the order: `answered` says whether that was us.
pub(super) fn agreed(
    ours: &Description,
    theirs: &Description,
    answered: bool,
    wish: &PeerWish,
) -> Result<WebAgreed, Refusal> {
    let live = |kind: Kind| {
        ours.sections
            .iter()
            .zip(&theirs.sections)
            .find(|(our, their)| our.kind == kind && our.port != 0 && theirs.is_live(their))
    };
    let offered_audio = ours
        .sections
        .iter()
        .any(|s| s.kind == Kind::Audio && s.port != 0);
    let audio = match live(Kind::Audio) {
        Some((our, their)) => Some(leg(our, their, answered, wish)?),
        None if offered_audio => return Err(Refusal::no_codec()),
        None => None,
    };
    let video = common_pictures(ours, theirs, wish).first().copied();
    Ok(WebAgreed { audio, video })
}

/// The pictures both descriptions speak of, in the order of ours.
pub(super) fn common_pictures(
    ours: &Description,
    theirs: &Description,
    wish: &PeerWish,
) -> Vec<VideoCodec> {
    let live = |(our, their): &(&Section, &Section)| {
        our.kind == Kind::Video && our.port != 0 && theirs.is_live(their)
    };
    let Some((our, their)) = ours.sections.iter().zip(&theirs.sections).find(live) else {
        return Vec::new();
    };
    let known = their.mappings();
    let mut common = pictures(our, wish);
    common.retain(|codec| {
        known
            .iter()
            .any(|m| video_codec(&m.encoding) == Some(*codec))
    });
    common
}

fn leg(
    our: &Section,
    their: &Section,
    answered: bool,
    wish: &PeerWish,
) -> Result<LegSpec, Refusal> {
    let we_take = codecs(our, wish);
    let they_take = codecs(their, wish);
    let same = |(a, x): &(Mapping, Codec), (b, y): &(Mapping, Codec)| {
        x == y && a.clock_rate_hz == b.clock_rate_hz
    };
    let ptime_ms = their
        .value("ptime")
        .and_then(|ptime| ptime.trim().parse().ok())
        .filter(|ptime| (10..=60).contains(ptime))
        .unwrap_or(20);
    let spec = |(mapping, codec): &(Mapping, Codec)| CodecSpec {
        payload_type: mapping.payload_type,
        codec: *codec,
        clock_rate_hz: mapping.clock_rate_hz,
        ptime_ms,
    };
    let receive: Vec<CodecSpec> = we_take
        .iter()
        .filter(|we| they_take.iter().any(|they| same(we, they)))
        .map(spec)
        .collect();
    let send = if answered {
        let first = |we| they_take.iter().find(|they| same(we, they));
        we_take.iter().find_map(first)
    } else {
        let known = |they: &&(Mapping, Codec)| we_take.iter().any(|we| same(we, they));
        let in_order = their.mappings();
        let place = |they: &&(Mapping, Codec)| in_order.iter().position(|m| *m == they.0);
        they_take.iter().filter(known).min_by_key(place)
    };
    let send = send.map(spec).ok_or_else(Refusal::no_codec)?;
    let event = |clock_rate_hz: u32| {
        let of = |section: &Section| {
            section
                .mappings()
                .into_iter()
                .find(|m| is_event(m) && m.clock_rate_hz == clock_rate_hz)
                .map(|m| m.payload_type)
        };
        of(their)
            .zip(of(our))
            .map(|(send, receive)| TelephoneEvent {
                send,
                receive,
                clock_rate_hz,
            })
    };
    // Where they said nothing of this section, what they said of all of them is in our answer.
    let direction = match (their.direction(), our.direction()) {
        ("sendrecv", "sendrecv") => Direction::SendRecv,
        ("sendrecv" | "sendonly", "recvonly") | ("sendonly", "sendrecv") => Direction::RecvOnly,
        ("sendrecv" | "recvonly", "sendonly") | ("recvonly", "sendrecv") => Direction::SendOnly,
        _ => Direction::Inactive,
    };
    Ok(LegSpec {
        remote: NOWHERE,
        rtcp: Some(NOWHERE),
        send,
        opus: opus_wishes(their.format_parameters(send.payload_type)),
        receive,
        telephone_event: event(send.clock_rate_hz).or_else(|| event(8000)),
        direction,
        symmetric: false,
        timeout_ms: None,
    })
}

/// How a browser wants Opus. RFC 7587 §6.1; what makes no sense is as if it were not there.
fn opus_wishes(parameters: Option<&str>) -> OpusSending {
    let mut wishes = OpusSending::default();
    for parameter in parameters.unwrap_or_default().split(';') {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let number: Option<u32> = value.parse().ok();
        match (name.as_str(), number) {
            ("useinbandfec", _) => wishes.fec = value == "1",
            ("usedtx", _) => wishes.dtx = value == "1",
            ("cbr", _) => wishes.cbr = value == "1",
            ("stereo", _) => wishes.stereo = value == "1",
            ("maxplaybackrate", Some(rate)) if (8000..=48_000).contains(&rate) => {
                wishes.max_playback_rate_hz = rate;
            }
            ("maxaveragebitrate", Some(rate)) if (6000..=510_000).contains(&rate) => {
                wishes.max_bitrate = Some(rate);
            }
            _ => {}
        }
    }
    wishes
}
