//! Queues of the application `fifo` (event-socket.md §5.2, §6.8).

use std::sync::Arc;

use crate::id::ChannelId;
use crate::time::Timestamp;

/// Callers who wait, and who takes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fifo {
    /// Its name.
    pub name: Arc<str>,
    /// Which one a consumer would rather serve; only told.
    pub importance: i32,
    /// Where it comes from.
    pub origin: FifoOrigin,
    /// Who waits or talks, those who came first in front.
    pub callers: Vec<FifoParty>,
    /// Who takes callers, those who came first in front.
    pub consumers: Vec<FifoParty>,
}

/// Where a fifo comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FifoOrigin {
    /// Somebody is there; it is forgotten when nobody is any more.
    Used,
    /// The configuration names it.
    Configured,
    /// The one that every server has.
    BuiltIn,
}

/// Somebody in a fifo.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoParty {
    /// Their channel.
    pub channel: ChannelId,
    /// Their name.
    pub name: Arc<str>,
    /// Their number.
    pub number: Arc<str>,
    /// Since when they are there.
    pub since: Timestamp,
    /// Who is there for them.
    pub partner: Option<FifoPartner>,
}

/// The other side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoPartner {
    /// Their channel.
    pub channel: ChannelId,
    /// Since when they talk; `None`: announcements are still heard.
    pub talks_since: Option<Timestamp>,
}

impl FifoParty {
    /// Whether nobody is there for them.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.partner.is_none()
    }
}

impl Fifo {
    /// Callers for whom nobody is there.
    pub fn waiting(&self) -> impl Iterator<Item = &FifoParty> {
        self.callers.iter().filter(|party| party.waits())
    }
}
