//! Writes a record of every leg that has ended.
//!
//! A task watches the bus and hands what has ended to the store, some records at a time. The switch never waits for it:
//! while the store does not take anything, records wait here up to a bound, then events wait on the bus, and when those
//! are too many the bus lets go and the task takes up again where it was, as far back as the server keeps events.

pub(crate) mod files;
mod record;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::event::{ChannelEvent, Family};
use api::{ChannelId, Event, EventId, EventKind, Switch, SwitchGone, View};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use store::{CallRecord, Store, StoreError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Records that wait for the store; beyond, events wait on the bus.
const MOST_PENDING: usize = 2_000;

/// Records of one job.
const TOGETHER: usize = 250;

/// How long the first record waits for others.
const GATHER: Duration = Duration::from_millis(20);

/// Between attempts when the store fails: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// How long the store may take for the last records.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How often old records are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// Which records are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CallRecords {
    /// How long.
    pub(crate) keep: Duration,
    /// How many; the oldest go first.
    pub(crate) most: usize,
}

/// How far the task may fall behind on the bus.
pub(crate) const QUEUE: QueueLimits = QueueLimits {
    messages: 50_000,
    bytes: 64 << 20,
};

/// Watches calls; [`Recorder::run`] it.
pub(crate) struct Recorder {
    switch: Switch,
    store: Store,
    limits: QueueLimits,
    subscription: Subscription,
    /// The last event taken.
    last: Option<EventId>,
    /// The file each channel was recorded to last.
    recordings: HashMap<ChannelId, Arc<str>>,
    pending: Vec<CallRecord>,
}

impl Recorder {
    /// From now on no end of a call is missed.
    ///
    /// # Errors
    /// [`SwitchGone`].
    pub(crate) async fn start(
        switch: Switch,
        store: Store,
        limits: QueueLimits,
    ) -> Result<Self, SwitchGone> {
        let (_, subscription) = switch.observe(interest(), limits).await?;
        Ok(Self {
            switch,
            store,
            limits,
            subscription,
            last: None,
            recordings: HashMap::new(),
            pending: Vec::new(),
        })
    }

    /// Runs until `stop`, which is to be cancelled after the switch has stopped, and everything is kept. Gives how many
    /// records could not be kept when `hurry` ends it before.
    pub(crate) async fn run(mut self, stop: CancellationToken, hurry: CancellationToken) -> usize {
        let mut saving: Option<Saving> = None;
        let (mut due, mut pause) = (Instant::now(), PAUSES.0);
        let mut stopped = false;
        loop {
            if stopped && self.pending.is_empty() {
                return 0;
            }
            let (idle, waiting) = (saving.is_none(), self.pending.len());
            tokio::select! {
                () = hurry.cancelled() => return waiting,
                () = stop.cancelled(), if !stopped => {
                    self.take_the_rest().await;
                    stopped = true;
                    // There is no time to be patient with the store.
                    (due, pause) = (Instant::now(), PAUSES.0);
                }
                next = self.subscription.next(), if !stopped && waiting < MOST_PENDING => match next {
                    Ok(event) => {
                        self.take(&event);
                        if waiting == 0 && idle {
                            due = Instant::now() + GATHER;
                        }
                    }
                    Err(Ended::Overrun(_)) => stopped = !self.resume().await,
                    Err(Ended::Stopped) => stopped = true,
                },
                saved = finished(&mut saving), if !idle => {
                    let (count, outcome) = saved;
                    match outcome {
                        Ok(()) => {
                            self.pending.drain(..count);
                            metrics::counter!("jackfield_call_records_total").increment(count as u64);
                            pause = PAUSES.0;
                            due = Instant::now();
                        }
                        Err(error) => {
                            tracing::warn!(%error, waiting, "Call records wait for the store");
                            due = Instant::now() + pause;
                            pause = (pause * 2).min(PAUSES.1);
                        }
                    }
                }
                () = sleep_until(due), if idle && waiting > 0 => saving = Some(self.save()),
            }
        }
    }

    /// Takes everything that was published before.
    async fn take_the_rest(&mut self) {
        // The bus does one thing after the other: when it has answered this, everything before is in our queue.
        let nothing = Interest::families(Families::NONE);
        if let Err(error) = self.switch.observe(nothing, self.limits).await {
            tracing::debug!(%error, "The bus has ended");
        }
        while let Some(next) = self.subscription.next().now_or_never() {
            match next {
                Ok(event) => self.take(&event),
                Err(Ended::Overrun(_)) if self.resume().await => {}
                Err(Ended::Overrun(_) | Ended::Stopped) => return,
            }
        }
    }

