//! Calling agents for a caller, and the talk that comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::cause::Blame;
use api::dial::DialString;
use api::event::{EndOfStay, LeaveReason, QueueAction};
use api::id::QueueCallerId;
use api::view::{AgentState, AgentStatus, CallState, CallerState, QueueAgentState, Strategy};
use api::{ChannelId, HangupCause, Timestamp};

use super::About;
use crate::Switch;
use crate::originate::{OriginateId, Purpose};

/// A call to an agent for a caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct OfferId(u64);

/// See [`OfferId`].
#[derive(Debug)]
pub(super) struct Offer {
    queue: Arc<str>,
    agent: Arc<str>,
    caller: QueueCallerId,
    channel: ChannelId,
    originate: OriginateId,
    called_at: Timestamp,
}

/// A caller and an agent talk.
#[derive(Debug)]
pub(super) struct Talk {
    queue: Arc<str>,
    agent: Arc<str>,
    caller: QueueCallerId,
    /// The agent's channel.
    leg: ChannelId,
    called_at: Timestamp,
    answered_at: Timestamp,
    began: Instant,
}

/// An agent whose phone cannot be reached at all is not called again at once, whatever their own delays say: nothing would
/// slow that down.
const SHORTEST_REST: Duration = Duration::from_secs(1);
/// The same where the reason is nothing that they did.
const UNREACHABLE_REST: Duration = Duration::from_secs(5);

impl Switch {
    /// Gives callers in line agents who are free, the first one first.
    pub(super) fn distribute(&mut self, queue: &Arc<str>) {
        let mut index = 0;
        loop {
            let Some(line) = self.queues.lines.get(queue) else {
                return;
            };
            let Some(caller) = line.waiting.get(index).map(|caller| caller.seen.id) else {
                return;
            };
            for agent in self.choose(queue, index) {
                self.offer(queue, caller, &agent);
            }
            // All agents there are may be asked by now; the rest of a long line need not be looked at.
            if index > 0 && !self.has_free_agent(queue) {
                return;
            }
            index += 1;
        }
    }

    fn has_free_agent(&self, queue: &Arc<str>) -> bool {
        let Some(line) = self.queues.lines.get(queue) else {
            return false;
        };
        let spare = line.settings().skip_agents_with_external_calls;
        line.places().iter().any(|place| {
            let desk = self.queues.desks.get(&place.seen.agent);
            desk.is_some_and(|desk| desk.is_free(self.now.mono, spare))
        })
    }

    /// Calls an agent for a caller.
    fn offer(&mut self, queue: &Arc<str>, caller_id: QueueCallerId, agent: &Arc<str>) {
        let now = self.now;
        let Some(desk) = self.queues.desks.get_mut(agent) else {
            return;
        };
        let Ok(mut dial) = DialString::parse(&desk.seen.contact) else {
            return;
        };
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let single = match line.settings().strategy {
            Strategy::RingAll | Strategy::RingProgressively => false,
            Strategy::LongestIdle
            | Strategy::RoundRobin
            | Strategy::TopDown
            | Strategy::LeastTalkTime
            | Strategy::FewestCalls
            | Strategy::Sequentially
            | Strategy::Random => true,
        };
        let rank = line.place(agent).map(super::line::Place::rank);
        line.last_asked.clone_from(&rank);
        let Some(caller) = line.waiting_caller(caller_id) else {
            return;
        };
        self.queues.offer_serial += 1;
        let id = OfferId(self.queues.offer_serial);
        caller.last_asked = rank;
        caller.asked_at = Some(now.mono);
        caller.offers.push(id);
        caller.seen.state = CallerState::Trying;
        caller.seen.agent = single.then(|| agent.clone());
        let seen = caller.seen.clone();
        desk.seen.statistics.last_offered = now.wall;
        let channel = seen.channel.clone();
        let own = |name: &str, value: String| (Arc::<str>::from(name), Arc::<str>::from(value));
        dial.variables.extend([
            own("cc_queue", queue.to_string()),
            own("cc_agent", agent.to_string()),
            own("cc_agent_type", "callback".into()),
            own("cc_member_uuid", caller_id.to_string()),
            own("cc_member_session_uuid", channel.to_string()),
            own("cc_side", "agent".into()),
            // Whoever answers gets the caller, not whoever's phone plays a ringing tone.
            own("ignore_early_media", "true".into()),
        ]);
        let prefix = self
            .var(&channel, "cc_outbound_cid_name_prefix")
            .unwrap_or_default();
        let name = format!("{prefix}{}", seen.caller_name);
        let originate = self.originate(dial, None, Purpose::Queue(id, channel.clone()));
        if let Some(call) = self.originates.get_mut(&originate) {
            call.set_caller_id(Some(name.into()), Some(seen.caller_number.clone()));
        }
        self.queues.offers.insert(
            id,
            Offer {
                queue: queue.clone(),
                agent: agent.clone(),
                caller: caller_id,
                channel: channel.clone(),
                originate,
                called_at: now.wall,
            },
        );
        self.set_state(agent, AgentState::Receiving);
        self.set_place_state(queue, agent, QueueAgentState::Offering);
        let about = About::place(queue, agent).with_caller(caller_id, &channel);
        self.tell_of_queue(&about, QueueAction::Offered);
    }

