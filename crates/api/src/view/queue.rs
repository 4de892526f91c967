use std::fmt;
use std::sync::Arc;

use crate::id::{AgentId, ChannelId, QueueAgentId, QueueCallerId, QueueId};
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in configuration files and on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of that name, any case.
            pub fn parse(text: &str) -> Option<Self> {
                let mut all = Self::ALL.iter().copied();
                all.find(|one| one.name().eq_ignore_ascii_case(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// Which agents are asked first, among those of the same level.
    Strategy {
        /// Everybody who is free rings; the first to answer has the call.
        RingAll = "ring-all";
        /// Who has not been in a queue's call for the longest time.
        LongestIdle = "longest-idle-agent";
        /// In the order of levels and positions, going on after the last one asked.
        RoundRobin = "round-robin";
        /// In the order of levels and positions, from the start for every call.
        TopDown = "top-down";
        /// Who has talked the least.
        LeastTalkTime = "agent-with-least-talk-time";
        /// Who has answered the fewest calls.
        FewestCalls = "agent-with-fewest-calls";
        /// In the order of levels and positions; a caller goes on behind the last one asked for them.
        Sequentially = "sequentially-by-agent-order";
        /// By chance.
        Random = "random";
        /// As top-down, but those already asked go on ringing while the next ones are asked.
        RingProgressively = "ring-progressively";
    }
}

words! {
    /// What an agent has said they are doing.
    AgentStatus {
        /// Not at work; they are asked nothing.
        LoggedOut = "Logged Out";
        /// Takes calls.
        Available = "Available";
        /// Takes calls; after one call they are on break.
        AvailableOnDemand = "Available (On Demand)";
        /// At work and takes no calls.
        OnBreak = "On Break";
    }
}

words! {
    /// What an agent is doing for their queues.
    AgentState {
        /// Takes no calls, for whatever reason.
        Idle = "Idle";
        /// Waits for one.
        Waiting = "Waiting";
        /// Is being called.
        Receiving = "Receiving";
        /// Talks.
        InQueueCall = "In a queue call";
    }
}

words! {
    /// What a device is doing (event-api.md §5.1).
    DeviceState {
        /// Nothing is known of it: it is no extension of ours.
        Unknown = "UNKNOWN";
        /// It is there and idle.
        NotInUse = "NOT_INUSE";
        /// It is in a call.
        InUse = "INUSE";
        /// It does not want to be disturbed.
        Busy = "BUSY";
        /// There is no such extension.
        Invalid = "INVALID";
        /// It is not registered.
        Unavailable = "UNAVAILABLE";
        /// It rings.
        Ringing = "RINGING";
        /// It rings while it is in a call.
        RingInUse = "RINGINUSE";
        /// Its only call is on hold.
        OnHold = "ONHOLD";
    }
}

words! {
    /// What an agent is doing in one queue (a tier's state).
    QueueAgentState {
        /// The last call offered here was not answered.
        NoAnswer = "No Answer";
        /// Waits for a call of this queue.
        Ready = "Ready";
        /// Is being called for it.
        Offering = "Offering";
        /// Talks with one of its callers.
        ActiveInbound = "Active Inbound";
        /// Is busy for another queue.
        Standby = "Standby";
    }
}

words! {
    /// How far a caller has come.
    CallerState {
        /// Waits.
        Waiting = "Waiting";
        /// Agents are being called for them.
        Trying = "Trying";
        /// Talks with an agent.
        Answered = "Answered";
        /// Has hung up, and may come back to their place for a while.
        Abandoned = "Abandoned";
    }
}

words! {
    /// What counts for a caller's place in line.
    TimeBase {
        /// How long they have been in this queue.
        Queue = "queue";
        /// How long their call has lasted.
        System = "system";
    }
}

/// A place to wait for an agent.
#[derive(Clone, PartialEq, Debug)]
pub struct Queue {
    /// New at every start and for every queue made.
    pub id: QueueId,
    /// `support@default`; unique.
    pub name: Arc<str>,
    /// How it works.
    pub settings: Arc<QueueSettings>,
    /// Whether it takes callers. Those who wait when it is disabled leave it.
    pub enabled: bool,
    /// It stands in the configuration; otherwise a client made it.
    pub configured: bool,
    /// Those in it, in line: the first is served first. Those who talk to an agent are no longer in line and stand behind
    /// those who are; those who went and may come back are last.
    pub callers: Vec<Arc<QueueCaller>>,
    /// Its agents by level, position and name.
    pub agents: Vec<Arc<QueueAgent>>,
    /// Callers who got an agent, since it was made.
    pub calls_answered: u64,
    /// Callers who went without one.
    pub calls_abandoned: u64,
}

impl Queue {
    /// Callers who wait for an agent, in line.
    pub fn waiting(&self) -> impl Iterator<Item = &Arc<QueueCaller>> {
        self.callers.iter().filter(|caller| match caller.state {
            CallerState::Waiting | CallerState::Trying => true,
            CallerState::Answered | CallerState::Abandoned => false,
        })
    }

    /// The place of the agent of that name.
    pub fn agent(&self, name: &str) -> Option<&Arc<QueueAgent>> {
        self.agents.iter().find(|place| &*place.agent == name)
    }
}

/// How a queue works. Zero seconds mean "never" or "without limit", where nothing else is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueSettings {
    /// For people.
    pub display_name: Arc<str>,
    /// Its number, as `5001`, by which panels know it (event-api.md §7); the name when nothing else is said.
    pub number: Arc<str>,
    /// Whom to ask.
    pub strategy: Strategy,
    /// What is heard while waiting: a file or `tone_stream://…`; empty: nothing.
    pub music: Arc<str>,
    /// What is said again and again.
    pub announcement: Option<Announcement>,
    /// The place in line, said on arrival and again and again. `${cc_position}` in its file is the place, from 1.
    pub position_announcement: Option<Announcement>,
    /// A caller waits that long at the most, seconds.
    pub max_wait_s: u32,
    /// A caller waits that long at the most while nobody is logged in, seconds.
    pub max_wait_no_agent_s: u32,
    /// Once nobody has been there for `max_wait_no_agent_s`, new callers wait only so many seconds.
    pub max_wait_no_agent_reached_s: u32,
    /// When agents of higher levels are asked.
    pub tier_rules: TierRules,
    /// What counts for the order of callers.
    pub time_base: TimeBase,
    /// Seconds for which a caller who hung up is kept in mind.
    pub discard_abandoned_after_s: u32,
    /// Whether who comes back in that time with the same number has their place again.
    pub abandoned_resume: bool,
    /// Seconds between agents asked with [`Strategy::RingProgressively`].
    pub ring_progressively_delay_s: u32,
    /// Agents in a call of their own are not asked.
    pub skip_agents_with_external_calls: bool,
    /// What an agent's status becomes when they did not answer too often.
    pub no_answer_status: AgentStatus,
    /// An agent's rest after a call of this queue, seconds, unless their own is longer.
    pub wrap_up_s: u32,
    /// Where calls are recorded; `${…}` is expanded with the caller's variables.
    pub record_template: Option<Arc<str>>,
    /// `<extension> [<dialplan> [<context>]]`: where callers go who waited too long. `None`: on in their dialplan.
    pub overflow: Option<Arc<str>>,
}

impl QueueSettings {
    /// What a queue of that name does when nothing is said about it.
    pub fn named(name: &str) -> Self {
        Self {
            display_name: name.into(),
            number: name.into(),
            strategy: Strategy::LongestIdle,
            music: Arc::default(),
            announcement: None,
            position_announcement: None,
            max_wait_s: 0,
            max_wait_no_agent_s: 0,
            max_wait_no_agent_reached_s: 5,
            tier_rules: TierRules::default(),
            time_base: TimeBase::System,
            discard_abandoned_after_s: 60,
            abandoned_resume: false,
            ring_progressively_delay_s: 10,
            skip_agents_with_external_calls: true,
            no_answer_status: AgentStatus::OnBreak,
            wrap_up_s: 0,
            record_template: None,
            overflow: None,
        }
    }
}

/// Something said to those who wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// A file; `${…}` is expanded with the caller's variables.
    pub file: Arc<str>,
    /// Every so many seconds, at least 1.
    pub every_s: u32,
}

