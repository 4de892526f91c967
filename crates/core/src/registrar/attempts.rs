//! Failed logins per source address: whoever guesses passwords is no longer listened to for a while. A subscriber has a
//! whole IPv6 network of 64 bits (RFC 6177), and so that counts as one address.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failures within [`SPAN`] after which an address is not listened to. A whole office may sit behind one address,
/// so this is far above what mistyping does, and far below what guessing needs.
const MAX_FAILURES: u32 = 60;
/// How long failures count.
const SPAN: Duration = Duration::from_secs(60);
/// Addresses remembered at once. Beyond, the one that failed longest ago is forgotten, one that is listened to first.
const MAX_ADDRESSES: usize = 8192;

#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: HashMap<IpAddr, Failures>,
}

#[derive(Debug)]
struct Failures {
    since: Instant,
    count: u32,
    /// How many of them are of each user, by a number made of its name: names are as long as guessers like.
    by_user: HashMap<u64, u32>,
}

impl Failures {
    fn begin(since: Instant) -> Self {
        Self {
            since,
            count: 0,
            by_user: HashMap::new(),
        }
    }
}

/// Whom an address belongs to.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(network).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn number_of(user: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    hasher.finish()
}

impl Attempts {
    /// Whether an address has failed too often.
    pub(super) fn is_blocked(&self, from: IpAddr, now: Instant) -> bool {
        self.failures.get(&subscriber(from)).is_some_and(|f| {
            f.count >= MAX_FAILURES && now.saturating_duration_since(f.since) < SPAN
        })
    }

    /// Counts a failure; true when this one is the one too many.
    pub(super) fn failed(&mut self, from: IpAddr, user: &str, now: Instant) -> bool {
        let from = subscriber(from);
        if !self.failures.contains_key(&from) && self.failures.len() >= MAX_ADDRESSES {
            self.failures
                .retain(|_, f| now.saturating_duration_since(f.since) < SPAN);
            if self.failures.len() >= MAX_ADDRESSES {
                let oldest = self
                    .failures
                    .iter()
                    .min_by_key(|(_, f)| (f.count >= MAX_FAILURES, f.since))
                    .map(|(ip, _)| *ip);
                oldest.and_then(|ip| self.failures.remove(&ip));
            }
        }
        let entry = self
            .failures
            .entry(from)
            .or_insert_with(|| Failures::begin(now));
        if now.saturating_duration_since(entry.since) >= SPAN {
            *entry = Failures::begin(now);
        }
        // One that is not listened to any more cannot fail.
        if entry.count < MAX_FAILURES {
            entry.count += 1;
            *entry.by_user.entry(number_of(user)).or_default() += 1;
            return entry.count == MAX_FAILURES;
        }
        false
    }

    /// A right password: this user had mistyped it. What was tried for others counts on, or whoever has one account
    /// could guess the passwords of all.
    pub(super) fn succeeded(&mut self, from: IpAddr, user: &str) {
        let Some(entry) = self.failures.get_mut(&subscriber(from)) else {
            return;
        };
        let own = entry.by_user.remove(&number_of(user)).unwrap_or(0);
        entry.count -= own;
        if entry.count == 0 {
            self.failures.remove(&subscriber(from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_blocked_for_a_span_and_others_are_not() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let [bad, good] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let verdicts: Vec<bool> = (0..MAX_FAILURES)
            .map(|_| attempts.failed(bad, "a", now))
            .collect();
        assert_eq!(verdicts.iter().filter(|last| **last).count(), 1);
        assert!(attempts.is_blocked(bad, now) && !attempts.is_blocked(good, now));
        assert!(!attempts.is_blocked(bad, now + SPAN));
        assert!(
            !attempts.failed(bad, "a", now + SPAN),
            "a new span begins at one"
        );
    }

    #[test]
    fn one_network_is_one_address_and_stays_blocked() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let of = |network: u128, host: u128| {
            IpAddr::from(Ipv6Addr::from_bits(
                0x2001_0db8 << 96 | network << 64 | host,
            ))
        };
        for host in 0..MAX_FAILURES {
            attempts.failed(of(0, host.into()), "a", now);
        }
        assert!(attempts.is_blocked(of(0, 999), now) && !attempts.is_blocked(of(1, 0), now));
        for network in 1..=MAX_ADDRESSES {
            attempts.failed(of(network as u128, 0), "a", now + Duration::from_secs(1));
        }
        assert_eq!(attempts.failures.len(), MAX_ADDRESSES);
        assert!(attempts.is_blocked(of(0, 0), now + Duration::from_secs(2)));
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(subscriber(mapped), "192.0.2.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for n in 0..(MAX_ADDRESSES as u32 + 100) {
            attempts.failed(
                IpAddr::from(n.to_be_bytes()),
                "a",
                now + Duration::from_millis(n.into()),
            );
        }
        assert_eq!(attempts.failures.len(), MAX_ADDRESSES);
    }

    #[test]
    fn a_right_password_clears_the_slate_of_its_user_alone() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let ip = "192.0.2.1".parse().unwrap();
        for _ in 0..MAX_FAILURES - 1 {
            attempts.failed(ip, "mistyped", now);
        }
        attempts.succeeded(ip, "mistyped");
        assert!(attempts.failures.is_empty());
        let ends: Vec<bool> = (0..MAX_FAILURES)
            .map(|_| {
                attempts.succeeded(ip, "guesser");
                attempts.failed(ip, "victim", now)
            })
            .collect();
        assert_eq!(ends.last(), Some(&true));
        assert!(attempts.is_blocked(ip, now));
    }
}
