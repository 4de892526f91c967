//! What the switch can be asked to do: one struct per command with its own answer type.

pub mod call;
pub mod channel;
pub mod control;
pub mod fifo;
pub mod leg;
pub mod message;
pub mod parking;
pub mod queue;
pub mod room;
pub mod server;
pub mod stage;
pub mod table;
pub mod user;
pub mod video_room;
pub mod voicemail;
pub mod web;

use crate::error::CommandError;
use crate::id::{
    AgentId, ChannelId, FeedId, JobId, LotId, QueueAgentId, QueueId, RoomNumber, TaskId,
};
use crate::view::LocalStream;
use std::sync::Arc;

/// A command with a typed answer.
pub trait Ask: Into<Command> {
    /// What comes back.
    type Answer: TryFrom<Answer, Error = CommandError> + Into<Answer> + Send;
}

/// Every answer there is; [`Ask::Answer`] narrows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Done.
    Unit(()),
    /// Done to that many objects.
    Count(u64),
    /// A channel.
    Channel(ChannelId),
    /// A scheduled task.
    Task(TaskId),
    /// A job.
    Job(JobId),
    /// Text.
    Text(Arc<str>),
    /// Yes or no.
    Bool(bool),
    /// Several texts, one per object.
    Texts(Vec<Arc<str>>),
    /// How a message went.
    Delivery(message::Delivery),
    /// A subscription in a video room.
    Feed(FeedId),
    /// A room with places.
    RoomNumber(RoomNumber),
    /// A place in a room.
    Place(stage::Place),
    /// A queue.
    Queue(QueueId),
    /// An agent.
    Agent(AgentId),
    /// An agent's place in a queue.
    QueueAgent(QueueAgentId),
    /// A parking lot.
    Lot(LotId),
    /// Streams of sound.
    Streams(Vec<LocalStream>),
}

