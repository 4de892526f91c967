//! Listeners who hear the same share an encoder, and where they listen in three dimensions the mixing of it: one of them, the
//! leader, has its sound mixed and encoded, and the packet goes to all the others, its followers.
//!
//! Who talks hears everybody else, and so has an own encoder. What a decoder remembers comes from the encoder it
//! was sent by. A listener therefore follows only after [`PATIENCE`] ticks in which its own encoder has heard the same as the
//! leader's, so that both sent nearly the same; and one that ceases to follow has its encoder take in what the leader heard in
//! the last ticks first, and its ears become those of the leader. Those who go on to hear something else together stay together.
//! Nothing is allocated for any of that: everybody keeps its own encoder and its own ears.

use super::Room;
use super::heard::Heard;
use super::member::Member;
use super::share::Share;
use crate::control::LegId;
use crate::frame::{Ears, Frame};
use crate::id_map::IdMap;
use crate::leg::{Exchange, Feed, Leg};

/// Ticks for which a listener hears the same as others before it is sent the same: half a second.
const PATIENCE: u16 = 25;
/// Different things that are shared at one time in a room.
const MAX_SHARES: usize = 64;

/// How a member is sent what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// By its own encoder; for so many ticks it could have shared.
    Alone(u16),
    /// By the leader of a share, who may be itself.
    With(usize),
}

/// All shares of a room.
#[derive(Default)]
pub(super) struct Shares {
    all: Vec<Box<Share>>,
    /// Those who look for others, by the mark of what they hear and their place among the members.
    lone: Vec<(u64, usize)>,
    /// Somebody may find others in this tick.
    is_meeting: bool,
}

impl Shares {
    /// The room has another rate.
    pub(super) fn forget(&mut self) {
        self.all.iter_mut().for_each(|share| share.forget());
    }
}

impl Room {
    /// Makes room for as many shares as the members can need.
    pub(super) fn reserve_shares(&mut self) {
        let wanted = (self.members.len() / 2).min(MAX_SHARES);
        while self.shares.all.len() < wanted {
            self.shares.all.push(Box::new(Share::new()));
            self.shares.is_meeting = true;
        }
        self.shares.lone.clear();
        self.shares.lone.reserve(self.members.len());
    }

    /// The leg a share is encoded for; it is to be served before the others.
    pub(crate) fn leader(&self, share: usize) -> Option<LegId> {
        self.shares.all.get(share)?.leading_leg()
    }

    /// How many shares there can be.
    pub(crate) fn share_count(&self) -> usize {
        self.shares.all.len()
    }

    /// Decides who shares in this tick.
    pub(super) fn share(&mut self, legs: &mut IdMap<LegId, Box<Leg>>) {
        self.look(legs);
        self.go_together();
        for at in 0..self.members.len() {
            self.stand(at, legs);
        }
        self.follow_on(legs);
        if std::mem::take(&mut self.shares.is_meeting) {
            self.unite();
            self.meet();
        }
    }

    /// Finds what everybody hears from this tick on, and who led until now.
    fn look(&mut self, legs: &IdMap<LegId, Box<Leg>>) {
        for share in &mut self.shares.all {
            share.led_by = None;
            share.next = None;
            share.votes = [0; 2];
            share.size = 0;
            share.is_led = false;
        }
        for at in 0..self.members.len() {
            let member = &self.members[at];
            let heard = legs
                .get(&member.leg)
                .filter(|_| member.is_there())
                .and_then(|leg| self.heard(at, leg));
            let member = &mut self.members[at];
            member.hears_anew = member.heard != heard;
            member.heard = heard;
            if let Standing::With(share) = member.standing
                && self.shares.all[share].is_led_by(member.id)
            {
                self.shares.all[share].led_by = Some(at);
                self.shares.all[share].next = heard;
            }
        }
    }

    /// Where most go with their leader to hear something else, they hear that together.
    fn go_together(&mut self) {
        let changing = |share: &Share| share.next.is_some() && share.next != share.heard;
        if !self.shares.all.iter().any(|share| changing(share)) {
            return;
        }
        for member in &self.members {
            if let (Standing::With(share), Some(heard)) = (member.standing, member.heard) {
                let share = &mut self.shares.all[share];
                share.votes[0] += usize::from(share.heard == Some(heard));
                share.votes[1] += usize::from(share.next == Some(heard));
            }
        }
        for share in self.shares.all.iter_mut().filter(|share| changing(share)) {
            let [stay, go] = share.votes;
            if go > stay {
                share.heard = share.next;
                share.ticks = 0;
            }
        }
    }

