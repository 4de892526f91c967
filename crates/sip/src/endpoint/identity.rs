//! Ids, tags, branches and Call-IDs.

use rand::{Rng as _, RngCore as _};

use super::Endpoint;
use crate::event::{SessionId, TransactionId};
use crate::transaction::ClientKey;

impl Endpoint {
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn next_session(&mut self) -> SessionId {
        SessionId(self.next_id())
    }

    pub(crate) fn next_transaction(&mut self) -> TransactionId {
        TransactionId(self.next_id())
    }

    /// A tag that is not in use, as number and as printed: 64 random bits (RFC 3261 §19.3 asks
    /// for 32).
    pub(crate) fn new_tag(&mut self) -> (u64, String) {
        loop {
            let tag = self.rng.next_u64();
            if !self.tags.contains_key(&tag) {
                return (tag, format!("{tag:016x}"));
            }
        }
    }

    pub(crate) fn new_client_key(&mut self) -> ClientKey {
        loop {
            let key = ClientKey::new(self.rng.next_u64());
            if !self.clients.contains_key(&key) {
                return key;
            }
        }
    }

    /// A Call-ID in the form of a random UUID.
    pub(crate) fn new_call_id(&mut self) -> String {
        let bits = self.rng.random::<u128>();
        let bits = bits & !(0xF << 76) | 4 << 76;
        let bits = bits & !(0x3 << 62) | 2 << 62;
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("");
        format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )
    }

    /// The first number of a dialog: random, and far from the limit of 2³¹.
    pub(crate) fn first_cseq(&mut self) -> u32 {
        self.rng.random_range(1..1 << 27)
    }
}
