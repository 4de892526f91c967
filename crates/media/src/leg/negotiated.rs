//! What a negotiation means for an RTP leg: where to send, whom to listen to, in which formats.

use super::packetiser::Packetiser;
use super::playout::Playout;
use crate::control::{Codec, CodecSpec, Direction, LegSpec, TelephoneEvent};
use crate::rtp::Latch;

/// What was agreed with a peer, and the machines that follow from it.
pub(super) struct Negotiated {
    pub(super) telephone_event: Option<TelephoneEvent>,
    pub(super) direction: Direction,
    pub(super) timeout_us: Option<u64>,
    pub(super) latch: Latch,
    pub(super) playout: Playout,
    pub(super) packetiser: Packetiser,
}

impl Negotiated {
    /// Follows a negotiation, keeping what still fits of the one before.
    pub(super) fn new(spec: &LegSpec, before: Option<Self>) -> Self {
        let send = sane(spec.send);
        let receive: Vec<CodecSpec> = spec.receive.iter().copied().map(sane).collect();
        let receive = if receive.is_empty() {
            vec![send]
        } else {
            receive
        };
        let rate_hz = send.sampling_rate_hz();
        let latch = Latch::new(
            spec.remote,
            spec.rtcp,
            spec.symmetric,
            before.as_ref().map(|before| &before.latch),
        );
        let (playout, packetiser) = match before {
            Some(before) => {
                let mut playout = Some(before.playout).filter(|p| p.suits(&receive, rate_hz));
                if let Some(playout) = &mut playout
                    && before.direction != spec.direction
                {
                    // What waits was said before a hold began or ended.
                    playout.reset();
                }
                let packetiser =
                    Some(before.packetiser).filter(|p| p.spec == send && p.opus == spec.opus);
                (playout, packetiser)
            }
            None => (None, None),
        };
        Self {
            telephone_event: spec.telephone_event,
            direction: spec.direction,
            timeout_us: spec.timeout_ms.map(|ms| u64::from(ms) * 1000),
            latch,
            playout: playout.unwrap_or_else(|| Playout::new(&receive, rate_hz)),
            packetiser: packetiser.unwrap_or_else(|| Packetiser::new(send, spec.opus)),
        }
    }
}

/// A negotiation we cannot do becomes the nearest we can.
fn sane(mut spec: CodecSpec) -> CodecSpec {
    if !spec.codec.allows_rate(spec.clock_rate_hz) {
        spec.clock_rate_hz = match spec.codec {
            Codec::Pcmu | Codec::Pcma | Codec::L16 | Codec::G722 => 8000,
            Codec::Opus => 48_000,
        };
    }
    // 32 kHz L16 fits an Ethernet frame up to 20 ms only.
    spec.ptime_ms = match spec.codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => spec.ptime_ms.clamp(10, 60),
        Codec::L16 => {
            let longest = (1400 / (spec.clock_rate_hz as u16 / 1000 * 2)).min(60) / 10 * 10;
            spec.ptime_ms.clamp(10, longest)
        }
        // RFC 6716 §2.1.4: there are frames of these lengths.
        Codec::Opus => match spec.ptime_ms {
            0..20 => 10,
            20..40 => 20,
            40..60 => 40,
            60.. => 60,
        },
    };
    spec.payload_type &= 0x7f;
    spec
}
