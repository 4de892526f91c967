//! Percentiles of measured times.

use std::fmt;
use std::time::Duration;

/// A sorted series of times.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The value below which `per_cent` of the series lies; zero for an empty series.
    pub(crate) fn percentile(&self, per_cent: usize) -> Duration {
        let index = (self.0.len() * per_cent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or_default()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        write!(
            f,
            "p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms, max {:.3} ms",
            milliseconds(self.percentile(50)),
            milliseconds(self.percentile(90)),
            milliseconds(self.percentile(99)),
            milliseconds(self.0.last().copied().unwrap_or_default()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_series() {
        let spread = Spread::of((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(
            spread.to_string(),
            "p50 51.000 ms, p90 91.000 ms, p99 100.000 ms, max 100.000 ms"
        );
    }
}
