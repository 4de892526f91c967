//! What a leg's exchange gives it in a tick, and what changes when it enters or leaves one.

use super::Engine;
use crate::bridge::Echo;
use crate::control::{EchoDelay, LegId, MediaCommand, MemberSettings, RoomId, Whisper};
use crate::frame::Frame;
use crate::id_map::IdMap;
use crate::leg::playout::converter;
use crate::leg::tap::Tap;
use crate::leg::{Exchange, Feed, Kind, Leg};

/// What [`base`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Nothing,
    Something,
    /// Something, and not the same for both ears.
    Wide,
}

impl Base {
    fn of(active: bool) -> Self {
        if active {
            Self::Something
        } else {
            Self::Nothing
        }
    }
}

/// Fills `said` with what a leg's exchange lets it hear, at the leg's rate, and `side` with what makes the difference
/// between its ears.
pub(super) fn base(
    legs: &mut IdMap<LegId, Box<Leg>>,
    id: LegId,
    said: &mut Frame,
    side: &mut Frame,
) -> Base {
    let Some(leg) = legs.get_mut(&id) else {
        return Base::Nothing;
    };
    said.reshape(leg.rate_hz);
    match &mut leg.exchange {
        Exchange::Nothing => Base::Nothing,
        Exchange::Echo(echo) => {
            said.copy_from(&leg.heard);
            Base::of(echo.pass(said, leg.heard_active))
        }
        Exchange::Room { feed, .. } => {
            said.copy_from(&feed.mid);
            if !feed.is_wide {
                return Base::Something;
            }
            side.copy_from(&feed.side);
            Base::Wide
        }
        Exchange::Bridge(peer) | Exchange::Monitor(peer) => {
            let peer = *peer;
            let [Some(leg), Some(peer)] = legs.get_disjoint_mut([&id, &peer]) else {
                return Base::Nothing;
            };
            let bridged = matches!(leg.exchange, Exchange::Bridge(_));
            let (heard, active) = match &peer.joined {
                Some(joined) if bridged => (&**joined, true),
                Some(_) | None => (&peer.heard, peer.heard_active),
            };
            convert(leg, heard, active, said)
        }
        Exchange::Eavesdrop(of) => {
            let of = *of;
            let [Some(leg), Some(of)] = legs.get_disjoint_mut([&id, &of]) else {
                return Base::Nothing;
            };
            let (heard, active) = (&of.heard, of.heard_active);
            let Some(tap) = of.taps.iter_mut().find(|tap| tap.by == id) else {
                return Base::Nothing;
            };
            let (both, active) = tap.both(heard, active);
            convert(leg, both, active, said)
        }
    }
}

/// Brings what another leg says to the rate of this one.
fn convert(leg: &mut Leg, heard: &Frame, active: bool, said: &mut Frame) -> Base {
    match &mut leg.link {
        Some(link) => {
            // Fed in silence too, so that what it still holds comes out.
            link.process(heard.samples(), said.samples_mut());
        }
        None if !active => {}
        None if heard.rate_hz() == leg.rate_hz => said.copy_from(heard),
        None => return Base::Nothing,
    }
    Base::of(active)
}

/// Collects what the eavesdroppers of a leg say in this tick, and what the other side of its bridge hears of it.
pub(super) fn gather_whispers(legs: &mut IdMap<LegId, Box<Leg>>, id: LegId) {
    let Some(leg) = legs.get(&id).filter(|leg| !leg.taps.is_empty()) else {
        return;
    };
    for at in 0..leg.taps.len() {
        let Some(by) = legs.get(&id).and_then(|leg| leg.taps.get(at)).map(|t| t.by) else {
            return;
        };
        if let [Some(leg), Some(by)] = legs.get_disjoint_mut([&id, &by])
            && let Some(tap) = leg.taps.get_mut(at)
        {
            tap.take(&by.heard, by.heard_active);
        }
    }
    let Some(leg) = legs.get_mut(&id) else { return };
    if let Some(joined) = &mut leg.joined {
        if leg.heard_active {
            joined.copy_from(&leg.heard);
        } else {
            joined.reshape(leg.rate_hz);
        }
        for tap in &leg.taps {
            tap.whisper_to_other(joined);
        }
    }
}