    /// What becomes of the standing of a member.
    fn stand(&mut self, at: usize, legs: &mut IdMap<LegId, Box<Leg>>) {
        let member = &self.members[at];
        let (id, heard) = (member.id, member.heard);
        let standing = match (member.standing, heard) {
            (Standing::With(share), Some(_)) if self.shares.all[share].heard == heard => {
                let share = &mut self.shares.all[share];
                share.size += 1;
                share.is_led |= share.is_led_by(id);
                return;
            }
            (Standing::With(share), _) => {
                self.part(at, share, legs);
                Standing::Alone(0)
            }
            (Standing::Alone(_), None) => Standing::Alone(0),
            // What it heard until now was something else.
            (Standing::Alone(_), Some(_)) if member.hears_anew => Standing::Alone(0),
            (Standing::Alone(ticks), Some(_)) => {
                self.shares.is_meeting |= ticks + 1 == PATIENCE;
                Standing::Alone((ticks + 1).min(PATIENCE))
            }
        };
        self.members[at].standing = standing;
    }

    /// A member hears something else now: its encoder and its ears go on where the leader's were.
    fn part(&mut self, at: usize, share: usize, legs: &mut IdMap<LegId, Box<Leg>>) {
        let share = &self.shares.all[share];
        if share.led_by == Some(at) || !self.members[at].is_there() {
            return;
        }
        if let Some(leg) = legs.get_mut(&self.members[at].leg) {
            self.members[at].catch_up(share, leg);
        }
        if let Some(leader) = share.led_by
            && let Ok([member, leader]) = self.members.get_disjoint_mut([at, leader])
        {
            member.take_ears_of(leader);
        }
    }

    /// Shares whose leader is gone get another one; where one is left, or none, there is nothing to share.
    fn follow_on(&mut self, legs: &mut IdMap<LegId, Box<Leg>>) {
        for at in 0..self.shares.all.len() {
            let share = &mut self.shares.all[at];
            if share.heard.is_none() {
                continue;
            }
            if share.ticks < PATIENCE {
                share.ticks += 1;
                self.shares.is_meeting |= share.ticks == PATIENCE;
            }
            if share.is_led && share.size > 1 {
                continue;
            }
            let mut members = self.members.iter();
            let next = members.position(|member| member.standing == Standing::With(at));
            if let Some(next) = next {
                if !share.is_led {
                    self.part(next, at, legs);
                }
                let Member { id, leg, .. } = self.members[next];
                self.shares.all[at].leader = Some((id, leg));
            }
            let share = &mut self.shares.all[at];
            if share.size > 1 {
                continue;
            }
            share.end();
            self.shares.is_meeting = true;
            if let Some(only) = next {
                self.members[only].standing = Standing::Alone(PATIENCE);
            }
        }
    }

    /// Shares that have come to hear the same become one.
    fn unite(&mut self) {
        let shares = &mut self.shares.all;
        for at in 1..shares.len() {
            let (before, share) = shares.split_at_mut(at);
            let Some(share) = share.first_mut() else {
                continue;
            };
            let is_same = |other: &Share| {
                share.heard.is_some()
                    && other.heard == share.heard
                    && other.ticks.min(share.ticks) == PATIENCE
            };
            let Some(into) = before.iter().position(|other| is_same(other)) else {
                continue;
            };
            share.end();
            for member in &mut self.members {
                if member.standing == Standing::With(at) {
                    member.standing = Standing::With(into);
                }
            }
        }
    }

    /// Those who have been patient join those who hear the same.
    fn meet(&mut self) {
        self.shares.lone.clear();
        let patient = |member: &Member| member.standing == Standing::Alone(PATIENCE);
        for (at, member) in self.members.iter().enumerate() {
            if let Some(heard) = member.heard.filter(|_| patient(member)) {
                self.shares.lone.push((heard.mark(), at));
            }
        }
        self.shares.lone.sort_unstable();
        for alike in 0..self.shares.lone.len() {
            let (mark, at) = self.shares.lone[alike];
            if self.members[at].standing != Standing::Alone(PATIENCE) {
                continue;
            }
            let Some(heard) = self.members[at].heard else {
                continue;
            };
            let rest = &self.shares.lone[alike + 1..];
            let mut others = rest.iter().take_while(|(other, _)| *other == mark);
            let is_alone = !others.any(|(_, other)| self.members[*other].heard == Some(heard));
            let Some(share) = self.share_of(heard, at, is_alone) else {
                continue;
            };
            for lone in alike..self.shares.lone.len() {
                let (other, at) = self.shares.lone[lone];
                if other != mark {
                    break;
                }
                if self.members[at].heard == Some(heard) {
                    self.members[at].standing = Standing::With(share);
                }
            }
        }
    }

