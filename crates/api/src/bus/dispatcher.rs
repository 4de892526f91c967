use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::interest::{Interest, Scope, room_of};
use super::queue::{Pushed, Queue, QueueLimits};
use super::replay::{Gone, ReplayRing};
use super::subscription::Subscription;
use crate::event::{Event, Family};
use crate::id::{ChannelId, EventId};
use crate::view::View;

/// Events in order, and the view after the last of them.
pub(crate) struct Batch {
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) view: Arc<View>,
}

/// What the dispatcher is told.
pub(crate) enum Message {
    Publish(Batch),
    Observe {
        interest: Interest,
        limits: QueueLimits,
        reply: oneshot::Sender<(Arc<View>, Subscription)>,
    },
    Resume {
        after: EventId,
        interest: Interest,
        limits: QueueLimits,
        reply: oneshot::Sender<Result<Subscription, Gone>>,
    },
    Change {
        id: u64,
        interest: Interest,
        done: oneshot::Sender<()>,
    },
    Unsubscribe {
        id: u64,
    },
}

/// What the bus has done since the start.
#[derive(Debug, Default)]
pub struct BusCounters {
    /// Events published.
    pub published: AtomicU64,
    /// Events put into queues.
    pub delivered: AtomicU64,
    /// Subscribers ended because they fell behind.
    pub overruns: AtomicU64,
    /// Subscribers now.
    pub subscribers: AtomicU64,
}

/// The future that joins a backend's events with the subscribers' queues. Whoever called [`crate::pair`] runs it.
pub struct Dispatcher {
    inbox: mpsc::Receiver<Message>,
    bus: mpsc::WeakSender<Message>,
    view: Arc<View>,
    replay: ReplayRing,
    next_id: u64,
    subscribers: BTreeMap<u64, Subscriber>,
    by_family: [Vec<u64>; Family::COUNT],
    by_channel: HashMap<ChannelId, Vec<u64>>,
    by_room: HashMap<Arc<str>, Vec<u64>>,
    counters: Arc<BusCounters>,
}

struct Subscriber {
    queue: Arc<Queue>,
    interest: Interest,
}

impl Dispatcher {
    pub(crate) fn new(
        inbox: mpsc::Receiver<Message>,
        bus: mpsc::WeakSender<Message>,
        view: Arc<View>,
        replay: (crate::id::NodeId, usize, usize),
        counters: Arc<BusCounters>,
    ) -> Self {
        Self {
            inbox,
            bus,
            view,
            replay: ReplayRing::new(replay.0, replay.1, replay.2),
            next_id: 1,
            subscribers: BTreeMap::new(),
            by_family: Default::default(),
            by_channel: HashMap::new(),
            by_room: HashMap::new(),
            counters,
        }
    }

    /// Runs until the backend and all handles are gone. It waits for nobody but its inbox.
    pub async fn run(mut self) {
        while let Some(message) = self.inbox.recv().await {
            match message {
                Message::Publish(batch) => self.publish(batch),
                Message::Observe {
                    interest,
                    limits,
                    reply,
                } => {
                    self.sweep();
                    if let Some(subscription) = self.subscribe(interest, limits) {
                        // The asker may have gone; the dropped subscription then unsubscribes itself.
                        reply.send((self.view.clone(), subscription)).ok();
                    }
                }
                Message::Resume {
                    after,
                    interest,
                    limits,
                    reply,
                } => {
                    self.sweep();
                    let answer = self.resume(after, interest, limits);
                    if let Some(answer) = answer {
                        reply.send(answer).ok();
                    }
                }
                Message::Change { id, interest, done } => {
                    self.unindex(id);
                    if let Some(subscriber) = self.subscribers.get_mut(&id) {
                        subscriber.interest = interest;
                        self.index(id);
                    }
                    done.send(()).ok();
                }
                Message::Unsubscribe { id } => self.remove(id),
            }
        }
        for subscriber in self.subscribers.values() {
            subscriber.queue.end();
        }
    }

    fn publish(&mut self, batch: Batch) {
        self.view = batch.view;
        let mut ended = Vec::new();
        let mut delivered = 0;
        self.counters
            .published
            .fetch_add(batch.events.len() as u64, Ordering::Relaxed);
        for event in &batch.events {
            self.replay.push(event);
            for id in self.wanted_by(event) {
                let Some(subscriber) = self.subscribers.get(&id) else {
                    continue;
                };
                match subscriber.queue.push(event) {
                    Pushed::Queued => delivered += 1,
                    Pushed::Overrun => {
                        self.counters.overruns.fetch_add(1, Ordering::Relaxed);
                        ended.push(id);
                    }
                    Pushed::Closed => ended.push(id),
                }
            }
            for id in ended.drain(..) {
                self.remove(id);
            }
        }
        self.counters
            .delivered
            .fetch_add(delivered, Ordering::Relaxed);
    }

