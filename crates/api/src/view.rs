//! Immutable pictures of the switch's state. A [`View`] is consistent as of one [`Seq`].

mod channel;
mod directory;
mod fifo;
mod gateway;
mod mailbox;
mod parking;
mod profile;
mod queue;
mod registration;
mod room;
mod server;
mod stage;
mod stream;
mod tables;
mod user;

pub use channel::{
    AnswerState, CallState, Channel, ChannelState, Codec, Direction, Hangup, OtherLeg, OtherType,
};
pub use directory::{Directory, DirectoryUser, Domain, Group};
pub use fifo::{
    Fifo, FifoMember, FifoMemberSettings, FifoOrigin, FifoPartner, FifoParty, FifoStrategy,
};
pub use gateway::{Gateway, GatewayPing};
pub use mailbox::{Mailbox, VoiceMessage};
pub use parking::{Lot, ParkedCall};
pub use profile::{CallerProfile, ProfileTimes};
pub use queue::{
    Agent, AgentPatience, AgentState, AgentStatistics, AgentStatus, Announcement, CallerState,
    DeviceState, Extension, Queue, QueueAgent, QueueAgentState, QueueCaller, QueueSettings,
    Strategy, TierRules, TimeBase,
};
pub use registration::{Registration, SipProfile};
pub use room::{Member, Recording, Relation, Room, RoomFlags, RoomParameters};
pub use server::{Counters, Settings, Task};
pub use stage::{Participant, Stage};
pub use stream::LocalStream;
pub use tables::{Alias, TableKey, Tables, Usage};
pub use user::{StatusType, UserState, UserStatus};

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::id::{AgentId, ChannelId, LayoutId, QueueAgentId, QueueId, RoomNumber, Seq, TaskId};
use crate::spatial::{Layout, Output};

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
    /// The form of what is heard of rooms.
    pub output: Output,
    /// Queues by name.
    pub queues: RedBlackTreeMapSync<Arc<str>, Arc<Queue>>,
    /// Agents by name.
    pub agents: RedBlackTreeMapSync<Arc<str>, Arc<Agent>>,
    /// Parking lots by name.
    pub lots: RedBlackTreeMapSync<Arc<str>, Arc<Lot>>,
    /// Queues of the application `fifo`, by name.
    pub fifos: RedBlackTreeMapSync<Arc<str>, Arc<Fifo>>,
    /// Voicemail boxes with something in them, by `number@domain`; [`View::mailbox`] knows the empty ones too.
    pub mailboxes: RedBlackTreeMapSync<Arc<str>, Arc<Mailbox>>,
    /// What users have said about themselves, by `user@domain`; those who have said nothing are not in it.
    pub users: RedBlackTreeMapSync<Arc<str>, Arc<UserState>>,
    /// Registrations by creation number.
    pub registrations: RedBlackTreeMapSync<u64, Arc<Registration>>,
    /// Scheduled tasks.
    pub tasks: RedBlackTreeMapSync<TaskId, Arc<Task>>,
    /// Global variables, sorted by name.
    pub globals: RedBlackTreeMapSync<Arc<str>, Arc<str>>,
    /// Values and counters of dialplans and programs.
    pub tables: Tables,
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
            output: Output::OF_ROOMS,
            queues: RedBlackTreeMapSync::default(),
            agents: RedBlackTreeMapSync::default(),
            lots: RedBlackTreeMapSync::default(),
            fifos: RedBlackTreeMapSync::default(),
            mailboxes: RedBlackTreeMapSync::default(),
            users: RedBlackTreeMapSync::default(),
            registrations: RedBlackTreeMapSync::default(),
            tasks: RedBlackTreeMapSync::default(),
            globals: RedBlackTreeMapSync::default(),
            tables: Tables::default(),
            profiles: Arc::default(),
            directory: Arc::default(),
            counters: Counters::default(),
            settings: Settings::default(),
        }
    }
}

impl View {
    /// A gateway by `[<profile>::]<name>`, with its profile.
    pub fn gateway(&self, name: &str) -> Option<(&SipProfile, &Gateway)> {
        let (of_profile, name) = match name.split_once("::") {
            Some((profile, name)) => (Some(profile), name),
            None => (None, name),
        };
        let profiles = self.profiles.iter();
        let mut all = profiles.flat_map(|one| one.gateways.iter().map(move |own| (one, &**own)));
        all.find(|(profile, gateway)| {
            gateway.name.eq_ignore_ascii_case(name)
                && of_profile.is_none_or(|wanted| profile.name.eq_ignore_ascii_case(wanted))
        })
    }

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

    /// The queue with this id.
    pub fn queue_by_id(&self, id: QueueId) -> Option<&Arc<Queue>> {
        self.queues.values().find(|queue| queue.id == id)
    }

    /// The queue of this name, or the first of this number (`5001`, [`QueueSettings::number`]).
    pub fn queue(&self, name: &str) -> Option<&Arc<Queue>> {
        let numbered = || {
            let mut queues = self.queues.values();
            queues.find(|queue| &*queue.settings.number == name)
        };
        self.queues.get(name).or_else(numbered)
    }

    /// The agent with this id.
    pub fn agent_by_id(&self, id: AgentId) -> Option<&Arc<Agent>> {
        self.agents.values().find(|agent| agent.id == id)
    }

    /// An agent's place in a queue, with the queue and the agent.
    pub fn queue_agent(
        &self,
        id: QueueAgentId,
    ) -> Option<(&Arc<Queue>, &Arc<QueueAgent>, &Arc<Agent>)> {
        self.queues.values().find_map(|queue| {
            let place = queue.agents.iter().find(|place| place.id == id)?;
            Some((queue, place, self.agents.get(&place.agent)?))
        })
    }

    /// What the user `user` of `domain` has said about himself.
    pub fn user_state(&self, user: &str, domain: &str) -> Option<&Arc<UserState>> {
        self.users.get(&*format!("{user}@{domain}"))
    }

    /// The voicemail box of a user, found by the user's id or a number of the user's (`number-alias`), or by its own number; `None` when
    /// there is none.
    pub fn mailbox(&self, user: &str, domain: &str) -> Option<Arc<Mailbox>> {
        let name = self.directory.mailbox(domain, user)?;
        let known = self
            .mailboxes
            .get(&*format!("{}@{}", name.user, name.domain));
        Some(match known {
            Some(known) => known.clone(),
            None => Arc::new(Mailbox::empty(name)),
        })
    }

    /// Live channels in the order they were made.
    pub fn channels_in_order(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.order.values().filter_map(|id| self.channels.get(id))
    }
}
