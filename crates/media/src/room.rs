//! A conference: everybody hears everybody but himself.

mod audibility;
mod hall;
mod member;
mod talk;

use std::sync::Arc;

use crate::control::{
    LegId, MediaCommand, MediaReport, MemberControls, MemberSettings, Place, Relation, RoomId,
};
use crate::frame::{Frame, MAX_FRAME_SAMPLES, MAX_RATE_HZ, samples_per_tick, supported_rate};
use crate::id_map::IdMap;
use crate::leg::playing::Playing;
use crate::leg::recording::Recording;
use crate::leg::scratch::Scratch;
use crate::leg::{Exchange, Leg};
use crate::output::Output;
use crate::spatial::Renderer;
use audibility::Groups;
use hall::{Audience, Hall, Listening};
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
    /// What is heard from everywhere by those who listen in three dimensions: what is played.
    everywhere: Box<[i32; MAX_FRAME_SAMPLES]>,
    /// From the first who listens in three dimensions on.
    hall: Option<Box<Hall>>,
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
            everywhere: Box::new([0; MAX_FRAME_SAMPLES]),
            hall: None,
        }
    }

    pub(crate) fn join(&mut self, leg: LegId, leg_rate_hz: u32, settings: MemberSettings) {
        self.leave(leg);
        self.members
            .push(Member::new(leg, leg_rate_hz, self.rate_hz, settings));
    }

    pub(crate) fn leave(&mut self, leg: LegId) {
        self.members.retain(|member| member.leg != leg);
        if let Some(hall) = &mut self.hall {
            hall.leave(leg);
        }
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

    /// `renderer` is needed by who wants to hear in three dimensions; without it nothing has a direction.
    pub(crate) fn set_controls(
        &mut self,
        leg: LegId,
        controls: MemberControls,
        renderer: Option<&Arc<Renderer>>,
    ) {
        let wants_hall = controls.mixing_3d || controls.stereo_bypass;
        let room_rate_hz = self.rate_hz;
        let Some(member) = self.member(leg) else {
            return;
        };
        member.control(controls);
        if !wants_hall || member.listening.is_some() {
            return;
        }
        let leg_rate_hz = member.leg_rate_hz();
        let Some(renderer) = self.hall.as_ref().map(|hall| hall.renderer()).or(renderer) else {
            return;
        };
        let renderer = renderer.clone();
        if room_rate_hz != MAX_RATE_HZ {
            self.set_rate(MAX_RATE_HZ);
        }
        self.hall
            .get_or_insert_with(|| Box::new(Hall::new(&renderer)));
        if let Some(member) = self.member(leg) {
            member.listening = Some(Box::new(Listening::new(&renderer, leg_rate_hz)));
            member.begins_to_listen = true;
        }
    }

    /// Those who wished to hear in three dimensions before that was possible get their wish.
    pub(crate) fn equip(&mut self, renderer: &Arc<Renderer>) {
        let wishes: Vec<_> = self
            .members
            .iter()
            .map(|m| (m.leg, *m.controls()))
            .collect();
        for (leg, controls) in wishes {
            self.set_controls(leg, controls, Some(renderer));
        }
    }

    pub(crate) fn place(&mut self, leg: LegId, place: Place) {
        if let Some(member) = self.member(leg) {
            member.put(place);
        }
    }

    /// The mix goes on at another rate, from nothing: a gap of the two milliseconds that converters remember.
    fn set_rate(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        self.mix.reshape(rate_hz);
        for member in &mut self.members {
            member.set_rate(member.leg_rate_hz(), rate_hz);
        }
        self.plays.iter_mut().for_each(|play| play.adapt(rate_hz));
        for record in &mut self.records {
            // Every rate of a mix can be converted into every rate of a file that was opened.
            record.adapt(rate_hz);
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
            if let Some(hall) = &mut self.hall {
                member.is_everywhere = !hall.take(member);
            }
            if member.is_audible() {
                add(&mut self.sum[..length], member.voice());
            }
        }
    }

    fn add_plays(&mut self, scratch: &mut Scratch, out: &mut Output) {
        self.everywhere.fill(0);
        if self.plays.is_empty() {
            return;
        }
        self.mix.clear();
        for play in self.plays.iter_mut().filter(|play| play.is_open()) {
            play.mix_into(&mut self.mix, scratch, out);
        }
        add(&mut self.sum[..], self.mix.samples());
        add(&mut self.everywhere[..], self.mix.samples());
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
        self.hide(None, Groups::default(), Member::groups, heard);
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
        let regrouped = self
            .members
            .iter()
            .any(|member| member.groups() != member.groups_before());
        for at in 0..self.members.len() {
            let listener = self.members[at].leg;
            let Some(leg) = legs.get_mut(&listener) else {
                continue;
            };
            let is_stereo = leg.rtp().is_some_and(|side| side.is_stereo());
            let Exchange::Room { feed, .. } = &mut leg.exchange else {
                continue;
            };
            feed.is_wide = false;
            if self.members[at].is_deaf() {
                feed.mid.clear();
                continue;
            }
            let mut hears = [0; MAX_FRAME_SAMPLES];
            let hears = &mut hears[..length];
            let listening = self.members[at].listening.take();
            let begins = std::mem::take(&mut self.members[at].begins_to_listen);
            if listening.is_none() || begins {
                self.mix_plainly(at, Member::groups, hears);
                if regrouped {
                    let mut before = [0; MAX_FRAME_SAMPLES];
                    let before = &mut before[..length];
                    self.mix_plainly(at, Member::groups_before, before);
                    cross(before, hears);
                }
            }
            if let Some(mut listening) = listening
                && let Some(mut hall) = self.hall.take()
            {
                let mut in_the_hall = [0; MAX_FRAME_SAMPLES];
                let in_the_hall = &mut in_the_hall[..length];
                feed.is_wide =
                    self.mix_in_hall(at, &mut hall, &mut listening, is_stereo, in_the_hall);
                if begins {
                    // What was heard until now had another delay.
                    cross(hears, in_the_hall);
                    fade_in(hall.side.samples_mut());
                }
                hears.copy_from_slice(in_the_hall);
                self.members[at].listening = Some(listening);
                if feed.is_wide {
                    self.members[at].give_side(&mut hall.side, &mut feed.side);
                }
                self.hall = Some(hall);
            }
            self.members[at].give(hears, &mut feed.mid);
        }
        if regrouped {
            self.members.iter_mut().for_each(Member::remember_groups);
        }
    }

    /// What a member hears without directions, when everybody is in the groups `groups` says.
    fn mix_plainly(&self, at: usize, groups: fn(&Member) -> Groups, hears: &mut [i32]) {
        let listener = &self.members[at];
        hears.copy_from_slice(&self.sum[..hears.len()]);
        if listener.is_audible() {
            subtract(hears, listener.voice());
        }
        self.hide(Some(listener.leg), groups(listener), groups, hears);
    }

    /// What a member hears in three dimensions: half of what both ears hear together into `mid`, half of their difference
    /// into the hall's `side`. False: there is no difference.
    fn mix_in_hall(
        &self,
        at: usize,
        hall: &mut Hall,
        listening: &mut Listening,
        is_stereo: bool,
        mid: &mut [i32],
    ) -> bool {
        mid.copy_from_slice(&self.everywhere[..mid.len()]);
        let member = &self.members[at];
        listening.set(member.place(), member.controls(), is_stereo);
        let seat = Seat {
            room: self,
            listener: member,
        };
        let crowd = self.members.iter().filter(|other| other.is_everywhere);
        for other in crowd.filter(|other| other.leg != member.leg && seat.hears(other.leg)) {
            add(mid, other.voice());
        }
        hall.render(listening, member.leg, &seat, mid)
    }

    /// Takes away those a listener does not hear; a recording is nobody's leg.
    fn hide(
        &self,
        listener: Option<LegId>,
        own: Groups,
        groups: fn(&Member) -> Groups,
        hears: &mut [i32],
    ) {
        if self.relations.is_empty() && !self.members.iter().any(|m| groups(m).any()) {
            return;
        }
        for member in self
            .members
            .iter()
            .filter(|m| Some(m.leg) != listener && m.is_audible())
        {
            if !own.hears(groups(member)) || self.is_hidden(listener, member.leg) {
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

/// A listener and those around it.
struct Seat<'a> {
    room: &'a Room,
    listener: &'a Member,
}

impl Audience for Seat<'_> {
    fn hears(&self, speaker: LegId) -> bool {
        let speaks = self.room.members.iter().find(|m| m.leg == speaker);
        speaks.is_some_and(|speaker| self.listener.groups().hears(speaker.groups()))
            && !self.room.is_hidden(Some(self.listener.leg), speaker)
    }
}

/// From what was heard to what is heard, over the length of a tick.
fn cross(from: &[i32], to: &mut [i32]) {
    let length = to.len() as f32;
    for (n, (to, &from)) in to.iter_mut().zip(from).enumerate() {
        let share = n as f32 / length;
        *to = (*to as f32 * share + from as f32 * (1.0 - share)).round() as i32;
    }
}

fn fade_in(samples: &mut [i16]) {
    let length = samples.len() as f32;
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample = (f32::from(*sample) * (n as f32 / length)).round() as i16;
    }
}

fn add(sum: &mut [i32], voice: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(voice) {
        *sum += i32::from(sample);
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
