//! Keeps how far numbers of events have gone where it outlives the log's folder (docs/decisions/0029).
//!
//! Numbers are reserved in the store before they are given out, a million at a time, so that a run that was killed has left
//! word of all it may have used.

use std::time::Duration;

use api::Seq;
use eventlog::EventLog;
use store::Store;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Numbers reserved at a time. The next ones are when half of them are used up.
const AHEAD: u64 = 1_000_000;

/// Between attempts when the store fails.
const PAUSE: Duration = Duration::from_secs(1);

/// The number those of this run are to be above; 0 when the store does not say.
pub(crate) async fn floor(store: &Store) -> u64 {
    store.event_position().await.unwrap_or_else(|error| {
        tracing::error!(%error, "Numbers of events go by the log and the clock alone");
        0
    })
}

/// Reserves numbers for as long as events are logged.
pub(crate) struct Reserving {
    log: EventLog,
    store: Store,
    reserved: u64,
}

impl Reserving {
    /// The first numbers are reserved when this returns, if the store is there.
    pub(crate) async fn begin(log: EventLog, store: Store) -> Self {
        let mut reserving = Self {
            reserved: 0,
            log,
            store,
        };
        reserving.reserve(reserving.log.sequence_at(Seq(0))).await;
        reserving
    }

    async fn reserve(&mut self, used: u64) -> bool {
        let wanted = used.saturating_add(AHEAD);
        match self.store.reserve_events(wanted).await {
            Ok(()) => {
                self.reserved = wanted;
                true
            }
            Err(error) => {
                tracing::warn!(%error, "Numbers of events cannot be reserved");
                false
            }
        }
    }

    /// Ends with `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut written = self.log.written();
        loop {
            let reserved = self.reserved;
            let short = written.wait_for(|used| used.saturating_add(AHEAD / 2) > reserved);
            let used = tokio::select! {
                used = short => match used {
                    Ok(used) => *used,
                    Err(_) => return,
                },
                () = stop.cancelled() => return,
            };
            if !self.reserve(used).await {
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    }
}
