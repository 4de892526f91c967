//! Where a connection's events come from: the bus, or the log of events until that has been caught up with.
//!
//! On a connection that shows `Jackfield-Sequence` an event is given out only once it is in the log, so that whoever has its
//! number can replay what came after it, even if the server is killed at that moment.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use api::bus::{Ended, Families, Interest, Overrun, QueueLimits, Subscription};
use api::view::Channel;
use api::{Event, Seq, Switch};
use esl::kept::{self, KeptEvent};
use eventlog::{Cursor, Entry, EventLog, Missed, OutOfRange};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::event_log::KIND;

/// How long an event waits to be written before it is given out all the same: a disk that hangs stops nobody.
const STALL: Duration = Duration::from_secs(2);

/// One thing a connection may be told.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// An event, as it happens.
    Live(Arc<Event>),
    /// An event out of the log.
    Kept(Arc<Kept>),
    /// Events that are not in the log.
    Missed(Missed),
    /// Events the bus did not wait with, by `Event-Sequence`.
    Skipped(Seq, Seq),
}

/// An event out of the log.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) sequence: u64,
    pub(crate) event: KeptEvent,
}

impl Item {
    /// The channel the event speaks of, as it was.
    pub(crate) fn channel(&self) -> Option<&Arc<Channel>> {
        match self {
            Self::Live(event) => event.channel.as_ref(),
            Self::Kept(_) | Self::Missed(_) | Self::Skipped(..) => None,
        }
    }
}

/// See above.
pub(crate) struct Stream {
    switch: Switch,
    limits: QueueLimits,
    log: Option<EventLog>,
    interest: Interest,
    /// Opened by the first command that asks for events.
    bus: Option<Subscription>,
    replay: Option<Replay>,
    /// Where to begin when events are asked for.
    armed: Option<u64>,
    /// Events wait until they are in the log.
    gate: Option<Gate>,
    /// The event that waits, and until when at most.
    held: Option<(Arc<Event>, Instant)>,
    /// What to do when the bus was faster than this connection.
    overrun: OnOverrun,
    /// Number of the last event given out or passed over, where there is a log.
    position: u64,
}

/// What a connection that was too slow for the bus does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnOverrun {
    /// It ends.
    End,
    /// It goes on with the log.
    ReadLog,
    /// It goes on with what happens from then on, and says so.
    Skip,
}

struct Gate {
    written: watch::Receiver<u64>,
    /// The disk has hung, and not caught up yet.
    hung: bool,
}

struct Replay {
    reading: Reading,
    ready: VecDeque<Item>,
    /// The log had nothing more when it was read last.
    at_end: bool,
    /// The bus is subscribed to: it brings what comes after this number.
    join: Option<u64>,
}

enum Reading {
    Here(Cursor),
    Away(JoinHandle<(Cursor, io::Result<Read>)>),
    /// Between the two.
    Nowhere,
}

struct Read {
    items: VecDeque<Item>,
    at_end: bool,
}

impl Stream {
    pub(crate) fn new(switch: Switch, log: Option<EventLog>, limits: QueueLimits) -> Self {
        Self {
            switch,
            limits,
            log,
            interest: Interest::default(),
            bus: None,
            replay: None,
            armed: None,
            gate: None,
            held: None,
            overrun: OnOverrun::End,
            position: 0,
        }
    }

    pub(crate) fn log(&self) -> Option<&EventLog> {
        self.log.as_ref()
    }

    /// Whether events come out of the log now.
    pub(crate) fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Number of an event of this run, where events are logged.
    pub(crate) fn sequence(&self, event: &Event) -> Option<u64> {
        self.log.as_ref().map(|log| log.sequence_of(event.id))
    }

    /// From now on events wait until they are in the log. False where there is none.
    pub(crate) fn close_gate(&mut self) -> bool {
        let Some(log) = &self.log else {
            return false;
        };
        self.gate.get_or_insert_with(|| Gate {
            written: log.written(),
            hung: false,
        });
        true
    }

    /// Events do not wait for the log any more.
    pub(crate) fn open_gate(&mut self) {
        self.gate = None;
    }

    /// See [`OnOverrun`].
    pub(crate) fn on_overrun(&mut self, what: OnOverrun) {
        self.overrun = what;
    }