    /// The share of those who hear this, or a free one, led by the member `at` unless it is alone. `None`: all are taken.
    fn share_of(&mut self, heard: Heard, at: usize, is_alone: bool) -> Option<usize> {
        let shares = &mut self.shares.all;
        let found = shares.iter().position(|share| share.heard == Some(heard));
        if found.is_some() || is_alone {
            // One that has come to hear this lately is to be waited for.
            return found.filter(|at| shares[*at].ticks == PATIENCE);
        }
        let free = shares.iter().position(|share| share.heard.is_none())?;
        let Member { id, leg, .. } = self.members[at];
        shares[free].found(heard, PATIENCE, (id, leg));
        Some(free)
    }

    /// Tells a feed how it is sent; whether it is by somebody else's encoder, so that nothing is to be mixed for it.
    pub(super) fn assign(&mut self, at: usize, feed: &mut Feed) -> bool {
        let member = &mut self.members[at];
        let leader = match member.standing {
            Standing::Alone(_) => None,
            Standing::With(share) => self.shares.all[share].leading_leg(),
        };
        feed.leads = leader == Some(member.leg);
        feed.follows = leader.filter(|leader| *leader != member.leg);
        if feed.follows.is_some() {
            member.hear_with_others();
        }
        feed.follows.is_some()
    }

    /// A leader keeps what it hears for those who will go on alone.
    pub(super) fn remember(&mut self, at: usize, mid: &[i16], side: Option<&[i16]>, given: &Frame) {
        let member = &self.members[at];
        if let Standing::With(share) = member.standing {
            let share = &mut self.shares.all[share];
            if share.is_led_by(member.id) {
                share.remember(self.rate_hz, mid, side, given);
            }
        }
    }

    /// Followers whose echo is to be cancelled have to know what they hear.
    pub(super) fn tell_followers(&self, legs: &mut IdMap<LegId, Box<Leg>>) {
        for member in self.members.iter().filter(|member| member.is_treated()) {
            let Standing::With(share) = member.standing else {
                continue;
            };
            let leader = self.shares.all[share].leading_leg();
            let Some(leader) = leader.filter(|leg| *leg != member.leg) else {
                continue;
            };
            if let [Some(leader), Some(follower)] = legs.get_disjoint_mut([&leader, &member.leg])
                && let (Exchange::Room { feed: from, .. }, Exchange::Room { feed: to, .. }) =
                    (&leader.exchange, &mut follower.exchange)
            {
                to.mid.copy_from(&from.mid);
            }
        }
    }
}

impl Member {
    /// Its encoder, and what converts for it, take in what the leader heard.
    fn catch_up(&mut self, share: &Share, leg: &mut Leg) {
        if let (Some(latest), Exchange::Room { feed, .. }) = (share.latest(), &mut leg.exchange)
            && latest.rate_hz() == feed.mid.rate_hz()
        {
            feed.mid.copy_from(latest);
        }
        let rate_hz = leg.rate_hz;
        let Some(packetiser) = leg.rtp().and_then(|side| side.packetiser()) else {
            return;
        };
        packetiser.begin_anew();
        let (mut mid, mut side) = (Frame::silent(rate_hz), Frame::silent(rate_hz));
        let mut is_known = false;
        for heard in share.past() {
            is_known = true;
            self.convert(heard.mid.samples(), &mut mid);
            if let Some(wide) = heard.side {
                self.convert_side(wide, &mut side);
            }
            let heard = Ears {
                mid: &mid,
                side: heard.side.map(|_| &side),
            };
            packetiser.take_in(heard);
        }
        // The room has another rate since: what its leg was given is all there is.
        if let Some(mid) = share
            .latest()
            .filter(|mid| !is_known && mid.rate_hz() == rate_hz)
        {
            packetiser.take_in(Ears { mid, side: None });
        }
        packetiser.stand_alone();
    }
}
