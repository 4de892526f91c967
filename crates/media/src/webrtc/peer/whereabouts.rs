//! Where the browser may be: what it says, and where its checks come from. The library keeps all of it and checks it in
//! turn, so both are bounded between two ICE restarts (RFC 8445 §9).

use std::net::SocketAddr;

use str0m::Candidate;

/// Candidates of the browser looked at; it has a handful.
const MAX_TOLD: usize = 64;
/// Addresses its checks may come from; each NAT on a way makes one.
const MAX_SEEN: usize = 64;
/// How a check begins. RFC 8489 §5.
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];

#[derive(Default)]
pub(super) struct Whereabouts {
    /// Our name in checks; each ICE restart makes another.
    name: String,
    told: Vec<Candidate>,
    seen: Vec<SocketAddr>,
}

impl Whereabouts {
    /// We answer to this name now: with another one, everything begins anew.
    pub(super) fn go_by(&mut self, name: String) {
        if self.name != name {
            *self = Self {
                name,
                ..Self::default()
            };
        }
    }

    /// Whether a candidate is to be taken: it is another one, and not one too many.
    pub(super) fn takes(&mut self, candidate: &Candidate) -> bool {
        let takes = self.told.len() < MAX_TOLD && !self.told.contains(candidate);
        if takes {
            self.told.push(candidate.clone());
        }
        takes
    }

    /// Whether a datagram that proved to be the browser's is to be taken: it is no check, or from an address that is not
    /// one too many.
    pub(super) fn admits(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        if !datagram.starts_with(&BINDING_REQUEST) || self.seen.contains(&from) {
            return true;
        }
        let admits = self.seen.len() < MAX_SEEN;
        if admits {
            self.seen.push(from);
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: usize) -> SocketAddr {
        ([10, 0, 0, 1], 1 + port as u16).into()
    }

    #[test]
    fn so_many_places_are_looked_at_until_the_next_restart() {
        let mut places = Whereabouts::default();
        places.go_by("one".into());
        for n in 0..MAX_TOLD {
            let candidate = Candidate::host(at(n), "udp").unwrap();
            assert!(places.takes(&candidate) && !places.takes(&candidate));
        }
        let another = Candidate::host(at(MAX_TOLD), "udp").unwrap();
        assert!(!places.takes(&another));
        // A later offer without a restart changes nothing.
        places.go_by("one".into());
        assert!(!places.takes(&another));
        places.go_by("two".into());
        assert!(places.takes(&another));
    }

    #[test]
    fn checks_come_from_so_many_addresses_and_other_datagrams_from_anywhere() {
        let mut places = Whereabouts::default();
        let check = [0, 1, 0, 0];
        for n in 0..MAX_SEEN {
            assert!(places.admits(at(n), &check));
        }
        assert!(places.admits(at(0), &check) && !places.admits(at(MAX_SEEN), &check));
        assert!(places.admits(at(MAX_SEEN), &[1, 1, 0, 0]));
        places.go_by("two".into());
        assert!(places.admits(at(MAX_SEEN), &check));
    }
}
