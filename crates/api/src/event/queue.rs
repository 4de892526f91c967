use std::sync::Arc;

use crate::cause::HangupCause;
use crate::id::{ChannelId, QueueId};
use crate::time::Timestamp;
use crate::view::{
    Agent, AgentState, AgentStatus, DeviceState, Queue, QueueAgent, QueueCaller, QueueSettings,
};

/// Something that happened to a queue, an agent or a caller (`callcenter::info`, event-socket.md §5.2; event-api.md §5).
///
/// The order for a call that is answered: [`QueueAction::CallerJoined`], [`QueueAction::Offered`] for each agent asked,
/// [`QueueAction::OfferFailed`] for each who did not answer, [`QueueAction::CallerLeft`], then the channels are bridged,
/// [`QueueAction::BridgeStarted`], [`QueueAction::BridgeEnded`], [`QueueAction::StayEnded`].
#[derive(Clone, PartialEq, Debug)]
pub struct QueueEvent {
    /// The queue as it was then; `None` for what concerns an agent and no one queue.
    pub queue: Option<QueueTitle>,
    /// The agent concerned, as they were then.
    pub agent: Option<Arc<Agent>>,
    /// Their place in the queue, as it was then.
    pub place: Option<Arc<QueueAgent>>,
    /// The caller concerned, as they were then.
    pub caller: Option<Arc<QueueCaller>>,
    /// What happened.
    pub action: QueueAction,
}

/// What an event says of its queue. Not who else is in it: lists of everybody in events about everybody would be far more
/// than what happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueTitle {
    /// Which.
    pub id: QueueId,
    /// Its name.
    pub name: Arc<str>,
    /// How it works.
    pub settings: Arc<QueueSettings>,
    /// Whether it takes callers.
    pub enabled: bool,
    /// Callers in line.
    pub waiting: u32,
}

impl From<&Queue> for QueueTitle {
    fn from(queue: &Queue) -> Self {
        Self {
            id: queue.id,
            name: queue.name.clone(),
            settings: queue.settings.clone(),
            enabled: queue.enabled,
            waiting: u32::try_from(queue.waiting().count()).unwrap_or(u32::MAX),
        }
    }
}

/// See [`QueueEvent`]. "Queue", "agent", "place" and "caller" tell which fields of the event are set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueueAction {
    /// Queue: made.
    QueueAdded,
    /// Queue: its settings are others, or it is enabled or disabled.
    QueueChanged,
    /// Queue: removed; everybody had left it before.
    QueueRemoved,
    /// Agent: made.
    AgentAdded,
    /// Agent: removed; they had left their queues before.
    AgentRemoved,
    /// Agent: they are called elsewhere, have another display name or are spared other things.
    AgentChanged,
    /// Agent: they are doing something else.
    StatusChanged {
        /// What they had said before.
        old: AgentStatus,
    },
    /// Agent: they are doing something else for their queues.
    StateChanged {
        /// What they did before.
        old: AgentState,
    },
    /// Queue, agent, place: their device is doing something else. Once for each of their places.
    DeviceChanged {
        /// What it did before.
        old: DeviceState,
    },
    /// Queue, agent, caller: they did not answer too often; the change of status follows.
    TooManyNoAnswers,
    /// Queue, agent, place: they are in this queue now, logged in or not.
    PlaceAdded,
    /// Queue, agent, place: they are not in this queue any more; they were logged out before.
    PlaceRemoved,
    /// Queue, agent, place: they take calls of this queue.
    LoggedIn,
    /// Queue, agent, place: they do not take calls of this queue any more.
    LoggedOut,
    /// Queue, agent, place: they want no calls of this queue for a while.
    Paused,
    /// Queue, agent, place: they want calls again.
    Unpaused,
    /// Queue, agent, place: they have another level or position.
    PenaltyChanged,
    /// Queue, caller: they wait, at [`QueueCaller::position`].
    CallerJoined,
    /// Queue, caller: they have come back in time to have their old place.
    CallerResumed,
    /// Queue, caller: they do not wait any more.
    CallerLeft {
        /// Why.
        reason: LeaveReason,
        /// Their last place in line, from 1.
        position: u32,
    },
    /// Queue: so many wait now ([`QueueTitle::waiting`]). Follows each coming and going.
    Counted,
    /// Queue, agent, place, caller: the agent is being called.
    Offered,
    /// Queue, agent, place, caller: the agent did not get the call.
    OfferFailed {
        /// Why; [`HangupCause::LoseRace`] when another one got it, [`HangupCause::OriginatorCancel`] when the caller went.
        cause: HangupCause,
        /// When they were called.
        called_at: Timestamp,
    },
    /// Queue, agent, place, caller: the two talk.
    BridgeStarted {
        /// The agent's leg.
        channel: ChannelId,
        /// When they were called.
        called_at: Timestamp,
        /// When they answered.
        answered_at: Timestamp,
    },
    /// Queue, agent, place, caller: the two talk no more.
    BridgeEnded {
        /// The agent's leg.
        channel: ChannelId,
        /// When they were called.
        called_at: Timestamp,
        /// When they answered.
        answered_at: Timestamp,
        /// What the agent's leg ended with.
        cause: HangupCause,
    },
    /// Queue, caller, and agent if they had one: their stay has ended altogether.
    StayEnded(EndOfStay),
}

/// Why a caller does not wait any more (event-api.md §5.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LeaveReason {
    /// They have an agent.
    Answered,
    /// They hung up.
    Abandoned,
    /// They waited too long.
    TimedOut,
    /// They were sent, or went, elsewhere.
    Transferred,
}

impl LeaveReason {
    /// The word of event-api.md §5.3.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::Abandoned => "ABANDONED",
            Self::TimedOut => "TIMEOUT",
            Self::Transferred => "TRANSFERRED",
        }
    }
}

/// How a stay ended (`CC-Cause`, `CC-Cancel-Reason`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EndOfStay {
    /// They talked with an agent.
    Terminated,
    /// They hung up, or were sent elsewhere by somebody else.
    BrokenOff,
    /// They waited too long.
    TimedOut,
    /// They waited too long without anybody being logged in.
    NoAgent,
    /// They pressed the key that lets callers out.
    ExitKey,
}

impl EndOfStay {
    /// `cc_cancel_reason`; `None` when they had an agent.
    pub fn cancel_reason(self) -> Option<&'static str> {
        match self {
            Self::Terminated => None,
            Self::BrokenOff => Some("BREAK_OUT"),
            Self::TimedOut => Some("TIMEOUT"),
            Self::NoAgent => Some("NO_AGENT_TIMEOUT"),
            Self::ExitKey => Some("EXIT_WITH_KEY"),
        }
    }
}