    /// Goes on behind `position`: at once, or where nothing is asked for yet, when something is.
    pub(crate) fn replay(&mut self, position: u64, now: bool) -> Result<(), OutOfRange> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let cursor = log.cursor(position)?;
        self.close_gate();
        if now {
            self.read_from(cursor, position);
        } else {
            self.armed = Some(position);
        }
        Ok(())
    }

    /// A reader that is too slow for the bus: what waits there is in the log too.
    pub(crate) fn fall_back(&mut self) {
        if self.replay.is_none()
            && self.bus.is_some()
            && let Some(log) = &self.log
        {
            let cursor = log.cursor_from(self.position);
            self.read_from(cursor, self.position);
        }
    }

    fn read_from(&mut self, cursor: Cursor, position: u64) {
        (self.bus, self.armed, self.position) = (None, None, position);
        self.held = None;
        self.replay = Some(Replay {
            reading: Reading::Here(cursor),
            ready: VecDeque::new(),
            at_end: false,
            join: None,
        });
    }

    /// Asks the bus for this from now on; `on`: whether the client wants events at all.
    pub(crate) async fn ask_for(&mut self, interest: Interest, on: bool) -> Result<(), Ended> {
        self.interest = interest;
        if let Some(position) = self.armed.filter(|_| on)
            && let Some(log) = &self.log
        {
            let cursor = log.cursor_from(position);
            self.read_from(cursor, position);
        }
        match &self.bus {
            Some(bus) => {
                let before = self.switch.view().as_of;
                bus.change(self.interest.clone()).await;
                // What happened until then was given out, or nobody asked for it: it is not to come out of the log later.
                if bus.waiting() == 0
                    && self.held.is_none()
                    && self.replay.is_none()
                    && let Some(log) = &self.log
                {
                    self.position = self.position.max(log.sequence_at(before));
                }
            }
            None if self.replay.is_some() || self.interest.families == Families::NONE => {}
            None => {
                self.observe().await?;
            }
        }
        Ok(())
    }

    /// Forgets what waits.
    pub(crate) fn drain(&mut self) {
        if self.replay.take().is_some() {
            self.bus = None;
        }
        while self.try_next().is_some() {}
        if let Some((event, _)) = self.held.take() {
            self.position = self.sequence(&event).unwrap_or(self.position);
            self.drain();
        }
    }

    async fn observe(&mut self) -> Result<u64, Ended> {
        let observing = self.switch.observe(self.interest.clone(), self.limits);
        let (view, bus) = observing.await.map_err(|_| Ended::Stopped)?;
        self.bus = Some(bus);
        let begins = self.log.as_ref().map(|log| log.sequence_at(view.as_of));
        if self.replay.is_none() {
            self.position = self.position.max(begins.unwrap_or_default());
        }
        Ok(begins.unwrap_or_default())
    }

    /// The next thing; waits for ever while nothing was asked for. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Item, Ended> {
        loop {
            if let Some(item) = self.try_next() {
                return Ok(item);
            }
            if self.replay.is_some() {
                self.read_on().await?;
                continue;
            }
            if let (Some((event, until)), Some(gate), Some(log)) =
                (&self.held, &mut self.gate, &self.log)
            {
                let sequence = log.sequence_of(event.id);
                let written = gate.written.wait_for(|written| *written >= sequence);
                match timeout_at(*until, written).await {
                    Ok(Ok(_)) => {}
                    // The log has ended, or hangs.
                    Ok(Err(_)) | Err(_) => gate.hung = true,
                }
                continue;
            }
            let Some(bus) = &mut self.bus else {
                return std::future::pending().await;
            };
            match bus.next().await {
                Ok(event) => {
                    if let Some(item) = self.admit(event, None) {
                        return Ok(item);
                    }
                }
                Err(Ended::Overrun(overrun)) => {
                    if let Some(skipped) = self.overrun_by(overrun).await? {
                        return Ok(skipped);
                    }
                }
                Err(Ended::Stopped) => return Err(Ended::Stopped),
            }
        }
    }

    async fn overrun_by(&mut self, overrun: Overrun) -> Result<Option<Item>, Ended> {
        if self.gate.is_some() || self.overrun == OnOverrun::ReadLog {
            self.fall_back();
            return Ok(None);
        }
        if self.overrun == OnOverrun::End {
            return Err(Ended::Overrun(overrun));
        }
        let observing = self.switch.observe(self.interest.clone(), self.limits);
        let (view, bus) = observing.await.map_err(|_| Ended::Stopped)?;
        self.bus = Some(bus);
        let first = overrun.last.map_or(Seq(1), |last| Seq(last.seq.0 + 1));
        Ok(Some(Item::Skipped(first, view.as_of)))
    }

    /// Something that is there already.
    pub(crate) fn try_next(&mut self) -> Option<Item> {
        if let Some(replay) = &mut self.replay {
            let item = replay.ready.pop_front()?;
            self.position = match &item {
                Item::Kept(kept) => kept.sequence,
                Item::Missed(missed) => missed.last.max(self.position),
                Item::Live(_) | Item::Skipped(..) => self.position,
            };
            return Some(item);
        }
        if let Some((event, until)) = self.held.take() {
            return self.admit(event, Some(until));
        }
        while self.held.is_none() {
            let event = self.bus.as_mut()?.try_next()?;
            if let Some(item) = self.admit(event, None) {
                return Some(item);
            }
        }
        None
    }

    /// An event of the bus: now, later, or not at all as it came out of the log already.
    fn admit(&mut self, event: Arc<Event>, until: Option<Instant>) -> Option<Item> {
        let Some(log) = &self.log else {
            return Some(Item::Live(event));
        };
        let sequence = log.sequence_of(event.id);
        if sequence <= self.position {
            return None;
        }
        if let Some(gate) = &mut self.gate {
            let written = *gate.written.borrow() >= sequence;
            if written {
                gate.hung = false;
            } else if !gate.hung {
                let until = until.unwrap_or_else(|| Instant::now() + STALL);
                self.held = Some((event, until));
                return None;
            }
        }
        self.position = sequence;
        Some(Item::Live(event))
    }

    /// One step of a replay that has nothing ready. Cancel-safe.
    async fn read_on(&mut self) -> Result<(), Ended> {
        let Some(replay) = &mut self.replay else {
            return Ok(());
        };
        if let Reading::Away(reading) = &mut replay.reading {
            let read = reading.await;
            replay.reading = Reading::Nowhere;
            return match read {
                Ok((cursor, Ok(read))) => {
                    replay.reading = Reading::Here(cursor);
                    (replay.ready, replay.at_end) = (read.items, read.at_end);
                    Ok(())
                }
                Ok((_, Err(error))) => {
                    tracing::error!(%error, "The event log cannot be read");
                    Err(lost())
                }
                Err(_) => Err(lost()),
            };
        }
        match std::mem::replace(&mut replay.reading, Reading::Nowhere) {
            Reading::Here(cursor) if replay.at_end => {
                let position = cursor.position();
                replay.reading = Reading::Here(cursor);
                self.join(position).await
            }
            Reading::Here(cursor) => {
                replay.reading = Reading::Away(spawn_blocking(move || read(cursor)));
                Ok(())
            }
            Reading::Away(_) | Reading::Nowhere => Err(lost()),
        }
    }

    /// The log was read to its end: first the bus is subscribed to, then what happened before that is read, and then the
    /// bus is gone on with.
    async fn join(&mut self, position: u64) -> Result<(), Ended> {
        let join = self.replay.as_ref().and_then(|replay| replay.join);
        let Some(join) = join else {
            let begins = self.observe().await?;
            if let Some(replay) = &mut self.replay {
                (replay.join, replay.at_end) = (Some(begins), false);
            }
            return Ok(());
        };
        if position >= join {
            self.replay = None;
            self.position = self.position.max(position);
            return Ok(());
        }
        if let Some(gate) = &mut self.gate
            && gate
                .written
                .wait_for(|written| *written >= join)
                .await
                .is_err()
        {
            return Err(lost());
        }
        if let Some(replay) = &mut self.replay {
            replay.at_end = false;
        }
        Ok(())
    }
}

fn lost() -> Ended {
    Ended::Overrun(Overrun { last: None })
}

/// Blocks on the disk.
fn read(mut cursor: Cursor) -> (Cursor, io::Result<Read>) {
    let batch = match cursor.read() {
        Ok(batch) => batch,
        Err(error) => return (cursor, Err(error)),
    };
    let items = batch.entries.into_iter().filter_map(|entry| match entry {
        Entry::Event {
            sequence,
            kind: KIND,
            payload,
            ..
        } => match kept::decode(&payload) {
            Some(event) => Some(Item::Kept(Arc::new(Kept { sequence, event }))),
            None => Some(Item::Missed(Missed {
                first: sequence,
                last: sequence,
                count: 1,
            })),
        },
        Entry::Event { .. } => None,
        Entry::Missed(missed) => Some(Item::Missed(missed)),
    });
    let read = Read {
        items: items.collect(),
        at_end: batch.at_end,
    };
    (cursor, Ok(read))
}
