//! What became of requests and calls.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! outcomes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What is counted; the label `outcome` of `jackfield_webapp_total`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Outcome { $($(#[$doc])* $variant,)* }

        impl Outcome {
            /// Every outcome.
            pub const EVERY: &[Self] = &[$(Self::$variant,)*];

            /// The label's text, and that of the variable `webapp_result`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

outcomes! {
    /// An answer that was followed.
    Answered = "answered",
    /// A try after the first.
    Retried = "retried",
    /// Nobody was reached.
    Unreachable = "unreachable",
    /// The certificate was not believed, or TLS failed.
    TlsFailed = "tls_failed",
    /// The answer did not come in time.
    Late = "late",
    /// The connection broke, or what came is not HTTP.
    Broken = "broken",
    /// The answer was too long.
    Long = "long",
    /// The answer's status was not 200.
    Status = "status",
    /// The answer was not what an answer looks like.
    Wrong = "wrong",
    /// The application asked too often or for too long.
    Exhausted = "exhausted",
    /// Too many calls; this one was not asked about.
    TooMany = "too_many",
    /// The argument names nobody that may be asked.
    Refused = "refused",
    /// The last report was taken.
    FarewellTaken = "farewell_taken",
    /// The last report was not taken.
    FarewellFailed = "farewell_failed",
    /// The last report was dropped: too many were under way.
    FarewellDropped = "farewell_dropped",
}

/// Counts since the start, kept here for tests, and passed on to the metrics recorder.
pub struct Counters {
    counts: [AtomicU64; Outcome::EVERY.len()],
    exported: [metrics::Counter; Outcome::EVERY.len()],
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            exported: std::array::from_fn(|index| {
                let outcome = Outcome::EVERY[index].name();
                metrics::counter!("jackfield_webapp_total", "outcome" => outcome)
            }),
        }
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        self.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.exported[outcome as usize].increment(1);
    }

    /// How many so far.
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.counts[outcome as usize].load(Ordering::Relaxed)
    }
}
