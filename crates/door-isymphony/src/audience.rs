//! Who is told what: one subscription to the switch's events for all event connections.
//!
//! A connection with filters is found by a value one of its filters asks for, so that an event costs nothing to those it
//! does not concern. Each connection has a bounded queue; who does not empty it is ended and told that events were lost.
//!
//! Messages of connections are answered in order: what happened before one was taken is told before its answer, and judged
//! by the filter before.

mod index;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::event::Event;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::events;
use crate::filter::Filter;
use crate::objects::milliseconds;
use crate::start::Shared;

use index::Index;

/// Joins and changes that may wait; whoever asks beyond waits.
const ORDERS: usize = 256;

/// Most events handed on before orders are looked at again.
const EVENTS_PER_TURN: usize = 64;

/// Events that may wait for one connection, at least.
const LINES: usize = 100_000;

/// What a connection finds in its queue.
pub(crate) enum Heard {
    /// It is told of an event.
    Line {
        /// As it is written.
        text: Bytes,
        /// When it happened, Unix milliseconds.
        at: i64,
    },
    /// Its message was taken: from here on the filter in it counts.
    Taken,
}

/// Why nothing more comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Silence {
    /// Too much waited, here or for everybody.
    Lost,
    /// The switch has stopped.
    Stopped,
}

enum Order {
    Join {
        lines: mpsc::Sender<Heard>,
        lost: Arc<AtomicBool>,
        joined: oneshot::Sender<u64>,
    },
    Take {
        id: u64,
        filter: Option<Filter>,
    },
    Leave {
        id: u64,
    },
}

/// Where connections join.
pub(crate) struct Audience {
    orders: mpsc::Sender<Order>,
}

/// A connection's place in the audience; it leaves with it.
pub(crate) struct Listener {
    id: u64,
    lines: mpsc::Receiver<Heard>,
    lost: Arc<AtomicBool>,
    orders: mpsc::Sender<Order>,
}

/// The other end, for [`serve`].
pub(crate) struct Orders(mpsc::Receiver<Order>);

impl Audience {
    pub(crate) fn new() -> (Self, Orders) {
        let (orders, waiting) = mpsc::channel(ORDERS);
        (Self { orders }, Orders(waiting))
    }

    /// Joins without a filter: all that happens from now on is heard. `None` when the switch has stopped, or the door closes.
    pub(crate) async fn join(&self, shared: &Shared) -> Option<Listener> {
        let (lines, heard) = mpsc::channel(shared.config.max_queue.max(LINES));
        let lost = Arc::new(AtomicBool::new(false));
        let (joined, place) = oneshot::channel();
        let order = Order::Join {
            lines,
            lost: lost.clone(),
            joined,
        };
        self.orders.send(order).await.ok()?;
        Some(Listener {
            id: place.await.ok()?,
            lines: heard,
            lost,
            orders: self.orders.clone(),
        })
    }
}

impl Listener {
    /// What comes next. Cancel-safe.
    ///
    /// # Errors
    /// [`Silence`], behind everything that was there before.
    pub(crate) async fn next(&mut self) -> Result<Heard, Silence> {
        let heard = self.lines.recv().await;
        heard.ok_or_else(|| {
            if self.lost.load(Ordering::Relaxed) {
                Silence::Lost
            } else {
                Silence::Stopped
            }
        })
    }

    /// What is there already.
    pub(crate) fn try_next(&mut self) -> Option<Heard> {
        self.lines.try_recv().ok()
    }

    /// Takes a message, with the filter it sets: [`Heard::Taken`] comes behind what happened until now. Whether somebody is
    /// there to do it.
    pub(crate) async fn take(&self, filter: Option<Filter>) -> bool {
        let id = self.id;
        self.orders.send(Order::Take { id, filter }).await.is_ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // When too many orders wait the closed queue is found later.
        self.orders.try_send(Order::Leave { id: self.id }).ok();
    }
}

/// One connection.
struct Member {
    lines: mpsc::Sender<Heard>,
    lost: Arc<AtomicBool>,
    filter: Filter,
}

/// Tells everybody what concerns them until the door closes.
pub(crate) async fn serve(shared: Arc<Shared>, mut orders: Orders) {
    let leaving = shared.leaving();
    let mut house = House {
        shared,
        events: None,
        families: Families::NONE,
        next_id: 1,
        sweep_at: 64,
        members: BTreeMap::new(),
        index: Index::default(),
    };
    loop {
        tokio::select! {
            biased;
            () = leaving.told.cancelled() => return,
            order = orders.0.recv() => match order {
                Some(order) => house.obey(order).await,
                None => return,
            },
            event = next(&mut house.events) => {
                house.hear(event);
                tokio::task::yield_now().await;
            }
        }
    }
}

/// The next event; waits for ever when there will be none.
async fn next(events: &mut Option<Subscription>) -> Result<Arc<Event>, Ended> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

