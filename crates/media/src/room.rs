//! A conference: everybody hears everybody but himself.

mod audibility;
mod farewell;
mod hall;
mod heard;
mod levels;
mod member;
mod relations;
mod share;
mod sharing;
mod sums;
mod talk;
mod tape;
mod threshold;

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
use member::{Member, MemberId};
use sharing::Shares;
use sums::{add, add_crowd, clip, cross, fade_in, go_on, subtract};
use tape::Tape;

/// One mix and its members; lives on one media thread.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    pub(crate) rate_hz: u32,
    /// In the order they came, and those who have just left as long as anything of them is heard.
    members: Vec<Member>,
    /// Who has left for good. Memory is not given back on the clock: they go with the next who comes or leaves.
    gone: Vec<Member>,
    next_member: u64,
    relations: Vec<(MemberId, MemberId, Relation)>,
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
    /// The mix goes on at another rate in this tick.
    has_other_rate: bool,
    /// For members who hear the same.
    shares: Shares,
    /// For recordings with two channels.
    tapes: Vec<Box<Tape>>,
}

impl Room {
    pub(crate) fn new(id: RoomId, rate_hz: u32) -> Self {
        let rate_hz = supported_rate(rate_hz);
        Self {
            id,
            rate_hz,
            members: Vec::new(),
            gone: Vec::new(),
            next_member: 0,
            relations: Vec::new(),
            plays: Vec::new(),
            records: Vec::new(),
            sum: Box::new([0; MAX_FRAME_SAMPLES]),
            mix: Box::new(Frame::silent(rate_hz)),
            everywhere: Box::new([0; MAX_FRAME_SAMPLES]),
            hall: None,
            has_other_rate: false,
            shares: Shares::default(),
            tapes: Vec::new(),
        }
    }

    pub(crate) fn join(&mut self, leg: LegId, leg_rate_hz: u32, settings: MemberSettings) {
        self.leave(leg);
        let id = MemberId(self.next_member);
        self.next_member += 1;
        self.members
            .push(Member::new(id, leg, leg_rate_hz, self.rate_hz, settings));
        self.reserve_shares();
        self.meter();
    }

    /// What it says ends within the next tick.
    pub(crate) fn leave(&mut self, leg: LegId) {
        self.gone.clear();
        self.gone.reserve(self.members.len());
        if let Some(member) = self.member(leg) {
            member.leave();
        }
        self.meter();
    }

    /// Those of whom nothing is heard any more go.
    fn part_from_gone(&mut self) {
        if !self.members.iter().any(Member::is_over) {
            return;
        }
        let mut kept = 0;
        for at in 0..self.members.len() {
            if !self.members[at].is_over() {
                self.members.swap(kept, at);
                kept += 1;
            }
        }
        for gone in &self.members[kept..] {
            let is_of = |&(from, to, _): &(MemberId, MemberId, _)| from == gone.id || to == gone.id;
            self.relations.retain(|relation| !is_of(relation));
        }
        let (here, gone) = self.members.split_at_mut(kept);
        for member in here.iter_mut().filter(|member| member.hears_selectively()) {
            gone.iter().for_each(|gone| member.forget(gone.id));
        }
        // There has been room for all since they left.
        self.gone.extend(self.members.drain(kept..));
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = LegId> {
        let there = self.members.iter().filter(|member| member.is_there());
        there.map(|member| member.leg)
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
        let Some(member) = self.member(leg) else {
            return;
        };
        member.control(controls);
        self.meter();
        let Some(member) = self.member(leg) else {
            return;
        };
        if !wants_hall || member.listening.is_some() {
            return;
        }
        let leg_rate_hz = member.leg_rate_hz();
        let Some(renderer) = self.hall.as_ref().map(|hall| hall.renderer()).or(renderer) else {
            return;
        };
        let renderer = renderer.clone();
        self.open_hall(&renderer);
        if let Some(member) = self.member(leg) {
            member.listening = Some(Box::new(Listening::new(&renderer, leg_rate_hz)));
            member.begins_to_listen = true;
        }
    }

    /// From now on the room is mixed so that it can be heard in three dimensions.
    fn open_hall(&mut self, renderer: &Arc<Renderer>) {
        if self.rate_hz != MAX_RATE_HZ {
            self.set_rate(MAX_RATE_HZ);
        }
        self.hall
            .get_or_insert_with(|| Box::new(Hall::new(renderer)));
    }

    /// Those who wished to hear in three dimensions before that was possible get their wish.
    pub(crate) fn equip(&mut self, renderer: &Arc<Renderer>) {
        let wishes: Vec<_> = self
            .members
            .iter()
            .filter(|m| m.is_there())
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

    /// The mix goes on at another rate. Converters begin with nothing, a gap of two milliseconds on each side of the mix;
    /// members hear the frame before continued over it.
    fn set_rate(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        self.has_other_rate = true;
        self.mix.reshape(rate_hz);
        self.shares.forget();
        for member in &mut self.members {
            member.set_rate(member.leg_rate_hz(), rate_hz);
        }
        self.meter();
        self.plays.iter_mut().for_each(|play| play.adapt(rate_hz));
        for record in &mut self.records {
            // Every rate of a mix can be converted into every rate of a file that was opened.
            record.adapt(rate_hz);
        }
    }

    pub(crate) fn has_room_for_play(&self) -> bool {
        self.plays.len() < MediaCommand::MAX_PLAYS
    }

    pub(crate) fn has_room_for_record(&self) -> bool {
        self.records.len() < MediaCommand::MAX_RECORDS
    }

    fn member(&mut self, leg: LegId) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.leg == leg && member.is_there())
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
        self.share(legs);
        self.give(legs, out);
        self.tell_followers(legs);
        self.part_from_gone();
    }

