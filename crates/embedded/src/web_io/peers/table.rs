//! Ways to find a peer: by its id, by the name in checks, by where the browser is, by its leg, by when it is due.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::control::{LegId, PeerId};
use media::id_map::IdMap;
use media::webrtc::Peer;

/// An address from which no check came for so long may belong to another browser now (a NAT gave its port away). Living
/// ones send a check every six seconds at least (RFC 7675 §5.1), so nobody can take their address from them.
pub(super) const ABANDONED: Duration = Duration::from_secs(8);
/// The smallest step of time.
const MOMENT: Duration = Duration::from_millis(1);
/// Names a peer answers to: the present one, and the one an ICE restart is about to replace.
const NAMES: usize = 2;
/// Peers that may wait for an answer from one address: it is of one browser, but any page can name it as its own.
const PROBERS: usize = 8;
/// Addresses of which one peer is known to have sent checks there.
const PROBED: usize = 128;

/// A peer and what hangs on it.
pub(super) struct Entry {
    pub(super) peer: Peer,
    /// Whether it has agreed on anything yet.
    pub(super) agreed: bool,
    /// Media worker and leg its audio goes to.
    pub(super) leg: Option<(usize, LegId)>,
    names: Vec<String>,
    addresses: Vec<SocketAddr>,
    /// Oldest first.
    probed: Vec<SocketAddr>,
    layer_changes: u32,
    /// When it is looked at next, if it `waits` for that; it may want it later by then.
    due: Instant,
    waits: bool,
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
            layer_changes: 0,
            due: now,
            waits: true,
        }
    }

    /// Whether its browser changed the layers it sends since this was last asked.
    pub(super) fn changed_layers(&mut self) -> bool {
        let changes = self.peer.layer_changes();
        std::mem::replace(&mut self.layer_changes, changes) != changes
    }
}

#[derive(Default)]
pub(super) struct Table {
    entries: IdMap<PeerId, Entry>,
    by_name: HashMap<String, PeerId>,
    /// Who is there, by a check that succeeded, and when its last check came.
    by_address: HashMap<SocketAddr, (PeerId, Instant)>,
    /// Who sent checks there, latest last: their answers name nobody.
    probed: HashMap<SocketAddr, Vec<PeerId>>,
    by_leg: IdMap<LegId, PeerId>,
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
        if entry.waits {
            self.due.remove(&(entry.due, peer));
        }
        for name in &entry.names {
            self.by_name.remove(name);
        }
        for address in &entry.addresses {
            if self.by_address.get(address).is_some_and(|at| at.0 == peer) {
                self.by_address.remove(address);
            }
        }
        for &address in &entry.probed {
            self.forget_prober(peer, address);
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

    /// Who may wait for an answer from an address, one after the other: those who sent checks there, the latest first, and
    /// at last who is known to be there, as that one takes everything.
    pub(super) fn prober(&self, address: SocketAddr, n: usize) -> Option<PeerId> {
        let probers = self.probed.get(&address).map_or(&[][..], Vec::as_slice);
        match n.cmp(&probers.len()) {
            Ordering::Less => Some(probers[probers.len() - 1 - n]),
            Ordering::Equal => self.at(address),
            Ordering::Greater => None,
        }
    }

    /// Notes that a peer sent a check there.
    pub(super) fn probed(&mut self, peer: PeerId, address: SocketAddr) {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        let probers = self.probed.entry(address).or_default();
        if probers.contains(&peer) {
            return;
        }
        let displaced = (probers.len() == PROBERS).then(|| probers.remove(0));
        probers.push(peer);
        entry.probed.push(address);
        if entry.probed.len() > PROBED {
            let oldest = entry.probed.remove(0);
            self.forget_prober(peer, oldest);
        }
        if let Some(entry) = displaced.and_then(|peer| self.entries.get_mut(&peer)) {
            entry.probed.retain(|probed| *probed != address);
        }
    }

    fn forget_prober(&mut self, peer: PeerId, address: SocketAddr) {
        if let Some(probers) = self.probed.get_mut(&address) {
            probers.retain(|prober| *prober != peer);
            if probers.is_empty() {
                self.probed.remove(&address);
            }
        }
    }

    /// Notes that a peer took a check from there, or the answer to one. Once the peer has seen proof that its browser is
    /// there, other datagrams of that address are its own. Only checks keep it so: they alone say whose they are.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        peer: PeerId,
        (from, to): (SocketAddr, SocketAddr),
        is_check: bool,
    ) {
        match self.by_address.get_mut(&from) {
            Some((owner, last)) if *owner == peer => {
                if is_check {
                    *last = now;
                }
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
        if entry.waits {
            if due >= entry.due {
                // When it is looked at, it says that it wants it later. That is rarer than packets are.
                return;
            }
            self.due.remove(&(entry.due, peer));
        }
        entry.due = due;
        entry.waits = true;
        self.due.insert((due, peer));
    }

    /// No peer wants time to pass before.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out the next peer whose time has come; [`Table::reschedule`] puts it back.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<PeerId> {
        loop {
            let (due, peer) = *self.due.first()?;
            if due > now {
                return None;
            }
            self.due.pop_first();
            let Some(entry) = self.entries.get_mut(&peer) else {
                continue;
            };
            let wants = entry.peer.due();
            if wants <= now {
                entry.waits = false;
                return Some(peer);
            }
            entry.due = wants;
            self.due.insert((wants, peer));
        }
    }
}
