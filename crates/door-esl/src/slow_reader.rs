//! What is kept for a peer that does not read fast enough, as it has chosen (event-socket.md §7.3). All of it is bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::{Event, EventKind};
use esl::command::own::Contract;
use esl::view::{self, Dropped, Server};
use metrics::{Counter, counter};

use crate::stream::Item;

/// Objects whose newest event may wait; events of others are dropped, and told.
const MOST_OBJECTS: usize = 10_000;

/// Bytes those events may hold on to.
const MOST_BYTES: usize = 64 << 20;

/// Headers that say which object an event is about, beside its kind.
const OBJECT: [&str; 12] = [
    "Unique-ID",
    "Job-UUID",
    "Conference-Name",
    "CC-Queue",
    "CC-Agent",
    "CC-Member-UUID",
    "Valet-Lot-Name",
    "Valet-Extension",
    "Message-Account",
    "MWI-Message-Account",
    "username",
    "from-user",
];

/// What happened to events of peers that have chosen; those that were disconnected are counted with the connections.
pub(crate) struct SlowReaders {
    /// Times a connection went from the bus to the log.
    pub(crate) fell_back: Counter,
    /// Events whose place a newer one took.
    pub(crate) replaced: Counter,
    /// Events that were dropped, and told.
    pub(crate) dropped: Counter,
}

impl SlowReaders {
    pub(crate) fn new() -> Self {
        let name = "jackfield_event_socket_slow_reader_total";
        Self {
            fell_back: counter!(name, "contract" => "disk"),
            replaced: counter!(name, "contract" => "newest"),
            dropped: counter!(name, "contract" => "drop"),
        }
    }
}

/// See above.
#[derive(Default)]
pub(crate) struct SlowReader {
    contract: Contract,
    /// By number: the newest event of each object.
    newest: BTreeMap<u64, Arc<Event>>,
    by_object: HashMap<String, u64>,
    bytes: usize,
    dropped: Option<Dropped>,
}

/// What became of an event that had to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Put {
    /// It waits.
    Kept,
    /// It waits, and the one before it does not any more.
    Replaced,
    /// It is dropped.
    Dropped,
}

impl SlowReader {
    pub(crate) fn contract(&self) -> Contract {
        self.contract
    }

    pub(crate) fn choose(&mut self, contract: Contract) {
        self.contract = contract;
    }

    /// Whether events are held back while the peer has no room, instead of being queued for it.
    pub(crate) fn holds_back(&self) -> bool {
        match self.contract {
            Contract::Newest | Contract::Drop => true,
            Contract::Disconnect | Contract::Disk => false,
        }
    }

    /// Whether there is something to be sent before anything new.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.newest.is_empty() || self.dropped.is_some()
    }

    /// Takes an event the peer would have got; `sequence` is its number in the log.
    pub(crate) fn put(
        &mut self,
        event: &Arc<Event>,
        sequence: Option<u64>,
        server: &Server,
    ) -> Put {
        if self.contract != Contract::Newest {
            self.drop_one(event, sequence);
            return Put::Dropped;
        }
        let object = object(event, server);
        let before = self.by_object.get(&object).copied();
        let replaced = before.and_then(|number| self.newest.remove(&number));
        if let Some(replaced) = &replaced {
            self.bytes = self.bytes.saturating_sub(replaced.weight());
        }
        let weight = event.weight();
        if self.newest.len() >= MOST_OBJECTS || self.bytes + weight > MOST_BYTES {
            self.by_object.remove(&object);
            self.drop_one(event, sequence);
            return Put::Dropped;
        }
        self.bytes += weight;
        self.by_object.insert(object, event.id.seq.0);
        self.newest.insert(event.id.seq.0, event.clone());
        if replaced.is_some() {
            Put::Replaced
        } else {
            Put::Kept
        }
    }

    fn drop_one(&mut self, event: &Event, sequence: Option<u64>) {
        let number = event.id.seq.0;
        let dropped = self.dropped.get_or_insert(Dropped {
            count: Some(0),
            sequence: Some((number, number)),
            durable: sequence.map(|sequence| (sequence, sequence)),
        });
        dropped.count = dropped.count.map(|count| count + 1);
        dropped.sequence = dropped.sequence.map(|(first, _)| (first, number));
        dropped.durable = dropped
            .durable
            .zip(sequence)
            .map(|((first, _), last)| (first, last));
    }

    /// What was dropped, in front of everything that waits and is newer.
    pub(crate) fn take_dropped(&mut self) -> Option<Dropped> {
        self.dropped.take()
    }

    /// The oldest event that waits.
    pub(crate) fn take_newest(&mut self) -> Option<Item> {
        let (_, event) = self.newest.pop_first()?;
        self.bytes = self.bytes.saturating_sub(event.weight());
        if self.newest.is_empty() {
            self.by_object.clear();
            self.bytes = 0;
        }
        Some(Item::Live(event))
    }
}

/// Two events of one kind about the same thing have the same; all those of a channel's life are one kind.
fn object(event: &Event, server: &Server) -> String {
    let headers = view::headers(event, server);
    let (mut object, names): (_, &[&str]) = match &event.kind {
        EventKind::Channel(_) => ("channel".to_owned(), &OBJECT[..1]),
        EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Custom(_)
        | EventKind::Web(_)
        | EventKind::Message(_)
        | EventKind::VideoRoom(_)
        | EventKind::Stage(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_) => {
            let name = headers.text("Event-Name").unwrap_or_default();
            let subclass = view::subclass(event).unwrap_or_default();
            (format!("{name} {subclass}"), &OBJECT)
        }
    };
    for name in names {
        object.push('\n');
        object.push_str(headers.text(name).unwrap_or_default());
    }
    object
}
