//! Failed logins per source address: whoever guesses passwords is no longer listened to for a while.

use std::collections::HashMap;
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
}

impl Attempts {
    /// Whether an address has failed too often.
    pub(super) fn is_blocked(&self, from: IpAddr, now: Instant) -> bool {
        self.failures.get(&from).is_some_and(|f| {
            f.count >= MAX_FAILURES && now.saturating_duration_since(f.since) < SPAN
        })
    }

    /// Counts a failure; true when this one is the one too many.
    pub(super) fn failed(&mut self, from: IpAddr, now: Instant) -> bool {
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
        let entry = self.failures.entry(from).or_insert(Failures {
            since: now,
            count: 0,
        });
        if now.saturating_duration_since(entry.since) >= SPAN {
            *entry = Failures {
                since: now,
                count: 0,
            };
        }
        entry.count += 1;
        entry.count == MAX_FAILURES
    }

    /// A right password: nobody is guessing here.
    pub(super) fn succeeded(&mut self, from: IpAddr) {
        self.failures.remove(&from);
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
            .map(|_| attempts.failed(bad, now))
            .collect();
        assert_eq!(verdicts.iter().filter(|last| **last).count(), 1);
        assert!(attempts.is_blocked(bad, now) && !attempts.is_blocked(good, now));
        assert!(!attempts.is_blocked(bad, now + SPAN));
        assert!(
            !attempts.failed(bad, now + SPAN),
            "a new span begins at one"
        );
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for n in 0..(MAX_ADDRESSES as u32 + 100) {
            attempts.failed(
                IpAddr::from(n.to_be_bytes()),
                now + Duration::from_millis(n.into()),
            );
        }
        assert_eq!(attempts.failures.len(), MAX_ADDRESSES);
    }

    #[test]
    fn a_right_password_clears_the_slate() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let ip = "192.0.2.1".parse().unwrap();
        for _ in 0..MAX_FAILURES {
            attempts.failed(ip, now);
        }
        attempts.succeeded(ip);
        assert!(!attempts.is_blocked(ip, now));
    }
}
