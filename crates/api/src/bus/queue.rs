use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::event::Event;
use crate::id::EventId;

/// How far a subscriber may fall behind. Whichever limit is reached first ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueLimits {
    /// Events.
    pub messages: usize,
    /// Bytes held on to, by [`Event::weight`].
    pub bytes: usize,
}

impl Default for QueueLimits {
    /// 100,000 events (what the reference allows) and 256 MiB.
    fn default() -> Self {
        Self {
            messages: 100_000,
            bytes: 256 << 20,
        }
    }
}

/// The subscriber fell too far behind. All events up to `last` were delivered, none after it will be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("subscriber fell too far behind")]
pub struct Overrun {
    /// The last event that was delivered; `None` when none ever was.
    pub last: Option<EventId>,
}

/// What came of handing an event to a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pushed {
    Queued,
    Overrun,
    Closed,
}

/// The queue between dispatcher and one subscriber. The lock is held for a push or a swap, never across IO.
pub(super) struct Queue {
    limits: QueueLimits,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    last: Option<EventId>,
    overrun: bool,
    closed: bool,
    ended: bool,
}

/// What a reader finds.
pub(super) enum Taken {
    Some,
    Nothing,
    Overrun(Overrun),
    Ended,
}

impl Queue {
    pub(super) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            wake: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: &Arc<Event>) -> Pushed {
        let mut state = self.state();
        if state.closed {
            return Pushed::Closed;
        }
        if state.overrun {
            return Pushed::Overrun;
        }
        let weight = event.weight();
        let full =
            state.events.len() >= self.limits.messages || state.bytes + weight > self.limits.bytes;
        if full {
            state.overrun = true;
            drop(state);
            self.wake.notify_one();
            return Pushed::Overrun;
        }
        let was_empty = state.events.is_empty();
        state.bytes += weight;
        state.last = Some(event.id);
        state.events.push_back(event.clone());
        drop(state);
        if was_empty {
            self.wake.notify_one();
        }
        Pushed::Queued
    }

    /// Moves everything queued to `out`.
    pub(super) fn take(&self, out: &mut VecDeque<Arc<Event>>) -> Taken {
        let mut state = self.state();
        if !state.events.is_empty() {
            out.append(&mut state.events);
            state.bytes = 0;
            return Taken::Some;
        }
        if state.overrun {
            return Taken::Overrun(Overrun { last: state.last });
        }
        if state.ended {
            Taken::Ended
        } else {
            Taken::Nothing
        }
    }

    pub(super) fn len(&self) -> usize {
        self.state().events.len()
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The subscriber is gone.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.events.clear();
    }

    /// The switch is gone: the reader gets what is queued and then the end.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.wake.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }
}