    /// An agent is no longer called, because nobody wants them any more.
    pub(super) fn withdraw(&mut self, id: OfferId, cause: HangupCause) {
        let Some(offer) = self.queues.offers.remove(&id) else {
            return;
        };
        self.cancel_originate(offer.originate, cause);
        self.offer_over(id, &offer, cause, Refusal::Withdrawn);
    }

    /// A call to an agent has failed.
    pub(crate) fn offer_failed(&mut self, id: OfferId, cause: HangupCause) {
        if let Some(offer) = self.queues.offers.remove(&id) {
            self.offer_over(id, &offer, cause, Refusal::of(cause));
        }
    }

    /// Calls to that agent which are not decided.
    pub(super) fn offers_to(&self, agent: &Arc<str>) -> Vec<OfferId> {
        let offers = self.queues.offers.iter();
        let theirs = offers.filter(|(_, offer)| offer.agent == *agent);
        theirs.map(|(id, _)| *id).collect()
    }

    /// What follows for caller and agent: the caller keeps their place, the agent has the rest that is theirs.
    fn offer_over(&mut self, id: OfferId, offer: &Offer, cause: HangupCause, kind: Refusal) {
        let now = self.now;
        let Offer {
            queue,
            agent,
            caller,
            channel,
            called_at,
            ..
        } = offer;
        if let Some(desk) = self.queues.desks.get_mut(agent) {
            let patience = desk.seen.patience;
            let own = |seconds: u32| Duration::from_secs(seconds.into()).max(SHORTEST_REST);
            match kind {
                Refusal::Withdrawn => {}
                Refusal::Busy => desk.rest(now, own(patience.busy_delay_s)),
                Refusal::Rejected => desk.rest(now, own(patience.reject_delay_s)),
                Refusal::NoAnswer => desk.rest(now, own(patience.no_answer_delay_s)),
                Refusal::Unreachable => {
                    desk.rest(now, own(patience.no_answer_delay_s).max(UNREACHABLE_REST));
                }
            }
        }
        if let Some(line) = self.queues.lines.get_mut(queue)
            && let Some(caller) = line.waiting_caller(*caller)
        {
            caller.offers.retain(|other| *other != id);
            if caller.offers.is_empty() {
                caller.seen.state = CallerState::Waiting;
                caller.seen.agent = None;
            }
        }
        let state = match kind {
            Refusal::NoAnswer | Refusal::Unreachable => QueueAgentState::NoAnswer,
            Refusal::Withdrawn | Refusal::Busy | Refusal::Rejected => QueueAgentState::Ready,
        };
        self.set_place_state(queue, agent, state);
        let about = About::place(queue, agent).with_caller(*caller, channel);
        let action = QueueAction::OfferFailed {
            cause,
            called_at: *called_at,
        };
        self.tell_of_queue(&about, action);
        self.stop_receiving(agent);
        match kind {
            Refusal::NoAnswer | Refusal::Unreachable => self.count_no_answer(queue, agent, &about),
            Refusal::Withdrawn | Refusal::Busy | Refusal::Rejected => {}
        }
        self.stir(queue);
    }

