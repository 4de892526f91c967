//! Queues with agents: callers wait in line, agents are called for them (`callcenter`, event-socket.md §5.2; event-api.md §5).
//!
//! A queue is looked at again whenever something changed that could let one of its callers have an agent, and once per
//! second while somebody waits: for delays that end, for announcements, and for those who have waited too long.

mod agent;
mod announce;
mod change;
mod configuration;
mod device;
mod line;
mod login;
mod offer;
mod overdue;
mod strategy;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use api::event::{EventKind, QueueAction, QueueEvent, QueueTitle};
use api::id::QueueCallerId;
use api::view::{Agent, Queue};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use crate::Switch;
use agent::Desk;
use device::Devices;
use line::Line;
use offer::{Offer, Talk};

pub(crate) use offer::OfferId;

/// Most queues there can be; more are refused.
const MAX_QUEUES: usize = 1_000;
/// Most agents there can be; more are refused.
const MAX_AGENTS: usize = 10_000;
/// Most agents in one queue; more are refused.
const MAX_PLACES: usize = 1_000;
/// Most callers in line in one queue; whoever comes then goes on in their dialplan.
const MAX_CALLERS: usize = 1_000;

/// All queues, their agents, and who calls whom for them.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    lines: BTreeMap<Arc<str>, Line>,
    desks: BTreeMap<Arc<str>, Desk>,
    offers: BTreeMap<OfferId, Offer>,
    /// Callers who talk to an agent, by their channels.
    talks: HashMap<ChannelId, Talk>,
    devices: Devices,
    /// Queues that are to be looked at before the step ends.
    stirred: BTreeSet<Arc<str>>,
    /// Nothing is told: the configuration is read for the first time.
    silent: bool,
    offer_serial: u64,
    caller_serial: u64,
}

impl Queues {
    /// Callers in all queues, those who talk included.
    pub(crate) fn callers(&self) -> usize {
        self.lines.values().map(Line::len).sum()
    }

    /// Calls to agents that are not decided.
    pub(crate) fn offers(&self) -> usize {
        self.offers.len()
    }
}

/// Whom an event is about.
#[derive(Clone, Debug, Default)]
struct About {
    queue: Option<Arc<str>>,
    agent: Option<Arc<str>>,
    caller: Option<QueueCallerId>,
    channel: Option<ChannelId>,
}

impl About {
    fn queue(queue: &Arc<str>) -> Self {
        Self {
            queue: Some(queue.clone()),
            ..Self::default()
        }
    }

    fn agent(agent: &Arc<str>) -> Self {
        Self {
            agent: Some(agent.clone()),
            ..Self::default()
        }
    }

    fn place(queue: &Arc<str>, agent: &Arc<str>) -> Self {
        Self {
            queue: Some(queue.clone()),
            agent: Some(agent.clone()),
            ..Self::default()
        }
    }

    fn with_caller(self, caller: QueueCallerId, channel: &ChannelId) -> Self {
        Self {
            caller: Some(caller),
            channel: Some(channel.clone()),
            ..self
        }
    }
}

impl Switch {
    /// Reads queues and agents from the configuration, telling nobody.
    pub(crate) fn start_queues(&mut self) {
        self.queues.silent = true;
        self.load_all_queues();
        self.queues.silent = false;
    }

    /// What is left to do for queues at the end of a step.
    pub(crate) fn tend_queues(&mut self) {
        self.watch_devices();
        while let Some(queue) = self.queues.stirred.pop_first() {
            self.distribute(&queue);
            self.run_work();
        }
    }

    /// The queue is to be looked at before the step ends.
    fn stir(&mut self, queue: &Arc<str>) {
        if !self.queues.stirred.contains(queue) {
            self.queues.stirred.insert(queue.clone());
        }
    }

    /// Every queue the agent has a place in is to be looked at.
    fn stir_queues_of(&mut self, agent: &str) {
        for queue in self.queues_of(agent) {
            self.stir(&queue);
        }
    }

    /// The queues an agent has a place in.
    fn queues_of(&self, agent: &str) -> Vec<Arc<str>> {
        let lines = self.queues.lines.iter();
        let has = lines.filter(|(_, line)| line.place(agent).is_some());
        has.map(|(name, _)| name.clone()).collect()
    }

    /// The queue of that name, or of that number.
    fn find_queue(&self, name: &str) -> Result<Arc<str>, CommandError> {
        let queue = self.view.queue(name).map(|queue| queue.name.clone());
        queue.ok_or_else(|| CommandError::not_found(ObjectKind::Queue))
    }

    /// The view shows the queue as it is.
    fn show_queue(&mut self, name: &Arc<str>) {
        match self.queues.lines.get_mut(name) {
            Some(line) => {
                let shown: Arc<Queue> = line.show();
                self.view.queues.insert_mut(name.clone(), shown);
            }
            None => {
                self.view.queues.remove_mut(name);
            }
        }
        self.view_changed();
    }

    /// The view shows the agent as they are.
    fn show_agent(&mut self, name: &Arc<str>) {
        match self.queues.desks.get(name) {
            Some(desk) => {
                let shown: Arc<Agent> = Arc::new(desk.seen.clone());
                self.view.agents.insert_mut(name.clone(), shown);
            }
            None => {
                self.view.agents.remove_mut(name);
            }
        }
        self.view_changed();
    }

    /// Shows whom the event is about, and fires it.
    fn tell_of_queue(&mut self, about: &About, action: QueueAction) {
        if let Some(queue) = &about.queue {
            self.show_queue(queue);
        }
        if let Some(agent) = &about.agent {
            self.show_agent(agent);
        }
        if self.queues.silent {
            return;
        }
        let line = about
            .queue
            .as_ref()
            .and_then(|queue| self.queues.lines.get(queue));
        let agent = about.agent.as_ref();
        let event = QueueEvent {
            queue: line.map(|line| QueueTitle::from(line.seen())),
            agent: agent.and_then(|agent| self.view.agents.get(agent).cloned()),
            place: line
                .zip(agent)
                .and_then(|(line, agent)| line.seen().agent(agent).cloned()),
            caller: line
                .zip(about.caller)
                .and_then(|(line, caller)| line.caller_seen(caller)),
            action,
        };
        let channel = about.channel.as_ref();
        let channel = channel.and_then(|id| self.channels.get(id));
        let channel = channel.map(|live| live.seen.clone());
        self.publish(EventKind::Queue(Box::new(event)), channel);
    }
}

fn invalid(argument: &'static str, detail: &str) -> CommandError {
    CommandError::new(ErrorKind::InvalidArgument(argument), detail)
}

fn too_many(detail: &str) -> CommandError {
    CommandError::new(ErrorKind::LimitReached, detail)
}

#[cfg(test)]
mod tests;
