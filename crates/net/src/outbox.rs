//! The write side of one connection: a bounded queue and the task that empties it.
//!
//! Producers never wait and never copy: they push shared [`Bytes`]. The writer takes the whole queue at once and
//! writes as much of it per system call as fits. A peer that falls behind by too many messages or bytes, or takes
//! nothing for too long, is a slow reader and ends; nobody else notices.

mod messages;
mod writer;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::counters::Cause;
pub use messages::{Messages, Take};
pub use writer::Writer;

/// How far a peer may fall behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutboxLimits {
    /// Messages queued.
    pub messages: usize,
    /// Bytes queued.
    pub bytes: usize,
    /// [`Outbox::room`] waits until no more bytes than this are queued.
    pub low_bytes: usize,
    /// Longest time without a byte taken.
    pub write_deadline: Duration,
    /// Time for the last words to a peer that is cut off.
    pub notice_deadline: Duration,
}

impl Default for OutboxLimits {
    /// 100,000 messages, 256 MiB, 30 s (event-socket.md §7.3).
    fn default() -> Self {
        Self {
            messages: 100_000,
            bytes: 256 << 20,
            low_bytes: 1 << 20,
            write_deadline: Duration::from_secs(30),
            notice_deadline: Duration::from_secs(1),
        }
    }
}

/// By what a peer was found too slow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SlowReason {
    /// Messages queued.
    Messages,
    /// Bytes queued.
    Bytes,
    /// Time without progress.
    Deadline,
}

/// How a connection's write side ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// We closed it, and everything was written.
    Closed,
    /// The peer was too slow.
    SlowReader {
        /// By what.
        reason: SlowReason,
    },
    /// The peer closed or reset the connection.
    PeerGone,
}

impl Outcome {
    /// What to count.
    pub fn cause(self) -> Cause {
        match self {
            Self::Closed => Cause::Closed,
            Self::PeerGone => Cause::PeerGone,
            Self::SlowReader { reason } => match reason {
                SlowReason::Messages => Cause::SlowMessages,
                SlowReason::Bytes => Cause::SlowBytes,
                SlowReason::Deadline => Cause::SlowDeadline,
            },
        }
    }
}

/// A message was not queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The queue is full: end the connection with [`Outbox::cut`].
    #[error("the peer reads too slowly: {0:?}")]
    SlowReader(SlowReason),
    /// The write side has ended, or is about to, like that.
    #[error("the connection has ended")]
    Ended(Outcome),
}

/// The producers' end. One owner per connection.
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    limits: OutboxLimits,
    state: Mutex<State>,
    /// There is something to write while the writer is idle.
    wake: Notify,
    /// `order` was changed.
    ordered: Notify,
    /// The queue has become short.
    room: Notify,
    /// The writer has ended.
    ended: Notify,
}

struct State {
    /// Not yet taken by the writer.
    queue: VecDeque<Bytes>,
    /// Taken or not, but not yet written.
    messages: usize,
    /// See `messages`.
    bytes: usize,
    /// The writer waits for `wake`.
    idle: bool,
    order: Order,
    /// [`OutboxLimits::write_deadline`], until it is changed.
    write_deadline: Duration,
    outcome: Option<Outcome>,
}

/// What the writer is to do.
#[derive(Clone)]
enum Order {
    Write,
    /// Write what is queued, then end.
    Finish {
        until: Instant,
    },
    /// Write the rest of the message under way and these last words, then end.
    Cut {
        notice: Bytes,
        outcome: Outcome,
    },
}

impl Outbox {
    /// A queue, and the writer that empties it into `sink`; whoever calls this spawns [`Writer::run`].
    pub fn new<W: AsyncWrite + Unpin>(sink: W, limits: OutboxLimits) -> (Self, Writer<W>) {
        let shared = Shared::new(limits);
        let writer = Writer::new(sink, shared.clone());
        (Self { shared }, writer)
    }

    /// A queue whose messages are taken whole, for a writer that frames them.
    pub fn of_messages(limits: OutboxLimits) -> (Self, Messages) {
        let shared = Shared::new(limits);
        let messages = Messages::new(shared.clone());
        (Self { shared }, messages)
    }

    /// Queues one message.
    ///
    /// # Errors
    /// [`Refused`]; the message is dropped.
    pub fn push(&self, message: impl Into<Bytes>) -> Result<(), Refused> {
        let mut state = self.shared.state();
        let queued = state.queue(message.into(), &self.shared.limits);
        self.shared.wake_if_idle(state);
        queued
    }