    /// Ids of subscribers that want the event, each once, in the order they subscribed.
    fn wanted_by(&self, event: &Event) -> Vec<u64> {
        let family = event.kind.family();
        let mut ids = self.by_family[family as usize].clone();
        let mut scoped = |list: Option<&Vec<u64>>| {
            for id in list.into_iter().flatten() {
                if self
                    .subscribers
                    .get(id)
                    .is_some_and(|s| s.interest.families.contains(family))
                {
                    ids.push(*id);
                }
            }
        };
        if let Some(channel) = &event.channel {
            scoped(self.by_channel.get(&channel.id));
        }
        if let Some(room) = room_of(event) {
            scoped(self.by_room.get(room));
        }
        ids
    }

    fn subscribe(&mut self, interest: Interest, limits: QueueLimits) -> Option<Subscription> {
        let bus = self.bus.upgrade()?;
        let id = self.next_id;
        self.next_id += 1;
        let queue = Arc::new(Queue::new(limits));
        self.subscribers.insert(
            id,
            Subscriber {
                queue: queue.clone(),
                interest,
            },
        );
        self.index(id);
        self.counters
            .subscribers
            .store(self.subscribers.len() as u64, Ordering::Relaxed);
        Some(Subscription::new(id, queue, bus))
    }

    fn resume(
        &mut self,
        after: EventId,
        interest: Interest,
        limits: QueueLimits,
    ) -> Option<Result<Subscription, Gone>> {
        let missed: Vec<_> = match self.replay.since(after) {
            Ok(events) => events.filter(|e| interest.matches(e)).cloned().collect(),
            Err(gone) => return Some(Err(gone)),
        };
        let subscription = self.subscribe(interest, limits)?;
        for event in &missed {
            if subscription.queue.push(event) != Pushed::Queued {
                self.counters.overruns.fetch_add(1, Ordering::Relaxed);
                self.remove(subscription.id);
                break;
            }
        }
        Some(Ok(subscription))
    }

    fn index(&mut self, id: u64) {
        let Some(subscriber) = self.subscribers.get(&id) else {
            return;
        };
        match &subscriber.interest.scope {
            Scope::All => {
                for (number, list) in self.by_family.iter_mut().enumerate() {
                    let family = FAMILIES[number];
                    if subscriber.interest.families.contains(family) {
                        list.push(id);
                    }
                }
            }
            Scope::Channels(channels) => {
                for channel in channels {
                    self.by_channel.entry(channel.clone()).or_default().push(id);
                }
            }
            Scope::Rooms(rooms) => {
                for room in rooms {
                    self.by_room.entry(room.clone()).or_default().push(id);
                }
            }
        }
    }

    fn unindex(&mut self, id: u64) {
        let Some(subscriber) = self.subscribers.get(&id) else {
            return;
        };
        match &subscriber.interest.scope {
            Scope::All => {
                for list in &mut self.by_family {
                    list.retain(|i| *i != id);
                }
            }
            Scope::Channels(channels) => {
                for channel in channels {
                    remove_from(&mut self.by_channel, channel, id);
                }
            }
            Scope::Rooms(rooms) => {
                for room in rooms {
                    remove_from(&mut self.by_room, room, id);
                }
            }
        }
    }

    fn remove(&mut self, id: u64) {
        self.unindex(id);
        self.subscribers.remove(&id);
        self.counters
            .subscribers
            .store(self.subscribers.len() as u64, Ordering::Relaxed);
    }

    /// Drops subscribers whose unsubscription could not be queued.
    fn sweep(&mut self) {
        let closed: Vec<_> = self
            .subscribers
            .iter()
            .filter(|(_, s)| s.queue.is_closed())
            .map(|(id, _)| *id)
            .collect();
        for id in closed {
            self.remove(id);
        }
    }
}

const FAMILIES: [Family; Family::COUNT] = [
    Family::Channel,
    Family::Room,
    Family::Account,
    Family::Job,
    Family::System,
    Family::Custom,
    Family::Web,
    Family::Message,
    Family::VideoRoom,
    Family::Stage,
    Family::Queue,
    Family::Parking,
    Family::User,
    Family::Voicemail,
    Family::Fifo,
];

fn remove_from<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Vec<u64>>, key: &K, id: u64) {
    if let Some(list) = index.get_mut(key) {
        list.retain(|i| *i != id);
        if list.is_empty() {
            index.remove(key);
        }
    }
}
