use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::acl::subscriber;
use crate::counters::{Cause, Counters};

/// How many connections a listener holds, in all and per address; addresses of one subscriber count as one.
pub(crate) struct Places {
    max: usize,
    max_per_address: usize,
    counters: Arc<Counters>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// Only addresses with a connection, so never more entries than connections.
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place; dropping it frees the place.
pub struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    pub(crate) fn new(max: usize, max_per_address: usize, counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_per_address,
            counters,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Cause> {
        let address = subscriber(address);
        let mut taken = self.taken();
        if taken.all >= self.max {
            return Err(Cause::TooMany);
        }
        let of_address = taken.by_address.entry(address).or_default();
        if *of_address >= self.max_per_address {
            return Err(Cause::TooManyFromAddress);
        }
        *of_address += 1;
        taken.all += 1;
        self.counters.opened();
        Ok(Place {
            places: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.counters.closed();
        let mut taken = self.places.taken();
        taken.all -= 1;
        let left = taken.by_address.get_mut(&self.address).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            taken.by_address.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_when_dropped() {
        let places = Places::new(2, 1, Arc::new(Counters::new("test")));
        let one: IpAddr = "10.0.0.1".parse().unwrap();
        let two: IpAddr = "10.0.0.2".parse().unwrap();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let first = places.take(one).ok().unwrap();
        assert_eq!(places.take(mapped).err(), Some(Cause::TooManyFromAddress));
        let _second = places.take(two).ok().unwrap();
        assert_eq!(places.take(one).err(), Some(Cause::TooMany));
        drop(first);
        assert_eq!(places.taken().by_address.len(), 1);
        assert!(places.take(one).is_ok());
    }

    #[test]
    fn whoever_has_a_network_has_no_more_places() {
        let places = Places::new(9, 2, Arc::new(Counters::new("test")));
        let take = |text: &str| places.take(text.parse().unwrap());
        let _first = take("2001:db8::1").ok().unwrap();
        let _second = take("2001:db8::2").ok().unwrap();
        assert_eq!(take("2001:db8::3").err(), Some(Cause::TooManyFromAddress));
        assert!(take("2001:db8:0:1::3").is_ok());
    }
}
