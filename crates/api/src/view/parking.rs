use std::sync::Arc;

use crate::id::{ChannelId, LotId};
use crate::time::Timestamp;

/// A parking lot: numbered places where calls are kept until somebody dials the number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lot {
    /// New at every start and for every lot made.
    pub id: LotId,
    /// Its name; unique.
    pub name: Arc<str>,
    /// Made by a client: it stays when it is empty.
    pub kept: bool,
    /// Who is parked, in the order of slots.
    pub parked: Vec<Arc<ParkedCall>>,
}

impl Lot {
    /// The call in that slot.
    pub fn slot(&self, slot: &str) -> Option<&Arc<ParkedCall>> {
        self.parked.iter().find(|parked| &*parked.slot == slot)
    }
}

/// A parked call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedCall {
    /// Number of its place.
    pub slot: Arc<str>,
    /// Who is parked.
    pub channel: ChannelId,
    /// Since when.
    pub since: Timestamp,
    /// When it leaves by itself; [`Timestamp::ZERO`]: never.
    pub until: Timestamp,
}
