//! Failed logins per source address: whoever guesses passwords is no longer listened to for a while.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures within [`SPAN`] after which an address is not listened to. A whole office may sit behind one address,
/// so this is far above what mistyping does, and far below what guessing needs.
const MAX_FAILURES: u32 = 60;
/// How long failures count.
const SPAN: Duration = Duration::from_secs(60);
/// Addresses remembered at once. Beyond, the one that failed longest ago is forgotten.
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

fn number_of(user: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    hasher.finish()
}

impl Attempts {
    /// Whether an address has failed too often.
    pub(super) fn is_blocked(&self, from: IpAddr, now: Instant) -> bool {
        self.failures.get(&from).is_some_and(|f| {
            f.count >= MAX_FAILURES && now.saturating_duration_since(f.since) < SPAN
        })
    }

    /// Counts a failure; true when this one is the one too many.
    pub(super) fn failed(&mut self, from: IpAddr, user: &str, now: Instant) -> bool {
        if !self.failures.contains_key(&from) && self.failures.len() >= MAX_ADDRESSES {
            self.failures
                .retain(|_, f| now.saturating_duration_since(f.since) < SPAN);
            if self.failures.len() >= MAX_ADDRESSES {
                let oldest = self
                    .failures
                    .iter()
                    .min_by_key(|(_, f)| f.since)
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
        let Some(entry) = self.failures.get_mut(&from) else {
            return;
        };
        let own = entry.by_user.remove(&number_of(user)).unwrap_or(0);
        entry.count -= own;
        if entry.count == 0 {
            self.failures.remove(&from);
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
