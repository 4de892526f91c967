//! The machine of one media thread: owns its legs and rooms, takes commands and datagrams, ticks.

mod commands;
mod exchange;
mod opening;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::bridge::relay;
use crate::control::{
    Digit, DtmfSource, DtmfStep, LegId, LegStats, MediaReport, PlayId, RecordId, RoomId,
};
use crate::frame::{Frame, MAX_FRAME_SAMPLES, MAX_RATE_HZ};
use crate::id_map::IdMap;
use crate::leg::digit_queue::Spoken;
use crate::leg::recording::Finishing;
use crate::leg::rtp_side::Received;
use crate::leg::scratch::Scratch;
use crate::leg::{Kind, Leg};
use crate::output::{Output, Port};
use crate::room::Room;
use crate::rtp::Packet;
use crate::rtp::packet::is_rtcp;
use crate::rtp::rtcp::ntp_time;
use crate::rtp::telephone_event::Pressed;
use crate::spatial::Renderer;
use exchange::Base;

/// Samples at 8 kHz per millisecond: the unit digits are reported in.
const DIGIT_SAMPLES_PER_MS: u32 = 8;
/// Gap after a digit that is passed on.
const PASSED_GAP_MS: u16 = 40;

/// What an engine is given at birth. All engines of one process share `started`.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// A moment before anything happened: time is counted from here.
    pub started: Instant,
    /// Wall clock at that moment, for RTCP.
    pub wall: SystemTime,
    /// Beginning of all randomness (SSRC, sequence numbers, report intervals).
    pub seed: u64,
}

/// Legs, bridges and rooms of one media thread.
///
/// `receive` and `tick` allocate nothing once the legs they meet are set up: a test with a counting
/// allocator says so.
pub struct Engine {
    config: EngineConfig,
    rng: StdRng,
    legs: IdMap<LegId, Box<Leg>>,
    /// In the order they were opened, which is the order they are served in.
    order: Vec<LegId>,
    rooms: IdMap<RoomId, Box<Room>>,
    room_order: Vec<RoomId>,
    /// For rooms in three dimensions.
    renderer: Option<Arc<Renderer>>,
    plays: IdMap<PlayId, Place>,
    records: IdMap<RecordId, Place>,
    finishing: Vec<Finishing>,
    /// Legs that are gone but for the files of their recordings.
    closing: Vec<(LegId, LegStats)>,
    scratch: Box<Scratch>,
    said: Box<Frame>,
    /// What makes the difference between the ears of the leg being served.
    side: Box<Frame>,
}

/// Where a playback or recording hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Leg(LegId),
    Room(RoomId),
}

/// A leg between two engines, with everything it owns.
pub struct DetachedLeg {
    leg: Box<Leg>,
}

impl DetachedLeg {
    /// Which leg it is.
    #[must_use]
    pub fn id(&self) -> LegId {
        self.leg.id
    }
}