    fn take(&mut self, event: &Event) {
        self.last = Some(event.id);
        let (EventKind::Channel(kind), Some(channel)) = (&event.kind, &event.channel) else {
            return;
        };
        if let ChannelEvent::RecordStopped { path, .. } = kind {
            self.recordings.insert(channel.id.clone(), path.clone());
        } else if let ChannelEvent::Renamed { old } = kind {
            if let Some(path) = self.recordings.remove(old) {
                self.recordings.insert(channel.id.clone(), path);
            }
        } else if let ChannelEvent::HangupComplete = kind {
            let recording = self.recordings.remove(&channel.id);
            self.pending.push(record::of(channel, event.at, recording));
        } else if let ChannelEvent::Destroyed = kind {
            self.recordings.remove(&channel.id);
        }
    }

    fn save(&self) -> Saving {
        let store = self.store.clone();
        let calls: Vec<CallRecord> = self.pending.iter().take(TOGETHER).cloned().collect();
        Box::pin(async move { (calls.len(), store.save_calls(calls).await) })
    }

    /// Goes on behind the last event. False when the switch has stopped.
    async fn resume(&mut self) -> bool {
        match resume(&self.switch, self.last, self.limits).await {
            Resumed::Behind(subscription) => self.subscription = subscription,
            Resumed::Anew(view, subscription) => {
                let is_there = |id: &ChannelId| view.channels.contains_key(id);
                self.recordings.retain(|id, _| is_there(id));
                metrics::counter!("jackfield_call_records_gaps_total").increment(1);
                tracing::error!("Ends of calls were missed: no record of them is kept");
                self.subscription = subscription;
            }
            Resumed::Gone => return false,
        }
        true
    }
}

/// How it goes on after the bus has let go.
enum Resumed {
    /// Behind the last event.
    Behind(Subscription),
    /// What was published in between is lost.
    Anew(Arc<View>, Subscription),
    /// The switch has stopped.
    Gone,
}

async fn resume(switch: &Switch, last: Option<EventId>, limits: QueueLimits) -> Resumed {
    if let Some(last) = last
        && let Ok(subscription) = switch.resume(last, interest(), limits).await
    {
        return Resumed::Behind(subscription);
    }
    match switch.observe(interest(), limits).await {
        Ok((view, subscription)) => Resumed::Anew(view, subscription),
        Err(SwitchGone) => Resumed::Gone,
    }
}

/// A recorder at work.
pub(crate) struct Recording {
    stop: CancellationToken,
    hurry: CancellationToken,
    task: JoinHandle<usize>,
}

impl Recording {
    pub(crate) fn start(recorder: Recorder) -> Self {
        let (stop, hurry) = (CancellationToken::new(), CancellationToken::new());
        let task = tokio::spawn(recorder.run(stop.clone(), hurry.clone()));
        Self { stop, hurry, task }
    }

    /// The switch has stopped: keeps what has ended by then. The store has [`LAST_WORDS`] for it.
    pub(crate) async fn finish(self) {
        let Self {
            stop,
            hurry,
            mut task,
        } = self;
        stop.cancel();
        let lost = match timeout(LAST_WORDS, &mut task).await {
            Ok(ended) => ended,
            Err(_) => {
                hurry.cancel();
                task.await
            }
        };
        match lost {
            Ok(0) => {}
            Ok(lost) => tracing::error!(lost, "The store did not take the last call records"),
            Err(error) => tracing::error!(%error, "Call records were lost"),
        }
    }
}

type Saving = BoxFuture<'static, (usize, Result<(), StoreError>)>;

/// The outcome of what is under way.
async fn finished(saving: &mut Option<Saving>) -> (usize, Result<(), StoreError>) {
    match saving {
        Some(running) => {
            let outcome = running.await;
            *saving = None;
            outcome
        }
        None => std::future::pending().await,
    }
}

fn interest() -> Interest {
    Interest::families(Families::NONE.with(Family::Channel))
}

/// Forgets what is too old or too much, now and then.
pub(crate) async fn forget(store: Store, records: CallRecords, stop: CancellationToken) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let since = now.unwrap_or_default().saturating_sub(records.keep);
        let before = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let mut forgotten = 0;
        while !stop.is_cancelled() {
            match store.forget_calls(before, records.most).await {
                Ok(0) => break,
                Ok(gone) => forgotten += gone,
                Err(error) => {
                    tracing::warn!(%error, "Old call records stay");
                    break;
                }
            }
        }
        if forgotten > 0 {
            tracing::info!(forgotten, "Old call records are gone");
        }
    }
}

#[cfg(test)]
mod tests;
