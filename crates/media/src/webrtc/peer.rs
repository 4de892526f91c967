//! One peer. This file and its parts alone name the WebRTC library, whose every minor release breaks something.
//!
//! The library wants each change followed by taking all its output, so every call here does both and
//! leaves what came of it in the caller's list. Here is the connection; what is said in descriptions, what comes and what
//! goes have files of their own.

mod description;
mod formats;
mod incoming;
mod outgoing;
mod settings;
mod whereabouts;

use std::net::SocketAddr;
use std::time::Instant;

use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

use super::happening::Happening;
use super::stage::Stage;
use crate::control::PeerEnd;
use description::Exchange;
use incoming::{Layers, Limit, Streams};
use outgoing::{Pictures, Sound};
use settings::FIRST_ESTIMATE;
use whereabouts::Whereabouts;

pub use description::Sending;
pub use settings::{Identity, LocalAddress, PeerSettings};

/// A WebRTC peer: the far end is one browser.
pub struct Peer {
    rtc: Rtc,
    stage: Stage,
    exchange: Exchange,
    whereabouts: Whereabouts,
    sound: Sound,
    pictures: Pictures,
    streams: Streams,
    layers: Layers,
    limit: Limit,
    /// Whether the library finds out what the way to the browser carries.
    estimating: bool,
    connected_told: bool,
    due: Instant,
}

impl Peer {
    /// A peer that knows nothing of its browser yet. `first_sequence` is random: where its streams
    /// begin.
    #[must_use]
    pub fn new(settings: &PeerSettings, now: Instant, first_sequence: u16) -> Self {
        Self::build(settings, now, first_sequence, false)
    }

    /// A peer to be fed by one that sends several layers: it finds out which one the way to its browser carries.
    #[must_use]
    pub fn estimating(settings: &PeerSettings, now: Instant, first_sequence: u16) -> Self {
        Self::build(settings, now, first_sequence, true)
    }

    fn build(settings: &PeerSettings, now: Instant, first_sequence: u16, estimating: bool) -> Self {
        Self {
            rtc: settings.library(now, estimating),
            stage: Stage::Waiting,
            exchange: Exchange::new(),
            whereabouts: Whereabouts::default(),
            sound: Sound::new(first_sequence),
            pictures: Pictures::new(first_sequence, estimating.then_some(FIRST_ESTIMATE)),
            streams: Streams::default(),
            layers: Layers::default(),
            limit: Limit::default(),
            estimating,
            connected_told: false,
            due: now,
        }
    }

    /// Takes one candidate of the browser. Unusable ones are dropped: names instead of addresses
    /// (mDNS; such a browser is found when its own checks arrive), TCP, and the empty one that means
    /// there are no more.
    pub fn trickle(&mut self, now: Instant, candidate: &str, out: &mut Vec<Happening>) {
        let candidate = candidate.trim();
        let candidate = candidate.strip_prefix("a=").unwrap_or(candidate);
        if !candidate.is_ascii() {
            return;
        }
        let Ok(candidate) = Candidate::from_sdp_string(candidate) else {
            return;
        };
        if candidate.proto() != Protocol::Udp || candidate.addr().port() == 0 {
            return;
        }
        if !self.whereabouts.takes(&candidate) {
            return;
        }
        self.rtc.add_remote_candidate(candidate);
        self.drain(now, out);
    }

    /// The name under which a browser's checks ask for this peer: the first half of their user name.
    #[must_use]
    pub fn fragment(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// Whether that address has proved by a successful check that it is our browser's.
    #[must_use]
    pub fn trusts(&self, now: Instant, from: SocketAddr, to: SocketAddr) -> bool {
        // Anything that is neither STUN nor from the browser is refused by its address alone.
        let anything = [0x80, 0, 0, 0];
        Receive::new(Protocol::Udp, from, to, &anything)
            .is_ok_and(|received| self.rtc.accepts(&Input::Receive(now, received)))
    }

    /// Takes a datagram that came to one of our addresses. `false`: it is not our browser's.
    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<Happening>,
    ) -> bool {
        let Ok(received) = Receive::new(Protocol::Udp, from, to, datagram) else {
            return false;
        };
        let input = Input::Receive(now, received);
        if self.stage == Stage::Over
            || !self.rtc.accepts(&input)
            || !self.whereabouts.admits(from, datagram)
        {
            return false;
        }
        if self.rtc.handle_input(input).is_err() {
            self.fail(PeerEnd::DtlsFailed, out);
        }
        self.drain(now, out);
        self.repeat_limit(now);
        true
    }

    /// Lets time pass: to be called when [`Peer::due`] is reached, and any time before.
    pub fn timeout(&mut self, now: Instant, out: &mut Vec<Happening>) {
        if self.stage == Stage::Over {
            return;
        }
        self.ask_again(now, out);
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.fail(PeerEnd::DtlsTimeout, out);
        }
        self.drain(now, out);
        if let Some(why) = self.stage.overdue(now) {
            self.end(why, out);
        }
    }

    /// When [`Peer::timeout`] wants to be called next.
    #[must_use]
    pub fn due(&self) -> Instant {
        let others = [self.stage.until(), self.pictures.wishes.due()];
        others.into_iter().flatten().fold(self.due, Instant::min)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Says good-bye to the browser (RTCP BYE, DTLS close_notify).
    pub fn close(&mut self, now: Instant, out: &mut Vec<Happening>) {
        if self.stage == Stage::Over {
            return;
        }
        // A connection that never was has nobody to say it to.
        if self.rtc.close().is_ok() {
            self.stage = Stage::Over;
            self.drain(now, out);
        }
        self.stage = Stage::Over;
    }

    fn end(&mut self, why: PeerEnd, out: &mut Vec<Happening>) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            out.push(Happening::Ended(why));
        }
    }

    /// The library gave up on this peer.
    fn fail(&mut self, why: PeerEnd, out: &mut Vec<Happening>) {
        let why = self.stage.given_up(why);
        self.end(why, out);
        self.rtc.disconnect();
    }

    /// Takes everything the library has to say.
    fn drain(&mut self, now: Instant, out: &mut Vec<Happening>) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    return;
                }
                Ok(Output::Transmit(transmit)) => out.push(Happening::Send {
                    from: transmit.source,
                    to: transmit.destination,
                    bytes: transmit.contents.into(),
                }),
                Ok(Output::Event(event)) => self.happen(now, event, out),
                // What it says here without a datagram before is that the handshake takes too long.
                Err(str0m::RtcError::Dtls(_)) => self.fail(PeerEnd::DtlsTimeout, out),
                Err(_) => self.fail(PeerEnd::DtlsFailed, out),
            }
        }
    }
}