    fn stop_receiving(&mut self, agent: &Arc<str>) {
        let desk = self.queues.desks.get(agent);
        if desk.is_some_and(|desk| desk.seen.state == AgentState::Receiving) {
            self.set_state(agent, AgentState::Waiting);
        }
    }

    /// An agent has answered: the caller is theirs, unless they have gone meanwhile.
    pub(crate) fn offer_answered(&mut self, id: OfferId, leg: &ChannelId) {
        let Some(offer) = self.queues.offers.remove(&id) else {
            return self.hangup(leg, HangupCause::LoseRace, Blame::Ours);
        };
        let channel = offer.channel.clone();
        let up = |switch: &Self, id: &ChannelId| {
            switch
                .channels
                .get(id)
                .is_some_and(crate::channel::Live::is_up)
        };
        if !up(self, &channel) || !self.is_in_line(&channel) {
            let cause = HangupCause::OriginatorCancel;
            self.offer_over(id, &offer, cause, Refusal::Withdrawn);
            return self.hangup(leg, HangupCause::OriginatorCancel, Blame::Caller);
        }
        let Some(line) = self.queues.lines.get_mut(&offer.queue) else {
            return self.hangup(leg, HangupCause::OriginatorCancel, Blame::Ours);
        };
        let rivals = match line.waiting_caller(offer.caller) {
            Some(caller) => std::mem::take(&mut caller.offers),
            None => Vec::new(),
        };
        for rival in rivals.into_iter().filter(|rival| *rival != id) {
            self.withdraw(rival, HangupCause::LoseRace);
        }
        self.serve(&offer, leg);
    }

    /// The caller leaves the line and talks with the agent.
    fn serve(&mut self, offer: &Offer, leg: &ChannelId) {
        let now = self.now;
        let Offer {
            queue,
            agent,
            caller: caller_id,
            channel,
            called_at,
            ..
        } = offer;
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let Some((at, mut caller)) = line.take_waiting(*caller_id) else {
            return;
        };
        let settings = line.settings().clone();
        caller.seen.state = CallerState::Answered;
        caller.seen.position = 0;
        caller.seen.answered_at = now.wall;
        caller.seen.agent = Some(agent.clone());
        line.talking.push(caller);
        line.change(|queue| queue.calls_answered += 1);
        if let Some(desk) = self.queues.desks.get_mut(agent) {
            desk.seen.channel = Some(leg.clone());
            desk.seen.statistics.no_answers = 0;
            desk.seen.statistics.calls_answered += 1;
            desk.seen.statistics.last_bridge_start = now.wall;
            desk.breaks_after_call = desk.seen.status == AgentStatus::AvailableOnDemand;
        }
        self.queues.talks.insert(
            channel.clone(),
            Talk {
                queue: queue.clone(),
                agent: agent.clone(),
                caller: *caller_id,
                leg: leg.clone(),
                called_at: *called_at,
                answered_at: now.wall,
                began: now.mono,
            },
        );
        self.end_music(channel);
        for (name, value) in [
            ("cc_agent", agent.to_string()),
            ("cc_agent_type", "callback".into()),
            ("cc_agent_uuid", leg.to_string()),
            ("cc_agent_bridged", "true".into()),
            ("cc_queue_answered_epoch", Self::epoch(now.wall)),
        ] {
            self.set_var(channel, name, value);
        }
        self.set_place_state(queue, agent, QueueAgentState::ActiveInbound);
        let of_queue = About::queue(queue);
        let of_caller = of_queue.clone().with_caller(*caller_id, channel);
        let position = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let left = QueueAction::CallerLeft {
            reason: LeaveReason::Answered,
            position,
        };
        self.tell_of_queue(&of_caller, left);
        self.tell_of_queue(&of_queue, QueueAction::Counted);
        self.set_state(agent, AgentState::InQueueCall);
        self.adopt_callee(channel, leg);
        self.suit(channel, leg);
        self.answer_channel(channel);
        self.set_call_state(channel, CallState::Active);
        self.connect(channel, leg, true);
        if let Some(template) = &settings.record_template {
            let path = self.expand_for(channel, template);
            self.set_var(channel, "cc_record_filename", &*path);
            if let Err(error) = self.begin_session_record(channel, &path, 0, Vec::new(), None) {
                tracing::warn!(channel = %channel, %error, "A queue's call is not recorded");
            }
        }
        let about = About::place(queue, agent).with_caller(*caller_id, channel);
        let action = QueueAction::BridgeStarted {
            channel: leg.clone(),
            called_at: *called_at,
            answered_at: now.wall,
        };
        self.tell_of_queue(&about, action);
    }

