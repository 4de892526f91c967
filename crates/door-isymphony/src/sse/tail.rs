//! Events out of the log, from a place on and then as they are written.
//!
//! What is told was written before, so that whoever has an id can go on behind it, also when the server is killed at that
//! moment.

use std::collections::VecDeque;
use std::io;

use eventlog::{Batch, Cursor, Entry, EventLog};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

/// A reader that waits at the end.
pub(super) struct Tail {
    written: watch::Receiver<u64>,
    ready: VecDeque<Entry>,
    reading: Reading,
}

enum Reading {
    /// Nothing is being read.
    Here(Box<Cursor>),
    /// There was nothing more at this number.
    AtEnd(Box<Cursor>),
    Away(JoinHandle<(Box<Cursor>, io::Result<Batch>)>),
    /// Between two of them, and behind a failure.
    Nowhere,
}

/// The log cannot be read any more.
pub(super) struct Unreadable;

impl Tail {
    pub(super) fn new(log: &EventLog, cursor: Cursor) -> Self {
        Self {
            written: log.written(),
            ready: VecDeque::new(),
            reading: Reading::Here(Box::new(cursor)),
        }
    }

    /// The next entry. Cancel-safe.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(super) async fn next(&mut self) -> Result<Entry, Unreadable> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(entry);
            }
            if let Reading::AtEnd(cursor) = &self.reading {
                let position = cursor.position();
                let more = self.written.wait_for(|written| *written > position);
                more.await.map_err(|_| Unreadable)?;
            }
            if let Reading::Away(reading) = &mut self.reading {
                let read = reading.await;
                self.reading = Reading::Nowhere;
                let (cursor, batch) = read.map_err(|_| Unreadable)?;
                let batch = batch.map_err(|error| {
                    tracing::error!(%error, "The event log cannot be read");
                    Unreadable
                })?;
                self.ready.extend(batch.entries);
                self.reading = if batch.at_end {
                    Reading::AtEnd(cursor)
                } else {
                    Reading::Here(cursor)
                };
                continue;
            }
            match std::mem::replace(&mut self.reading, Reading::Nowhere) {
                Reading::Here(mut cursor) | Reading::AtEnd(mut cursor) => {
                    self.reading = Reading::Away(spawn_blocking(move || {
                        let batch = cursor.read();
                        (cursor, batch)
                    }));
                }
                Reading::Away(_) | Reading::Nowhere => return Err(Unreadable),
            }
        }
    }
}