/// Gives the other half of a pair what this half was told to say.
pub(super) fn hand_over(legs: &mut IdMap<LegId, Box<Leg>>, other: LegId, said: &Frame) {
    let Some(other) = legs.get_mut(&other) else {
        return;
    };
    let rate_hz = other.rate_hz;
    let Kind::Pair(pair) = &mut other.kind else {
        return;
    };
    if said.rate_hz() == rate_hz {
        pair.incoming.copy_from(said);
    } else if let Some(converter) = &mut pair.converter {
        pair.incoming.reshape(rate_hz);
        converter.process(said.samples(), pair.incoming.samples_mut());
    } else {
        return;
    }
    pair.incoming_active = true;
}

impl Engine {
    pub(super) fn bridge(&mut self, a: LegId, b: LegId) {
        if a == b || !self.legs.contains_key(&a) || !self.legs.contains_key(&b) {
            return;
        }
        self.leave(a);
        self.leave(b);
        for (leg, peer) in [(a, b), (b, a)] {
            if let Some(leg) = self.legs.get_mut(&leg) {
                leg.exchange = Exchange::Bridge(peer);
                leg.digits.reserve();
            }
        }
        self.relink(a);
        self.relink(b);
    }

    pub(super) fn unbridge(&mut self, a: LegId, b: LegId) {
        if self.legs.get(&a).and_then(|leg| leg.bridged_to()) == Some(b) {
            self.leave(a);
        }
    }

    pub(super) fn monitor(&mut self, leg: LegId, of: Option<LegId>) {
        let Some(of) = of else {
            if let Some(Exchange::Monitor(_)) = self.legs.get(&leg).map(|leg| &leg.exchange) {
                self.leave(leg);
            }
            return;
        };
        if leg == of || !self.legs.contains_key(&leg) || !self.legs.contains_key(&of) {
            return;
        }
        self.leave(leg);
        if let [Some(monitor), Some(heard)] = self.legs.get_disjoint_mut([&leg, &of]) {
            monitor.exchange = Exchange::Monitor(of);
            heard.monitors.push(leg);
        }
        self.relink(leg);
    }

    pub(super) fn eavesdrop(&mut self, leg: LegId, of: Option<LegId>, whisper: Whisper) {
        let now_of = match self.legs.get(&leg).map(|leg| &leg.exchange) {
            Some(Exchange::Eavesdrop(of)) => Some(*of),
            Some(
                Exchange::Nothing
                | Exchange::Bridge(_)
                | Exchange::Monitor(_)
                | Exchange::Echo(_)
                | Exchange::Room { .. },
            )
            | None => None,
        };
        let Some(of) = of else {
            if now_of.is_some() {
                self.leave(leg);
            }
            return;
        };
        if now_of == Some(of) {
            if let Some(found) = self.legs.get_mut(&of) {
                let tap = found.taps.iter_mut().find(|tap| tap.by == leg);
                if let Some(tap) = tap {
                    tap.whisper = whisper;
                }
                found.join_taps();
            }
            return;
        }
        if leg == of || !self.legs.contains_key(&leg) || !self.legs.contains_key(&of) {
            return;
        }
        self.leave(leg);
        if let [Some(listener), Some(heard)] = self.legs.get_disjoint_mut([&leg, &of]) {
            if heard.taps.len() >= MediaCommand::MAX_TAPS {
                return;
            }
            listener.exchange = Exchange::Eavesdrop(of);
            heard
                .taps
                .push(Tap::new(leg, listener.rate_hz, heard.rate_hz, whisper));
            heard.join_taps();
        }
        self.relink(leg);
    }

    /// A leg goes: those that hear what it says fall silent.
    pub(super) fn drop_listeners(&mut self, of: LegId) {
        let Some(found) = self.legs.get_mut(&of) else {
            return;
        };
        let monitors = std::mem::take(&mut found.monitors);
        let taps = found.taps.iter().map(|tap| tap.by);
        let listeners: Vec<LegId> = monitors.into_iter().chain(taps).collect();
        for leg in listeners {
            self.leave(leg);
        }
    }

    pub(super) fn echo(&mut self, leg: LegId, delay: Option<EchoDelay>) {
        let Some(found) = self.legs.get(&leg) else {
            return;
        };
        let is_echoing = matches!(found.exchange, Exchange::Echo(_));
        match delay {
            None if !is_echoing => return,
            None | Some(_) => self.leave(leg),
        }
        if let (Some(delay), Some(leg)) = (delay, self.legs.get_mut(&leg)) {
            leg.exchange = Exchange::Echo(Box::new(Echo::new(delay, leg.rate_hz)));
        }
    }

