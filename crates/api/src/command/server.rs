//! Commands about the server itself.

use std::sync::Arc;

use crate::event::CustomEvent;
use crate::id::{ChannelId, JobId, TaskId};
use crate::log::LogLevel;
use crate::time::Timestamp;

/// Fires an event of the asker's own.
#[derive(Clone, Debug)]
pub struct Fire {
    /// The event.
    pub event: CustomEvent,
}

/// Announces that a background job has ended.
#[derive(Clone, Debug)]
pub struct AnnounceJob {
    /// The event's content.
    pub job: crate::event::JobEvent,
}

/// Announces that a console command was run.
#[derive(Clone, Debug)]
pub struct AnnounceApi {
    /// The command.
    pub command: Arc<str>,
    /// Its argument.
    pub argument: Option<Arc<str>>,
    /// Job behind it.
    pub job: Option<JobId>,
}

/// Sets a global variable; an empty value removes it.
#[derive(Clone, Debug)]
pub struct SetGlobal {
    /// Name.
    pub name: Arc<str>,
    /// Value.
    pub value: Arc<str>,
}

/// Expands `${…}` in a text with a channel's variables, or the global ones.
#[derive(Clone, Debug)]
pub struct Expand {
    /// Whose variables.
    pub channel: Option<ChannelId>,
    /// What.
    pub text: Arc<str>,
}

/// Which sounds `say` would play, as a list that `playback` takes.
#[derive(Clone, Debug)]
pub struct SayString {
    /// `<module>[.<extension>][:<language>] <type> <method> [<gender>] <text>`
    pub text: Arc<str>,
}

/// One thing `fsctl` and the like can change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "variants are the fields of view::Settings")]
pub enum ChangeSettings {
    MaxSessions(u64),
    SessionsPerSecond(u64),
    Pause {
        inbound: bool,
        outbound: bool,
        paused: bool,
    },
    VerboseEvents(bool),
    LogLevel(LogLevel),
    /// 0 to 4; more is 4.
    RoomLogLevel(u8),
    MinIdleCpu(u8),
    DtmfDuration {
        which: DtmfDuration,
        samples: u32,
    },
    ResetPeak,
}

/// Which of the three DTMF lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum DtmfDuration {
    Min,
    Default,
    Max,
}

/// What a scheduled task does.
#[derive(Clone, Debug)]
pub enum Scheduled {
    /// Runs a console line.
    Console(Arc<str>),
    /// Hangs a channel up.
    Hangup(ChannelId, crate::cause::HangupCause),
    /// Sends a channel through the dialplan.
    Transfer(super::channel::Transfer),
    /// Plays something to a channel.
    Broadcast(super::channel::Broadcast),
}

/// Does something later.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// When.
    pub at: Timestamp,
    /// Again every so many seconds; 0 = once.
    pub repeat_s: u32,
    /// Group it can be deleted by; for channel tasks the channel's id.
    pub group: Arc<str>,
    /// What.
    pub what: Scheduled,
}

/// Which tasks [`Unschedule`] is for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum TaskTarget {
    Id(TaskId),
    Group(Arc<str>),
}

/// Deletes tasks; answered with how many.
#[derive(Clone, Debug)]
pub struct Unschedule {
    /// Which.
    pub target: TaskTarget,
}

/// Reads the XML configuration again. Answered with `Success` or the first error; on an error nothing changes.
#[derive(Clone, Debug)]
pub struct ReloadXml;

/// Tells of all streams of sound (`local_stream://…`), as they are now.
#[derive(Clone, Debug)]
pub struct ListStreams;

/// What is done with a stream of sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamAction {
    /// Begins one of the configuration.
    Start,
    /// Takes it away as soon as nobody hears it any more.
    Stop,
    /// Takes what the configuration says of it now.
    Reload,
    /// Goes on with its next file.
    Next,
}

/// Does something with a stream of sound.
#[derive(Clone, Debug)]
pub struct ControlStream {
    /// Its name.
    pub name: Arc<str>,
    /// What.
    pub action: StreamAction,
}

/// How the server stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "words of fsctl shutdown")]
pub enum ShutdownMode {
    /// Hangs up all calls and stops.
    Now,
    /// Takes nothing new, hangs up and stops.
    Asap,
    /// Takes nothing new and stops when all calls have ended.
    Elegant,
    /// Forgets a requested stop.
    Cancel,
}

/// Stops the server.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// How.
    pub mode: ShutdownMode,
}

/// Drops registrations; answered with how many.
#[derive(Clone, Debug)]
pub struct FlushRegistrations {
    /// SIP profile.
    pub profile: Arc<str>,
    /// Only the one with this Call-ID or `user@host`.
    pub matching: Option<Arc<str>>,
}

/// The dial string of a directory group, as `group_call` prints it.
#[derive(Clone, Debug)]
pub struct GroupCall {
    /// Group.
    pub group: Arc<str>,
    /// Domain; default: the first.
    pub domain: Option<Arc<str>>,
    /// `A`, `F` or `E`.
    pub order: Option<char>,
}

/// What is done with a gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GatewayAction {
    /// Registers, again if it is registered.
    Register,
    /// Takes the registration back.
    Unregister,
    /// Forgets it, until it is started.
    Kill,
    /// Begins one that was forgotten.
    Start,
    /// Begins those of the configuration that are new, and those of which it says something else now.
    Rescan,
}

/// Does something with gateways of a profile; answered with how many there were.
#[derive(Clone, Debug)]
pub struct ControlGateway {
    /// SIP profile.
    pub profile: Arc<str>,
    /// Which; `None`: all of them.
    pub gateway: Option<Arc<str>>,
    /// What.
    pub action: GatewayAction,
}
