//! Calls to members of fifos: made while callers wait, given up when none does any more. Who answers runs the application
//! as a consumer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use api::cause::Blame;
use api::dial::DialString;
use api::event::FifoAction;
use api::view::{FifoMember, FifoStrategy};
use api::{Application, ChannelId, HangupCause, Timestamp};

use super::members::member;
use super::order::PopOrder;
use crate::Switch;
use crate::originate::{OriginateId, Purpose};
use crate::timers::{Deadline, in_time};
use crate::work::Work;

/// A member who was called in vain is left alone for so long at least: nothing else would slow down calls to a telephone
/// that is not there.
const REST: Duration = Duration::from_secs(5);

/// Says in a dial string whether a member who answered stays for further callers: `wait`, or `nowait` as without it.
const STAYS: [&str; 2] = ["fifo_member_wait", "member_wait"];

/// A call to a member that is not decided.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct MemberCallId(u64);

/// A fifo, and the dial string of its member.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    fifo: Arc<str>,
    dial: Arc<str>,
}

/// Calls to members, and when there is something else to do.
#[derive(Debug, Default)]
pub(crate) struct MemberCalls {
    serial: u64,
    ringing: BTreeMap<MemberCallId, (Place, OriginateId)>,
    /// Who has answered and not hung up.
    legs: HashMap<ChannelId, Place>,
    /// The earliest deadline that is set for a fifo.
    wakes: BTreeMap<Arc<str>, Timestamp>,
}

impl MemberCalls {
    /// Calls of a fifo that are not decided, the first one first.
    fn of(&self, fifo: &str) -> Vec<MemberCallId> {
        let all = self.ringing.iter();
        let of_fifo = all.filter(|(_, (place, _))| *place.fifo == *fifo);
        of_fifo.map(|(id, _)| *id).collect()
    }

    /// What would be left behind by calls that have ended.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.ringing.len() + self.legs.len()
    }
}

impl Switch {
    /// Calls as many members as are wanted for those who wait, and gives up calls that nobody wants any more.
    pub(crate) fn call_members(&mut self, name: &Arc<str>) {
        self.drop_expired_members(name);
        let Some(fifo) = self.fifos.get(name) else {
            return;
        };
        let waiting = fifo.waiting().count();
        let strategy = fifo.strategy;
        self.withdraw_surplus(name, waiting, HangupCause::OriginatorCancel);
        self.withdraw_unwanted(name);
        let ringing = self.member_calls.of(name).len();
        let settings = &self.view.settings;
        let may_call = !settings.paused_outbound && !settings.draining;
        if waiting > 0 && may_call {
            let most = match strategy {
                FifoStrategy::RingAll => usize::MAX,
                FifoStrategy::Enterprise => waiting.saturating_sub(ringing),
            };
            for dial in self.choose_members(name, most) {
                self.call_member(name, dial);
            }
        }
        self.plan_fifo(name, waiting > 0, may_call);
    }

    /// The free members, who rested longest first. Who rings already is not called once more to ring beside itself.
    fn choose_members(&self, name: &str, most: usize) -> Vec<Arc<str>> {
        let now = self.now.wall;
        let Some(fifo) = self.fifos.get(name) else {
            return Vec::new();
        };
        let free = fifo.members.iter();
        let mut free: Vec<&FifoMember> = free
            .filter(|one| one.ringing == 0 && one.is_free(now))
            .filter(|one| PopOrder::of_member(&one.dial).first(fifo).is_some())
            .collect();
        free.sort_by_key(|one| (one.rests_until, one.answered));
        let free = free.into_iter().take(most);
        free.map(|one| one.dial.clone()).collect()
    }

