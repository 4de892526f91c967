//! Wall-clock time as the doors print it, and the pair of clocks a pure machine is driven by.

use std::time::{Duration, Instant};

/// Microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// "Has not happened".
    pub const ZERO: Self = Self(0);

    /// Whole seconds since 1970, rounded down.
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds since 1970.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// True unless the time is [`Timestamp::ZERO`].
    pub fn happened(self) -> bool {
        self.0 != 0
    }

    /// Microseconds from `earlier` to `self`, never negative.
    pub fn micros_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).max(0)
    }

    /// This time moved into the future.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

/// The two clocks, read together: `mono` for deadlines, `wall` for what is printed.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic clock.
    pub mono: Instant,
    /// Wall clock.
    pub wall: Timestamp,
}
