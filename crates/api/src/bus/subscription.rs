use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::dispatcher::Message;
use super::interest::Interest;
use super::queue::{Overrun, Queue, Taken};
use crate::event::Event;

/// A subscriber's end of the bus. Dropping it unsubscribes.
pub struct Subscription {
    pub(super) id: u64,
    pub(super) queue: Arc<Queue>,
    pub(super) bus: mpsc::Sender<Message>,
    taken: VecDeque<Arc<Event>>,
}

/// Why no more events come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Ended {
    /// This subscriber was too slow.
    #[error(transparent)]
    Overrun(#[from] Overrun),
    /// The switch is gone.
    #[error("the switch has stopped")]
    Stopped,
}

impl Subscription {
    pub(super) fn new(id: u64, queue: Arc<Queue>, bus: mpsc::Sender<Message>) -> Self {
        Self {
            id,
            queue,
            bus,
            taken: VecDeque::new(),
        }
    }

    /// The next event. Cancel-safe: an event not returned stays queued.
    ///
    /// # Errors
    /// [`Ended`], after everything queued before was given out.
    pub async fn next(&mut self) -> Result<Arc<Event>, Ended> {
        loop {
            if let Some(event) = self.taken.pop_front() {
                return Ok(event);
            }
            match self.queue.take(&mut self.taken) {
                Taken::Some => {}
                Taken::Nothing => self.queue.woken().await,
                Taken::Overrun(overrun) => return Err(overrun.into()),
                Taken::Ended => return Err(Ended::Stopped),
            }
        }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        if self.taken.is_empty() {
            self.queue.take(&mut self.taken);
        }
        self.taken.pop_front()
    }

    /// How many events are there already.
    pub fn waiting(&self) -> usize {
        self.taken.len() + self.queue.len()
    }

    /// Changes what is wanted. Events that come after the return match the new interest; those queued before stay.
    /// Not cancel-safe in one respect: a change that was sent takes place.
    pub async fn change(&self, interest: Interest) {
        let (done, wait) = oneshot::channel();
        if self
            .bus
            .send(Message::Change {
                id: self.id,
                interest,
                done,
            })
            .await
            .is_ok()
        {
            // An error means the dispatcher has stopped, which next() reports.
            wait.await.ok();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.queue.close();
        // When the bus is busy the closed queue is found at the next event or the next observe.
        self.bus.try_send(Message::Unsubscribe { id: self.id }).ok();
    }
}
