//! Nonces that prove themselves, and what was used of them.
//!
//! A nonce carries its time and a keyed hash, so that handing one out costs no memory and a flood of
//! unauthenticated requests fills nothing. Only a nonce used with the right password enters the table.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::RngCore as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};

use super::digest::{hex, same_secret};

/// Hexadecimal digits of time, of salt and of the keyed hash.
const FIELD: usize = 16;
/// Nonce counts this far behind the highest are still told apart (datagrams overtake each other).
const WINDOW: u32 = 64;

/// What a nonce in a request is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Good, and the count has been noted.
    Fresh,
    /// Not ours, too old, or forgotten.
    Stale,
    /// The count was used before.
    Replayed,
}

/// Makes and judges nonces.
#[derive(Debug)]
pub(super) struct Nonces {
    key: [u8; 32],
    rng: StdRng,
    /// Time zero of the stamps: the first call.
    epoch: Option<Instant>,
    lifetime: Duration,
    capacity: usize,
    /// By time and salt, so that the oldest is the first to go.
    used: BTreeMap<(u64, u64), Used>,
    /// Nonces up to this stamp that are not in the table have been forgotten and are stale.
    forgotten_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    highest: u32,
    /// Bit n: count `highest - n` was seen.
    seen: u64,
}

impl Nonces {
    pub(super) fn new(key: [u8; 32], rng: StdRng, lifetime: Duration, capacity: usize) -> Self {
        Self {
            key,
            rng,
            epoch: None,
            lifetime,
            capacity: capacity.max(1),
            used: BTreeMap::new(),
            forgotten_ms: None,
        }
    }

    pub(super) fn issue(&mut self, now: Instant) -> String {
        let stamp = self.stamp(now);
        let salt = self.rng.next_u64();
        format!("{stamp:016x}{salt:016x}{}", self.mac(stamp, salt))
    }

    /// Judges a nonce with its count. Call only after the password proved right.
    pub(super) fn use_up(&mut self, now: Instant, nonce: &str, count: u32) -> Standing {
        let Some((stamp, salt)) = self.read(nonce) else {
            return Standing::Stale;
        };
        let now_ms = self.stamp(now);
        let lifetime_ms = u64::try_from(self.lifetime.as_millis()).unwrap_or(u64::MAX);
        let is_alive = |stamp: u64| stamp <= now_ms && now_ms - stamp <= lifetime_ms;
        while self
            .used
            .first_key_value()
            .is_some_and(|((stamp, _), _)| !is_alive(*stamp))
        {
            self.used.pop_first();
        }
        if !is_alive(stamp) {
            return Standing::Stale;
        }
        if let Some(used) = self.used.get_mut(&(stamp, salt)) {
            return used.note(count);
        }
        if self
            .forgotten_ms
            .is_some_and(|forgotten| stamp <= forgotten)
        {
            return Standing::Stale;
        }
        if self.used.len() >= self.capacity
            && let Some(((oldest, _), _)) = self.used.pop_first()
        {
            self.forgotten_ms = Some(
                self.forgotten_ms
                    .map_or(oldest, |before| before.max(oldest)),
            );
            if stamp <= oldest {
                return Standing::Stale;
            }
        }
        self.used.insert(
            (stamp, salt),
            Used {
                highest: count,
                seen: 1,
            },
        );
        Standing::Fresh
    }

    /// Nonces in use.
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    fn stamp(&mut self, now: Instant) -> u64 {
        let epoch = *self.epoch.get_or_insert(now);
        u64::try_from(now.saturating_duration_since(epoch).as_millis()).unwrap_or(u64::MAX)
    }

    fn read(&self, nonce: &str) -> Option<(u64, u64)> {
        if nonce.len() != 3 * FIELD || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let stamp = u64::from_str_radix(nonce.get(..FIELD)?, 16).ok()?;
        let salt = u64::from_str_radix(nonce.get(FIELD..2 * FIELD)?, 16).ok()?;
        same_secret(&self.mac(stamp, salt), nonce.get(2 * FIELD..)?).then_some((stamp, salt))
    }

    /// Half of a SHA-256 over key and stamp. The input has a fixed length, so the plain keyed hash
    /// cannot be extended.
    fn mac(&self, stamp: u64, salt: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(stamp.to_be_bytes());
        hash.update(salt.to_be_bytes());
        hex(hash.finalize().get(..FIELD / 2).unwrap_or(&[]))
    }
}

impl Used {
    fn note(&mut self, count: u32) -> Standing {
        if count > self.highest {
            let ahead = count - self.highest;
            self.seen = if ahead < WINDOW {
                self.seen << ahead
            } else {
                0
            } | 1;
            self.highest = count;
            return Standing::Fresh;
        }
        let behind = self.highest - count;
        let bit = 1_u64.checked_shl(behind).unwrap_or(0);
        if bit == 0 || self.seen & bit != 0 {
            return Standing::Replayed;
        }
        self.seen |= bit;
        Standing::Fresh
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn nonces(capacity: usize) -> (Nonces, Instant) {
        (
            Nonces::new(
                [7; 32],
                StdRng::from_seed([1; 32]),
                Duration::from_secs(60),
                capacity,
            ),
            Instant::now(),
        )
    }

    #[test]
    fn a_count_serves_once_and_may_overtake() {
        let (mut nonces, now) = nonces(8);
        let nonce = nonces.issue(now);
        for (count, standing) in [
            (1, Standing::Fresh),
            (1, Standing::Replayed),
            (4, Standing::Fresh),
            (3, Standing::Fresh),
            (3, Standing::Replayed),
            (200, Standing::Fresh),
            (5, Standing::Replayed),
            (u32::MAX, Standing::Fresh),
        ] {
            assert_eq!(nonces.use_up(now, &nonce, count), standing, "{count}");
        }
    }

    #[test]
    fn foreign_forged_and_old_nonces_are_stale() {
        let (mut nonces, now) = nonces(8);
        let nonce = nonces.issue(now);
        let forged = format!(
            "{}{}",
            if nonce.starts_with('0') { "1" } else { "0" },
            &nonce[1..]
        );
        for bad in ["", "x", &forged, &"g".repeat(48)] {
            assert_eq!(nonces.use_up(now, bad, 1), Standing::Stale, "{bad}");
        }
        assert_eq!(
            nonces.use_up(now + Duration::from_secs(61), &nonce, 1),
            Standing::Stale
        );
    }

    #[test]
    fn a_nonce_pushed_out_of_the_table_does_not_come_back() {
        let (mut nonces, now) = nonces(2);
        let issued: Vec<_> = (0..3)
            .map(|n| nonces.issue(now + Duration::from_millis(n)))
            .collect();
        let later = now + Duration::from_secs(1);
        for nonce in &issued {
            assert_eq!(nonces.use_up(later, nonce, 1), Standing::Fresh);
        }
        assert_eq!(nonces.len(), 2);
        assert_eq!(nonces.use_up(later, &issued[0], 1), Standing::Stale);
        assert_eq!(nonces.use_up(later, &issued[2], 1), Standing::Replayed);
    }
}
