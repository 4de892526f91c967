//! Newtypes for everything that has an identity. Strings become ids at the border, once.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $label:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($label, "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

/// Identity of a channel as clients see it: mostly a UUID, but a client may choose any text
/// (`origination_uuid`), so the text is what counts. Cheap to clone; compared by text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(Arc<str>);

impl ChannelId {
    /// Longest id a client may choose, in bytes.
    pub const MAX_LEN: usize = 128;

    /// An id made by the switch.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }

    /// An id chosen by a client; `None` when empty, too long, or with blanks or control characters in it.
    pub fn from_text(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({})", self.0)
    }
}

uuid_id!(
    /// One life of a conference, from its first member to its last.
    RoomId,
    "Room"
);
uuid_id!(
    /// One run of the server (`Core-UUID`).
    NodeId,
    "Node"
);

uuid_id!(
    /// A queue, from when it is made until it is removed.
    QueueId,
    "Queue"
);
uuid_id!(
    /// A person or device that answers the calls of queues, from when it is made until it is removed.
    AgentId,
    "Agent"
);
uuid_id!(
    /// The place of one agent in one queue: what the panel calls an agent (event-api.md §5.1) and FreeSWITCH a tier.
    QueueAgentId,
    "QueueAgent"
);
uuid_id!(
    /// One stay of one caller in a queue (`CC-Member-UUID`).
    QueueCallerId,
    "QueueCaller"
);
uuid_id!(
    /// A parking lot, from when it is made until it is removed.
    LotId,
    "Lot"
);

/// Identity of a background job: a UUID, or any text the client chose (event-socket.md §2.4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct JobId(pub Arc<str>);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Number of a member in its room, from 1, never reused while the server runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MemberId(pub u32);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One account on one connection of a door for web pages; numbered by that door.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WebClientId(pub u64);

/// One subscription in a video room; numbered by the switch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FeedId(pub u64);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub i32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number_id!(
    /// Number of a room with places: its name when that is a whole number, else one the switch gave
    /// (event-manager.md §6.7).
    RoomNumber
);
number_id!(
    /// Number of a participant in its room; that of a member of the conference is its [`MemberId`].
    ParticipantId
);
number_id!(
    /// Number of a seat, from 1; those beyond the layout's own are for participants that share one.
    SeatId
);
number_id!(
    /// Number of a layout.
    LayoutId
);

/// One message whose sender waits; numbered by the switch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MessageId(pub u64);

/// Number of a scheduled task, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TaskId(pub u32);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Position in a node's event order: the first event is 1, every event adds exactly 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Where an event stands: which run of which node, and where in its order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EventId {
    /// The run of the server the event belongs to.
    pub node: NodeId,
    /// Gapless within that run.
    pub seq: Seq,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_ids_chosen_by_clients_are_checked() {
        assert!(ChannelId::from_text("my-call-1").is_some());
        assert!(ChannelId::from_text("").is_none());
        assert!(ChannelId::from_text("a b").is_none());
        assert!(ChannelId::from_text("line\nbreak").is_none());
        assert!(ChannelId::from_text(&"x".repeat(ChannelId::MAX_LEN + 1)).is_none());
    }
}