macro_rules! answers {
    ($($variant:ident($type:ty)),*) => {$(
        impl From<$type> for Answer {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        impl TryFrom<Answer> for $type {
            type Error = CommandError;
            fn try_from(answer: Answer) -> Result<Self, CommandError> {
                match answer {
                    Answer::$variant(value) => Ok(value),
                    #[allow(clippy::wildcard_enum_match_arm, reason = "any other answer is the same defect")]
                    other => Err(CommandError::new(
                        crate::error::ErrorKind::Internal,
                        format!("answer of another type: {other:?}"),
                    )),
                }
            }
        }
    )*};
}

answers! {
    Unit(()), Count(u64), Channel(ChannelId), Task(TaskId), Job(JobId), Text(Arc<str>), Bool(bool), Texts(Vec<Arc<str>>),
    Delivery(message::Delivery),
    Feed(FeedId),
    RoomNumber(RoomNumber),
    Place(stage::Place),
    Queue(QueueId),
    Agent(AgentId),
    QueueAgent(QueueAgentId),
    Lot(LotId),
    Streams(Vec<LocalStream>)
}

macro_rules! commands {
    ($($module:ident::$name:ident => $answer:ty;)*) => {
        /// Every command there is, so that the switch must decide about each.
        #[derive(Clone, Debug)]
        #[allow(missing_docs, reason = "each variant is the command of that name")]
        pub enum Command { $($name($module::$name),)* }

        impl Command {
            /// The command's name, for logs.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        $(
            impl From<$module::$name> for Command {
                fn from(command: $module::$name) -> Self {
                    Self::$name(command)
                }
            }

            impl Ask for $module::$name {
                type Answer = $answer;
            }
        )*
    };
}

commands! {
    call::Originate => ChannelId;
    call::HangupAll => u64;
    call::BridgeChannels => ();
    channel::Hangup => ();
    channel::SetVariables => ();
    channel::Answer => ();
    channel::PreAnswer => ();
    channel::RingReady => ();
    channel::Transfer => ();
    channel::DualTransfer => ();
    channel::ParkChannel => ();
    channel::Broadcast => ();
    channel::Break => ();
    channel::Hold => ();
    channel::Display => ();
    channel::Record => ();
    channel::SendDtmf => ();
    channel::ReceiveDtmf => ();
    channel::FlushDtmf => ();
    channel::DropDtmf => ();
    channel::TakeEarlyMedia => ();
    channel::Execute => ();
    channel::QueueEvent => ();
    channel::ControlPlayback => ();
    channel::AdjustAudio => ();
    channel::SetHeartbeat => ();
    channel::SetLogLevel => ();
    channel::Deflect => ();
    channel::SendInfo => ();
    channel::RenegotiateMedia => ();
    channel::PassMedia => ();
    leg::Displace => ();
    leg::DetectTone => ();
    leg::StopToneDetection => ();
    leg::SetJitterBuffer => ();
    leg::SendText => ();
    leg::PhoneEvent => ();
    control::ClaimControl => ();
    control::BeginControl => ();
    control::ParkForControl => ();
    control::ExecuteControlled => ();
    control::EndControl => ();
    room::ControlRoom => Vec<Arc<str>>;
    server::Fire => ();
    server::AnnounceJob => ();
    server::AnnounceApi => ();
    server::SetGlobal => ();
    server::Expand => Arc<str>;
    server::SayString => Arc<str>;
    server::ChangeSettings => ();
    server::Schedule => TaskId;
    server::Unschedule => u64;
    server::ReloadXml => Arc<str>;
    server::ListStreams => Vec<LocalStream>;
    server::ControlStream => ();
    server::Shutdown => ();
    server::FlushRegistrations => u64;
    server::ControlGateway => u64;
    server::GroupCall => Arc<str>;
    web::AddWebClient => ();
    web::RemoveWebClient => ();
    web::RegisterWebClient => ();
    web::UnregisterWebClient => ();
    web::PlaceWebCall => ChannelId;
    web::AnswerWebCall => ();
    web::EndWebCall => ();
    web::TrickleWebCall => ();
    web::UpdateWebCall => ();
    web::PressWebDigits => ();
    stage::CreateStage => RoomNumber;
    stage::DestroyStage => ();
    stage::SetLayout => ();
    stage::AddParticipant => stage::Place;
    stage::RemoveParticipant => ();
    stage::RenameParticipant => ();
    stage::SeatParticipant => stage::Place;
    stage::PlaceParticipant => stage::Place;
    stage::SetControl => ();
    stage::FlushParticipant => ();
    video_room::JoinVideoRoom => ChannelId;
    video_room::LeaveVideoRoom => ();
    video_room::AttachFeed => FeedId;
    video_room::AnswerFeed => ();
    video_room::TrickleFeed => ();
    video_room::DetachFeed => ();
    video_room::UpdateFeed => ();
    video_room::UpdatePublication => ();
    video_room::ConfigureVideoRoom => ();
    video_room::ToggleHand => bool;
    video_room::AskForSilence => ();
    video_room::SayInVideoRoom => ();
    video_room::ShowComposing => ();
    video_room::ShareFile => ();
    video_room::InviteToVideoRoom => ();
    message::SendMessage => message::Delivery;
    message::SendChat => message::Delivery;
    message::SendCallMessage => message::Delivery;
    message::KeepMessages => ();
    message::AnswerMessage => ();
    queue::PutQueue => QueueId;
    queue::RemoveQueue => ();
    queue::EnableQueue => ();
    queue::LoadQueue => QueueId;
    queue::PutAgent => AgentId;
    queue::RemoveAgent => ();
    queue::LoadAgent => AgentId;
    queue::SetAgentStatus => ();
    queue::SetAgentState => ();
    queue::PutQueueAgent => QueueAgentId;
    queue::RemoveQueueAgent => ();
    queue::LoadQueueAgents => u64;
    queue::LogIn => QueueAgentId;
    queue::LogOut => ();
    queue::PauseAgent => ();
    queue::SetPenalty => ();
    voicemail::MarkVoiceMessage => bool;
    voicemail::DeleteVoiceMessage => ();
    voicemail::InjectVoiceMessage => ();
    voicemail::FindGreeting => Arc<str>;
    voicemail::TransferToVoicemail => ();
    parking::PutLot => LotId;
    parking::RemoveLot => ();
    parking::ParkInLot => Arc<str>;
    parking::RetrieveParked => ChannelId;
    user::SetDoNotDisturb => ();
    user::SetUserStatus => ();
    fifo::ChangeFifo => ();
    table::ChangeHash => ();
    table::ChangeKept => ();
    table::ChangeAlias => ();
    table::ChangeCompletion => ();
    table::TakeLimit => ();
    table::ReleaseLimit => ();
    table::ResetInterval => ();
}