    fn call_member(&mut self, name: &Arc<str>, dial: Arc<str>) {
        let Ok(mut wanted) = DialString::parse(&dial) else {
            return;
        };
        let Some(fifo) = self.fifos.get_mut(name) else {
            return;
        };
        let strategy = fifo.strategy;
        let first = PopOrder::of_member(&dial).first(fifo);
        let Some(caller) = first.map(|(_, caller)| caller.clone()) else {
            return;
        };
        let Some(member) = member(fifo, &dial) else {
            return;
        };
        member.ringing += 1;
        let ring = Duration::from_secs(member.settings.ring_s.into());
        // Whoever answers gets a caller, not whoever's telephone plays a ringing tone.
        wanted.variables.extend([
            ("ignore_early_media".into(), "true".into()),
            ("fifo_name".into(), name.clone()),
        ]);
        self.member_calls.serial += 1;
        let id = MemberCallId(self.member_calls.serial);
        let purpose = Purpose::Fifo(id, caller.channel);
        let originate = self.originate(wanted, Some(ring), purpose);
        if let Some(call) = self.originates.get_mut(&originate) {
            call.set_caller_id(Some(caller.name), Some(caller.number));
        }
        let place = Place {
            fifo: name.clone(),
            dial: dial.clone(),
        };
        let ringing = &mut self.member_calls.ringing;
        ringing.insert(id, (place, originate));
        self.show_fifo(name);
        let called = FifoAction::MemberCalled {
            member: dial,
            strategy,
        };
        self.tell_of_member(name, called);
    }

    /// A call is not under way any more; what becomes of the member is said by `change`.
    fn member_call_over(
        &mut self,
        id: MemberCallId,
        failure: Option<HangupCause>,
        change: impl FnOnce(&mut FifoMember, Timestamp),
    ) -> Option<(Place, OriginateId)> {
        let (place, originate) = self.member_calls.ringing.remove(&id)?;
        let now = self.now.wall;
        self.change_fifo(&place.fifo, |fifo| {
            if let Some(member) = member(fifo, &place.dial) {
                member.ringing = member.ringing.saturating_sub(1);
                change(member, now);
            }
        });
        let decided = FifoAction::MemberDecided {
            member: place.dial.clone(),
            failure,
        };
        self.tell_of_member(&place.fifo, decided);
        Some((place, originate))
    }

    fn withdraw_call(&mut self, id: MemberCallId, cause: HangupCause) {
        if let Some((_, originate)) = self.member_call_over(id, Some(cause), |_, _| {}) {
            self.cancel_originate(originate, cause);
        }
    }

    /// Calls beyond what so many callers are worth; the latest go first.
    fn withdraw_surplus(&mut self, name: &Arc<str>, waiting: usize, cause: HangupCause) {
        let strategy = self.fifos.get(name).map(|fifo| fifo.strategy);
        let wanted = match strategy {
            Some(FifoStrategy::RingAll) if waiting > 0 => usize::MAX,
            Some(FifoStrategy::Enterprise) => waiting,
            Some(FifoStrategy::RingAll) | None => 0,
        };
        for id in self.member_calls.of(name).into_iter().skip(wanted) {
            self.withdraw_call(id, cause);
        }
    }

    /// Calls to members who take none of those who wait.
    fn withdraw_unwanted(&mut self, name: &Arc<str>) {
        let Some(fifo) = self.fifos.get(name) else {
            return;
        };
        let is_unwanted = |id: &MemberCallId| {
            let call = self.member_calls.ringing.get(id);
            call.is_some_and(|(place, _)| PopOrder::of_member(&place.dial).first(fifo).is_none())
        };
        let mut calls = self.member_calls.of(name);
        calls.retain(is_unwanted);
        for id in calls {
            self.withdraw_call(id, HangupCause::OriginatorCancel);
        }
    }

    /// Nobody is to ring there any more.
    pub(super) fn withdraw_member(&mut self, name: &str, dial: &str, cause: HangupCause) {
        for id in self.member_calls.of(name) {
            let call = self.member_calls.ringing.get(&id);
            if call.is_some_and(|(place, _)| *place.dial == *dial) {
                self.withdraw_call(id, cause);
            }
        }
    }

