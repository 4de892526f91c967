use std::fmt;
use std::sync::Arc;

use super::profile::CallerProfile;
use crate::cause::{Blame, HangupCause};
use crate::event::MediaBug;
use crate::id::ChannelId;
use crate::variables::Variables;

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "each variant is the state of that name")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// All states in ascending number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// The number on the wire.
            pub fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

states! {
    /// What the channel is doing (event-socket.md §4.5).
    ChannelState {
        New = 0, "CS_NEW";
        Init = 1, "CS_INIT";
        Routing = 2, "CS_ROUTING";
        SoftExecute = 3, "CS_SOFT_EXECUTE";
        Execute = 4, "CS_EXECUTE";
        ExchangeMedia = 5, "CS_EXCHANGE_MEDIA";
        Park = 6, "CS_PARK";
        ConsumeMedia = 7, "CS_CONSUME_MEDIA";
        Hibernate = 8, "CS_HIBERNATE";
        Reset = 9, "CS_RESET";
        Hangup = 10, "CS_HANGUP";
        Reporting = 11, "CS_REPORTING";
        Destroy = 12, "CS_DESTROY";
        None = 13, "CS_NONE";
    }
}

states! {
    /// What a person would say the call is doing (event-socket.md §4.5).
    CallState {
        Down = 0, "DOWN";
        Dialing = 1, "DIALING";
        Ringing = 2, "RINGING";
        Early = 3, "EARLY";
        Active = 4, "ACTIVE";
        Held = 5, "HELD";
        RingWait = 6, "RING_WAIT";
        Hangup = 7, "HANGUP";
        Unheld = 8, "UNHELD";
    }
}

/// How far answering has come (`Answer-State`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the state of that name")]
pub enum AnswerState {
    Ringing,
    Early,
    Answered,
    Hangup,
}

impl AnswerState {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Early => "early",
            Self::Answered => "answered",
            Self::Hangup => "hangup",
        }
    }
}

/// `inbound`: arrived at the switch; `outbound`: made by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The codec of one direction of a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Codec {
    /// As `PCMU`, `L16`.
    pub name: Arc<str>,
    /// Samples per second.
    pub rate_hz: u32,
    /// Bits per second.
    pub bit_rate: u32,
}

/// How and why a channel ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hangup {
    /// The cause clients see.
    pub cause: HangupCause,
    /// Whose doing it was.
    pub blame: Blame,
}

/// What the other leg is to this one (`Other-Type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtherType {
    /// This leg was made by the other.
    Originator,
    /// The other leg was made by this one.
    Originatee,
}

impl OtherType {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Originator => "originator",
            Self::Originatee => "originatee",
        }
    }
}

/// The other leg's caller profile as known to this leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OtherLeg {
    /// Its role.
    pub kind: OtherType,
    /// Its profile.
    pub profile: Arc<CallerProfile>,
}

/// One leg. Shared by events and views; a change makes a new one.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Identity.
    pub id: ChannelId,
    /// Creation number, from 1 (`session_id`).
    pub serial: u64,
    /// As `sofia/internal/1000@10.0.0.5`.
    pub name: Arc<str>,
    /// Which way it was made.
    pub direction: Direction,
    /// The state being run (`Channel-State`).
    pub state: ChannelState,
    /// The state it was set to (`Channel-State-Number`); may be ahead of `state`.
    pub next_state: ChannelState,
    /// Call state.
    pub call_state: CallState,
    /// Answer state.
    pub answer: AnswerState,
    /// Dialplan was run for it, or it is inbound (`Channel-HIT-Dialplan`).
    pub hit_dialplan: bool,
    /// `Session-External-ID`.
    pub external_id: Option<Arc<str>>,
    /// What this side sends us.
    pub read_codec: Option<Codec>,
    /// What we send this side.
    pub write_codec: Option<Codec>,
    /// Who calls whom; absent for a moment at the very start.
    pub profile: Option<Arc<CallerProfile>>,
    /// The leg it is tied to.
    pub other: Option<OtherLeg>,
    /// Channel variables.
    pub variables: Variables,
    /// Set once a hangup cause is known.
    pub hangup: Option<Hangup>,
    /// The running application and its expanded argument.
    pub application: Option<(Arc<str>, Arc<str>)>,
    /// The channel it exchanges media with.
    pub bridged_to: Option<ChannelId>,
    /// The conference it is in.
    pub room: Option<Arc<str>>,
    /// Events of every kind carry its variables (`verbose_events`).
    pub verbose_events: bool,
    /// The profile it started with (`initial_*` of `show channels`).
    pub initial: Option<Arc<CallerProfile>>,
    /// Names last sent to this side for display (`sent_callee_*`).
    pub sent_callee: Option<(Arc<str>, Arc<str>)>,
    /// What is attached to its media, in the order it came.
    pub bugs: Vec<MediaBug>,
}

impl Channel {
    /// As it is made: nothing has happened yet.
    pub fn new(id: ChannelId, serial: u64, name: &str, direction: Direction) -> Self {
        Self {
            id,
            serial,
            name: name.into(),
            direction,
            state: ChannelState::None,
            next_state: ChannelState::New,
            call_state: CallState::Down,
            answer: AnswerState::Ringing,
            hit_dialplan: direction == Direction::Inbound,
            external_id: None,
            read_codec: None,
            write_codec: None,
            profile: None,
            other: None,
            variables: Variables::new(),
            hangup: None,
            application: None,
            bridged_to: None,
            room: None,
            verbose_events: false,
            initial: None,
            sent_callee: None,
            bugs: Vec::new(),
        }
    }

    /// `Channel-Call-UUID`: variable `call_uuid`, else the own id.
    pub fn call_id(&self) -> &str {
        self.variables.text("call_uuid").unwrap_or(self.id.as_str())
    }

    /// The text of a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.text(name)
    }

    /// True once it was hung up.
    pub fn is_down(&self) -> bool {
        self.hangup.is_some()
    }

    /// True between answer and hangup.
    pub fn is_answered(&self) -> bool {
        self.answer == AnswerState::Answered
    }
}
