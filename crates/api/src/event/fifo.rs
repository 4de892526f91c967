use std::sync::Arc;

use crate::HangupCause;
use crate::id::ChannelId;
use crate::view::FifoStrategy;

/// Something that happened in a fifo (`fifo::info`, event-socket.md §5.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoEvent {
    /// Its name.
    pub fifo: Arc<str>,
    /// What happened, to the channel of the event if there is one.
    pub action: FifoAction,
}

/// See [`FifoEvent`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FifoAction {
    /// A caller waits.
    Pushed {
        /// As what they came, 1 to 10; 0: they did not say it.
        priority: u8,
    },
    /// A caller does not wait any more: hung up, sent elsewhere, or by a key.
    Aborted,
    /// A caller waited too long.
    TimedOut,
    /// A consumer takes the caller of this event.
    CallerPopped,
    /// The consumer of this event takes a caller.
    ConsumerPopped {
        /// Whom.
        caller: ChannelId,
        /// Their name.
        name: Arc<str>,
        /// Their number.
        number: Arc<str>,
    },
    /// A consumer is there.
    ConsumerStarted,
    /// A consumer takes no more callers.
    ConsumerStopped,
    /// A consumer waits for the next caller.
    ConsumerReturned,
    /// The caller of this event talks.
    CallerBridged(bool),
    /// The consumer of this event talks, or does not any more.
    ConsumerBridged(bool),
    /// A member is called; there is no channel yet.
    MemberCalled {
        /// Its dial string.
        member: Arc<str>,
        /// How members are chosen.
        strategy: FifoStrategy,
    },
    /// That call is answered, or has failed.
    MemberDecided {
        /// Its dial string.
        member: Arc<str>,
        /// Why nobody has answered.
        failure: Option<HangupCause>,
    },
}