impl Engine {
    /// An engine without legs.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        Self {
            config,
            rng: StdRng::seed_from_u64(config.seed),
            legs: IdMap::default(),
            order: Vec::new(),
            rooms: IdMap::default(),
            room_order: Vec::new(),
            renderer: None,
            plays: IdMap::default(),
            records: IdMap::default(),
            finishing: Vec::with_capacity(64),
            closing: Vec::new(),
            scratch: Scratch::new(),
            said: Box::new(Frame::silent(8000)),
            side: Box::new(Frame::silent(8000)),
        }
    }

    /// Gives rooms what they need to be heard in three dimensions: 48 kHz and frames of 20 ms. Until then, and with
    /// another one, nothing in them has a direction. To be called once; allocates.
    pub fn equip(&mut self, renderer: Arc<Renderer>) {
        if renderer.rate_hz() != MAX_RATE_HZ || renderer.frame() != MAX_FRAME_SAMPLES {
            return;
        }
        for room in self.rooms.values_mut() {
            room.equip(&renderer);
        }
        self.renderer = Some(renderer);
    }

    /// Whether it owns a leg.
    #[must_use]
    pub fn has_leg(&self, leg: LegId) -> bool {
        self.legs.contains_key(&leg)
    }

    /// Legs it owns.
    #[must_use]
    pub fn leg_count(&self) -> usize {
        self.legs.len()
    }

    /// Rooms it owns.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Whether nothing is left: no leg, room, playback or recording. For tests that look for leaks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
            && self.order.is_empty()
            && self.rooms.is_empty()
            && self.room_order.is_empty()
            && self.plays.is_empty()
            && self.records.is_empty()
            && self.finishing.is_empty()
            && self.closing.is_empty()
    }

    /// Takes a datagram that came to a leg's socket. It may be changed in place (SRTP).
    pub fn receive(
        &mut self,
        now: Instant,
        leg: LegId,
        port: Port,
        from: SocketAddr,
        datagram: &mut [u8],
        out: &mut Output,
    ) {
        let now_us = self.micros(now);
        if port == Port::Rtcp || is_rtcp(datagram) {
            let ntp = self.ntp(now_us);
            if let Some(side) = self.legs.get_mut(&leg).and_then(|leg| leg.rtp()) {
                side.receive_rtcp(now_us, ntp, from, datagram);
            }
            return;
        }
        let Some(receiver) = self.legs.get_mut(&leg) else {
            return;
        };
        if port == Port::Unicast {
            return self.receive_unicast(now_us, leg, datagram, out);
        }
        let peer = receiver.bridged_to().filter(|&peer| peer != leg);
        let (receiver, mut peer) = match peer {
            Some(peer) => match self.legs.get_disjoint_mut([&leg, &peer]) {
                [Some(receiver), peer] => (receiver, peer),
                [None, _] => return,
            },
            None => (receiver, None),
        };
        let Some(side) = receiver.rtp() else { return };
        match side.receive(now_us, from, datagram) {
            Received::Nothing => {}
            Received::Audio {
                packet,
                sequence,
                format,
                spec,
            } => {
                if let Some(peer) = &mut peer
                    && relay::audio(now_us, receiver, peer, &packet, spec, out)
                {
                    return;
                }
                if let Some(unicast) = peer.and_then(|peer| Some((peer.id, peer.unicast()?))) {
                    let (id, unicast) = unicast;
                    unicast.pass_on(id, packet.payload, out);
                }
                if let Some(side) = receiver.rtp() {
                    side.buffer(now_us, &packet, sequence, format, spec.clock_rate_hz);
                }
            }
            Received::Event { packet, pressed } => {
                // A digit whose own end was lost belongs to the packets before this one.
                let [before, ended] = pressed;
                if let Some(pressed) = before {
                    self.pressed(leg, pressed, out);
                }
                self.relay_event(now_us, leg, &packet, out);
                if let Some(pressed) = ended {
                    self.pressed(leg, pressed, out);
                }
            }
        }
    }

    /// Takes what a program says: samples are played in the coming ticks, payloads go on at once.
    fn receive_unicast(&mut self, now_us: u64, leg: LegId, bytes: &[u8], out: &mut Output) {
        let Some(found) = self.legs.get_mut(&leg) else {
            return;
        };
        let peer = found.bridged_to().filter(|&peer| peer != leg);
        let Some(side) = found.unicast() else { return };
        if !side.link.native {
            return side.receive(bytes);
        }
        let Some(peer) = peer else { return };
        if let [Some(found), Some(peer)] = self.legs.get_disjoint_mut([&leg, &peer])
            && let Some(side) = found.unicast()
        {
            side.pass_back(now_us, bytes, peer, out);
        }
    }

    fn relay_event(&mut self, now_us: u64, leg: LegId, packet: &Packet<'_>, out: &mut Output) {
        let Some(peer) = self.legs.get(&leg).and_then(|leg| leg.bridged_to()) else {
            return;
        };
        if peer == leg {
            return;
        }
        let [Some(receiver), Some(peer)] = self.legs.get_disjoint_mut([&leg, &peer]) else {
            return;
        };
        if relay::event(now_us, receiver, peer, packet, out) {
            receiver.event_relayed = true;
        }
    }

    /// Goes on by 20 ms: mixes, encodes and sends what everybody hears. To be called every 20 ms of
    /// the shell's clock, or a little later; a tick that never comes is 20 ms of silence, nothing worse.
    pub fn tick(&mut self, now: Instant, out: &mut Output) {
        let now_us = self.micros(now);
        let ntp = self.ntp(now_us);
        for at in 0..self.order.len() {
            let id = self.order[at];
            let Some(leg) = self.legs.get_mut(&id) else {
                continue;
            };
            leg.listen(now_us, &mut self.scratch, out);
            if let Some(pressed) = leg.rtp().and_then(|side| side.overdue_event(now_us)) {
                self.pressed(id, pressed, out);
            }
        }
        for at in 0..self.room_order.len() {
            if let Some(room) = self.rooms.get_mut(&self.room_order[at]) {
                room.tick(&mut self.legs, &mut self.scratch, out);
            }
        }
        for at in 0..self.order.len() {
            exchange::gather_whispers(&mut self.legs, self.order[at]);
        }
        // What others are sent too comes first.
        for at in 0..self.room_order.len() {
            let room = self.room_order[at];
            let shares = self.rooms.get(&room).map_or(0, |room| room.share_count());
            for share in 0..shares {
                let leader = self.rooms.get(&room).and_then(|room| room.leader(share));
                if let Some(leader) = leader {
                    self.serve(now_us, ntp, leader, out);
                }
            }
        }
        for at in 0..self.order.len() {
            let id = self.order[at];
            let feed = self.legs.get(&id).and_then(|leg| leg.feed());
            match feed.map(|feed| (feed.leads, feed.follows)) {
                Some((true, _)) => {}
                Some((_, Some(leader))) => self.repeat(now_us, ntp, [leader, id], out),
                Some((false, None)) | None => self.serve(now_us, ntp, id, out),
            }
        }
        self.settle(out);
    }

    /// Second half of a tick for a leg that is sent what was encoded for another.
    fn repeat(&mut self, now_us: u64, ntp: u64, [leader, id]: [LegId; 2], out: &mut Output) {
        let [Some(leader), Some(leg)] = self.legs.get_disjoint_mut([&leader, &id]) else {
            return;
        };
        if let (Kind::Rtp(leader), Kind::Rtp(side)) = (&leader.kind, &mut leg.kind) {
            side.repeat(now_us, id, leader, out);
            side.report(now_us, ntp, id, &mut self.rng, out);
        }
    }

    /// Second half of a tick for one leg.
    fn serve(&mut self, now_us: u64, ntp: u64, id: LegId, out: &mut Output) {
        let base = exchange::base(&mut self.legs, id, &mut self.said, &mut self.side);
        let side = (base == Base::Wide).then_some(&mut *self.side);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let (active, spoken) = leg.speak(
            now_us,
            &mut self.said,
            side,
            base != Base::Nothing,
            &mut self.scratch,
            out,
        );
        let other = match &mut leg.kind {
            Kind::Rtp(side) => return side.report(now_us, ntp, id, &mut self.rng, out),
            Kind::Null | Kind::Unicast(_) => return,
            Kind::Pair(pair) => pair.other,
        };
        if active {
            exchange::hand_over(&mut self.legs, other, &self.said);
        }
        if let Some(Spoken { digit, duration_ms }) = spoken {
            let duration_samples = u32::from(duration_ms) * DIGIT_SAMPLES_PER_MS;
            self.digit(other, digit, duration_samples, false, out);
        }
    }

    /// A digit that came as events, with its length in the clock of the leg.
    fn pressed(&mut self, leg: LegId, pressed: Pressed, out: &mut Output) {
        let Some(receiver) = self.legs.get_mut(&leg) else {
            return;
        };
        let relayed = std::mem::take(&mut receiver.event_relayed);
        let per_ms = receiver
            .rtp()
            .map_or(DIGIT_SAMPLES_PER_MS, |side| side.event_rate_hz() / 1000);
        let samples = u64::from(pressed.duration) * u64::from(DIGIT_SAMPLES_PER_MS)
            / u64::from(per_ms.max(1));
        let duration_samples = u32::try_from(samples).unwrap_or(u32::MAX);
        self.digit(leg, pressed.digit, duration_samples, relayed, out);
    }

    /// Tells of a digit, and sends it on through a bridge unless its packets went there already.
    fn digit(
        &mut self,
        leg: LegId,
        digit: Digit,
        duration_samples: u32,
        relayed: bool,
        out: &mut Output,
    ) {
        let Some(from) = self.legs.get(&leg) else {
            return;
        };
        let source = DtmfSource::Rtp;
        out.report(MediaReport::Dtmf {
            leg,
            digit,
            duration_samples,
            source,
        });
        if relayed || !from.passes_dtmf {
            return;
        }
        let Some(peer) = from.bridged_to().and_then(|peer| self.legs.get_mut(&peer)) else {
            return;
        };
        let duration_ms = (duration_samples / DIGIT_SAMPLES_PER_MS).min(u32::from(u16::MAX)) as u16;
        peer.digits
            .push(DtmfStep::Digit { digit, duration_ms }, PASSED_GAP_MS);
    }

    /// Keeps what ended in this call until its file is complete.
    fn settle(&mut self, out: &mut Output) {
        for report in &out.reports {
            if let MediaReport::PlayDone { play, .. } = report {
                self.plays.remove(play);
            }
        }
        for finishing in out.finishing.drain(..) {
            self.records.remove(&finishing.record);
            self.finishing.push(finishing);
        }
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.config.started)
            .as_micros() as u64
    }

    fn ntp(&self, now_us: u64) -> u64 {
        let wall = self.config.wall + Duration::from_micros(now_us);
        ntp_time(
            wall.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_micros() as u64),
        )
    }
}
