//! What each command does. The one place where every [`MediaCommand`] is answered.

use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::time::Instant;

use rand::Rng;

use super::opening::{Target, Wish};
use super::{DetachedLeg, Engine, Place};
use crate::control::{
    LegId, LegKind, MediaCommand, MediaReport, PlayEnd, RecordEnd, RecordSides, RoomId,
    TransportFailure,
};
use crate::dsp::DtmfDetector;
use crate::frame::{Frame, MAX_RATE_HZ, supported_rate};
use crate::leg::playing::Playing;
use crate::leg::playout::converter;
use crate::leg::recording::Recording;
use crate::leg::rtp_side::RtpSide;
use crate::leg::unicast::UnicastSide;
use crate::leg::watching::Watching;
use crate::leg::{Kind, Leg, PairSide};
use crate::output::{Answer, Output, Port, Request};
use crate::room::Room;
use crate::rtp::Sending;

impl Engine {
    /// Takes a command of the switch. May allocate: it is the set-up.
    pub fn handle(&mut self, now: Instant, command: MediaCommand, out: &mut Output) {
        let now_us = self.micros(now);
        match command {
            MediaCommand::OpenLeg { leg, kind } => self.open_leg(now_us, leg, kind, out),
            MediaCommand::SetRemote { leg, spec } => {
                let Some(found) = self.legs.get_mut(&leg) else {
                    return;
                };
                let Some(rate_hz) = found.rtp().map(|side| side.set_remote(now_us, &spec)) else {
                    return;
                };
                found.set_rate(rate_hz);
                self.relink(leg);
            }
            MediaCommand::Protect { leg, protection } => {
                if let Some(side) = self.legs.get_mut(&leg).and_then(|leg| leg.rtp()) {
                    side.protect(protection);
                }
            }
            MediaCommand::Bridge { a, b } => self.bridge(a, b),
            MediaCommand::Unbridge { a, b } => self.unbridge(a, b),
            MediaCommand::Monitor { leg, of } => self.monitor(leg, of),
            MediaCommand::Eavesdrop { leg, of, whisper } => self.eavesdrop(leg, of, whisper),
            MediaCommand::Echo { leg, delay } => self.echo(leg, delay),
            MediaCommand::Play {
                leg,
                play,
                file,
                repeats,
                gain_db,
                mix,
            } => {
                let rate_hz = self.legs.get(&leg).map_or(8000, |leg| leg.rate_hz);
                let playing = Playing::new(play, rate_hz, gain_db, mix);
                let wish = Wish {
                    play,
                    file,
                    repeats,
                };
                self.play_to_leg(leg, wish, playing, out);
            }
            MediaCommand::Displace {
                leg,
                play,
                file,
                repeats,
                side,
                mix,
            } => {
                let rate_hz = self.legs.get(&leg).map_or(8000, |leg| leg.rate_hz);
                let mut playing = Playing::new(play, rate_hz, 0.0, mix);
                playing.over = Some(side);
                let wish = Wish {
                    play,
                    file,
                    repeats,
                };
                self.play_to_leg(leg, wish, playing, out);
            }
            MediaCommand::Watch(watch) => {
                if let Some(found) = self.legs.get_mut(&watch.leg)
                    && found.watches.len() < MediaCommand::MAX_WATCHES
                {
                    found.watches.push(Watching::new(&watch, found.rate_hz));
                }
            }
            MediaCommand::StopWatch { leg, watch } => {
                if let Some(found) = self.legs.get_mut(&leg) {
                    found.stop_watch(watch);
                }
            }
            MediaCommand::BoundDelay { leg, ms } => {
                if let Some(side) = self.legs.get_mut(&leg).and_then(|leg| leg.rtp()) {
                    side.bound_delay(ms);
                }
            }
            MediaCommand::StopPlay { play } => self.stop_play(play, Some(PlayEnd::Stopped), out),
            MediaCommand::PausePlay { play, paused } => {
                if let Some(playing) = self.playing(play) {
                    playing.paused = paused;
                }
            }
            MediaCommand::SeekPlay { play, to } => {
                if let Some(playing) = self.playing(play) {
                    playing.seek(to);
                }
            }
            MediaCommand::SetPlayGain { play, gain_db } => {
                if let Some(playing) = self.playing(play) {
                    playing.set_gain(gain_db);
                }
            }
            MediaCommand::Record {
                leg,
                record,
                file,
                sides,
                limit_ms,
                silence,
                append,
                rate_hz,
            } => {
                let leg_rate_hz = self.legs.get(&leg).map_or(8000, |leg| leg.rate_hz);
                let recording = Recording::new(record, sides, leg_rate_hz, limit_ms, silence);
                self.record_leg(
                    leg,
                    recording,
                    Target {
                        file,
                        append,
                        rate_hz,
                    },
                    out,
                );
            }
            MediaCommand::StopRecord { record } => {
                self.stop_record(record, RecordEnd::Stopped, out)
            }
            MediaCommand::MaskRecord { record, masked } => {
                if let Some(recording) = self.recording(record) {
                    recording.masked = masked;
                }
            }
            MediaCommand::PauseRecord { record, paused } => {
                if let Some(recording) = self.recording(record) {
                    recording.paused = paused;
                }
            }
            MediaCommand::SendDtmf { leg, steps, gap_ms } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    steps
                        .into_iter()
                        .for_each(|step| leg.digits.push(step, gap_ms));
                }
            }
            MediaCommand::FlushDtmf { leg } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.digits.flush();
                }
            }
            MediaCommand::DetectDtmf { leg, on } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.detector = on.then(|| Box::new(DtmfDetector::new(leg.rate_hz)));
                }
            }
            MediaCommand::ToneDtmf { leg, on } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.tone_dtmf = on;
                }
            }
            MediaCommand::PassDtmf { leg, on } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.passes_dtmf = on;
                }
            }
            MediaCommand::Mute { leg, side, on } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.set_muted(side, on);
                }
            }
            MediaCommand::SetGain { leg, side, gain_db } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.set_gain(side, gain_db);
                }
            }
            MediaCommand::OpenRoom { room, rate_hz } => self.open_room(room, rate_hz),
            MediaCommand::JoinRoom {
                room,
                leg,
                settings,
            } => self.join(room, leg, settings),
            MediaCommand::LeaveRoom { room, leg } => self.leave_room(room, leg),
            MediaCommand::SetMember {
                room,
                leg,
                settings,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.set_member(leg, settings);
                }
            }
            MediaCommand::SetControls {
                room,
                leg,
                controls,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.set_controls(leg, controls, self.renderer.as_ref());
                }
            }
            MediaCommand::Place { room, leg, place } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.place(leg, place);
                }
            }
            MediaCommand::Flush { leg } => {
                if let Some(found) = self.legs.get_mut(&leg) {
                    found.flush();
                }
            }
            MediaCommand::Relate {
                room,
                leg,
                other,
                relation,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.relate(leg, other, relation);
                }
            }
            MediaCommand::RoomPlay {
                room,
                play,
                file,
                repeats,
                gain_db,
            } => {
                self.play_to_room(
                    room,
                    Wish {
                        play,
                        file,
                        repeats,
                    },
                    gain_db,
                    out,
                );
            }
            MediaCommand::RecordFrom {
                room,
                record,
                place,
                controls,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.set_tape(record, place, controls);
                }
            }
            MediaCommand::RoomRecord {
                room,
                record,
                stereo,
                file,
                limit_ms,
                append,
            } => {
                let target = Target {
                    file,
                    append,
                    rate_hz: None,
                };
                let sides = if stereo {
                    RecordSides::Stereo
                } else {
                    RecordSides::Read
                };
                let recording = Recording::new(record, sides, MAX_RATE_HZ, limit_ms, None);
                self.record_room(room, recording, target, out);
            }
            MediaCommand::CloseRoom { room } => self.close_room(room, out),
            MediaCommand::ReportStats { leg } => {
                if let Some(found) = self.legs.get(&leg) {
                    out.report(MediaReport::Stats {
                        leg,
                        stats: found.stats(),
                    });
                }
            }
            MediaCommand::CloseLeg { leg } => self.close_leg(leg, out),
        }
        self.settle(out);
    }

    /// Takes what the shell did about a [`Request`].
    pub fn answer(&mut self, answer: Answer, out: &mut Output) {
        match answer {
            Answer::Bound { leg, result } => self.bound(leg, result, out),
            Answer::Connected { leg, result } => self.connected(leg, result, out),
            Answer::SourceOpened { play, result } => self.source_opened(play, result, out),
            Answer::SinkOpened { record, sink } => self.sink_opened(record, sink, out),
            Answer::SinkClosed { record, file_bytes } => self.sink_closed(record, file_bytes, out),
        }
        self.settle(out);
    }

    fn open_leg(&mut self, now_us: u64, leg: LegId, kind: LegKind, out: &mut Output) {
        if self.legs.contains_key(&leg) {
            return out.report(MediaReport::OpenFailed {
                leg,
                why: TransportFailure::Exists,
            });
        }
        let (kind, rate_hz) = match kind {
            LegKind::Rtp { bind } => {
                out.requests.push(Request::Bind { leg, address: bind });
                (self.rtp_kind(now_us, Port::Rtp), 8000)
            }
            LegKind::Web => (self.rtp_kind(now_us, Port::Web), 8000),
            LegKind::Null { rate_hz } => (Kind::Null, supported_rate(rate_hz)),
            LegKind::Pair { other, rate_hz } => {
                (self.pair_side(leg, other, rate_hz), supported_rate(rate_hz))
            }
            LegKind::Unicast { link, beside } => {
                let rate_hz = self.legs.get(&beside).map_or(8000, |leg| leg.rate_hz);
                out.requests.push(Request::Connect { leg, link });
                let side = UnicastSide::new(link, rate_hz);
                (Kind::Unicast(Box::new(side)), rate_hz)
            }
        };
        let mut leg_made = Box::new(Leg::new(leg, kind, rate_hz));
        let unbound =
            leg_made.rtp().is_some_and(|side| side.is_unbound()) || leg_made.unicast().is_some();
        self.legs.insert(leg, leg_made);
        self.order.push(leg);
        if !unbound {
            out.report(MediaReport::Opened {
                leg,
                local: None,
                ssrc: None,
            });
        }
    }

    fn rtp_kind(&mut self, now_us: u64, carrier: Port) -> Kind {
        // RFC 3550 §5.1: random beginnings make known-plaintext attacks harder.
        let (ssrc, sequence, timestamp) = self.rng.random();
        let sending = Sending::new(ssrc, sequence, timestamp, 8000);
        let side = RtpSide::new(carrier, sending, now_us, &mut self.rng);
        Kind::Rtp(Box::new(side))
    }

    fn pair_side(&mut self, leg: LegId, other: LegId, rate_hz: u32) -> Kind {
        let rate_hz = supported_rate(rate_hz);
        let mut between = None;
        if let Some(half) = self.legs.get_mut(&other) {
            let other_rate_hz = half.rate_hz;
            if let Kind::Pair(pair) = &mut half.kind
                && pair.other == leg
            {
                pair.converter = converter(rate_hz, other_rate_hz);
                between = converter(other_rate_hz, rate_hz);
            }
        }
        let incoming = Frame::silent(rate_hz);
        Kind::Pair(Box::new(PairSide {
            other,
            incoming,
            incoming_active: false,
            converter: between,
        }))
    }

    fn bound(
        &mut self,
        leg: LegId,
        result: Result<(SocketAddr, SocketAddr), TransportFailure>,
        out: &mut Output,
    ) {
        let Some(side) = self.legs.get_mut(&leg).and_then(|leg| leg.rtp()) else {
            // Closed while its ports were being bound.
            if result.is_ok() {
                out.requests.push(Request::Release { leg });
            }
            return;
        };
        match result {
            Ok(local) => {
                side.local = Some(local);
                out.report(MediaReport::Opened {
                    leg,
                    local: Some(local),
                    ssrc: Some(side.sending.ssrc()),
                });
            }
            Err(why) => {
                self.forget(leg, out);
                out.report(MediaReport::OpenFailed { leg, why });
            }
        }
    }

    /// The socket of a program is there, or is not, or was.
    fn connected(&mut self, leg: LegId, result: Result<(), TransportFailure>, out: &mut Output) {
        let Some(side) = self.legs.get_mut(&leg).and_then(|leg| leg.unicast()) else {
            // Closed while it was being connected.
            if result.is_ok() {
                out.requests.push(Request::Release { leg });
            }
            return;
        };
        match result {
            Ok(()) => {
                side.is_open = true;
                out.report(MediaReport::Opened {
                    leg,
                    local: None,
                    ssrc: None,
                });
            }
            Err(why) => {
                self.forget(leg, out);
                out.report(MediaReport::OpenFailed { leg, why });
            }
        }
    }

    fn close_leg(&mut self, leg: LegId, out: &mut Output) {
        let Some(found) = self.legs.get_mut(&leg) else {
            return;
        };
        if let Some(side) = found.rtp() {
            side.bye(leg, out);
            if side.local.is_some() {
                out.requests.push(Request::Release { leg });
            }
        }
        if found.unicast().is_some_and(|side| side.is_open) {
            out.requests.push(Request::Release { leg });
        }
        let stats = found.stats();
        self.closing.push((leg, stats));
        self.forget(leg, out);
        self.settle(out);
        self.close_if_settled(leg, out);
    }

    /// Ends everything hung onto a leg, and the leg.
    fn forget(&mut self, leg: LegId, out: &mut Output) {
        self.leave(leg);
        self.drop_listeners(leg);
        if let Some(mut found) = self.legs.remove(&leg) {
            for play in found.plays.drain(..) {
                play.finish(Some(PlayEnd::Stopped), out);
            }
            for record in found.records.drain(..) {
                self.records.remove(&record.id);
                record.finish(RecordEnd::Stopped, Some(leg), out);
            }
        }
        self.order.retain(|id| *id != leg);
    }

    fn open_room(&mut self, room: RoomId, rate_hz: u32) {
        if let Entry::Vacant(place) = self.rooms.entry(room) {
            place.insert(Box::new(Room::new(room, rate_hz)));
            self.room_order.push(room);
        }
    }

    fn close_room(&mut self, room: RoomId, out: &mut Output) {
        let Some(found) = self.rooms.get(&room) else {
            return;
        };
        let members: Vec<LegId> = found.members().collect();
        members.into_iter().for_each(|leg| self.leave(leg));
        self.room_order.retain(|id| *id != room);
        let Some(mut found) = self.rooms.remove(&room) else {
            return;
        };
        for play in found.plays.drain(..) {
            play.finish(Some(PlayEnd::Stopped), out);
        }
        for record in found.records.drain(..) {
            self.records.remove(&record.id);
            record.finish(RecordEnd::Stopped, None, out);
        }
    }

    /// Takes a leg out of this engine, alone: it leaves its bridge or room first. `None` when it is
    /// not here, or when something of it is still being opened (try again later).
    pub fn detach(&mut self, leg: LegId) -> Option<DetachedLeg> {
        let found = self.legs.get_mut(&leg)?;
        let unbound = found.rtp().is_some_and(|side| side.is_unbound());
        // The socket of a program stays where it is.
        if found.unicast().is_some() {
            return None;
        }
        let opening = found.plays.iter().any(|play| play.is_opening())
            || found.records.iter().any(|record| record.is_opening())
            || self
                .finishing
                .iter()
                .any(|finishing| finishing.leg == Some(leg));
        if unbound || opening {
            return None;
        }
        self.leave(leg);
        self.drop_listeners(leg);
        self.order.retain(|id| *id != leg);
        self.plays.retain(|_, place| *place != Place::Leg(leg));
        self.records.retain(|_, place| *place != Place::Leg(leg));
        self.legs.remove(&leg).map(|leg| DetachedLeg { leg })
    }

    /// Takes over a leg of another engine, which was made with the same `started`. `Err` gives it
    /// back when a leg of that name is here already.
    ///
    /// # Errors
    /// The leg itself.
    pub fn attach(&mut self, detached: DetachedLeg) -> Result<(), DetachedLeg> {
        let id = detached.leg.id;
        if self.legs.contains_key(&id) {
            return Err(detached);
        }
        let leg = detached.leg;
        self.plays
            .extend(leg.plays.iter().map(|play| (play.id, Place::Leg(id))));
        self.records
            .extend(leg.records.iter().map(|record| (record.id, Place::Leg(id))));
        self.legs.insert(id, leg);
        self.order.push(id);
        Ok(())
    }
}
