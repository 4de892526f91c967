//! The thread between bus and disk: a subscriber that writes.

use std::io;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::bus::{Ended, Interest, QueueLimits, Subscription};
use api::{Event, EventId, Seq, Switch};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::log::{EventLog, Missed};
use crate::record::GAP;
use crate::{Settings, Writer};

/// Events that may wait for the disk. Beyond, those in the replay ring still count; beyond that there is a gap.
const QUEUE: QueueLimits = QueueLimits {
    messages: 50_000,
    bytes: 64 << 20,
};

/// Events taken before they are handed to the system.
const BATCH: usize = 512;

/// Between two looks at what is too old and at what has to be forced to the disk, when nothing happens.
const REST: Duration = Duration::from_millis(250);

/// Puts an event into the bytes of a record.
pub trait Encode: Send {
    /// The kind of its records; not [`GAP`].
    fn kind(&self) -> u8;

    /// Appends to `out`, which is empty; false: this event is of no interest to its readers.
    fn encode(&mut self, event: &Event, out: &mut Vec<u8>) -> bool;
}

/// Why the log did not begin.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The folder cannot be used.
    #[error("the event log cannot be kept there: {0}")]
    Io(#[from] io::Error),
    /// The switch has stopped.
    #[error("the switch has stopped")]
    Stopped,
}

/// The running thread.
pub struct Feeding {
    thread: Option<thread::JoinHandle<()>>,
    stop: CancellationToken,
}

impl Feeding {
    /// Writes what is queued and ends. Blocks until then.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.cancel();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("The event log ended early");
        }
    }
}

impl Drop for Feeding {
    fn drop(&mut self) {
        self.end();
    }
}

/// Opens the log and begins to write what happens from now on, with numbers above `floor`. Called within a runtime, whose
/// timers the thread uses.
///
/// # Errors
/// [`FeedError`].
pub async fn feed(
    settings: Settings,
    switch: Switch,
    encoders: Vec<Box<dyn Encode>>,
    floor: u64,
) -> Result<(EventLog, Feeding), FeedError> {
    let (mut writer, log) = Writer::open(settings, now())?;
    writer.begin_above(floor);
    let observing = switch.observe(Interest::everything(), QUEUE);
    let (view, events) = observing.await.map_err(|_| FeedError::Stopped)?;
    let stop = CancellationToken::new();
    let mut feeder = Feeder {
        last: view.as_of,
        last_id: None,
        switch,
        log: log.clone(),
        writer,
        encoders,
        payload: Vec::new(),
    };
    // From here on positions of this run are known.
    feeder
        .writer
        .pass_to(feeder.log.shared.base() + view.as_of.0);
    feeder.writer.commit();
    let (runtime, stopped) = (Handle::current(), stop.clone());
    let thread = thread::Builder::new()
        .name("event-log".to_owned())
        .spawn(move || feeder.run(events, &runtime, &stopped))?;
    let feeding = Feeding {
        thread: Some(thread),
        stop,
    };
    Ok((log, feeding))
}

struct Feeder {
    switch: Switch,
    log: EventLog,
    writer: Writer,
    encoders: Vec<Box<dyn Encode>>,
    /// Everything up to here is dealt with.
    last: Seq,
    /// The last event taken from the bus.
    last_id: Option<EventId>,
    payload: Vec<u8>,
}

enum Next {
    Event(Result<std::sync::Arc<Event>, Ended>),
    Nothing,
    Stop,
}

impl Feeder {
    fn run(mut self, mut events: Subscription, runtime: &Handle, stop: &CancellationToken) {
        loop {
            let next = runtime.block_on(async {
                tokio::select! {
                    biased;
                    event = events.next() => Next::Event(event),
                    () = stop.cancelled() => Next::Stop,
                    () = tokio::time::sleep(REST) => Next::Nothing,
                }
            });
            match next {
                Next::Event(Ok(event)) => self.write(&event, &mut events),
                Next::Event(Err(Ended::Overrun(_))) => match runtime.block_on(self.go_on()) {
                    Some(resumed) => events = resumed,
                    None => return,
                },
                Next::Nothing => self.writer.rest(now()),
                // The writer commits and syncs when it is dropped.
                Next::Event(Err(Ended::Stopped)) | Next::Stop => return,
            }
        }
    }

    fn write(&mut self, first: &Event, events: &mut Subscription) {
        self.take(first);
        for _ in 1..BATCH {
            let Some(event) = events.try_next() else {
                break;
            };
            self.take(&event);
        }
        self.writer.commit();
    }

    fn take(&mut self, event: &Event) {
        (self.last, self.last_id) = (event.id.seq, Some(event.id));
        let sequence = self.log.sequence_of(event.id);
        for encoder in &mut self.encoders {
            self.payload.clear();
            let kind = encoder.kind();
            if kind != GAP && encoder.encode(event, &mut self.payload) {
                let at = event.at.as_micros();
                self.writer.append(sequence, at, kind, &self.payload);
            }
        }
        // A burst of long events does not stay.
        self.payload.shrink_to(1 << 20);
        self.writer.pass_to(sequence);
    }

    /// After an overrun: with what the replay ring still has, or with a gap.
    async fn go_on(&mut self) -> Option<Subscription> {
        tracing::warn!("The event log fell behind");
        let interest = Interest::everything();
        if let Some(last) = self.last_id
            && let Ok(events) = self.switch.resume(last, interest.clone(), QUEUE).await
        {
            return Some(events);
        }
        let (view, events) = self.switch.observe(interest, QUEUE).await.ok()?;
        let base = self.log.shared.base();
        self.writer.lose(Missed {
            first: base + self.last.0 + 1,
            last: base + view.as_of.0,
            count: view.as_of.0.saturating_sub(self.last.0),
        });
        self.last = view.as_of;
        Some(events)
    }
}

/// The wall clock, Unix microseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX)
}