/// When agents of higher levels are asked (`tier-rule…`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TierRules {
    /// Whether a caller has to wait before those of higher levels are asked; otherwise levels are but an order.
    pub apply: bool,
    /// So many seconds.
    pub wait_s: u32,
    /// So many for each level, instead of once for all.
    pub multiply_level: bool,
    /// Levels at which nobody is logged in cost no time.
    pub no_agent_no_wait: bool,
}

impl Default for TierRules {
    fn default() -> Self {
        Self {
            apply: false,
            wait_s: 300,
            multiply_level: true,
            no_agent_no_wait: true,
        }
    }
}

/// A caller in a queue (FreeSWITCH: member).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueCaller {
    /// This stay.
    pub id: QueueCallerId,
    /// Their channel; once they have hung up, the one they had.
    pub channel: ChannelId,
    /// As shown when they came.
    pub caller_name: Arc<str>,
    /// As shown when they came.
    pub caller_number: Arc<str>,
    /// When their call began.
    pub call_began: Timestamp,
    /// When they came; after a resumed stay, when they came first.
    pub joined_at: Timestamp,
    /// When they came back.
    pub rejoined_at: Timestamp,
    /// When they got an agent.
    pub answered_at: Timestamp,
    /// When they hung up.
    pub abandoned_at: Timestamp,
    /// Added to their waiting time, in seconds, to find their place (`cc_base_score`).
    pub base_score: i64,
    /// What they are doing.
    pub state: CallerState,
    /// Place in line, from 1; 0 when they do not wait any more.
    pub position: u32,
    /// The agent who serves them, or the one being asked when there is only one.
    pub agent: Option<Arc<str>>,
}

