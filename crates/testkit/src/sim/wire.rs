//! The network between phones and switch: datagrams are lost, doubled, late and out of order, as the seed says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::Rng as _;
use rand::rngs::StdRng;

/// What the network does to datagrams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Lost, per cent.
    pub loss: u32,
    /// Delivered twice, per cent.
    pub duplication: u32,
    /// Delay of every datagram.
    pub delay: Duration,
    /// Added at random, up to this much, so that datagrams overtake each other.
    pub jitter: Duration,
}

impl Weather {
    /// A network that one would complain about.
    pub fn bad() -> Self {
        Self {
            loss: 3,
            duplication: 2,
            delay: Duration::from_millis(10),
            jitter: Duration::from_millis(40),
        }
    }

    /// A different one for every seed.
    pub fn of(seed: u64) -> Self {
        Self {
            loss: (seed % 4) as u32 * 3,
            duplication: (seed % 3) as u32 * 4,
            delay: Duration::from_millis(5),
            jitter: Duration::from_millis(seed * 7),
        }
    }
}

/// One datagram on its way.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// The air.
#[derive(Default)]
pub(super) struct Wire {
    pub(super) weather: Weather,
    flying: BTreeMap<(Instant, u64), Datagram>,
    count: u64,
}

impl Wire {
    pub(super) fn new(weather: Weather) -> Self {
        Self {
            weather,
            ..Self::default()
        }
    }

    pub(super) fn send(&mut self, now: Instant, rng: &mut StdRng, datagram: &Datagram) {
        let copies = if rng.random_range(0..100) < self.weather.duplication {
            2
        } else {
            1
        };
        for _ in 0..copies {
            if rng.random_range(0..100) < self.weather.loss {
                continue;
            }
            let jitter = match u64::try_from(self.weather.jitter.as_micros()).unwrap_or(0) {
                0 => Duration::ZERO,
                most => Duration::from_micros(rng.random_range(0..most)),
            };
            self.count += 1;
            self.flying.insert(
                (now + self.weather.delay + jitter, self.count),
                datagram.clone(),
            );
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.flying.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn arrived(&mut self, now: Instant) -> Option<Datagram> {
        let at = self.next().filter(|at| *at <= now)?;
        let key = *self.flying.first_key_value()?.0;
        debug_assert_eq!(key.0, at);
        self.flying.remove(&key)
    }
}
