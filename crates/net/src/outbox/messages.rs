use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Order, Outcome, Shared};

/// The writer's end of an outbox whose messages are framed by something else, as by a WebSocket.
pub struct Messages {
    shared: Arc<Shared>,
}

/// What the writer is to do next.
#[derive(Debug)]
pub enum Take {
    /// Write these, then say [`Messages::written`].
    Write(VecDeque<Bytes>),
    /// Everything is written: close.
    Finish,
    /// The peer is too slow: try to write this, close, and end with that outcome.
    Cut(Bytes, Outcome),
}

impl Messages {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What to do next; waits while there is nothing. Cancel-safe.
    pub async fn next(&mut self) -> Take {
        loop {
            if let Some(take) = self.look() {
                return take;
            }
            tokio::select! {
                () = self.shared.wake.notified() => {}
                () = self.shared.ordered.notified() => {}
            }
        }
    }

    fn look(&self) -> Option<Take> {
        let mut state = self.shared.state();
        if let Order::Cut { notice, outcome } = &state.order {
            return Some(Take::Cut(notice.clone(), *outcome));
        }
        if !state.queue.is_empty() {
            return Some(Take::Write(std::mem::take(&mut state.queue)));
        }
        match state.order {
            Order::Finish { .. } => Some(Take::Finish),
            Order::Write | Order::Cut { .. } => {
                state.idle = true;
                None
            }
        }
    }

    /// Waits until the peer is to be cut off. Cancel-safe.
    pub async fn cut(&self) {
        loop {
            let ordered = self.shared.ordered.notified();
            if matches!(self.shared.state().order, Order::Cut { .. }) {
                return;
            }
            ordered.await;
        }
    }

    /// Until when what is being written must have been taken.
    pub fn deadline(&self) -> Instant {
        let usual = Instant::now() + self.shared.state().write_deadline;
        match self.shared.state().order {
            Order::Finish { until } => until.min(usual),
            Order::Write | Order::Cut { .. } => usual,
        }
    }

    /// How long last words may take.
    pub fn notice_deadline(&self) -> Duration {
        self.shared.limits.notice_deadline
    }

    /// So much was written.
    pub fn written(&mut self, messages: usize, bytes: usize) {
        self.shared.written(messages, bytes);
    }

    /// Writing has ended.
    pub fn end(self, outcome: Outcome) {
        self.shared.end(outcome);
    }
}

impl Drop for Messages {
    /// A writer that is dropped before its end took the connection with it.
    fn drop(&mut self) {
        self.shared.end(Outcome::PeerGone);
    }
}
