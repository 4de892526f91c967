//! How many channels are made per second, and the most of it: `status` and HEARTBEAT (event-socket.md §5.1, §6.2).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Switch;

/// Seconds behind "last 5min".
const WINDOW_S: usize = 300;

/// Channels made in this second, and the peaks of the last five minutes second by second.
#[derive(Debug)]
pub(crate) struct Rates {
    second: Instant,
    made: u64,
    /// Channels made, and most alive at one time, per whole second; newest last, at most [`WINDOW_S`].
    past: VecDeque<(u64, u64)>,
    /// Most alive at one time in this second.
    alive_peak: u64,
}

impl Rates {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            second: now,
            made: 0,
            past: VecDeque::with_capacity(WINDOW_S),
            alive_peak: 0,
        }
    }

    /// Whether one more channel fits into this second; counts it when so. Fewer than the limit are let in: the one
    /// that would reach it is refused, and a limit of 1 or 0 lets nothing in (recorded).
    pub(crate) fn admit(&mut self, now: Instant, limit_per_s: u64) -> bool {
        // The clockwork closes seconds; between two of its ticks a late one must not starve callers.
        if now.saturating_duration_since(self.second) >= Duration::from_secs(2) {
            self.close(now, 0);
        }
        let fits = self.made + 1 < limit_per_s;
        self.made += u64::from(fits);
        fits
    }

    /// Ends a second; the number of channels made in it.
    fn close(&mut self, now: Instant, alive: u64) -> u64 {
        if self.past.len() == WINDOW_S {
            self.past.pop_front();
        }
        let made = self.made;
        self.past.push_back((made, self.alive_peak.max(alive)));
        self.second = now;
        self.made = 0;
        self.alive_peak = alive;
        made
    }

    fn peaks(&self) -> (u64, u64) {
        let now = (self.made, self.alive_peak);
        self.past
            .iter()
            .chain([&now])
            .fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)))
    }
}

impl Switch {
    /// A channel was made.
    pub(crate) fn counters_created(&mut self) {
        let alive = self.channels.len() as u64;
        self.rates.alive_peak = self.rates.alive_peak.max(alive);
        let (_, five_min) = self.rates.peaks();
        let counters = &mut self.view.counters;
        counters.sessions_since_startup += 1;
        counters.sessions_peak = counters.sessions_peak.max(alive);
        counters.sessions_peak_five_min = five_min;
    }

    /// A whole second is over.
    pub(crate) fn rates_second(&mut self) {
        let alive = self.channels.len() as u64;
        let made = self.rates.close(self.now.mono, alive);
        let (per_second, sessions) = self.rates.peaks();
        let before = self.view.counters;
        let counters = &mut self.view.counters;
        counters.per_second_last = made;
        counters.per_second_peak = counters.per_second_peak.max(made);
        counters.per_second_five_min = per_second;
        counters.sessions_peak_five_min = sessions;
        if *counters != before {
            self.view_changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lets_in_so_many_and_the_next_as_many_again() {
        let start = Instant::now();
        let mut rates = Rates::new(start);
        assert_eq!((0..5).filter(|_| rates.admit(start, 3)).count(), 2);
        assert!(!rates.admit(start + Duration::from_millis(999), 3));
        assert_eq!(rates.close(start + Duration::from_secs(1), 3), 2);
        assert!(rates.admit(start + Duration::from_secs(1), 3));
    }

    #[test]
    fn a_limit_of_one_or_none_lets_nothing_in() {
        let start = Instant::now();
        let mut rates = Rates::new(start);
        assert!(!rates.admit(start, 1) && !rates.admit(start, 0));
    }

    #[test]
    fn a_clock_that_stands_still_does_not_shut_callers_out() {
        let start = Instant::now();
        let mut rates = Rates::new(start);
        assert!(rates.admit(start, 2) && !rates.admit(start, 2));
        assert!(rates.admit(start + Duration::from_secs(5), 2));
    }

    #[test]
    fn peaks_are_forgotten_after_five_minutes() {
        let start = Instant::now();
        let mut rates = Rates::new(start);
        (rates.made, rates.alive_peak) = (9, 40);
        rates.close(start, 0);
        assert_eq!(rates.peaks(), (9, 40));
        for _ in 0..WINDOW_S - 1 {
            rates.close(start, 0);
        }
        assert_eq!(rates.peaks(), (9, 40));
        rates.close(start, 0);
        assert_eq!((rates.peaks(), rates.past.len()), ((0, 0), WINDOW_S));
    }
}
