//! A queue: who waits in it, in which order, and who leaves it how.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::event::{EndOfStay, LeaveReason, QueueAction};
use api::id::{QueueAgentId, QueueCallerId, QueueId};
use api::view::{
    CallerState, Queue, QueueAgent, QueueAgentState, QueueCaller, QueueSettings, TimeBase,
};
use api::{ChannelId, HangupCause, Timestamp};

use super::agent::Desk;
use super::offer::OfferId;
use super::strategy::Rank;
use super::{About, MAX_CALLERS};
use crate::Switch;

/// One queue. `seen` is what views share.
#[derive(Debug)]
pub(super) struct Line {
    seen: Queue,
    places: Vec<Place>,
    /// Those who wait, in line.
    pub(super) waiting: Vec<Caller>,
    /// Those who talk, in the order in which they were answered.
    pub(super) talking: Vec<Caller>,
    /// Those who hung up and may come back.
    abandoned: Vec<Caller>,
    /// The agent asked last, for round-robin.
    pub(super) last_asked: Option<Rank>,
    /// When somebody was last logged in.
    pub(super) last_agent: Instant,
}

/// An agent's place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) seen: QueueAgent,
    /// Logged out of this queue alone.
    pub(super) signed_off: bool,
    /// Paused in this queue alone, and why.
    pub(super) paused: Option<Option<Arc<str>>>,
}

/// Somebody in a queue.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) seen: QueueCaller,
    pub(super) since: Instant,
    /// Microseconds by which callers stand in line, then the order of coming.
    order: (i64, u64),
    /// Calls to agents for them.
    pub(super) offers: Vec<OfferId>,
    /// The agent asked last for them.
    pub(super) last_asked: Option<Rank>,
    /// When an agent was last asked for them.
    pub(super) asked_at: Option<Instant>,
    /// When the next announcement is due.
    pub(super) announcement: Option<Instant>,
    /// When their position is to be said again.
    pub(super) position_said: Option<Instant>,
}

impl Place {
    /// What follows from what the agent has said altogether. True when something changed.
    pub(super) fn follow(&mut self, desk: &Desk) -> Followed {
        let logged_in = !self.signed_off && !desk.is_logged_out();
        let paused = self.paused.is_some() || desk.is_on_break();
        let reason = match &self.paused {
            Some(reason) => reason.clone(),
            None => desk.seen.pause_reason.clone().filter(|_| paused),
        };
        let followed = Followed {
            logged_in: (self.seen.logged_in != logged_in).then_some(logged_in),
            paused: (self.seen.paused != paused).then_some(paused),
        };
        self.seen.logged_in = logged_in;
        self.seen.paused = paused;
        self.seen.pause_reason = reason;
        followed
    }

    pub(super) fn rank(&self) -> Rank {
        let QueueAgent {
            level,
            position,
            agent,
            ..
        } = &self.seen;
        (*level, *position, agent.clone())
    }
}

/// What [`Place::follow`] changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    pub(super) logged_in: Option<bool>,
    pub(super) paused: Option<bool>,
}

impl Line {
    pub(super) fn new(
        id: QueueId,
        name: &Arc<str>,
        settings: QueueSettings,
        enabled: bool,
        configured: bool,
        now: Instant,
    ) -> Self {
        Self {
            seen: Queue {
                id,
                name: name.clone(),
                settings: Arc::new(settings),
                enabled,
                configured,
                callers: Vec::new(),
                agents: Vec::new(),
                calls_answered: 0,
                calls_abandoned: 0,
            },
            places: Vec::new(),
            waiting: Vec::new(),
            talking: Vec::new(),
            abandoned: Vec::new(),
            last_asked: None,
            last_agent: now,
        }
    }

    pub(super) fn seen(&self) -> &Queue {
        &self.seen
    }

    pub(super) fn settings(&self) -> &Arc<QueueSettings> {
        &self.seen.settings
    }

    /// Changes what of it neither callers nor places are.
    pub(super) fn change(&mut self, act: impl FnOnce(&mut Queue)) {
        act(&mut self.seen);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.talking.len() + self.abandoned.len()
    }

    /// The queue with everybody in it as they are. What has not changed is shared with the picture before.
    pub(super) fn show(&mut self) -> Arc<Queue> {
        for (index, caller) in self.waiting.iter_mut().enumerate() {
            caller.seen.position = u32::try_from(index + 1).unwrap_or(u32::MAX);
        }
        let callers = self.waiting.iter().chain(&self.talking);
        let callers = callers.chain(&self.abandoned).map(|caller| &caller.seen);
        refresh(&mut self.seen.callers, callers);
        refresh(
            &mut self.seen.agents,
            self.places.iter().map(|place| &place.seen),
        );
        Arc::new(self.seen.clone())
    }

    pub(super) fn caller_seen(&self, id: QueueCallerId) -> Option<Arc<QueueCaller>> {
        let mut callers = self.seen.callers.iter();
        callers.find(|caller| caller.id == id).cloned()
    }

