//! Immutable pictures of the switch's state. A [`View`] is consistent as of one [`Seq`].

mod channel;
mod directory;
mod profile;
mod registration;
mod room;
mod server;

pub use channel::{
    AnswerState, CallState, Channel, ChannelState, Codec, Direction, Hangup, OtherLeg, OtherType,
};
pub use directory::{Directory, DirectoryUser, Domain, Group};
pub use profile::{CallerProfile, ProfileTimes};
pub use registration::{Gateway, Registration, SipProfile};
pub use room::{Member, Recording, Relation, Room, RoomFlags, RoomParameters};
pub use server::{Counters, Settings, Task};

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::id::{ChannelId, Seq, TaskId};

/// Everything there is to know about the switch, as of one event. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The last event this view includes.
    pub as_of: Seq,
    /// Live channels by id.
    pub channels: HashTrieMapSync<ChannelId, Arc<Channel>>,
    /// Ids of live channels in the order they were made (key: [`Channel::serial`]).
    pub order: RedBlackTreeMapSync<u64, ChannelId>,
    /// Running conferences by name.
    pub rooms: RedBlackTreeMapSync<Arc<str>, Arc<Room>>,
    /// Registrations by creation number.
    pub registrations: RedBlackTreeMapSync<u64, Arc<Registration>>,
    /// Scheduled tasks.
    pub tasks: RedBlackTreeMapSync<TaskId, Arc<Task>>,
    /// Global variables, sorted by name.
    pub globals: RedBlackTreeMapSync<Arc<str>, Arc<str>>,
    /// SIP profiles.
    pub profiles: Arc<[SipProfile]>,
    /// Users and groups as configured.
    pub directory: Arc<Directory>,
    /// Sessions counted.
    pub counters: Counters,
    /// What `fsctl` and the like can change.
    pub settings: Settings,
}

impl View {
    /// The channel with this id.
    pub fn channel(&self, id: &str) -> Option<&Arc<Channel>> {
        self.channels.get(&ChannelId::from_text(id)?)
    }

    /// Live channels in the order they were made.
    pub fn channels_in_order(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.order.values().filter_map(|id| self.channels.get(id))
    }
}
