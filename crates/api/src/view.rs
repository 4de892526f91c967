//! Immutable pictures of the switch's state. A [`View`] is consistent as of one [`Seq`].

mod channel;
mod directory;
mod profile;
mod registration;
mod room;
mod server;
mod stage;

pub use channel::{
    AnswerState, CallState, Channel, ChannelState, Codec, Direction, Hangup, OtherLeg, OtherType,
};
pub use directory::{Directory, DirectoryUser, Domain, Group};
pub use profile::{CallerProfile, ProfileTimes};
pub use registration::{Gateway, Registration, SipProfile};
pub use room::{Member, Recording, Relation, Room, RoomFlags, RoomParameters};
pub use server::{Counters, Settings, Task};
pub use stage::{Participant, Stage};

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::id::{ChannelId, LayoutId, RoomNumber, Seq, TaskId};
use crate::spatial::Layout;

/// Everything there is to know about the switch, as of one event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    /// The last event this view includes.
    pub as_of: Seq,
    /// Live channels by id.
    pub channels: HashTrieMapSync<ChannelId, Arc<Channel>>,
    /// Ids of live channels in the order they were made (key: [`Channel::serial`]).
    pub order: RedBlackTreeMapSync<u64, ChannelId>,
    /// Running conferences by name.
    pub rooms: RedBlackTreeMapSync<Arc<str>, Arc<Room>>,
    /// Rooms with places, by name: every conference, and rooms made without one.
    pub stages: RedBlackTreeMapSync<Arc<str>, Arc<Stage>>,
    /// Their names by number.
    pub stage_names: RedBlackTreeMapSync<RoomNumber, Arc<str>>,
    /// Layouts rooms can have, in order of the file.
    pub layouts: Arc<[Arc<Layout>]>,
    /// The layout of new rooms.
    pub default_layout: Arc<Layout>,
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

impl Default for View {
    fn default() -> Self {
        let layout = Arc::new(Layout::built_in());
        Self {
            as_of: Seq::default(),
            channels: HashTrieMapSync::default(),
            order: RedBlackTreeMapSync::default(),
            rooms: RedBlackTreeMapSync::default(),
            stages: RedBlackTreeMapSync::default(),
            stage_names: RedBlackTreeMapSync::default(),
            layouts: [layout.clone()].into(),
            default_layout: layout,
            registrations: RedBlackTreeMapSync::default(),
            tasks: RedBlackTreeMapSync::default(),
            globals: RedBlackTreeMapSync::default(),
            profiles: Arc::default(),
            directory: Arc::default(),
            counters: Counters::default(),
            settings: Settings::default(),
        }
    }
}

impl View {
    /// The channel with this id.
    pub fn channel(&self, id: &str) -> Option<&Arc<Channel>> {
        self.channels.get(&ChannelId::from_text(id)?)
    }

    /// The room with places of this number.
    pub fn stage_numbered(&self, number: RoomNumber) -> Option<&Arc<Stage>> {
        self.stages.get(self.stage_names.get(&number)?)
    }

    /// The layout of this number.
    pub fn layout(&self, id: LayoutId) -> Option<&Arc<Layout>> {
        self.layouts.iter().find(|layout| layout.id == id)
    }

    /// Live channels in the order they were made.
    pub fn channels_in_order(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.order.values().filter_map(|id| self.channels.get(id))
    }
}