    pub(super) fn waiting_caller(&mut self, id: QueueCallerId) -> Option<&mut Caller> {
        self.waiting.iter_mut().find(|caller| caller.seen.id == id)
    }

    fn insert_waiting(&mut self, caller: Caller) {
        let at = self
            .waiting
            .partition_point(|other| other.order < caller.order);
        self.waiting.insert(at, caller);
    }

    pub(super) fn take_waiting(&mut self, id: QueueCallerId) -> Option<(usize, Caller)> {
        let at = self
            .waiting
            .iter()
            .position(|caller| caller.seen.id == id)?;
        Some((at, self.waiting.remove(at)))
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn place(&self, agent: &str) -> Option<&Place> {
        self.places.iter().find(|place| &*place.seen.agent == agent)
    }

    pub(super) fn place_mut(&mut self, agent: &str) -> Option<&mut Place> {
        self.places
            .iter_mut()
            .find(|place| &*place.seen.agent == agent)
    }

    pub(super) fn add_place(&mut self, id: QueueAgentId, agent: &Arc<str>, dynamic: bool) {
        self.places.push(Place {
            seen: QueueAgent {
                id,
                agent: agent.clone(),
                level: 1,
                position: 1,
                dynamic,
                logged_in: false,
                paused: false,
                pause_reason: None,
                state: QueueAgentState::Ready,
            },
            signed_off: false,
            paused: None,
        });
        self.sort_places();
    }

    pub(super) fn remove_place(&mut self, agent: &str) {
        self.places.retain(|place| &*place.seen.agent != agent);
    }

    /// Places stand by level, position and name.
    pub(super) fn sort_places(&mut self) {
        self.places.sort_by_cached_key(Place::rank);
    }

    /// Somebody who hung up not long ago and has come back.
    fn take_abandoned(&mut self, number: &str) -> Option<Caller> {
        let same = |caller: &Caller| !number.is_empty() && *caller.seen.caller_number == *number;
        let at = self.abandoned.iter().position(same)?;
        Some(self.abandoned.remove(at))
    }

    /// Forgets those who hung up too long ago; true when there were any.
    pub(super) fn discard_abandoned(&mut self, now: Timestamp) -> bool {
        let before = self.abandoned.len();
        let kept = i64::from(self.seen.settings.discard_abandoned_after_s) * 1_000_000;
        self.abandoned
            .retain(|caller| now.micros_since(caller.seen.abandoned_at) < kept);
        self.abandoned.len() != before
    }

    /// Everybody who may come back is forgotten.
    pub(super) fn forget_abandoned(&mut self) {
        self.abandoned.clear();
    }
}

/// Makes `shown` show `now`, sharing what is as it was.
fn refresh<'a, T: Clone + PartialEq + 'a>(
    shown: &mut Vec<Arc<T>>,
    now: impl Iterator<Item = &'a T>,
) {
    let mut length = 0;
    for (index, item) in now.enumerate() {
        length = index + 1;
        match shown.get_mut(index) {
            Some(slot) if **slot == *item => {}
            Some(slot) => *slot = Arc::new(item.clone()),
            None => shown.push(Arc::new(item.clone())),
        }
    }
    shown.truncate(length);
}

impl Switch {
    /// A channel takes its place in line. `None`: there is no such queue, or it takes nobody now.
    pub(crate) fn join_queue(
        &mut self,
        id: &ChannelId,
        name: &str,
    ) -> Option<(Arc<str>, QueueCallerId)> {
        let Ok(queue) = self.find_queue(name) else {
            tracing::warn!(channel = %id, queue = name, "No such queue");
            return None;
        };
        let live = self.channels.get(id)?;
        let profile = live.seen.profile.clone()?;
        let began = live
            .seen
            .initial
            .as_ref()
            .map_or(profile.times.created, |initial| initial.times.created);
        let base_score = self.var(id, "cc_base_score");
        let base_score: i64 = base_score.and_then(|n| n.parse().ok()).unwrap_or(0);
        let base_score = base_score.clamp(-1_000_000_000, 1_000_000_000);
        let caller_id = QueueCallerId(self.new_uuid());
        let now = self.now;
        self.queues.caller_serial += 1;
        let serial = self.queues.caller_serial;
        let line = self.queues.lines.get_mut(&queue)?;
        if !line.seen.enabled || line.waiting.len() >= MAX_CALLERS {
            tracing::info!(channel = %id, queue = &*queue, "The queue takes nobody now");
            self.tell_cancelled(id, EndOfStay::BrokenOff);
            return None;
        }
        let back = if line.settings().abandoned_resume {
            line.take_abandoned(&profile.caller_id_number)
        } else {
            None
        };
        let resumed = back.is_some();
        let mut seen = QueueCaller {
            id: caller_id,
            channel: id.clone(),
            caller_name: profile.caller_id_name.clone(),
            caller_number: profile.caller_id_number.clone(),
            call_began: began,
            joined_at: now.wall,
            rejoined_at: Timestamp::ZERO,
            answered_at: Timestamp::ZERO,
            abandoned_at: Timestamp::ZERO,
            base_score,
            state: CallerState::Waiting,
            position: 0,
            agent: None,
        };
        if let Some(back) = back {
            seen.id = back.seen.id;
            seen.joined_at = back.seen.joined_at;
            seen.call_began = back.seen.call_began;
            seen.rejoined_at = now.wall;
        }
        let base = match line.settings().time_base {
            TimeBase::Queue => seen.joined_at,
            TimeBase::System => seen.call_began.min(seen.joined_at),
        };
        let in_seconds = |announcement: &Option<api::view::Announcement>| {
            let every = announcement.as_ref().map(|one| one.every_s)?;
            Some(now.mono + Duration::from_secs(every.into()))
        };
        let announcement = in_seconds(&line.settings().announcement);
        let speaks = line.settings().position_announcement.is_some();
        let caller_id = seen.id;
        let joined = seen.joined_at.as_seconds();
        line.insert_waiting(Caller {
            order: (base.as_micros() - base_score * 1_000_000, serial),
            seen,
            since: now.mono,
            offers: Vec::new(),
            last_asked: None,
            asked_at: None,
            announcement,
            position_said: speaks.then_some(now.mono),
        });
        for stale in [
            "cc_cancel_reason",
            "cc_cause",
            "cc_agent",
            "cc_agent_uuid",
            "cc_exit_key",
        ] {
            self.unset_var(id, stale);
        }
        self.set_var(id, "cc_side", "member");
        self.set_var(id, "cc_queue", &*queue);
        self.set_var(id, "cc_member_uuid", caller_id.to_string());
        self.set_var(id, "cc_queue_joined_epoch", joined.to_string());
        let about = About::queue(&queue);
        let action = if resumed {
            QueueAction::CallerResumed
        } else {
            QueueAction::CallerJoined
        };
        self.tell_of_queue(&about.clone().with_caller(caller_id, id), action);
        self.tell_of_queue(&about, QueueAction::Counted);
        self.stir(&queue);
        Some((queue, caller_id))
    }

