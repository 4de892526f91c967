//! What the thread of the peers counts: written by it, read by whoever shows metrics.

use crate::media_io::Counter;

/// Counters of the thread. Only ever added to, except for the gauges, which say so.
#[derive(Debug, Default)]
pub struct WebCounters {
    /// Peers there are (gauge).
    pub peers: Counter,
    /// Datagrams received.
    pub datagrams_in: Counter,
    /// Datagrams sent.
    pub datagrams_out: Counter,
    /// Datagrams the system would not take.
    pub send_failures: Counter,
    /// Datagrams of nobody we know, or of phones that make no sense.
    pub strangers: Counter,
    /// Audio packets of browsers dropped because their media thread was behind.
    pub audio_dropped: Counter,
    /// Audio packets for browsers that could not go: not connected (any more), or no longer agreed on.
    pub audio_refused: Counter,
    /// Audio packets forwarded to feeds.
    pub audio_forwarded: Counter,
    /// Video packets forwarded.
    pub video_forwarded: Counter,
    /// Video packets that could not go: nobody sees them, or for each who would, not connected or another format.
    pub video_refused: Counter,
    /// Whole pictures browsers and phones were asked for.
    pub keyframes_asked: Counter,
    /// Feeds there are (gauge).
    pub feeds: Counter,
    /// Lines there are, the video of phones (gauge).
    pub lines: Counter,
    /// Feeds and voices that could not be made.
    pub feeds_refused: Counter,
    /// Peers ended because the library failed on them.
    pub failures: Counter,
    /// Reports waiting because the switch is behind (gauge).
    pub reports_waiting: Counter,
    /// Time spent working, microseconds.
    pub busy_us: Counter,
}
