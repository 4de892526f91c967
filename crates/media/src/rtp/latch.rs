//! Where a peer's packets really come from, and where ours go because of it.

use std::net::SocketAddr;

/// A peer silent for this long may come back from elsewhere (it rebooted, its NAT forgot it).
const RELATCH_US: u64 = 1_000_000;

/// The addresses of one peer: what it said, and what was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latch {
    symmetric: bool,
    signalled: SocketAddr,
    /// Where the peer's packets really come from.
    latched: Option<SocketAddr>,
    rtp_to: SocketAddr,
    rtcp_to: SocketAddr,
}

/// How a datagram arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// How long nothing came from the peer.
    pub silence_us: u64,
    /// It continues the stream that was received before.
    pub same_stream: bool,
    /// Something is to be received at all.
    pub wanted: bool,
}

impl Latch {
    /// Follows a negotiation; what was learnt `before` stays while the peer says the same. `rtcp`: where it receives RTCP,
    /// the port above its RTP port unless it says. `symmetric`: our packets go where its packets come from.
    #[must_use]
    pub fn new(
        remote: SocketAddr,
        rtcp: Option<SocketAddr>,
        symmetric: bool,
        before: Option<&Self>,
    ) -> Self {
        let kept = before.filter(|before| before.signalled == remote);
        let latched = kept.and_then(|before| before.latched);
        Self {
            symmetric,
            signalled: remote,
            latched,
            rtp_to: latched.unwrap_or(remote),
            rtcp_to: rtcp.unwrap_or_else(|| next_port(remote)),
        }
    }

    /// Where our RTP goes.
    #[must_use]
    pub fn rtp_to(&self) -> SocketAddr {
        self.rtp_to
    }

    /// Where our RTCP goes.
    #[must_use]
    pub fn rtcp_to(&self) -> SocketAddr {
        self.rtcp_to
    }

    /// Whether the peer takes both on one port.
    #[must_use]
    pub fn is_multiplexed(&self) -> bool {
        self.rtp_to == self.rtcp_to
    }

    /// Whether an RTP datagram may come from there; learns the peer's real address.
    ///
    /// Behind a NAT the first sender wins, and only after silence the peer may come from elsewhere: with the same stream or from
    /// its host, as otherwise anybody who guesses the port could take over a call on hold or in a pause. Nothing is learnt
    /// while nothing is to be received. Without NAT the peer's own host may send from any of its ports.
    pub fn admits(&mut self, from: SocketAddr, arrival: Circumstances) -> bool {
        if !self.symmetric {
            return from.ip() == self.signalled.ip();
        }
        if self.latched == Some(from) {
            return true;
        }
        let free = match self.latched {
            Some(latched) => {
                let host = [latched.ip(), self.signalled.ip()].contains(&from.ip());
                arrival.silence_us >= RELATCH_US && (host || arrival.same_stream)
            }
            None => true,
        };
        if !free || !arrival.wanted {
            return false;
        }
        self.latched = Some(from);
        let multiplexed = self.is_multiplexed();
        self.rtp_to = from;
        if multiplexed {
            self.rtcp_to = from;
        }
        true
    }

    /// Whether an RTCP datagram may come from there: from the host the peer named, or was found at.
    #[must_use]
    pub fn knows(&self, from: SocketAddr) -> bool {
        let found = self
            .latched
            .is_some_and(|latched| latched.ip() == from.ip());
        found || from.ip() == self.signalled.ip()
    }

    /// Learns where the peer's RTCP comes from, once it was read and is the peer's.
    pub fn learn_rtcp(&mut self, from: SocketAddr) {
        if self.symmetric {
            self.rtcp_to = from;
        }
    }
}

fn next_port(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port().saturating_add(1))
}