    /// Somebody leaves the line without an agent. What their channel does next is the asker's business.
    pub(crate) fn leave_line(
        &mut self,
        queue: &Arc<str>,
        caller: QueueCallerId,
        reason: LeaveReason,
        end: EndOfStay,
    ) {
        let now = self.now.wall;
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let Some(at) = line.waiting.iter().position(|one| one.seen.id == caller) else {
            return;
        };
        let offers = std::mem::take(&mut line.waiting[at].offers);
        for offer in offers {
            self.withdraw(offer, HangupCause::OriginatorCancel);
        }
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let Some((at, mut gone)) = line.take_waiting(caller) else {
            return;
        };
        line.seen.calls_abandoned += 1;
        let position = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let channel = gone.seen.channel.clone();
        gone.seen.position = 0;
        gone.seen.agent = None;
        gone.seen.state = CallerState::Abandoned;
        gone.seen.abandoned_at = now;
        let kept = reason == LeaveReason::Abandoned
            && line.settings().discard_abandoned_after_s > 0
            && line.abandoned.len() < MAX_CALLERS;
        // Events tell of them once more, whether they are kept in mind or not.
        line.abandoned.push(gone);
        let about = About::queue(queue);
        let of_caller = about.clone().with_caller(caller, &channel);
        self.tell_cancelled(&channel, end);
        self.tell_of_queue(&of_caller, QueueAction::CallerLeft { reason, position });
        self.tell_of_queue(&about, QueueAction::Counted);
        self.tell_of_queue(&of_caller, QueueAction::StayEnded(end));
        if !kept && let Some(line) = self.queues.lines.get_mut(queue) {
            line.abandoned.retain(|one| one.seen.id != caller);
            self.show_queue(queue);
        }
        self.stir(queue);
    }

    /// The channel's variables say that it got no agent.
    fn tell_cancelled(&mut self, id: &ChannelId, end: EndOfStay) {
        let now = self.now.wall.as_seconds().to_string();
        self.set_var(id, "cc_queue_canceled_epoch", now);
        self.set_var(id, "cc_cause", "cancel");
        if let Some(reason) = end.cancel_reason() {
            self.set_var(id, "cc_cancel_reason", reason);
        }
    }

    /// Everybody in line goes on in their dialplan.
    pub(super) fn send_everybody_on(&mut self, queue: &Arc<str>) {
        let Some(line) = self.queues.lines.get(queue) else {
            return;
        };
        let waiting = line.waiting.iter();
        let all: Vec<_> = waiting
            .map(|caller| (caller.seen.id, caller.seen.channel.clone()))
            .collect();
        for (caller, channel) in all {
            self.leave_line(
                queue,
                caller,
                LeaveReason::Transferred,
                EndOfStay::BrokenOff,
            );
            self.queue_app_over(&channel, None);
        }
    }
}
