//! Against those who try secrets out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use net::TokenBucket;

/// Wrong passwords one address may present at once, and per second.
const GUESSES: (u32, f64) = (10, 0.1);

/// Most addresses with a wrong password remembered.
const MOST_ADDRESSES: usize = 4_096;

/// Keeps a secret from being found by trying.
pub(crate) struct Guesses {
    /// Wrong ones of one address: at once, and per second.
    rate: (u32, f64),
    /// Held for one look or change.
    wrong: Mutex<HashMap<IpAddr, TokenBucket>>,
}

impl Default for Guesses {
    /// For passwords.
    fn default() -> Self {
        Self::new(GUESSES.0, GUESSES.1)
    }
}

impl Guesses {
    /// One address may be wrong so often at once, and so often per second.
    pub(crate) fn new(at_once: u32, per_second: f64) -> Self {
        Self {
            rate: (at_once, per_second),
            wrong: Mutex::default(),
        }
    }

    /// Judges a guess, unless too many of that address were wrong lately.
    pub(crate) fn judge(
        &self,
        from: IpAddr,
        now: Instant,
        is_right: impl FnOnce() -> bool,
    ) -> bool {
        let from = from.to_canonical();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = wrong.get(&from).copied();
        // A try is paid for first. One that is right costs nothing, and makes none good that was wrong: whoever knows one
        // secret could try another one for ever.
        let mut paid = bucket.unwrap_or_else(|| TokenBucket::new(self.rate.0, self.rate.1, now));
        if !paid.take(now) {
            return false;
        }
        let right = is_right();
        if !right {
            if wrong.len() >= MOST_ADDRESSES {
                // Whoever has that many addresses is not stopped by remembering them.
                wrong.clear();
            }
            wrong.insert(from, paid);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_cannot_be_tried_for_long() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let from: IpAddr = [192, 0, 2, 1].into();
        assert!((0..100).all(|_| guesses.judge(from, now, || true)));
        assert!((0..9).all(|_| !guesses.judge(from, now, || false)));
        assert!(guesses.judge(from, now, || true));
        assert!(!guesses.judge(from, now, || false), "nothing was forgiven");
        assert!(!guesses.judge(from, now, || true), "not looked at any more");
        assert!(guesses.judge([192, 0, 2, 2].into(), now, || true));
        let later = now + std::time::Duration::from_secs(20);
        assert!(guesses.judge(from, later, || true));
    }
}
