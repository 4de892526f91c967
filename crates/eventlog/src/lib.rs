//! The log of events on disk: what a client that comes back has missed, also over a restart of the server.
//!
//! A folder of append-only segments with checksummed records; [`Writer`] appends, [`Cursor`] reads behind it, and
//! [`EventLog`] is what both have in common. [`feed`] is the one thread that writes: a subscriber of the bus like any
//! other, so that a slow or full disk costs a declared gap in the log and never time of the switch. What is in a record is the
//! business of whoever reads it; this crate knows its sequence number and its kind.
//!
//! Guarantees: a record [`EventLog::written`] has reached survives the death of the process (it was handed to the operating
//! system); loss of power may cost what came within [`Settings::sync`] before it. Decision: `docs/decisions/0029`.

#![warn(missing_docs)]

mod cursor;
mod feed;
mod log;
mod record;
mod segment;
mod writer;

pub use cursor::{Batch, Cursor, Entry};
pub use feed::{Encode, FeedError, Feeding, feed};
pub use log::{Bounds, Counters, EventLog, Missed, OutOfRange};
pub use record::{Decoded, GAP, MAX_PAYLOAD, Record, decode, encode};
pub use writer::Writer;

use std::path::PathBuf;
use std::time::Duration;

/// Where the log is and how much of it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The folder; made when it is not there. Nothing else may be in it.
    pub folder: PathBuf,
    /// Bytes on disk, the newest kept; at least [`Settings::LEAST_BYTES`].
    pub max_bytes: u64,
    /// How long an event is kept.
    pub max_age: Duration,
    /// Longest time until what was written is forced to the disk itself; zero: after each batch.
    pub sync: Duration,
}

impl Settings {
    /// Fewest bytes a log works with.
    pub const LEAST_BYTES: u64 = 1 << 20;

    /// Of so many parts a full log consists; the oldest goes as a whole.
    const PARTS: u32 = 16;

    /// Longest segment, so that finding a place in one takes no time.
    const MOST_SEGMENT_BYTES: u64 = 16 << 20;

    fn segment_bytes(&self) -> u64 {
        (self.max_bytes.max(Self::LEAST_BYTES) / u64::from(Self::PARTS))
            .min(Self::MOST_SEGMENT_BYTES)
    }

    fn segment_age(&self) -> Duration {
        self.max_age / Self::PARTS
    }
}
