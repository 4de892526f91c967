//! Streams of sound that everybody hears at the same place.

use std::sync::Arc;

/// A stream (`local_stream://<name>`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalStream {
    /// What callers ask for.
    pub name: Arc<str>,
    /// Where its files are; empty for the tune that is built in.
    pub location: Arc<str>,
    /// The rate it is decoded at, hertz.
    pub rate_hz: u32,
    /// Silence between two files, milliseconds.
    pub interval_ms: u32,
    /// Bytes of decoded sound kept ready for those who listen.
    pub ready_bytes: u32,
    /// What the original takes its time from.
    pub timer: Arc<str>,
    /// How many hear it.
    pub listeners: u32,
    /// In another order in each round.
    pub shuffle: bool,
    /// There is something to play.
    pub ready: bool,
    /// It ends when nobody hears it any more.
    pub stopped: bool,
    /// It changes when nobody hears it any more.
    pub reloading: bool,
}
