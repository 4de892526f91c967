//! Who sees whom in calls: pairs of browsers and lines.

use std::collections::HashMap;

use media::control::PeerId;

/// The pairs there are. Each has at most one partner.
#[derive(Default)]
pub(super) struct Links {
    partners: HashMap<PeerId, PeerId>,
}

impl Links {
    /// Links two, taking each from whoever it was linked to. `false`: both are the same.
    pub(super) fn link(&mut self, a: PeerId, b: PeerId) -> bool {
        if a == b {
            return false;
        }
        for peer in [a, b] {
            self.remove(peer);
        }
        self.partners.insert(a, b);
        self.partners.insert(b, a);
        true
    }

    /// Parts the two, if they are linked to each other.
    pub(super) fn unlink(&mut self, a: PeerId, b: PeerId) {
        if self.of(a) == Some(b) {
            self.remove(a);
        }
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, peer: PeerId) {
        if let Some(other) = self.partners.remove(&peer) {
            self.partners.remove(&other);
        }
    }

    /// Who sees it, and whom it sees.
    pub(super) fn of(&self, peer: PeerId) -> Option<PeerId> {
        self.partners.get(&peer).copied()
    }
}
