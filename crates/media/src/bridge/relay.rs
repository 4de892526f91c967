//! The short way through a bridge: a packet goes on as it came, the moment it came.
//!
//! It is taken when the packet is in the very format the other side is sent, and nobody listens to
//! it or changes it on the way. Payload type, SSRC, sequence number and timestamp become ours.

use crate::control::CodecSpec;
use crate::leg::Leg;
use crate::output::Output;
use crate::rtp::Packet;

/// Sends an audio packet of `from` on to `to`, if it may go that way.
pub(crate) fn audio(
    now_us: u64,
    from: &mut Leg,
    to: &mut Leg,
    packet: &Packet<'_>,
    spec: CodecSpec,
    out: &mut Output,
) -> bool {
    if from.is_tapped() || to.is_shaped() {
        return false;
    }
    let to_id = to.id;
    let (Some(from), Some(to)) = (from.rtp(), to.rtp()) else {
        return false;
    };
    let Some(send) = to.sends() else { return false };
    if send.codec != spec.codec || send.clock_rate_hz != spec.clock_rate_hz {
        return false;
    }
    from.bypass();
    to.relay(now_us, to_id, packet, send.payload_type, out);
    // A straggler that may not go was still on this way, so it is not played either.
    true
}

/// Sends an event packet on, if audio would go the short way and the other side takes events.
pub(crate) fn event(
    now_us: u64,
    from: &mut Leg,
    to: &mut Leg,
    packet: &Packet<'_>,
    out: &mut Output,
) -> bool {
    if from.is_tapped() || to.is_shaped() || !from.passes_dtmf {
        return false;
    }
    let to_id = to.id;
    let (Some(from), Some(to)) = (from.rtp(), to.rtp()) else {
        return false;
    };
    let (Some(from_spec), Some(to_spec)) = (from.sends(), to.sends()) else {
        return false;
    };
    let (Some(from_event), Some(to_event)) = (from.telephone_event(), to.telephone_event()) else {
        return false;
    };
    // Where audio is transcoded the stream is numbered by us, and events are made anew.
    if from_spec.codec != to_spec.codec
        || from_spec.clock_rate_hz != to_spec.clock_rate_hz
        || from_event.clock_rate_hz != to_event.clock_rate_hz
    {
        return false;
    }
    let relayed = to.relay(now_us, to_id, packet, to_event.send, out);
    to.count_events_out(relayed.into());
    relayed
}
