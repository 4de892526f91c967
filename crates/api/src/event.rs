//! What happened, in the past tense. An event is self-contained: rendering it needs nothing else.

mod account;
mod channel;
mod custom;
mod fifo;
mod frame;
mod message;
mod parking;
mod queue;
mod room;
mod stage;
mod system;
mod user;
mod video_room;
mod voicemail;
mod web;
mod weight;

pub use account::{AccountEvent, GatewayState};
pub use channel::{ChannelEvent, DtmfSource, MediaBug, PlaybackStatus, RanApplication};
pub use custom::CustomEvent;
pub use fifo::{FifoAction, FifoEvent};
pub use frame::{FormatId, FrameCache};
pub use message::MessageEvent;
pub use parking::{ParkingAction, ParkingEvent, UnparkReason};
pub use queue::{EndOfStay, LeaveReason, QueueAction, QueueEvent, QueueTitle};
pub use room::{RoomAction, RoomEvent};
pub use stage::{StageAction, StageEvent, StagePlace};
pub use system::{ControllerWanted, Heartbeat, JobEvent, Spoken, SystemEvent, TaskEvent};
pub use user::{UserChange, UserEvent};
pub use video_room::{Publisher, SharedFile, VideoRoomEvent, VideoRoomEventKind};
pub use voicemail::{VoicemailAction, VoicemailEvent};
pub use web::{WebEvent, WebEventKind, WebHeaders, WebParty};

use std::sync::Arc;

use bytes::Bytes;

use crate::id::EventId;
use crate::origin::Origin;
use crate::time::Timestamp;
use crate::view::Channel;
use weight::Weight;

/// One thing that happened.
#[derive(Debug)]
pub struct Event {
    /// Where it stands in the order.
    pub id: EventId,
    /// When; never before the event ahead of it.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The channel it speaks of, as it was at that moment.
    pub channel: Option<Arc<Channel>>,
    /// Who caused it, when somebody did.
    pub origin: Option<Origin>,
    weight: Weight,
    frames: FrameCache,
}

/// All kinds of event. There is no catch-all, so that a new kind stops the build until every door has decided.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A channel changed; [`Event::channel`] is set.
    Channel(ChannelEvent),
    /// A conference changed; [`Event::channel`] is set when a member is concerned.
    Room(Box<RoomEvent>),
    /// A registration or gateway changed.
    Account(Box<AccountEvent>),
    /// A background job ended.
    Job(Box<JobEvent>),
    /// The server itself.
    System(SystemEvent),
    /// Fired by a client or a dialplan.
    Custom(Box<CustomEvent>),
    /// Something of interest to one web client.
    Web(Box<WebEvent>),
    /// A message came.
    Message(Box<MessageEvent>),
    /// Something happened in a video room.
    VideoRoom(Box<VideoRoomEvent>),
    /// Places in a room changed, or what is set about who is there; [`Event::channel`] is set when a participant with
    /// one is concerned.
    Stage(Box<StageEvent>),
    /// A queue, its agents or its callers changed; [`Event::channel`] is the caller's, or the agent's in the call, when
    /// one is concerned.
    Queue(Box<QueueEvent>),
    /// A channel was parked or is not any more; [`Event::channel`] is the parked one.
    Parking(Box<ParkingEvent>),
    /// Somebody came to a fifo, left it or talks there; [`Event::channel`] is theirs. Or a member was called.
    Fifo(Box<FifoEvent>),
    /// A user does not want to be disturbed, or says where they are.
    User(Box<UserEvent>),
    /// Something happened in a voicemail box; [`Event::channel`] is whoever left a message, or listens, when that goes on.
    Voicemail(Box<VoicemailEvent>),
}

/// The family of an event, by which subscribers are indexed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "each variant is the family of that name")]
pub enum Family {
    Channel = 0,
    Room = 1,
    Account = 2,
    Job = 3,
    System = 4,
    Custom = 5,
    Web = 6,
    Message = 7,
    VideoRoom = 8,
    Stage = 9,
    Queue = 10,
    Parking = 11,
    User = 12,
    Voicemail = 13,
    Fifo = 14,
}

impl Family {
    /// How many there are.
    pub const COUNT: usize = 15;
}

impl EventKind {
    /// Which family it belongs to.
    pub fn family(&self) -> Family {
        match self {
            Self::Channel(_) => Family::Channel,
            Self::Room(_) => Family::Room,
            Self::Account(_) => Family::Account,
            Self::Job(_) => Family::Job,
            Self::System(_) => Family::System,
            Self::Custom(_) => Family::Custom,
            Self::Web(_) => Family::Web,
            Self::Message(_) => Family::Message,
            Self::VideoRoom(_) => Family::VideoRoom,
            Self::Stage(_) => Family::Stage,
            Self::Queue(_) => Family::Queue,
            Self::Parking(_) => Family::Parking,
            Self::Fifo(_) => Family::Fifo,
            Self::User(_) => Family::User,
            Self::Voicemail(_) => Family::Voicemail,
        }
    }
}

impl Event {
    /// Makes an event; only backends do.
    pub fn new(
        id: EventId,
        at: Timestamp,
        kind: EventKind,
        channel: Option<Arc<Channel>>,
        origin: Option<Origin>,
    ) -> Self {
        Self {
            id,
            at,
            weight: Weight::of(&kind, channel.as_ref()),
            kind,
            channel,
            origin,
            frames: FrameCache::default(),
        }
    }

    /// The event encoded in `format`. `encode` runs once per event and format, whoever asks first; all
    /// others share the bytes.
    pub fn frame(&self, format: FormatId, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.frames.get_or_encode(format, || encode(self))
    }

    /// About how much memory the event holds on to, in bytes, what doors are still to make of it included. Used to
    /// bound queues.
    pub fn weight(&self) -> usize {
        self.weight.with_frames(self.frames.weight())
    }
}
