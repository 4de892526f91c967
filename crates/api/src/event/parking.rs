use std::sync::Arc;

use crate::id::{ChannelId, LotId};
use crate::view::ParkedCall;

/// Something that happened in a parking lot (`valet_parking::info`, event-socket.md §5.2; event-api.md §5.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkingEvent {
    /// Which lot.
    pub lot: LotId,
    /// Its name.
    pub name: Arc<str>,
    /// The parked call.
    pub parked: Arc<ParkedCall>,
    /// What happened.
    pub action: ParkingAction,
}

/// See [`ParkingEvent`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParkingAction {
    /// It is in its slot.
    Parked,
    /// It is not any more.
    Unparked(UnparkReason),
}

/// Why a call is not parked any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnparkReason {
    /// Somebody has it.
    Retrieved {
        /// Who.
        by: ChannelId,
    },
    /// It was there too long.
    TimedOut,
    /// It hung up.
    HungUp,
    /// It was sent elsewhere.
    Transferred,
}

impl UnparkReason {
    /// The word of event-api.md §5.3, which has none for a call sent elsewhere: it was retrieved, then.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Retrieved { .. } | Self::Transferred => "RETRIEVED",
            Self::TimedOut => "TIMEOUT",
            Self::HungUp => "HANGUP",
        }
    }
}