    /// A caller and their agent talk no more.
    pub(crate) fn end_talk(&mut self, id: &ChannelId) {
        let Some(talk) = self.queues.talks.remove(id) else {
            return;
        };
        let now = self.now;
        let Talk {
            queue,
            agent,
            caller,
            leg,
            called_at,
            answered_at,
            began,
        } = talk;
        let line = self.queues.lines.get(&queue);
        let wrap_up = line.map_or(0, |line| line.settings().wrap_up_s);
        let mut breaks = false;
        if let Some(desk) = self.queues.desks.get_mut(&agent) {
            let own = desk.seen.patience.wrap_up_s;
            desk.seen.channel = None;
            desk.seen.statistics.last_bridge_end = now.wall;
            desk.seen.statistics.talk_time_s += now.mono.saturating_duration_since(began).as_secs();
            desk.rest(now, Duration::from_secs(own.max(wrap_up).into()));
            breaks = std::mem::take(&mut desk.breaks_after_call);
        }
        self.set_place_state(&queue, &agent, QueueAgentState::Ready);
        self.set_var(id, "cc_queue_terminated_epoch", Self::epoch(now.wall));
        self.set_var(id, "cc_cause", "answered");
        let hangup = self.channels.get(&leg).and_then(|live| live.seen.hangup);
        let cause = hangup.map_or(HangupCause::NormalClearing, |hangup| hangup.cause);
        let about = About::place(&queue, &agent).with_caller(caller, id);
        let action = QueueAction::BridgeEnded {
            channel: leg,
            called_at,
            answered_at,
            cause,
        };
        self.tell_of_queue(&about, action);
        let desk = self.queues.desks.get(&agent);
        if desk.is_some_and(|desk| desk.seen.state == AgentState::InQueueCall) {
            self.set_state(&agent, AgentState::Waiting);
        }
        self.tell_of_queue(&about, QueueAction::StayEnded(EndOfStay::Terminated));
        if let Some(line) = self.queues.lines.get_mut(&queue) {
            line.talking.retain(|one| one.seen.id != caller);
            self.show_queue(&queue);
        }
        if breaks {
            self.set_status(&agent, AgentStatus::OnBreak, None);
        }
        self.stir_queues_of(&agent);
    }
}

/// Why an agent did not get a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// Nothing that they did.
    Withdrawn,
    Busy,
    Rejected,
    NoAnswer,
    Unreachable,
}

impl Refusal {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "whatever else happened, the phone was not reached"
    )]
    fn of(cause: HangupCause) -> Self {
        match cause {
            HangupCause::UserBusy => Self::Busy,
            HangupCause::CallRejected => Self::Rejected,
            HangupCause::NoAnswer | HangupCause::NoUserResponse => Self::NoAnswer,
            _ => Self::Unreachable,
        }
    }
}
