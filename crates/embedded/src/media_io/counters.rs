//! What workers and file threads count: written by them, read by whoever shows metrics.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of one worker. Only ever added to, except for the gauges, which say so.
        #[derive(Debug, Default)]
        pub struct WorkerCounters {
            $($(#[$doc])* pub $name: Counter,)*
        }
    };
}

/// A number one thread writes and others read.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// What it stands at.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

counters! {
    /// Ticks served.
    ticks,
    /// Ticks skipped because the thread came too late to catch them up.
    skipped_ticks,
    /// Lateness of the latest tick so far, microseconds (gauge).
    worst_lateness_us,
    /// Datagrams received.
    datagrams_in,
    /// Datagrams sent.
    datagrams_out,
    /// Packets encoded; one sent to several legs counts once.
    encoded,
    /// Frames mixed for listeners in three dimensions; one sent to several legs counts once.
    rendered,
    /// Datagrams the system would not take.
    send_failures,
    /// Packets for WebRTC peers dropped, because their thread was behind or there is none.
    web_dropped,
    /// Time spent working, microseconds.
    busy_us,
    /// Legs it owns (gauge).
    legs,
    /// Rooms it owns (gauge).
    rooms,
    /// Reports of the lossy lane dropped because the switch was behind.
    reports_dropped,
    /// Reports of the lossless lane waiting because the switch is behind (gauge).
    reports_waiting,
}
