//! Commands about parking lots.

use std::sync::Arc;
use std::time::Duration;

use crate::id::ChannelId;

/// Makes a lot that stays when it is empty; one of that name stays as it is. Lots that calls are parked in are made by
/// themselves, and gone when they are empty.
///
/// # Errors
/// `InvalidArgument("name")` when it is empty or longer than 256 bytes; `LimitReached`.
#[derive(Clone, Debug)]
pub struct PutLot {
    /// Its name.
    pub name: Arc<str>,
}

/// Removes a lot.
///
/// # Errors
/// `NotFound(Lot)`; `InvalidState` while a call is parked in it.
#[derive(Clone, Debug)]
pub struct RemoveLot {
    /// Which.
    pub name: Arc<str>,
}

/// Takes a channel out of what it does, its bridge too, and parks it. Answered with the slot.
///
/// # Errors
/// `NotFound(Channel)`; `InvalidState` while the channel is being called; `AlreadyExists(Slot)`; `LimitReached` when no
/// slot is free; `InvalidArgument` of `lot` or `slot`.
#[derive(Clone, Debug)]
pub struct ParkInLot {
    /// Who.
    pub channel: ChannelId,
    /// Where.
    pub lot: Arc<str>,
    /// In which slot; `None`: the first free one of the range.
    pub slot: Option<Arc<str>>,
    /// Lowest and highest number of a slot that is chosen.
    pub range: (u32, u32),
    /// How long at the most.
    pub timeout: Option<Duration>,
}

/// Connects a channel with the call parked in a slot. Answered with the parked channel.
///
/// # Errors
/// `NotFound` of `Lot`, `Slot` or `Channel`; `InvalidState` while the channel is being called.
#[derive(Clone, Debug)]
pub struct RetrieveParked {
    /// Where.
    pub lot: Arc<str>,
    /// In which slot.
    pub slot: Arc<str>,
    /// Who takes it.
    pub by: ChannelId,
}