/// The place of an agent in a queue (FreeSWITCH: tier; event-api.md: agent).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueAgent {
    /// This place.
    pub id: QueueAgentId,
    /// The agent's name.
    pub agent: Arc<str>,
    /// Asked after those of lower levels (the penalty of event-api.md).
    pub level: u32,
    /// Order among those of one level.
    pub position: u32,
    /// It stands in the configuration, or was put there by a client; otherwise it came with a login and goes with the
    /// logout.
    pub dynamic: bool,
    /// Takes calls of this queue: logged in here, and not logged out altogether.
    pub logged_in: bool,
    /// Wants no calls of this queue for a while, or of none ([`AgentStatus::OnBreak`]).
    pub paused: bool,
    /// Why, when somebody said so.
    pub pause_reason: Option<Arc<str>>,
    /// What they are doing here.
    pub state: QueueAgentState,
}

/// A directory user's number.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Extension {
    /// Its user, as `1000`.
    pub user: Arc<str>,
    /// Its domain.
    pub domain: Arc<str>,
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.domain)
    }
}

/// Somebody who answers calls of queues.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    /// New at every start and for every agent made.
    pub id: AgentId,
    /// `1000@default`; unique.
    pub name: Arc<str>,
    /// For people.
    pub display_name: Arc<str>,
    /// Dial string they are called by, as `[leg_timeout=10]user/1000@default`.
    pub contact: Arc<str>,
    /// The directory user that dial string names, if it names one alone.
    pub extension: Option<Extension>,
    /// A login made them; they go with their last place.
    pub dynamic: bool,
    /// What they have said.
    pub status: AgentStatus,
    /// Why, when somebody said so with a pause of all their queues.
    pub pause_reason: Option<Arc<str>>,
    /// What they are doing.
    pub state: AgentState,
    /// What their device is doing.
    pub device: DeviceState,
    /// What they are spared after a call.
    pub patience: AgentPatience,
    /// What they have done.
    pub statistics: AgentStatistics,
    /// Their leg of the call they are in.
    pub channel: Option<ChannelId>,
}

/// What an agent is spared. Seconds; zero: nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AgentPatience {
    /// After so many calls not answered in a row their status becomes [`QueueSettings::no_answer_status`]; 0: never.
    pub max_no_answer: u32,
    /// Rest after a call.
    pub wrap_up_s: u32,
    /// Rest after a call refused.
    pub reject_delay_s: u32,
    /// Rest after they were busy.
    pub busy_delay_s: u32,
    /// Rest after a call not answered.
    pub no_answer_delay_s: u32,
}

/// What an agent has done since they were made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AgentStatistics {
    /// Calls answered.
    pub calls_answered: u64,
    /// Calls offered and not answered, since the last one that was.
    pub no_answers: u64,
    /// Seconds talked.
    pub talk_time_s: u64,
    /// Start of their last call.
    pub last_bridge_start: Timestamp,
    /// End of their last call.
    pub last_bridge_end: Timestamp,
    /// When they were last asked.
    pub last_offered: Timestamp,
    /// When they last said something else about themselves.
    pub last_status_change: Timestamp,
    /// Nothing is offered to them before then.
    pub ready_at: Timestamp,
    /// Calls of their device that no queue gave them, now.
    pub external_calls: u32,
}
