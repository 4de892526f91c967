use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::bus::{BusCounters, Gone, Interest, Message, QueueLimits, Subscription};
use crate::capability::Capabilities;
use crate::command::{Answer, Ask};
use crate::error::{CommandError, ErrorKind};
use crate::id::{EventId, Seq};
use crate::log::LogTap;
use crate::origin::Origin;
use crate::pair::Request;
use crate::view::View;

/// What a backend sends back.
pub(crate) struct Reply {
    pub(crate) answer: Result<Answer, CommandError>,
    pub(crate) as_of: Seq,
}

/// A finished command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done<T> {
    /// What came back.
    pub value: T,
    /// `view().as_of` is at least this.
    pub as_of: Seq,
}

/// The switch has stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the switch has stopped")]
pub struct SwitchGone;

/// A door's handle on the switch. Cheap to clone.
#[derive(Clone)]
pub struct Switch {
    requests: mpsc::Sender<Request>,
    bus: mpsc::Sender<Message>,
    view: Arc<ArcSwap<View>>,
    capabilities: Arc<Capabilities>,
    log: LogTap,
    counters: Arc<BusCounters>,
}

impl Switch {
    pub(crate) fn new(
        requests: mpsc::Sender<Request>,
        bus: mpsc::Sender<Message>,
        view: Arc<ArcSwap<View>>,
        capabilities: Arc<Capabilities>,
        log: LogTap,
        counters: Arc<BusCounters>,
    ) -> Self {
        Self {
            requests,
            bus,
            view,
            capabilities,
            log,
            counters,
        }
    }

    /// Asks for something and waits for the answer. Waits for a place in the queue first. Dropping the future does
    /// not take back a command that was sent.
    ///
    /// # Errors
    /// What the command says, or `Unavailable` when the switch has stopped.
    pub async fn ask<C: Ask>(
        &self,
        command: C,
        origin: Origin,
    ) -> Result<Done<C::Answer>, CommandError> {
        let gone = || CommandError::new(ErrorKind::Unavailable, SwitchGone.to_string());
        let (reply, wait) = oneshot::channel();
        self.requests
            .send(Request::new(command.into(), origin, reply))
            .await
            .map_err(|_| gone())?;
        let reply = wait.await.map_err(|_| gone())?;
        Ok(Done {
            value: C::Answer::try_from(reply.answer?)?,
            as_of: reply.as_of,
        })
    }

    /// Whether there is still somebody who answers.
    pub fn is_running(&self) -> bool {
        !self.requests.is_closed()
    }

    /// The state now. Never blocks.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Starts to observe: every matching event after the returned view, none before.
    ///
    /// # Errors
    /// [`SwitchGone`].
    pub async fn observe(
        &self,
        interest: Interest,
        limits: QueueLimits,
    ) -> Result<(Arc<View>, Subscription), SwitchGone> {
        let (reply, wait) = oneshot::channel();
        self.bus
            .send(Message::Observe {
                interest,
                limits,
                reply,
            })
            .await
            .map_err(|_| SwitchGone)?;
        wait.await.map_err(|_| SwitchGone)
    }

    /// Goes on observing after an event seen before.
    ///
    /// # Errors
    /// [`Gone`] when events in between are no longer kept (or the switch has stopped: `oldest` is `None`).
    pub async fn resume(
        &self,
        after: EventId,
        interest: Interest,
        limits: QueueLimits,
    ) -> Result<Subscription, Gone> {
        let (reply, wait) = oneshot::channel();
        let gone = |_| Gone { oldest: None };
        self.bus
            .send(Message::Resume {
                after,
                interest,
                limits,
                reply,
            })
            .await
            .map_err(|_| Gone { oldest: None })?;
        wait.await.map_err(gone)?
    }

    /// What the backend can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The stream of log lines.
    pub fn log(&self) -> &LogTap {
        &self.log
    }

    /// What the bus has done.
    pub fn bus_counters(&self) -> &BusCounters {
        &self.counters
    }
}