    fn take(&mut self, legs: &IdMap<LegId, Box<Leg>>, out: &mut Output) {
        let length = samples_per_tick(self.rate_hz);
        self.sum[..length].fill(0);
        for member in &mut self.members {
            if member.is_there() {
                if let Some(leg) = legs.get(&member.leg)
                    && let Exchange::Room { feed, .. } = &leg.exchange
                    && let Some((on, energy)) = member.take(&leg.heard, &feed.mid)
                {
                    out.report(MediaReport::Talking {
                        room: self.id,
                        leg: member.leg,
                        on,
                        energy,
                    });
                }
            } else {
                member.fade_away();
            }
        }
        self.level();
        if let Some(hall) = &mut self.hall {
            hall.seat(&mut self.members);
        }
        for (at, member) in self.members.iter_mut().enumerate() {
            if let Some(hall) = &mut self.hall {
                let has_direction = hall.take(at, member);
                member.set_everywhere(!has_direction);
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
            let ears = self.listen_for_tape(at).map(|ears| ears.map(Frame::clone));
            let record = &mut self.records[at];
            let ended = match &ears {
                Some([left, right]) => record.take(left, right, scratch, out),
                None => record.take_mix(&self.mix, scratch, out),
            };
            match ended {
                None => at += 1,
                Some(end) => self.records.remove(at).finish(end, None, out),
            }
        }
    }

    fn give(&mut self, legs: &mut IdMap<LegId, Box<Leg>>, out: &mut Output) {
        let length = samples_per_tick(self.rate_hz);
        let regrouped = self.members.iter().any(Member::is_regrouped);
        for at in 0..self.members.len() {
            if !self.members[at].is_there() {
                continue;
            }
            let listener = self.members[at].leg;
            let Some(leg) = legs.get_mut(&listener) else {
                continue;
            };
            let is_stereo = leg.rtp().is_some_and(|side| side.is_stereo());
            let Exchange::Room { feed, .. } = &mut leg.exchange else {
                continue;
            };
            feed.is_wide = false;
            if self.assign(at, feed) {
                continue;
            }
            let mut given = [0; MAX_FRAME_SAMPLES];
            let given = &mut given[..length];
            let mut listening = self.members[at].listening.take();
            let begins = std::mem::take(&mut self.members[at].begins_to_listen);
            if self.members[at].hears_nothing() {
                if let Some(listening) = &mut listening {
                    listening.rest();
                }
                self.members[at].listening = listening;
                // What is still in the converter comes out.
                self.members[at].convert(given, &mut feed.mid);
                self.remember(at, given, None, &feed.mid);
                continue;
            }
            let mut hears = [0; MAX_FRAME_SAMPLES];
            let hears = &mut hears[..length];
            if listening.is_none() || begins {
                self.mix_plainly(at, Member::groups, hears);
                if regrouped {
                    let mut before = [0; MAX_FRAME_SAMPLES];
                    let before = &mut before[..length];
                    self.mix_plainly(at, Member::groups_before, before);
                    cross(before, hears);
                }
            }
            let mut hall = self.hall.take();
            if let (Some(mut listening), Some(hall)) = (listening, &mut hall) {
                let mut in_the_hall = [0; MAX_FRAME_SAMPLES];
                let in_the_hall = &mut in_the_hall[..length];
                feed.is_wide = self.mix_in_hall(at, hall, &mut listening, is_stereo, in_the_hall);
                out.rendered += 1;
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
            }
            if self.has_other_rate {
                let mut before = [0; MAX_FRAME_SAMPLES];
                let before = &mut before[..feed.mid.samples().len()];
                before.copy_from_slice(feed.mid.samples());
                self.members[at].give(hears, given, &mut feed.mid);
                go_on(before, feed.mid.samples_mut());
            } else {
                self.members[at].give(hears, given, &mut feed.mid);
            }
            let side = hall.as_ref().filter(|_| feed.is_wide);
            let side = side.map(|hall| hall.side.samples());
            self.remember(at, given, side, &feed.mid);
            self.hall = hall;
        }
        self.has_other_rate = false;
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
        self.hide(Some(listener), groups(listener), groups, hears);
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
        let heard = |speaker: usize| {
            let other = &self.members[speaker];
            let is_other = other.id != member.id && !member.is_deaf_to(other.id);
            let before = member.groups_before().hears(other.groups_before());
            [is_other && before, is_other && seat.hears(speaker)]
        };
        add_crowd(&self.members, heard, member.controls().stereo_bypass, mid);
        hall.render(listening, Some(at), &seat, mid)
    }

    /// Takes away those a listener does not hear; a recording is nobody's leg.
    fn hide(
        &self,
        listener: Option<&Member>,
        own: Groups,
        groups: fn(&Member) -> Groups,
        hears: &mut [i32],
    ) {
        let hears_all = listener.is_none_or(|listener| !listener.hears_selectively());
        if hears_all && !self.members.iter().any(|m| groups(m).any()) {
            return;
        }
        let others = self.members.iter().filter(|m| m.is_audible());
        for member in others.filter(|m| listener.is_none_or(|listener| listener.id != m.id)) {
            let is_hidden = listener.is_some_and(|listener| listener.is_deaf_to(member.id));
            if is_hidden || !own.hears(groups(member)) {
                subtract(hears, member.voice());
            }
        }
    }
}

/// A listener and those around it.
struct Seat<'a> {
    room: &'a Room,
    listener: &'a Member,
}

impl Audience for Seat<'_> {
    fn hears(&self, speaker: usize) -> bool {
        let speaks = self.room.members.get(speaker);
        speaks.is_some_and(|speaker| {
            self.listener.groups().hears(speaker.groups()) && !self.listener.is_deaf_to(speaker.id)
        })
    }
}