    pub(super) fn join(&mut self, room: RoomId, leg: LegId, settings: MemberSettings) {
        if !self.rooms.contains_key(&room) || !self.legs.contains_key(&leg) {
            return;
        }
        self.leave(leg);
        if let (Some(found), Some(leg)) = (self.rooms.get_mut(&room), self.legs.get_mut(&leg)) {
            found.join(leg.id, leg.rate_hz, settings);
            let feed = Box::new(Feed::silent(leg.rate_hz));
            leg.exchange = Exchange::Room { room, feed };
        }
    }

    pub(super) fn leave_room(&mut self, room: RoomId, leg: LegId) {
        let is_there = self.legs.get(&leg).is_some_and(|leg| match &leg.exchange {
            Exchange::Room { room: is_in, .. } => *is_in == room,
            Exchange::Nothing
            | Exchange::Bridge(_)
            | Exchange::Monitor(_)
            | Exchange::Eavesdrop(_)
            | Exchange::Echo(_) => false,
        });
        if is_there {
            self.leave(leg);
        }
    }

    /// Takes a leg out of whatever it is in; the other side of a bridge is alone then.
    pub(super) fn leave(&mut self, leg: LegId) {
        let Some(found) = self.legs.get_mut(&leg) else {
            return;
        };
        found.link = None;
        match std::mem::replace(&mut found.exchange, Exchange::Nothing) {
            Exchange::Nothing | Exchange::Echo(_) => {}
            Exchange::Bridge(peer) => {
                if let Some(peer) = self.legs.get_mut(&peer)
                    && peer.bridged_to() == Some(leg)
                {
                    peer.exchange = Exchange::Nothing;
                    peer.link = None;
                }
            }
            Exchange::Monitor(of) => {
                if let Some(of) = self.legs.get_mut(&of) {
                    of.monitors.retain(|monitor| *monitor != leg);
                }
            }
            Exchange::Eavesdrop(of) => {
                if let Some(of) = self.legs.get_mut(&of) {
                    of.taps.retain(|tap| tap.by != leg);
                    of.join_taps();
                }
            }
            Exchange::Room { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.leave(leg);
                }
            }
        }
    }

    /// The rate of a leg changed, or its bridge: makes the converters that are needed now.
    pub(super) fn relink(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let rate_hz = leg.rate_hz;
        for monitor in leg.monitors.clone() {
            if let Some(monitor) = self.legs.get_mut(&monitor) {
                monitor.link = converter(rate_hz, monitor.rate_hz);
            }
        }
        let taps = self.legs.get(&id).map_or(0, |leg| leg.taps.len());
        for at in 0..taps {
            let by = self.legs.get(&id).and_then(|leg| leg.taps.get(at));
            let Some(by) = by.map(|tap| tap.by) else {
                break;
            };
            if let [Some(leg), Some(by)] = self.legs.get_disjoint_mut([&id, &by]) {
                by.link = converter(leg.rate_hz, by.rate_hz);
                if let Some(tap) = leg.taps.get_mut(at) {
                    tap.link(by.rate_hz);
                }
            }
        }
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        match &mut leg.exchange {
            Exchange::Nothing | Exchange::Echo(_) => {}
            Exchange::Eavesdrop(of) => {
                let of = *of;
                if let [Some(leg), Some(of)] = self.legs.get_disjoint_mut([&id, &of]) {
                    leg.link = converter(of.rate_hz, leg.rate_hz);
                    let tap = of.taps.iter_mut().find(|tap| tap.by == id);
                    if let Some(tap) = tap {
                        tap.link(leg.rate_hz);
                    }
                }
            }
            Exchange::Room { room, feed } => {
                feed.reshape(rate_hz);
                if let Some(room) = self.rooms.get_mut(room) {
                    room.set_member_rate(id, rate_hz);
                }
            }
            Exchange::Monitor(of) => {
                let of = *of;
                if let [Some(leg), Some(of)] = self.legs.get_disjoint_mut([&id, &of]) {
                    leg.link = converter(of.rate_hz, leg.rate_hz);
                }
            }
            Exchange::Bridge(peer) => {
                let peer = *peer;
                if let [Some(leg), Some(peer)] = self.legs.get_disjoint_mut([&id, &peer]) {
                    leg.link = converter(peer.rate_hz, leg.rate_hz);
                    peer.link = converter(leg.rate_hz, peer.rate_hz);
                }
            }
        }
    }
}