    /// Queues many messages, in order, with one wake-up. `messages` is empty afterwards.
    ///
    /// # Errors
    /// [`Refused`]; that message and those behind it are dropped.
    pub fn push_all(&self, messages: &mut Vec<Bytes>) -> Result<(), Refused> {
        let mut state = self.shared.state();
        let mut queued = Ok(());
        for message in messages.drain(..) {
            queued = state.queue(message, &self.shared.limits);
            if queued.is_err() {
                break;
            }
        }
        self.shared.wake_if_idle(state);
        queued
    }

    /// Bytes not yet written.
    pub fn queued_bytes(&self) -> usize {
        self.shared.state().bytes
    }

    /// Whether the queue is short enough to take on more work for this peer.
    pub fn has_room(&self) -> bool {
        self.shared.has_room(&self.shared.state())
    }

    /// Waits until the queue is short, or the write side has ended. Cancel-safe.
    pub async fn room(&self) {
        while !self.has_room() {
            self.shared.room.notified().await;
        }
    }

    /// Waits until the write side has ended and says how. Cancel-safe.
    pub async fn ended(&self) -> Outcome {
        loop {
            let ended = self.shared.ended.notified();
            if let Some(outcome) = self.shared.state().outcome {
                return outcome;
            }
            ended.await;
        }
    }

    /// From now on the peer may take nothing for so long.
    pub fn set_write_deadline(&self, deadline: Duration) {
        self.shared.state().write_deadline = deadline;
        // A write under way looks at it.
        self.shared.ordered.notify_one();
    }

    /// Writes what is queued, for at most `within`, and closes the write side.
    pub async fn finish(self, within: Duration) -> Outcome {
        self.shared.order(Order::Finish {
            until: Instant::now() + within,
        });
        self.ended().await
    }

    /// Ends a peer that is too slow: drops what is queued but the message under way, tries to write `notice`, and
    /// closes.
    pub async fn cut(self, reason: SlowReason, notice: impl Into<Bytes>) -> Outcome {
        self.shared.order(Order::Cut {
            notice: notice.into(),
            outcome: Outcome::SlowReader { reason },
        });
        self.ended().await
    }
}

impl Drop for Outbox {
    /// Nobody will push any more: what is queued is written, then the write side closes.
    fn drop(&mut self) {
        let open = matches!(self.shared.state().order, Order::Write);
        if open {
            self.shared.order(Order::Finish {
                until: Instant::now() + self.shared.limits.write_deadline,
            });
        }
    }
}

impl State {
    fn queue(&mut self, message: Bytes, limits: &OutboxLimits) -> Result<(), Refused> {
        let ends_as = match (self.outcome, &self.order) {
            (Some(outcome), _) => Some(outcome),
            (None, Order::Cut { outcome, .. }) => Some(*outcome),
            (None, Order::Finish { .. }) => Some(Outcome::Closed),
            (None, Order::Write) => None,
        };
        if let Some(outcome) = ends_as {
            return Err(Refused::Ended(outcome));
        }
        if self.messages >= limits.messages {
            return Err(Refused::SlowReader(SlowReason::Messages));
        }
        // One message may be larger than the limit when nothing else waits.
        if self.messages > 0 && self.bytes + message.len() > limits.bytes {
            return Err(Refused::SlowReader(SlowReason::Bytes));
        }
        if message.is_empty() {
            return Ok(());
        }
        self.messages += 1;
        self.bytes += message.len();
        self.queue.push_back(message);
        Ok(())
    }
}

impl Shared {
    fn new(limits: OutboxLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                messages: 0,
                bytes: 0,
                idle: false,
                order: Order::Write,
                write_deadline: limits.write_deadline,
                outcome: None,
            }),
            wake: Notify::new(),
            ordered: Notify::new(),
            room: Notify::new(),
            ended: Notify::new(),
        })
    }

    /// The lock is held for a push, a swap or a look, never across IO.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, state: &State) -> bool {
        state.outcome.is_some()
            || (state.bytes <= self.limits.low_bytes && state.messages * 2 <= self.limits.messages)
    }

    /// So much was written.
    fn written(&self, messages: usize, bytes: usize) {
        let mut state = self.state();
        let had_room = self.has_room(&state);
        state.messages -= messages;
        state.bytes -= bytes;
        if !had_room && self.has_room(&state) {
            drop(state);
            self.room.notify_one();
        }
    }

    fn wake_if_idle(&self, mut state: MutexGuard<'_, State>) {
        if state.idle && !state.queue.is_empty() {
            state.idle = false;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Notes the outcome; the first one stays.
    fn end(&self, outcome: Outcome) {
        {
            let mut state = self.state();
            if state.outcome.is_some() {
                return;
            }
            state.outcome = Some(outcome);
            state.queue = VecDeque::new();
        }
        self.room.notify_one();
        self.ended.notify_waiters();
    }

    fn order(&self, order: Order) {
        self.state().order = order;
        self.ordered.notify_one();
    }
}
