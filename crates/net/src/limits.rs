//! Rates: a token bucket, and what becomes of an address that keeps failing to log in. Time is passed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::acl::subscriber;

/// Lets a burst through and then a steady rate.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket of `burst` tokens that gains `per_second`.
    pub fn new(burst: u32, per_second: f64, now: Instant) -> Self {
        Self {
            capacity: f64::from(burst),
            per_second,
            tokens: f64::from(burst),
            at: now,
        }
    }

    /// Takes one token; false when there is none.
    pub fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }

    /// Whether nothing was taken for long enough that it is full.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.capacity
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.capacity);
        self.at = self.at.max(now);
    }
}

/// How failed logins are slowed down, per address.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LoginPolicy {
    /// Failures answered at once.
    pub free: u32,
    /// Each further failure is answered later by this much …
    pub delay_step: Duration,
    /// … up to this.
    pub max_delay: Duration,
    /// With this many failures the address is locked out …
    pub lock_after: u32,
    /// … for this long.
    pub lock_for: Duration,
    /// One failure is forgotten each time this span passes.
    pub forget_one_every: Duration,
    /// Most addresses remembered; the one quiet for the longest time is forgotten for a new one, and one that is locked
    /// out only when all are.
    pub max_addresses: usize,
}

impl Default for LoginPolicy {
    /// A person mistyping or a test suite notices nothing; a guesser gets about one try in three seconds.
    fn default() -> Self {
        Self {
            free: 20,
            delay_step: Duration::from_millis(200),
            max_delay: Duration::from_secs(3),
            lock_after: 60,
            lock_for: Duration::from_secs(60),
            forget_one_every: Duration::from_secs(3),
            max_addresses: 10_000,
        }
    }
}

/// Remembers failed logins by address; addresses of one subscriber count as one.
#[derive(Debug)]
pub struct LoginLimiter {
    policy: LoginPolicy,
    addresses: HashMap<IpAddr, Failures>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// From when on the forgetting is counted.
    since: Instant,
    locked_until: Option<Instant>,
}

impl LoginLimiter {
    /// Remembers nobody yet.
    pub fn new(policy: LoginPolicy) -> Self {
        Self {
            policy,
            addresses: HashMap::new(),
        }
    }

    /// Whether logins from there are to be refused unseen.
    pub fn is_locked_out(&mut self, address: IpAddr, now: Instant) -> bool {
        let address = subscriber(address);
        let Some(failures) = self.addresses.get_mut(&address) else {
            return false;
        };
        match failures.locked_until {
            Some(until) if now < until => true,
            Some(_) => {
                self.addresses.remove(&address);
                false
            }
            None => false,
        }
    }

    /// Notes a failure and says how long to wait with the answer.
    pub fn failed(&mut self, address: IpAddr, now: Instant) -> Duration {
        let address = subscriber(address);
        if !self.addresses.contains_key(&address) {
            self.make_room(now);
        }
        let policy = self.policy;
        let failures = self.addresses.entry(address).or_insert(Failures {
            count: 0,
            since: now,
            locked_until: None,
        });
        failures.forget(now, policy.forget_one_every);
        failures.count = failures.count.saturating_add(1);
        if failures.count >= policy.lock_after {
            failures.locked_until = Some(now + policy.lock_for);
        }
        let beyond = failures.count.saturating_sub(policy.free);
        policy
            .delay_step
            .saturating_mul(beyond)
            .min(policy.max_delay)
    }

    /// How many addresses are remembered.
    pub fn remembered(&self) -> usize {
        self.addresses.len()
    }

    fn make_room(&mut self, now: Instant) {
        if self.addresses.len() < self.policy.max_addresses {
            return;
        }
        let every = self.policy.forget_one_every;
        self.addresses.retain(|_, failures| {
            failures.forget(now, every);
            failures.count > 0 || failures.is_locked(now)
        });
        if self.addresses.len() >= self.policy.max_addresses {
            let oldest = self
                .addresses
                .iter()
                .min_by_key(|(_, f)| (f.is_locked(now), f.since));
            if let Some(address) = oldest.map(|(address, _)| *address) {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Failures {
    fn is_locked(&self, now: Instant) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    fn forget(&mut self, now: Instant, every: Duration) {
        if every.is_zero() {
            return;
        }
        let spans = now.saturating_duration_since(self.since).as_nanos() / every.as_nanos();
        let spans = u32::try_from(spans).unwrap_or(u32::MAX);
        if spans >= self.count {
            self.count = 0;
            self.since = now;
        } else {
            self.count -= spans;
            self.since += every * spans;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(3, 2.0, start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 2);
        assert!(!bucket.is_full(later));
        assert!(bucket.is_full(later + Duration::from_secs(10)));
    }

    #[test]
    fn failures_cost_more_and_more_and_are_forgotten() {
        let policy = LoginPolicy {
            free: 2,
            delay_step: Duration::from_millis(100),
            max_delay: Duration::from_millis(250),
            lock_after: 6,
            lock_for: Duration::from_secs(10),
            forget_one_every: Duration::from_secs(5),
            max_addresses: 2,
        };
        let start = Instant::now();
        let mut limiter = LoginLimiter::new(policy);
        let delays: Vec<_> = (0..5)
            .map(|_| limiter.failed(address(1), start).as_millis())
            .collect();
        assert_eq!(delays, [0, 0, 100, 200, 250]);
        assert!(!limiter.is_locked_out(address(1), start));
        limiter.failed(address(1), start);
        assert!(limiter.is_locked_out(address(1), start));
        assert!(!limiter.is_locked_out(address(2), start));
        let later = start + Duration::from_secs(11);
        assert!(!limiter.is_locked_out(address(1), later));
        assert_eq!(limiter.failed(address(1), later), Duration::ZERO);
        let much_later = later + Duration::from_secs(60);
        assert_eq!(limiter.failed(address(1), much_later), Duration::ZERO);
    }

    #[test]
    fn the_table_is_bounded() {
        let policy = LoginPolicy {
            max_addresses: 3,
            ..LoginPolicy::default()
        };
        let start = Instant::now();
        let mut limiter = LoginLimiter::new(policy);
        for last in 0..100 {
            limiter.failed(address(last), start + Duration::from_millis(last.into()));
        }
        assert_eq!(limiter.remembered(), 3);
    }

    /// Whoever is locked out could fail from elsewhere until that is forgotten.
    #[test]
    fn who_is_locked_out_is_forgotten_last() {
        let policy = LoginPolicy {
            lock_after: 2,
            max_addresses: 3,
            ..LoginPolicy::default()
        };
        let start = Instant::now();
        let mut limiter = LoginLimiter::new(policy);
        limiter.failed(address(0), start);
        limiter.failed(address(0), start);
        for last in 1..100 {
            limiter.failed(address(last), start + Duration::from_millis(last.into()));
        }
        assert!(limiter.is_locked_out(address(0), start));
        assert_eq!(limiter.remembered(), 3);
    }

    #[test]
    fn a_network_of_one_subscriber_fails_as_one() {
        let mut limiter = LoginLimiter::new(LoginPolicy {
            lock_after: 5,
            ..LoginPolicy::default()
        });
        let now = Instant::now();
        let of = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, n, 0, 0, n]);
        for n in 0..5 {
            limiter.failed(of(n), now);
        }
        assert!(limiter.is_locked_out(of(99), now));
        let neighbour = IpAddr::from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]);
        assert!(!limiter.is_locked_out(neighbour, now));
        assert_eq!(limiter.remembered(), 1);
    }
}
