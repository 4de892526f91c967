//! Values and counters that dialplans and programs keep in the switch (event-socket.md §6.8). They end with it.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::time::Timestamp;

/// A realm, and a key in it.
pub type TableKey = (Arc<str>, Arc<str>);

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Values of the application `hash`.
    pub hash: RedBlackTreeMapSync<TableKey, Arc<str>>,
    /// How far resources of the application `limit` are used; those nobody uses are not in it.
    pub limits: RedBlackTreeMapSync<TableKey, Usage>,
}

/// How far a resource is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Channels that hold it.
    pub used: u32,
    /// How often it was taken in the present interval; 0 where nobody asked for a rate.
    pub rate: u32,
    /// Seconds of an interval; 0 where nobody asked for a rate.
    pub interval_s: u32,
    /// When the present interval began.
    pub since: Timestamp,
}
