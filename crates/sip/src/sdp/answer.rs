//! Finding what two sides have in common.

use std::net::{IpAddr, SocketAddr};

use super::attribute::Direction;
use super::description::{Codec, SessionDescription};
use super::offer_answer::{Agreed, AgreedCodec, AnswerError, CodecOrder, LocalCodec};

/// The codecs both sides have, main ones in the order asked for, auxiliary ones behind them.
///
/// An auxiliary codec stays when its clock is that of the first main codec: telephone events share the
/// timestamps of the audio they interrupt (RFC 4733 §2.1). One with another clock stays where there is
/// none that fits: many phones with Opus, baresip among them, know `telephone-event/8000` alone.
pub(super) fn common(
    remote: &[Codec],
    local: &[LocalCodec],
    order: CodecOrder,
) -> Vec<AgreedCodec> {
    let pair = |theirs: &Codec, ours: &LocalCodec| AgreedCodec {
        send_payload_type: theirs.payload_type,
        receive_payload_type: theirs.payload_type,
        remote: theirs.clone(),
        local: ours.codec.clone(),
        auxiliary: ours.auxiliary,
    };
    let mut codecs: Vec<AgreedCodec> = match order {
        CodecOrder::Remote => remote
            .iter()
            .filter_map(|theirs| {
                local
                    .iter()
                    .find(|ours| ours.codec.is_same_encoding(theirs))
                    .map(|ours| pair(theirs, ours))
            })
            .collect(),
        CodecOrder::Local => local
            .iter()
            .filter_map(|ours| {
                remote
                    .iter()
                    .find(|theirs| ours.codec.is_same_encoding(theirs))
                    .map(|theirs| pair(theirs, ours))
            })
            .collect(),
    };
    codecs.sort_by_key(|codec| codec.auxiliary);
    if let Some(clock) = codecs
        .first()
        .filter(|codec| !codec.auxiliary)
        .map(|codec| codec.local.clock_rate)
    {
        let fitting: Vec<String> = codecs
            .iter()
            .filter(|codec| codec.auxiliary && codec.local.clock_rate == clock)
            .map(|codec| codec.local.name.to_ascii_lowercase())
            .collect();
        codecs.retain(|codec| {
            !codec.auxiliary
                || codec.local.clock_rate == clock
                || !fitting.contains(&codec.local.name.to_ascii_lowercase())
        });
    }
    codecs
}

/// What an answer lists: the first main codec and the auxiliary ones. One main codec, so that the
/// peer cannot change it without asking.
pub(super) fn chosen(codecs: &[AgreedCodec]) -> impl Iterator<Item = &AgreedCodec> {
    codecs
        .iter()
        .take(1)
        .chain(codecs.iter().skip(1).filter(|codec| codec.auxiliary))
}

/// Whether media under one protocol can be answered by the other: the same, or the same but for the
/// feedback of RFC 4585 (`RTP/AVP` and `RTP/AVPF`). A phone that offers feedback works without any,
/// and the answer repeats its word.
pub(super) fn is_same_profile(theirs: &str, ours: &str) -> bool {
    let plain = |name: &str| name.to_ascii_uppercase().trim_end_matches('F').to_owned();
    plain(theirs) == plain(ours)
}

/// Puts the outcome together, as of an answer of the peer's.
pub(super) fn agreed(
    theirs: &SessionDescription,
    index: usize,
    direction: Direction,
    codecs: Vec<AgreedCodec>,
) -> Result<Agreed, AnswerError> {
    let line = theirs.media.get(index).ok_or(AnswerError::DoesNotFit)?;
    let address: IpAddr = theirs
        .address_of(line)
        .and_then(|text| text.parse().ok())
        .ok_or(AnswerError::Address)?;
    Ok(Agreed {
        kind: line.kind.to_ascii_lowercase(),
        index,
        remote: SocketAddr::new(address, line.port),
        remote_rtcp: SocketAddr::new(address, line.rtcp_port()),
        direction,
        held_by_peer: !theirs.direction_of(line).receives(),
        codecs,
        ptime_ms: line.ptime_ms(),
        feedback: line
            .attributes_named("rtcp-fb")
            .map(str::to_owned)
            .collect(),
        bandwidth: line.bandwidth(),
        is_our_answer: false,
        beside: Vec::new(),
    })
}
