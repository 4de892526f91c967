use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::bus::{Batch, BusCounters, Dispatcher, Message};
use crate::capability::Capabilities;
use crate::command::{Answer, Command};
use crate::error::CommandError;
use crate::event::Event;
use crate::handle::{Reply, Switch};
use crate::id::Seq;
use crate::log::LogTap;
use crate::log_levels::ChannelLevels;
use crate::origin::Origin;
use crate::view::View;

/// Sizes of the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BusLimits {
    /// Requests that may wait for the backend; askers wait beyond.
    pub requests: usize,
    /// Batches that may wait for the dispatcher; the backend waits beyond.
    pub batches: usize,
    /// Events kept for `resume`.
    pub replay_events: usize,
    /// Bytes of events kept for `resume`.
    pub replay_bytes: usize,
}

impl Default for BusLimits {
    fn default() -> Self {
        Self {
            requests: 1024,
            batches: 256,
            replay_events: 50_000,
            replay_bytes: 64 << 20,
        }
    }
}

/// Number of a request on its way through a backend.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RequestId(pub u64);

/// A command on its way to the backend.
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// By whom.
    pub origin: Origin,
    reply: oneshot::Sender<Reply>,
}

impl Request {
    /// Splits the request into what to do and where to answer.
    pub fn into_parts(self) -> (Command, Origin, Responder) {
        (self.command, self.origin, Responder(self.reply))
    }
}

/// Where the answer to one request goes. Dropping it answers `Internal`.
pub struct Responder(oneshot::Sender<Reply>);

impl Responder {
    /// Answers. `as_of` is the last event the request caused, published before.
    pub fn send(self, answer: Result<Answer, CommandError>, as_of: Seq) {
        // An asker that went away does not want to know.
        self.0.send(Reply { answer, as_of }).ok();
    }
}

/// The backend's end: whoever serves it is the switch.
pub struct BackendPort {
    /// Requests to serve, in order.
    pub requests: mpsc::Receiver<Request>,
    /// Where events go.
    pub publisher: Publisher,
}

/// Where a backend puts its events and views.
pub struct Publisher {
    levels: ChannelLevels,
    bus: mpsc::Sender<Message>,
    view: Arc<ArcSwap<View>>,
}

impl Publisher {
    /// Where a backend says how much of the log is shown of single channels.
    pub fn log_levels(&self) -> &ChannelLevels {
        &self.levels
    }

    /// Publishes events, in order, with the view after the last of them. Waits while the dispatcher is behind
    /// (it never waits for subscribers). Must come before the answers to the requests that caused the events.
    pub async fn publish(&self, events: Vec<Event>, view: Arc<View>) {
        self.view.store(view.clone());
        let events = events.into_iter().map(Arc::new).collect();
        // Without a dispatcher nobody listens.
        self.bus
            .send(Message::Publish(Batch { events, view }))
            .await
            .ok();
    }
}

/// Makes the two ends of a switch and the future that joins them.
pub fn pair(
    capabilities: Capabilities,
    limits: BusLimits,
    view: View,
) -> (Switch, BackendPort, Dispatcher) {
    let (request_sender, requests) = mpsc::channel(limits.requests);
    let (bus, inbox) = mpsc::channel(limits.batches);
    let initial = Arc::new(view);
    let view = Arc::new(ArcSwap::new(initial.clone()));
    let counters = Arc::new(BusCounters::default());
    let replay = (capabilities.node, limits.replay_events, limits.replay_bytes);
    let dispatcher = Dispatcher::new(inbox, bus.downgrade(), initial, replay, counters.clone());
    let log = LogTap::new();
    let levels = log.levels().clone();
    let switch = Switch::new(
        request_sender,
        bus.clone(),
        view.clone(),
        Arc::new(capabilities),
        log,
        counters,
    );
    (
        switch,
        BackendPort {
            requests,
            publisher: Publisher { levels, bus, view },
        },
        dispatcher,
    )
}

impl Request {
    pub(crate) fn new(command: Command, origin: Origin, reply: oneshot::Sender<Reply>) -> Self {
        Self {
            command,
            origin,
            reply,
        }
    }
}
