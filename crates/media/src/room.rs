//! A conference: everybody hears everybody but himself.

mod audibility;
mod member;
mod talk;

use crate::control::{
    LegId, MediaCommand, MediaReport, MemberControls, MemberSettings, Relation, RoomId,
};
use crate::frame::{Frame, MAX_FRAME_SAMPLES, samples_per_tick, supported_rate};
use crate::id_map::IdMap;
use crate::leg::playing::Playing;
use crate::leg::recording::Recording;
use crate::leg::scratch::Scratch;
use crate::leg::{Exchange, Leg};
use crate::output::Output;
use audibility::Groups;
use member::Member;

/// Relations other than the usual one kept per room; more are refused.
const MAX_RELATIONS: usize = 4096;

/// One mix and its members; lives on one media thread.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    pub(crate) rate_hz: u32,
    members: Vec<Member>,
    relations: Vec<(LegId, LegId, Relation)>,
    pub(crate) plays: Vec<Playing>,
    pub(crate) records: Vec<Recording>,
    /// Sum of all that is said and played in this tick.
    sum: Box<[i32; MAX_FRAME_SAMPLES]>,
    /// What is played in this tick, then the clipped sum.
    mix: Box<Frame>,
}

impl Room {
    pub(crate) fn new(id: RoomId, rate_hz: u32) -> Self {
        let rate_hz = supported_rate(rate_hz);
        Self {
            id,
            rate_hz,
            members: Vec::new(),
            relations: Vec::new(),
            plays: Vec::new(),
            records: Vec::new(),
            sum: Box::new([0; MAX_FRAME_SAMPLES]),
            mix: Box::new(Frame::silent(rate_hz)),
        }
    }

    pub(crate) fn join(&mut self, leg: LegId, leg_rate_hz: u32, settings: MemberSettings) {
        self.leave(leg);
        self.members
            .push(Member::new(leg, leg_rate_hz, self.rate_hz, settings));
    }

    pub(crate) fn leave(&mut self, leg: LegId) {
        self.members.retain(|member| member.leg != leg);
        self.relations
            .retain(|(from, to, _)| *from != leg && *to != leg);
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = LegId> {
        self.members.iter().map(|member| member.leg)
    }

    /// A member's leg changed its rate.
    pub(crate) fn set_member_rate(&mut self, leg: LegId, leg_rate_hz: u32) {
        let rate_hz = self.rate_hz;
        if let Some(member) = self.member(leg) {
            member.set_rate(leg_rate_hz, rate_hz);
        }
    }

    pub(crate) fn set_member(&mut self, leg: LegId, settings: MemberSettings) {
        if let Some(member) = self.member(leg) {
            member.set(settings);
        }
    }

    pub(crate) fn set_controls(&mut self, leg: LegId, controls: MemberControls) {
        if let Some(member) = self.member(leg) {
            member.control(controls);
        }
    }

    pub(crate) fn relate(&mut self, leg: LegId, other: LegId, relation: Relation) {
        self.relations
            .retain(|(from, to, _)| *from != leg || *to != other);
        if relation != Relation::Clear && self.relations.len() < MAX_RELATIONS {
            self.relations.push((leg, other, relation));
        }
    }

    pub(crate) fn has_room_for_play(&self) -> bool {
        self.plays.len() < MediaCommand::MAX_PLAYS
    }

    pub(crate) fn has_room_for_record(&self) -> bool {
        self.records.len() < MediaCommand::MAX_RECORDS
    }

    fn member(&mut self, leg: LegId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.leg == leg)
    }

    /// One tick: takes what the members say, gives each what it hears. Per member about 0.5 µs at
    /// 8 kHz, and as much again where rates differ.
    pub(crate) fn tick(
        &mut self,
        legs: &mut IdMap<LegId, Box<Leg>>,
        scratch: &mut Scratch,
        out: &mut Output,
    ) {
        self.take(legs, out);
        self.add_plays(scratch, out);
        self.record(scratch, out);
        self.give(legs);
    }

