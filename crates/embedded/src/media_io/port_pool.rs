//! Pairs of ports for RTP and RTCP, shared by all workers.
//!
//! A closed call's peer goes on sending for a while: the port of a call is therefore not given to
//! another one before a drain time has passed, or the new call would hear the old one. Only when no
//! other port is left, the one that rested longest is taken early.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// A pair is named by its even port.
#[derive(Clone, Debug)]
pub(crate) struct PortPool {
    /// Taken for a moment when a leg opens or closes, never while sound flows.
    ports: Arc<Mutex<Ports>>,
}

#[derive(Debug)]
struct Ports {
    free: VecDeque<u16>,
    resting: VecDeque<(Instant, u16)>,
    drain: Duration,
}

impl PortPool {
    /// All pairs that lie inside a range, in random order: a guess at one says nothing of the next.
    pub(crate) fn new(range: RangeInclusive<u16>, drain: Duration, seed: u64) -> Self {
        let (first, last) = (u32::from(*range.start()), u32::from(*range.end()));
        let even = first.next_multiple_of(2)..last;
        let mut pairs: Vec<u16> = even
            .step_by(2)
            .filter_map(|port| u16::try_from(port).ok())
            .filter(|&p| p > 0)
            .collect();
        pairs.shuffle(&mut StdRng::seed_from_u64(seed));
        let ports = Ports {
            free: pairs.into(),
            resting: VecDeque::new(),
            drain,
        };
        Self {
            ports: Arc::new(Mutex::new(ports)),
        }
    }

    /// A pair nobody uses; `None` when all are in calls.
    pub(crate) fn take(&self, now: Instant) -> Option<u16> {
        let mut ports = self.lock();
        let drain = ports.drain;
        let is_rested = |&(since, _): &(Instant, u16)| now.duration_since(since) >= drain;
        if let Some((_, port)) = ports.resting.pop_front_if(|resting| is_rested(resting)) {
            ports.free.push_back(port);
        }
        match ports.free.pop_front() {
            Some(port) => Some(port),
            None => ports.resting.pop_front().map(|(_, port)| port),
        }
    }

    /// Gives a pair back: after a call, or because somebody else has it bound.
    pub(crate) fn give_back(&self, now: Instant, port: u16) {
        self.lock().resting.push_back((now, port));
    }

    /// Pairs in no call.
    pub(crate) fn available(&self) -> usize {
        let ports = self.lock();
        ports.free.len() + ports.resting.len()
    }

    fn lock(&self) -> MutexGuard<'_, Ports> {
        // Nothing inside can panic half-way, so a poisoned pool is still a good one.
        self.ports
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pairs_inside_the_range_are_given() {
        let pool = PortPool::new(20_001..=20_008, Duration::from_secs(30), 1);
        let now = Instant::now();
        let mut taken: Vec<_> = std::iter::from_fn(|| pool.take(now)).collect();
        taken.sort_unstable();
        assert_eq!(taken, [20_002, 20_004, 20_006]);
        assert_eq!(
            PortPool::new(20_001..=20_001, Duration::ZERO, 1).available(),
            0
        );
        assert_eq!(
            PortPool::new(65_534..=65_535, Duration::ZERO, 1).take(now),
            Some(65_534)
        );
    }

    #[test]
    fn a_port_rests_before_it_is_given_again_unless_it_is_the_last() {
        let pool = PortPool::new(20_000..=20_005, Duration::from_secs(30), 1);
        let start = Instant::now();
        let first = pool.take(start).unwrap();
        pool.give_back(start, first);
        let others: Vec<_> = (0..2).map(|_| pool.take(start).unwrap()).collect();
        assert!(!others.contains(&first));
        assert_eq!(pool.take(start), Some(first), "better early than refused");
        assert_eq!(pool.take(start), None);
        pool.give_back(start, others[0]);
        pool.give_back(start, first);
        assert_eq!(pool.take(start + Duration::from_secs(31)), Some(others[0]));
        assert_eq!(pool.available(), 1);
    }
}