struct House {
    shared: Arc<Shared>,
    /// `None`: nobody listens, or the switch has stopped.
    events: Option<Subscription>,
    /// What is asked of the switch now.
    families: Families,
    next_id: u64,
    /// Members who left unseen are looked for when there are so many.
    sweep_at: usize,
    members: BTreeMap<u64, Member>,
    index: Index,
}

impl House {
    async fn obey(&mut self, order: Order) {
        match order {
            Order::Join {
                lines,
                lost,
                joined,
            } => {
                let filter = Filter::default();
                if !self.catch_up(filter.families()).await {
                    // Without its place, whoever waits for it knows.
                    return;
                }
                self.sweep();
                let id = self.next_id;
                self.next_id += 1;
                self.index.add(id, &filter);
                let member = Member {
                    lines,
                    lost,
                    filter,
                };
                self.members.insert(id, member);
                // Whoever asked may be gone; the closed queue is found then.
                joined.send(id).ok();
            }
            Order::Take { id, filter } => {
                let wanted = filter.as_ref().map_or(Families::NONE, Filter::families);
                self.catch_up(wanted).await;
                let Some(member) = self.members.get_mut(&id) else {
                    return;
                };
                if let Some(filter) = filter {
                    self.index.remove(id, &member.filter);
                    self.index.add(id, &filter);
                    member.filter = filter;
                }
                self.put(id, Heard::Taken);
                self.want_less().await;
            }
            Order::Leave { id } => {
                self.remove(id);
                self.want_less().await;
            }
        }
    }

    /// Asks the switch for these as well, and tells everybody all that happened until now. Whether the switch is there.
    async fn catch_up(&mut self, families: Families) -> bool {
        let families = self.families.union(families);
        match &self.events {
            // Behind this everything that happened before is in the queue.
            Some(events) => events.change(Interest::families(families)).await,
            None => {
                let interest = Interest::families(families);
                let observed = self.shared.switch.observe(interest, QueueLimits::default());
                let Ok((_, events)) = observed.await else {
                    return false;
                };
                self.events = Some(events);
            }
        }
        self.families = families;
        while let Some(event) = self.events.as_mut().and_then(Subscription::try_next) {
            self.tell(&event);
        }
        true
    }

    /// Asks the switch for nothing nobody wants.
    async fn want_less(&mut self) {
        let families = self.index.families();
        if self.members.is_empty() {
            (self.events, self.families) = (None, Families::NONE);
        } else if families != self.families
            && let Some(events) = &self.events
        {
            events.change(Interest::families(families)).await;
            self.families = families;
        }
    }

    /// Tells of this event and some behind it.
    fn hear(&mut self, first: Result<Arc<Event>, Ended>) {
        match first {
            Ok(event) => self.tell(&event),
            Err(end) => return self.fall_silent(end),
        }
        for _ in 1..EVENTS_PER_TURN {
            let Some(event) = self.events.as_mut().and_then(Subscription::try_next) else {
                break;
            };
            self.tell(&event);
        }
    }

    fn tell(&mut self, event: &Event) {
        let encoded = events::encoded(event, &self.shared);
        let at = milliseconds(event.at);
        for line in events::lines(&encoded) {
            let text = String::from_utf8_lossy(&line);
            let concerned: Vec<u64> = self
                .index
                .concerned(&text)
                .filter(|(id, decided)| {
                    let passes = |member: &Member| member.filter.passes(&text);
                    *decided || self.members.get(id).is_some_and(passes)
                })
                .map(|(id, _)| id)
                .collect();
            for id in concerned {
                let text = line.clone();
                self.put(id, Heard::Line { text, at });
            }
        }
    }

    fn put(&mut self, id: u64, heard: Heard) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        match member.lines.try_send(heard) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                member.lost.store(true, Ordering::Relaxed);
                self.remove(id);
            }
            Err(mpsc::error::TrySendError::Closed(_)) => self.remove(id),
        }
    }

    /// Ends everybody.
    fn fall_silent(&mut self, end: Ended) {
        for member in self.members.values() {
            let lost = matches!(end, Ended::Overrun(_));
            member.lost.store(lost, Ordering::Relaxed);
        }
        self.members.clear();
        self.index = Index::default();
        (self.events, self.families) = (None, Families::NONE);
    }

    fn remove(&mut self, id: u64) {
        if let Some(member) = self.members.remove(&id) {
            self.index.remove(id, &member.filter);
        }
    }

    /// Drops members whose leave could not be queued, each time there are twice as many.
    fn sweep(&mut self) {
        if self.members.len() < self.sweep_at {
            return;
        }
        let gone = self.members.iter().filter(|(_, m)| m.lines.is_closed());
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.remove(id);
        }
        self.sweep_at = 2 * self.members.len().max(32);
    }
}
