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
    /// Who waits or talks, those who are to be served first in front.
    pub callers: Vec<FifoParty>,
    /// Who takes callers, those who came first in front.
    pub consumers: Vec<FifoParty>,
    /// Who is called when callers wait.
    pub members: Vec<FifoMember>,
    /// How many of them at one time.
    pub strategy: FifoStrategy,
}

/// How many members are called at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FifoStrategy {
    /// All, and the first to answer gets the caller.
    #[default]
    RingAll,
    /// As many as callers wait.
    Enterprise,
}

impl FifoStrategy {
    /// The word of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RingAll => "ringall",
            Self::Enterprise => "enterprise",
        }
    }

    /// A strategy by its word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::RingAll, Self::Enterprise]
            .into_iter()
            .find(|one| one.word().eq_ignore_ascii_case(word))
    }
}

/// How a member is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoMemberSettings {
    /// Calls the member may have at one time, from 1.
    pub simultaneous: u32,
    /// Seconds it may ring.
    pub ring_s: u32,
    /// Seconds of rest behind a call.
    pub lag_s: u32,
    /// Whether the member is called at all.
    pub takes_calls: bool,
    /// When the member is forgotten.
    pub expires: Option<Timestamp>,
}

/// Somebody who is called when callers wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoMember {
    /// Whom to call; the name of the member in its fifo.
    pub dial: Arc<str>,
    /// How.
    pub settings: FifoMemberSettings,
    /// By a command, and so for the next run of the server, too; otherwise by the configuration.
    pub is_kept: bool,
    /// Calls to it that nobody has answered yet.
    pub ringing: u32,
    /// Calls it has answered and not ended.
    pub talking: u32,
    /// Calls it has answered.
    pub answered: u64,
    /// Calls it has not answered.
    pub failed: u64,
    /// It is not called before.
    pub rests_until: Timestamp,
}

impl FifoMember {
    /// Whether another call may be made to it.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        let calls = self.ringing.saturating_add(self.talking);
        self.settings.takes_calls && calls < self.settings.simultaneous && self.rests_until <= now
    }
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
    /// As what a caller came: 1, the first to be served, to 10; 0: they did not say it.
    pub priority: u8,
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
    /// What the priority counts as: 5 when nobody said it.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self.priority {
            0 => 5,
            said => said,
        }
    }

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
