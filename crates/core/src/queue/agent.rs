//! Agents: what they have said, what they do, and what follows from that for their places in queues.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Timestamp;
use api::dial::DialString;
use api::event::QueueAction;
use api::id::AgentId;
use api::view::{
    Agent, AgentPatience, AgentState, AgentStatistics, AgentStatus, DeviceState, Extension,
    QueueAgentState,
};

use super::About;
use super::line::Followed;
use crate::Switch;

/// One agent. `seen` is what views share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) seen: Agent,
    /// Nothing is offered to them before.
    pub(super) ready: Instant,
    /// They are on break after the call they are in (`Available (On Demand)`).
    pub(super) breaks_after_call: bool,
}

impl Desk {
    pub(super) fn new(id: AgentId, name: &Arc<str>, dynamic: bool, now: api::time::Now) -> Self {
        Self {
            seen: Agent {
                id,
                name: name.clone(),
                display_name: name.clone(),
                contact: Arc::default(),
                extension: None,
                dynamic,
                status: AgentStatus::LoggedOut,
                pause_reason: None,
                state: AgentState::Waiting,
                device: DeviceState::Unknown,
                patience: AgentPatience::default(),
                statistics: AgentStatistics {
                    last_status_change: now.wall,
                    ..AgentStatistics::default()
                },
                channel: None,
            },
            ready: now.mono,
            breaks_after_call: false,
        }
    }

    pub(super) fn is_logged_out(&self) -> bool {
        self.seen.status == AgentStatus::LoggedOut
    }

    pub(super) fn is_on_break(&self) -> bool {
        self.seen.status == AgentStatus::OnBreak
    }

    /// Whether a call may be offered to them now.
    pub(super) fn is_free(&self, now: Instant, spare_external_calls: bool) -> bool {
        let takes_calls = match self.seen.status {
            AgentStatus::Available | AgentStatus::AvailableOnDemand => true,
            AgentStatus::LoggedOut | AgentStatus::OnBreak => false,
        };
        let talks = spare_external_calls && self.seen.statistics.external_calls > 0;
        takes_calls
            && self.seen.state == AgentState::Waiting
            && self.ready <= now
            && !self.seen.contact.is_empty()
            && !talks
    }

    /// Spares them calls for a while, unless they are spared them longer already.
    pub(super) fn rest(&mut self, now: api::time::Now, span: Duration) {
        let until = crate::timers::in_time(now.mono, span);
        if until > self.ready {
            self.ready = until;
            self.seen.statistics.ready_at = now.wall.after(span);
        }
    }
}

impl Switch {
    /// The directory user a contact names, when it names one user and nothing else.
    pub(super) fn extension_of(&self, contact: &str) -> Option<Extension> {
        let dial = DialString::parse(contact).ok()?;
        let [thread] = dial.threads.as_slice() else {
            return None;
        };
        let [hunt] = thread.hunts.as_slice() else {
            return None;
        };
        let [leg] = hunt.as_slice() else {
            return None;
        };
        if !leg.endpoint.eq_ignore_ascii_case("user") {
            return None;
        }
        let (user, domain) = match leg.address.split_once('@') {
            Some((user, domain)) => (user, domain.to_owned()),
            None => (&*leg.address, self.default_domain()),
        };
        // Who is not known yet may be tomorrow; their device is invalid until then.
        Some(match self.account(&domain, user) {
            Some(account) => Extension {
                user: account.user.id.clone(),
                domain: account.domain,
            },
            None => Extension {
                user: user.into(),
                domain: domain.into(),
            },
        })
    }

    /// Changes what an agent says; their places follow.
    pub(super) fn set_status(
        &mut self,
        agent: &Arc<str>,
        status: AgentStatus,
        reason: Option<Arc<str>>,
    ) {
        let now = self.now;
        let Some(desk) = self.queues.desks.get_mut(agent) else {
            return;
        };
        let old = desk.seen.status;
        desk.seen.pause_reason = reason.filter(|_| status == AgentStatus::OnBreak);
        if old == status {
            self.places_follow(agent);
            return;
        }
        desk.seen.status = status;
        desk.seen.statistics.last_status_change = now.wall;
        desk.breaks_after_call = false;
        let mut woke = None;
        match status {
            AgentStatus::Available | AgentStatus::AvailableOnDemand => {
                desk.seen.statistics.no_answers = 0;
                if desk.seen.state == AgentState::Idle {
                    woke = Some(desk.seen.state);
                    desk.seen.state = AgentState::Waiting;
                }
            }
            AgentStatus::LoggedOut | AgentStatus::OnBreak => {}
        }
        let about = About::agent(agent);
        self.tell_of_queue(&about, QueueAction::StatusChanged { old });
        if let Some(old) = woke {
            self.tell_of_queue(&about, QueueAction::StateChanged { old });
        }
        self.places_follow(agent);
        self.stir_queues_of(agent);
    }