    fn take(&mut self, legs: &IdMap<LegId, Box<Leg>>, out: &mut Output) {
        let length = samples_per_tick(self.rate_hz);
        self.sum[..length].fill(0);
        for member in &mut self.members {
            let Some(leg) = legs.get(&member.leg) else {
                continue;
            };
            let Exchange::Room { feed, .. } = &leg.exchange else {
                continue;
            };
            if let Some((on, energy)) = member.take(&leg.heard, &feed.mid) {
                out.report(MediaReport::Talking {
                    room: self.id,
                    leg: member.leg,
                    on,
                    energy,
                });
            }
            if member.is_audible() {
                for (sum, &sample) in self.sum[..length].iter_mut().zip(member.voice()) {
                    *sum += i32::from(sample);
                }
            }
        }
    }

    fn add_plays(&mut self, scratch: &mut Scratch, out: &mut Output) {
        if self.plays.is_empty() {
            return;
        }
        self.mix.clear();
        for play in self.plays.iter_mut().filter(|play| play.is_open()) {
            play.mix_into(&mut self.mix, scratch, out);
        }
        for (sum, &sample) in self.sum.iter_mut().zip(self.mix.samples()) {
            *sum += i32::from(sample);
        }
        let mut at = 0;
        while at < self.plays.len() {
            if self.plays[at].is_over() {
                self.plays.remove(at).finish(None, out);
            } else {
                at += 1;
            }
        }
    }

    fn record(&mut self, scratch: &mut Scratch, out: &mut Output) {
        if self.records.is_empty() {
            return;
        }
        let mut heard = [0; MAX_FRAME_SAMPLES];
        let heard = &mut heard[..samples_per_tick(self.rate_hz)];
        heard.copy_from_slice(&self.sum[..heard.len()]);
        // A recording listens in the room: what is said aside is not for it.
        self.hide(None, Groups::default(), heard);
        for (sample, &sum) in self.mix.samples_mut().iter_mut().zip(heard.iter()) {
            *sample = clip(sum);
        }
        let mut at = 0;
        while at < self.records.len() {
            match self.records[at].take_mix(&self.mix, scratch, out) {
                None => at += 1,
                Some(end) => self.records.remove(at).finish(end, None, out),
            }
        }
    }

    fn give(&mut self, legs: &mut IdMap<LegId, Box<Leg>>) {
        let length = samples_per_tick(self.rate_hz);
        for at in 0..self.members.len() {
            let listener = self.members[at].leg;
            let Some(leg) = legs.get_mut(&listener) else {
                continue;
            };
            let Exchange::Room { feed, .. } = &mut leg.exchange else {
                continue;
            };
            if self.members[at].is_deaf() {
                feed.clear();
                continue;
            }
            let mut hears = [0; MAX_FRAME_SAMPLES];
            let hears = &mut hears[..length];
            hears.copy_from_slice(&self.sum[..length]);
            if self.members[at].is_audible() {
                subtract(hears, self.members[at].voice());
            }
            self.hide(Some(listener), self.members[at].groups(), hears);
            self.members[at].give(hears, &mut feed.mid);
            feed.is_wide = false;
        }
    }

    /// Takes away those a listener does not hear; a recording is nobody's leg.
    fn hide(&self, listener: Option<LegId>, groups: Groups, hears: &mut [i32]) {
        if self.relations.is_empty() && !self.members.iter().any(|m| m.groups().any()) {
            return;
        }
        for member in self
            .members
            .iter()
            .filter(|m| Some(m.leg) != listener && m.is_audible())
        {
            if !groups.hears(member.groups()) || self.is_hidden(listener, member.leg) {
                subtract(hears, member.voice());
            }
        }
    }

    /// Whether a relation keeps a listener from hearing somebody.
    fn is_hidden(&self, listener: Option<LegId>, speaker: LegId) -> bool {
        self.relations
            .iter()
            .any(|&(from, to, relation)| match relation {
                Relation::NoSpeak => from == speaker && Some(to) == listener,
                Relation::NoHear => Some(from) == listener && to == speaker,
                Relation::Clear => false,
            })
    }
}

fn subtract(sum: &mut [i32], voice: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(voice) {
        *sum -= i32::from(sample);
    }
}

fn clip(sum: i32) -> i16 {
    sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}