    /// Nobody has answered.
    pub(crate) fn member_call_failed(&mut self, id: MemberCallId, cause: HangupCause) {
        let over = self.member_call_over(id, Some(cause), |member, now| {
            let lag = Duration::from_secs(member.settings.lag_s.into());
            member.failed += 1;
            member.rests_until = now.after(lag.max(REST));
        });
        if let Some((place, _)) = over {
            self.work.push_back(Work::Fifo(place.fifo));
        }
    }

    /// A member has answered. What they run now; `None`: they are hung up, as nobody waits any more.
    pub(crate) fn member_answered(
        &mut self,
        id: MemberCallId,
        leg: &ChannelId,
    ) -> Option<Application> {
        let waiting = |switch: &Self, place: &Place| {
            let fifo = switch.fifos.get(&place.fifo);
            fifo.map_or(0, |fifo| fifo.waiting().count())
        };
        let stays = STAYS.iter().find_map(|name| self.var(leg, name));
        let stays = stays.is_some_and(|how| how.eq_ignore_ascii_case("wait"));
        let callers = self.member_calls.ringing.get(&id);
        let callers = callers.map_or(0, |(place, _)| waiting(self, place));
        let place = self.member_calls.ringing.get(&id).map(|(place, _)| place);
        let is_wanted = place.is_some_and(|place| self.has_caller_for(leg, &place.fifo));
        if !is_wanted && !stays {
            self.withdraw_call(id, HangupCause::OriginatorCancel);
            self.hangup(leg, HangupCause::OriginatorCancel, Blame::Caller);
            return None;
        }
        let answered = self.member_call_over(id, None, |member, _| {
            member.talking += 1;
            member.answered += 1;
        });
        let Some((place, _)) = answered else {
            self.hangup(leg, HangupCause::LoseRace, Blame::Ours);
            return None;
        };
        let left = callers.saturating_sub(1);
        self.withdraw_surplus(&place.fifo, left, HangupCause::LoseRace);
        let how = if stays { "wait" } else { "nowait" };
        let argument = format!("{} out {how}", place.fifo);
        self.member_calls.legs.insert(leg.clone(), place);
        Some(Application::new("fifo", argument))
    }

    /// A member has hung up, and rests.
    pub(crate) fn member_talk_over(&mut self, leg: &ChannelId) {
        let Some(Place { fifo, dial }) = self.member_calls.legs.remove(leg) else {
            return;
        };
        let now = self.now.wall;
        self.change_fifo(&fifo, |fifo| {
            if let Some(member) = member(fifo, &dial) {
                let lag = Duration::from_secs(member.settings.lag_s.into());
                member.talking = member.talking.saturating_sub(1);
                member.rests_until = now.after(lag);
            }
        });
        self.work.push_back(Work::Fifo(fifo));
    }

    /// Looks again when the next member has rested, if somebody waits, or is forgotten; and while nobody may be called at all.
    fn plan_fifo(&mut self, name: &Arc<str>, is_wanted: bool, may_call: bool) {
        let now = self.now.wall;
        let Some(fifo) = self.fifos.get(name) else {
            return;
        };
        let rested = fifo.members.iter().map(|one| one.rests_until);
        let rested = rested.filter(|at| is_wanted && *at > now);
        let forgotten = fifo.members.iter().filter_map(|one| one.settings.expires);
        let is_stopped = is_wanted && !may_call && !fifo.members.is_empty();
        let later = is_stopped.then(|| now.after(REST));
        let Some(next) = rested.chain(forgotten).chain(later).min() else {
            return;
        };
        let planned = self.member_calls.wakes.get(name);
        if planned.is_some_and(|at| *at <= next) {
            return;
        }
        let micros = u64::try_from(next.micros_since(now)).unwrap_or(0);
        let at = in_time(self.now.mono, Duration::from_micros(micros));
        self.timers.set(at, Deadline::Fifo(name.clone()));
        self.member_calls.wakes.insert(name.clone(), next);
    }

    /// See [`Self::plan_fifo`].
    pub(crate) fn fifo_wakes(&mut self, name: &Arc<str>) {
        self.member_calls.wakes.remove(name);
        self.work.push_back(Work::Fifo(name.clone()));
    }
}

#[cfg(test)]
mod tests;
