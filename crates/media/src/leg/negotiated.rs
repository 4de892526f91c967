//! What a negotiation means for an RTP leg: where to send, whom to listen to, in which formats.

use std::net::SocketAddr;

use super::packetiser::Packetiser;
use super::playout::Playout;
use crate::control::{Codec, CodecSpec, Direction, LegSpec, TelephoneEvent};

/// A peer silent for this long may come back from elsewhere (it rebooted, its NAT forgot it).
const RELATCH_US: u64 = 1_000_000;

/// What was agreed with a peer, and the machines that follow from it.
pub(super) struct Negotiated {
    pub(super) telephone_event: Option<TelephoneEvent>,
    pub(super) direction: Direction,
    pub(super) symmetric: bool,
    pub(super) timeout_us: Option<u64>,
    pub(super) signalled: SocketAddr,
    pub(super) rtp_to: SocketAddr,
    pub(super) rtcp_to: SocketAddr,
    /// Where the peer's packets really come from.
    pub(super) latched: Option<SocketAddr>,
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
        let (playout, packetiser, latched) = match before {
            Some(before) => {
                let kept = before.signalled == spec.remote;
                let mut playout = Some(before.playout).filter(|p| p.suits(&receive, rate_hz));
                if let Some(playout) = &mut playout
                    && before.direction != spec.direction
                {
                    // What waits was said before a hold began or ended.
                    playout.reset();
                }
                let packetiser =
                    Some(before.packetiser).filter(|p| p.spec == send && p.opus == spec.opus);
                (playout, packetiser, before.latched.filter(|_| kept))
            }
            None => (None, None, None),
        };
        Self {
            telephone_event: spec.telephone_event,
            direction: spec.direction,
            symmetric: spec.symmetric,
            timeout_us: spec.timeout_ms.map(|ms| u64::from(ms) * 1000),
            signalled: spec.remote,
            rtp_to: latched.unwrap_or(spec.remote),
            rtcp_to: spec.rtcp.unwrap_or_else(|| next_port(spec.remote)),
            latched,
            playout: playout.unwrap_or_else(|| Playout::new(&receive, rate_hz)),
            packetiser: packetiser.unwrap_or_else(|| Packetiser::new(send, spec.opus)),
        }
    }

    /// Whether a datagram may come from there; learns the peer's real address.
    ///
    /// Behind a NAT the first sender wins, and only after silence the peer may come from elsewhere: `same_stream` or from
    /// its host, as otherwise anybody who guesses the port could take over a call on hold or in a pause. Nothing is learnt
    /// while nothing is to be received. Without NAT the peer's own host may send from any of its ports.
    pub(super) fn admits(&mut self, from: SocketAddr, silence_us: u64, same_stream: bool) -> bool {
        if !self.symmetric {
            return from.ip() == self.signalled.ip();
        }
        if self.latched == Some(from) {
            return true;
        }
        let free = match self.latched {
            Some(latched) => {
                let host = [latched.ip(), self.signalled.ip()].contains(&from.ip());
                silence_us >= RELATCH_US && (host || same_stream)
            }
            None => true,
        };
        if !free || !self.direction.receives() {
            return false;
        }
        self.latched = Some(from);
        let multiplexed = self.rtcp_to == self.rtp_to;
        self.rtp_to = from;
        if multiplexed {
            self.rtcp_to = from;
        }
        true
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

fn next_port(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port().saturating_add(1))
}
