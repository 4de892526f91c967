//! The 20 ms clock of a worker: absolute, so that lateness does not add up.

use std::time::{Duration, Instant};

use media::frame::TICK_MS;

/// Length of a tick.
pub(super) const TICK: Duration = Duration::from_millis(TICK_MS as u64);

/// Ticks that are made up for when the thread came late, one right behind the other (`0040-late-ticks-are-caught-up.md`). More
/// than 100 ms no telephone waits for.
const CAUGHT_UP: u64 = 5;

/// Says when the next tick is due, and how many were missed.
#[derive(Clone, Copy, Debug)]
pub(super) struct TickClock {
    next: Instant,
}

/// What the clock found at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// The moment the tick was meant for.
    pub(super) due: Instant,
    /// Ticks before it that are too late to be caught up; they never happen.
    pub(super) skipped: u64,
}

impl TickClock {
    /// The first tick is one tick from now.
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now + TICK }
    }

    /// Time until the next tick; zero when it is due.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// The tick that is due, if any.
    pub(super) fn take(&mut self, now: Instant) -> Option<Tick> {
        if now < self.next {
            return None;
        }
        let late = now.duration_since(self.next);
        let skipped = ((late.as_nanos() / TICK.as_nanos()) as u64).saturating_sub(CAUGHT_UP);
        let due = self.next + TICK * u32::try_from(skipped).unwrap_or(u32::MAX);
        self.next = due + TICK;
        Some(Tick { due, skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn lateness_does_not_add_up() {
        let start = Instant::now();
        let mut clock = TickClock::new(start);
        for n in 1..=1000u64 {
            // Always 3 ms late.
            let tick = clock.take(start + ms(n * 20 + 3)).unwrap();
            assert_eq!((tick.due, tick.skipped), (start + ms(n * 20), 0));
            assert_eq!(clock.take(start + ms(n * 20 + 4)), None);
        }
        assert_eq!(clock.wait(start + ms(20_003)), ms(17));
    }

    #[test]
    fn a_short_stop_is_caught_up() {
        let start = Instant::now();
        let mut clock = TickClock::new(start);
        let now = start + ms(125);
        for n in 1..=6 {
            assert_eq!(clock.wait(now), ms(0));
            let tick = clock.take(now).unwrap();
            assert_eq!((tick.due, tick.skipped), (start + ms(n * 20), 0));
        }
        assert_eq!(clock.take(now), None);
        assert_eq!(clock.wait(now), ms(15));
    }

    #[test]
    fn a_long_stop_is_skipped_and_counted() {
        let start = Instant::now();
        let mut clock = TickClock::new(start);
        let now = start + ms(1_025);
        let tick = clock.take(now).unwrap();
        assert_eq!((tick.due, tick.skipped), (start + ms(920), 45));
        for n in 47..=51 {
            let tick = clock.take(now).unwrap();
            assert_eq!((tick.due, tick.skipped), (start + ms(n * 20), 0));
        }
        assert_eq!(clock.take(now), None);
        assert_eq!(clock.wait(now), ms(15));
        assert_eq!(clock.wait(start + ms(2_000)), ms(0));
    }
}
