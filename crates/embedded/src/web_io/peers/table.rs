//! Ways to find a peer: by its id, by the name in checks, by where the browser is, by its leg, by when it is due.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::control::{LegId, PeerId};
use media::webrtc::Peer;

/// An address whose browser was silent for this long may belong to another one now (a NAT gave its port away). Living
/// browsers say something every few seconds, so nobody can take their address from them.
const ABANDONED: Duration = Duration::from_secs(5);
/// The smallest step of time.
const MOMENT: Duration = Duration::from_millis(1);
/// Names a peer answers to: the present one, and the one an ICE restart is about to replace.
const NAMES: usize = 2;

/// A peer and what hangs on it.
pub(super) struct Entry {
    pub(super) peer: Peer,
    /// Whether it has agreed on anything yet.
    pub(super) agreed: bool,
    /// Media worker and leg its audio goes to.
    pub(super) leg: Option<(usize, LegId)>,
    names: Vec<String>,
    addresses: Vec<SocketAddr>,
    probed: Vec<SocketAddr>,
    due: Instant,
}

impl Entry {
    pub(super) fn new(peer: Peer, now: Instant) -> Self {
        Self {
            peer,
            agreed: false,
            leg: None,
            names: Vec::new(),
            addresses: Vec::new(),
            probed: Vec::new(),
            due: now,
        }
    }
}

#[derive(Default)]
pub(super) struct Table {
    entries: HashMap<PeerId, Entry>,
    by_name: HashMap<String, PeerId>,
    /// Who is there, by a check that succeeded, and when it was last heard.
    by_address: HashMap<SocketAddr, (PeerId, Instant)>,
    /// Where we sent checks to: their answers name nobody.
    probed: HashMap<SocketAddr, PeerId>,
    by_leg: HashMap<LegId, PeerId>,
    due: BTreeSet<(Instant, PeerId)>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn ids(&self) -> Vec<PeerId> {
        self.entries.keys().copied().collect()
    }

    pub(super) fn has(&self, peer: PeerId) -> bool {
        self.entries.contains_key(&peer)
    }

    pub(super) fn get(&self, peer: PeerId) -> Option<&Entry> {
        self.entries.get(&peer)
    }

    pub(super) fn get_mut(&mut self, peer: PeerId) -> Option<&mut Entry> {
        self.entries.get_mut(&peer)
    }

    pub(super) fn insert(&mut self, peer: PeerId, entry: Entry) {
        self.due.insert((entry.due, peer));
        self.entries.insert(peer, entry);
        self.learn_name(peer);
    }

    pub(super) fn remove(&mut self, peer: PeerId) {
        let Some(entry) = self.entries.remove(&peer) else {
            return;
        };
        self.due.remove(&(entry.due, peer));
        for name in &entry.names {
            self.by_name.remove(name);
        }
        for address in &entry.addresses {
            if self.by_address.get(address).is_some_and(|at| at.0 == peer) {
                self.by_address.remove(address);
            }
        }
        for address in &entry.probed {
            if self.probed.get(address) == Some(&peer) {
                self.probed.remove(address);
            }
        }
        if let Some((_, leg)) = entry.leg
            && self.by_leg.get(&leg) == Some(&peer)
        {
            self.by_leg.remove(&leg);
        }
    }

    /// Learns the name under which checks ask for a peer now.
    pub(super) fn learn_name(&mut self, peer: PeerId) {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        let name = entry.peer.fragment();
        if entry.names.contains(&name) {
            return;
        }
        if entry.names.len() == NAMES {
            self.by_name.remove(&entry.names.remove(0));
        }
        entry.names.push(name.clone());
        self.by_name.insert(name, peer);
    }

    pub(super) fn by_name(&self, name: &str) -> Option<PeerId> {
        self.by_name.get(name).copied()
    }

    /// Who is known to be at an address.
    pub(super) fn at(&self, address: SocketAddr) -> Option<PeerId> {
        self.by_address.get(&address).map(|(peer, _)| *peer)
    }

    /// Who is at an address, or was looked for there.
    pub(super) fn at_or_probed(&self, address: SocketAddr) -> Option<PeerId> {
        self.at(address)
            .or_else(|| self.probed.get(&address).copied())
    }

    /// Notes that a peer sent a check there.
    pub(super) fn probed(&mut self, peer: PeerId, address: SocketAddr) {
        if self.probed.contains_key(&address) {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&peer) {
            entry.probed.push(address);
            self.probed.insert(address, peer);
        }
    }

    /// Notes that a peer took a datagram from there. Once the peer has seen proof that its browser is there, other
    /// datagrams of that address are its own.
    pub(super) fn heard(&mut self, now: Instant, peer: PeerId, from: SocketAddr, to: SocketAddr) {
        match self.by_address.get_mut(&from) {
            Some((owner, last)) if *owner == peer => {
                *last = now;
                return;
            }
            Some((_, last)) if now.saturating_duration_since(*last) < ABANDONED => return,
            Some(_) | None => {}
        }
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        if entry.peer.trusts(now, from, to) {
            if !entry.addresses.contains(&from) {
                entry.addresses.push(from);
            }
            self.by_address.insert(from, (peer, now));
        }
    }

    pub(super) fn set_leg(&mut self, peer: PeerId, leg: Option<(usize, LegId)>) {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        if let Some((_, old)) = entry.leg
            && self.by_leg.get(&old) == Some(&peer)
        {
            self.by_leg.remove(&old);
        }
        entry.leg = leg;
        if let Some((_, leg)) = leg {
            self.by_leg.insert(leg, peer);
        }
    }

    pub(super) fn of_leg(&self, leg: LegId) -> Option<PeerId> {
        self.by_leg.get(&leg).copied()
    }

    pub(super) fn move_leg(&mut self, leg: LegId, worker: usize) {
        let peer = self.of_leg(leg);
        if let Some(entry) = peer.and_then(|peer| self.entries.get_mut(&peer)) {
            entry.leg = Some((worker, leg));
        }
    }

    /// Notes when a peer wants time to pass next; not before a moment has passed, whatever it says.
    pub(super) fn reschedule(&mut self, peer: PeerId, now: Instant) {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        let due = entry.peer.due().max(now + MOMENT);
        if due != entry.due {
            self.due.remove(&(entry.due, peer));
            entry.due = due;
        }
        self.due.insert((due, peer));
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out the next peer whose time has come; [`Table::reschedule`] puts it back.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<PeerId> {
        let (due, peer) = *self.due.first()?;
        if due > now {
            return None;
        }
        self.due.remove(&(due, peer));
        Some(peer)
    }
}
