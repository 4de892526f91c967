//! Commands about queues and agents. Both go by name here; doors know their ids from the view. "Queue" is always its name
//! or its number, as [`View::queue`](crate::View::queue) takes it.

use std::sync::Arc;

use crate::view::{AgentPatience, AgentState, AgentStatus, Extension, QueueSettings};

/// Makes a queue, or gives the one of that name other settings. Callers and agents stay where they are.
///
/// # Errors
/// `InvalidArgument` of `name` (1–256 bytes) or of the setting that makes no sense; `LimitReached`.
#[derive(Clone, Debug)]
pub struct PutQueue {
    /// Its name, `support@default`.
    pub name: Arc<str>,
    /// How it works.
    pub settings: QueueSettings,
    /// Whether it takes callers.
    pub enabled: bool,
}

/// Removes a queue. Its callers go on in their dialplans, its agents have their place there no more.
///
/// # Errors
/// `NotFound(Queue)`.
#[derive(Clone, Debug)]
pub struct RemoveQueue {
    /// Which.
    pub queue: Arc<str>,
}

/// Opens or closes a queue. Callers who wait in one that is closed go on in their dialplans.
///
/// # Errors
/// `NotFound(Queue)`.
#[derive(Clone, Debug)]
pub struct EnableQueue {
    /// Which.
    pub queue: Arc<str>,
    /// Whether it takes callers.
    pub enabled: bool,
}

/// Makes a queue as the configuration says, or gives it those settings again.
///
/// # Errors
/// `NotFound(Queue)` when the configuration has none of that name.
#[derive(Clone, Debug)]
pub struct LoadQueue {
    /// Its name.
    pub queue: Arc<str>,
}

/// Makes an agent, or changes the one of that name. Fields that are `None` stay, or are the usual for a new one.
///
/// # Errors
/// `InvalidArgument` of `name` (1–256 bytes) or `contact` (no dial string, or longer than 4,096 bytes); `LimitReached`.
#[derive(Clone, Debug)]
pub struct PutAgent {
    /// Their name, `1000@default`.
    pub name: Arc<str>,
    /// For people; of a new one: their name.
    pub display_name: Option<Arc<str>>,
    /// Dial string they are called by; a new one has none, and is asked nothing until they have.
    pub contact: Option<Arc<str>>,
    /// What they are spared.
    pub patience: Option<AgentPatience>,
}

/// Removes an agent from all their queues and forgets them. A call they are in goes on.
///
/// # Errors
/// `NotFound(Agent)`.
#[derive(Clone, Debug)]
pub struct RemoveAgent {
    /// Their name.
    pub agent: Arc<str>,
}

/// Makes an agent as the configuration says, or changes them back to that.
///
/// # Errors
/// `NotFound(Agent)` when the configuration has none of that name.
#[derive(Clone, Debug)]
pub struct LoadAgent {
    /// Their name.
    pub agent: Arc<str>,
}

/// Says what an agent is doing, for all their queues.
///
/// # Errors
/// `NotFound(Agent)`.
#[derive(Clone, Debug)]
pub struct SetAgentStatus {
    /// Their name.
    pub agent: Arc<str>,
    /// What.
    pub status: AgentStatus,
}

/// Says what an agent is doing for their queues: [`AgentState::Waiting`] lets one have calls who is `Idle`, and the other
/// way round. The two states of a call are the switch's own.
///
/// # Errors
/// `NotFound(Agent)`; `InvalidState` for a state of a call, and while they are in one.
#[derive(Clone, Debug)]
pub struct SetAgentState {
    /// Their name.
    pub agent: Arc<str>,
    /// What.
    pub state: AgentState,
}

/// Gives an agent a place in a queue, or their place another level or position. Fields that are `None` stay, or are 1 for
/// a new place.
///
/// # Errors
/// `NotFound` of `Queue` or `Agent`; `AlreadyExists(Agent)` when `new` and they are there; `LimitReached`.
#[derive(Clone, Debug)]
pub struct PutQueueAgent {
    /// Which queue.
    pub queue: Arc<str>,
    /// Their name.
    pub agent: Arc<str>,
    /// Asked after those of lower levels.
    pub level: Option<u32>,
    /// Order within a level.
    pub position: Option<u32>,
    /// Whether they must, or must not, have a place there; `None`: either.
    pub new: Option<bool>,
}

/// Takes an agent's place in a queue away.
///
/// # Errors
/// `NotFound` of `Queue` or `Agent`.
#[derive(Clone, Debug)]
pub struct RemoveQueueAgent {
    /// Which queue.
    pub queue: Arc<str>,
    /// Their name.
    pub agent: Arc<str>,
}

/// Gives agents the places the configuration says. Answered with how many it names.
#[derive(Clone, Debug)]
pub struct LoadQueueAgents {
    /// Only those of this queue.
    pub queue: Option<Arc<str>>,
    /// Only those of this agent.
    pub agent: Option<Arc<str>>,
}

/// Who logs in or is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentTarget {
    /// The agent of that name.
    Name(Arc<str>),
    /// The agent who is called at that extension. For a login: if there is none, one is made, who goes with their last
    /// logout.
    Extension(Extension),
}

/// Lets an agent have calls of a queue. Answered with their place there. Done already, it changes what is given.
///
/// # Errors
/// `NotFound` of `Queue`, `Agent` or `User`; `LimitReached`.
#[derive(Clone, Debug)]
pub struct LogIn {
    /// Which queue.
    pub queue: Arc<str>,
    /// Who.
    pub agent: AgentTarget,
    /// Their level there; `None`: as it was, 1 for a new place.
    pub penalty: Option<u32>,
    /// They want none yet.
    pub paused: bool,
}

/// Lets an agent have no more calls of a queue. A call they are in goes on.
///
/// # Errors
/// `NotFound` of `Queue` or `Agent`.
#[derive(Clone, Debug)]
pub struct LogOut {
    /// Which queue.
    pub queue: Arc<str>,
    /// Who.
    pub agent: AgentTarget,
}

/// Spares an agent the calls of a queue for a while, or no longer. In all queues it is a change of their status, to
/// [`AgentStatus::OnBreak`] or [`AgentStatus::Available`].
///
/// # Errors
/// `NotFound` of `Queue` or `Agent`; `InvalidArgument("reason")` when it is longer than 256 bytes; `InvalidState` when one
/// is to go on in a queue who is on break altogether.
#[derive(Clone, Debug)]
pub struct PauseAgent {
    /// Which queue; `None`: all of theirs.
    pub queue: Option<Arc<str>>,
    /// Who.
    pub agent: AgentTarget,
    /// Whether they want none.
    pub paused: bool,
    /// Why.
    pub reason: Option<Arc<str>>,
}

/// Gives an agent another level.
///
/// # Errors
/// `NotFound` of `Queue` or `Agent`.
#[derive(Clone, Debug)]
pub struct SetPenalty {
    /// Which queue; `None`: all of theirs.
    pub queue: Option<Arc<str>>,
    /// Who.
    pub agent: AgentTarget,
    /// Their level; those of lower ones are asked first.
    pub penalty: u32,
}
