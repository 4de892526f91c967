//! What happened to connections, counted per door.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What is counted about connections; the label `cause` of `jackfield_connections_total`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Cause { $($(#[$doc])* $variant,)* }

        impl Cause {
            /// Every cause.
            pub const EVERY: &[Self] = &[$(Self::$variant,)*];

            /// The label's text.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

causes! {
    /// A connection was taken in.
    Accepted = "accepted",
    /// A connection to a peer was made.
    Dialled = "dialled",
    /// A peer to be connected to was not reached.
    DialFailed = "dial_failed",
    /// Accepting failed.
    AcceptError = "accept_error",
    /// Too many connections.
    TooMany = "too_many",
    /// Too many connections from that address.
    TooManyFromAddress = "too_many_from_address",
    /// An access list said no.
    AclDenied = "acl_denied",
    /// A login failed.
    LoginFailed = "login_failed",
    /// A login was refused unseen because its address failed too often.
    LoginLockedOut = "login_locked_out",
    /// The peer did not log in in time.
    LoginTimeout = "login_timeout",
    /// What the peer sent could not be read.
    Malformed = "malformed",
    /// Ended in the ordinary way.
    Closed = "closed",
    /// The peer went away without a word.
    PeerGone = "peer_gone",
    /// Too many messages waited for the peer.
    SlowMessages = "slow_messages",
    /// Too many bytes waited for the peer.
    SlowBytes = "slow_bytes",
    /// The peer took nothing for too long.
    SlowDeadline = "slow_deadline",
    /// Events were lost before they reached the outbox.
    LostEvents = "lost_events",
    /// Log lines were lost.
    LostLogLines = "lost_log_lines",
}

/// Counts of one door, kept here for health and tests, and passed on to the metrics recorder.
pub struct Counters {
    counts: [AtomicU64; Cause::EVERY.len()],
    exported: [metrics::Counter; Cause::EVERY.len()],
    open: metrics::Gauge,
}

impl Counters {
    /// Zeroes for a door of that name. What comes before the metrics recorder is installed is not exported.
    pub fn new(door: &'static str) -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            exported: std::array::from_fn(|index| {
                let cause = Cause::EVERY[index].name();
                metrics::counter!("jackfield_connections_total", "door" => door, "cause" => cause)
            }),
            open: metrics::gauge!("jackfield_connections_open", "door" => door),
        }
    }

    /// One more.
    pub fn count(&self, cause: Cause) {
        self.counts[cause as usize].fetch_add(1, Ordering::Relaxed);
        self.exported[cause as usize].increment(1);
    }

    pub(crate) fn opened(&self) {
        self.open.increment(1.0);
    }

    pub(crate) fn closed(&self) {
        self.open.decrement(1.0);
    }

    /// How many so far.
    pub fn get(&self, cause: Cause) -> u64 {
        self.counts[cause as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_place() {
        let counters = Counters::new("test");
        for cause in Cause::EVERY {
            counters.count(*cause);
        }
        assert!(Cause::EVERY.iter().all(|cause| counters.get(*cause) == 1));
    }
}