    /// Changes what an agent does for their queues.
    pub(super) fn set_state(&mut self, agent: &Arc<str>, state: AgentState) {
        let Some(desk) = self.queues.desks.get_mut(agent) else {
            return;
        };
        let old = std::mem::replace(&mut desk.seen.state, state);
        if old != state {
            self.tell_of_queue(&About::agent(agent), QueueAction::StateChanged { old });
            self.stir_queues_of(agent);
        }
    }

    /// The agent's places become what they have said altogether.
    pub(super) fn places_follow(&mut self, agent: &Arc<str>) {
        self.show_agent(agent);
        for queue in self.queues_of(agent) {
            self.place_follows(&queue, agent);
        }
    }

    /// The same for one place.
    pub(super) fn place_follows(&mut self, queue: &Arc<str>, agent: &Arc<str>) {
        let now = self.now.mono;
        let desk = self.queues.desks.get(agent);
        let line = self.queues.lines.get_mut(queue);
        let Some((desk, line)) = desk.zip(line) else {
            return;
        };
        let had_agents = line.places().iter().any(|place| place.seen.logged_in);
        let Some(place) = line.place_mut(agent) else {
            return;
        };
        let Followed { logged_in, paused } = place.follow(desk);
        if had_agents {
            line.last_agent = now;
        }
        let about = About::place(queue, agent);
        // Pauses are told of those who are there.
        match (logged_in, paused) {
            (Some(true), paused) => {
                self.tell_of_queue(&about, QueueAction::LoggedIn);
                if paused == Some(true) {
                    self.tell_of_queue(&about, QueueAction::Paused);
                }
            }
            (Some(false), paused) => {
                if paused == Some(false) {
                    self.tell_of_queue(&about, QueueAction::Unpaused);
                }
                self.tell_of_queue(&about, QueueAction::LoggedOut);
            }
            (None, Some(true)) => self.tell_of_queue(&about, QueueAction::Paused),
            (None, Some(false)) => self.tell_of_queue(&about, QueueAction::Unpaused),
            (None, None) => self.show_queue(queue),
        }
        self.stir(queue);
    }

    /// The agent's place in `queue` is in a state, and their others are not in the way.
    pub(super) fn set_place_state(
        &mut self,
        queue: &Arc<str>,
        agent: &Arc<str>,
        state: QueueAgentState,
    ) {
        let busy = match state {
            QueueAgentState::Offering | QueueAgentState::ActiveInbound => true,
            QueueAgentState::Ready | QueueAgentState::NoAnswer | QueueAgentState::Standby => false,
        };
        for name in self.queues_of(agent) {
            let line = self.queues.lines.get_mut(&name);
            let Some(place) = line.and_then(|line| line.place_mut(agent)) else {
                continue;
            };
            place.seen.state = if name == *queue {
                state
            } else if busy {
                QueueAgentState::Standby
            } else if place.seen.state == QueueAgentState::Standby {
                QueueAgentState::Ready
            } else {
                place.seen.state
            };
            self.show_queue(&name);
        }
    }

    /// What became of a call offered to an agent: their count of those not answered.
    pub(super) fn count_no_answer(&mut self, queue: &Arc<str>, agent: &Arc<str>, about: &About) {
        let line = self.queues.lines.get(queue);
        let status = line.map(|line| line.settings().no_answer_status);
        let Some(desk) = self.queues.desks.get_mut(agent) else {
            return;
        };
        desk.seen.statistics.no_answers += 1;
        let most = u64::from(desk.seen.patience.max_no_answer);
        let takes_calls = !desk.is_logged_out() && !desk.is_on_break();
        if most > 0
            && desk.seen.statistics.no_answers >= most
            && takes_calls
            && let Some(status) = status
        {
            self.tell_of_queue(about, QueueAction::TooManyNoAnswers);
            self.set_status(agent, status, None);
        } else {
            self.show_agent(agent);
        }
    }

    /// When something last happened, in whole seconds, for variables.
    pub(super) fn epoch(at: Timestamp) -> String {
        at.as_seconds().to_string()
    }
}
