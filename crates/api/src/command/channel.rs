//! Commands about one channel. All fail with `NotFound(Channel)` when it does not exist.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::cause::HangupCause;
use crate::id::ChannelId;

/// Ends a channel.
#[derive(Clone, Debug)]
pub struct Hangup {
    /// Which.
    pub channel: ChannelId,
    /// Why.
    pub cause: HangupCause,
}

/// Sets variables in order; an empty value removes.
#[derive(Clone, Debug)]
pub struct SetVariables {
    /// Where.
    pub channel: ChannelId,
    /// What.
    pub variables: Vec<(Arc<str>, Arc<str>)>,
}

/// Answers an inbound channel; nothing happens when it is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which.
    pub channel: ChannelId,
}

/// Starts early media towards an inbound channel.
#[derive(Clone, Debug)]
pub struct PreAnswer {
    /// Which.
    pub channel: ChannelId,
}

/// Tells an inbound channel that it rings.
#[derive(Clone, Debug)]
pub struct RingReady {
    /// Which.
    pub channel: ChannelId,
}

/// Which leg of a bridge is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LegChoice {
    /// The named channel.
    A,
    /// The one it is bridged with.
    B,
    /// Both.
    Both,
}

/// Sends a channel through the dialplan anew.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Named channel.
    pub channel: ChannelId,
    /// Which leg goes.
    pub leg: LegChoice,
    /// Number looked for, or the list for `inline`.
    pub extension: Arc<str>,
    /// Default: what the channel has.
    pub dialplan: Option<Arc<str>>,
    /// Default: what the channel has.
    pub context: Option<Arc<str>>,
}

/// Sends the two legs of a bridge to two places.
#[derive(Clone, Debug)]
pub struct DualTransfer {
    /// Named channel.
    pub channel: ChannelId,
    /// Extension, dialplan, context for it.
    pub a: (Arc<str>, Option<Arc<str>>, Option<Arc<str>>),
    /// The same for its partner.
    pub b: (Arc<str>, Option<Arc<str>>, Option<Arc<str>>),
}

/// Parks a channel.
#[derive(Clone, Debug)]
pub struct ParkChannel {
    /// Which.
    pub channel: ChannelId,
}

/// Plays something to a channel, or runs an application on it, whatever it is doing.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// Named channel.
    pub channel: ChannelId,
    /// File, tone, or `app[!cause]::args`.
    pub path: Arc<str>,
    /// Who hears it; `None`: the A leg does, the B leg is held meanwhile.
    pub leg: Option<LegChoice>,
    /// Hold music for the other leg.
    pub hold_bleg: bool,
}

/// Breaks off what is being played; `all` also drops what is queued.
#[derive(Clone, Debug)]
pub struct Break {
    /// Which.
    pub channel: ChannelId,
    /// Queued commands too.
    pub all: bool,
}

/// What to do about hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum HoldAction {
    On,
    Off,
    Toggle,
}

/// Puts a channel on hold by re-INVITE, or takes it off.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Which.
    pub channel: ChannelId,
    /// What.
    pub action: HoldAction,
}

/// Changes what a phone displays.
#[derive(Clone, Debug)]
pub struct Display {
    /// Which.
    pub channel: ChannelId,
    /// Name shown.
    pub name: Arc<str>,
    /// Number shown.
    pub number: Arc<str>,
}

/// What to do about a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordAction {
    /// Starts one.
    Start {
        /// Longest, in seconds; 0 = no limit.
        limit_s: u32,
        /// `Recording-Variable-*`.
        variables: Vec<(Arc<str>, Arc<str>)>,
    },
    /// Ends one; path `all` ends all.
    Stop,
    /// Records silence instead.
    Mask,
    /// Records again.
    Unmask,
    /// Records nothing.
    Pause,
    /// Goes on.
    Resume,
}

/// Records a channel beside whatever it does.
///
/// # Errors
/// `InvalidState` when media is missing or there is no such recording, `NotFound(File)` when it cannot be opened.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which.
    pub channel: ChannelId,
    /// File.
    pub path: Arc<str>,
    /// What to do.
    pub action: RecordAction,
}

/// Sends digits to the phone.
#[derive(Clone, Debug)]
pub struct SendDtmf {
    /// Which.
    pub channel: ChannelId,
    /// `0-9*#A-D`, `w` = 500 ms pause, `W` = 1 s pause, optionally `@<ms>`.
    pub digits: Arc<str>,
}

/// Pretends that digits came from the phone.
#[derive(Clone, Debug)]
pub struct ReceiveDtmf {
    /// Which.
    pub channel: ChannelId,
    /// As for [`SendDtmf`].
    pub digits: Arc<str>,
}

/// Forgets digits not yet read.
#[derive(Clone, Debug)]
pub struct FlushDtmf {
    /// Which.
    pub channel: ChannelId,
}

/// Lets nobody have the digits of a channel, or lets them through again.
#[derive(Clone, Debug)]
pub struct DropDtmf {
    /// Which.
    pub channel: ChannelId,
    /// Whether they are dropped.
    pub on: bool,
}

/// Ignores early media of a channel that is being called no longer: what it has sent already counts from now on.
#[derive(Clone, Debug)]
pub struct TakeEarlyMedia {
    /// Which.
    pub channel: ChannelId,
}

/// Runs an application on a channel: the queued `sendmsg` of event-socket.md §2.12. Answered when it is queued.
#[derive(Clone, Debug)]
pub struct Execute {
    /// Which.
    pub channel: ChannelId,
    /// What.
    pub action: QueuedAction,
    /// The request's headers in order, its command line first: fired as PRIVATE_COMMAND after it ran.
    pub request: Vec<(Arc<str>, Arc<str>)>,
    /// The request's body.
    pub body: Option<Arc<str>>,
    /// Others wait until this one has ended.
    pub event_lock: bool,
    /// Ahead of those without priority.
    pub priority: bool,
}

/// What a queued message asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueuedAction {
    /// `call-command: execute`
    Run {
        /// Application name.
        name: Arc<str>,
        /// Its argument, not yet expanded.
        data: Arc<str>,
        /// Passes; negative = until stopped.
        loops: i32,
        /// Becomes `Application-UUID`.
        event_uuid: Option<Arc<str>>,
        /// Becomes `Application-UUID-Name`.
        event_uuid_name: Option<Arc<str>>,
        /// Hold music for the partner meanwhile.
        hold_bleg: bool,
        /// Frames of 20 ms that pass first, where there is audio.
        lead_frames: u32,
    },
    /// `call-command: hangup`
    Hangup(HangupCause),
    /// `call-command: xferext`
    Replace(Vec<crate::application::Application>),
    /// `call-command: unicast`
    Unicast(Unicast),
    /// `call-command: nomedia`: the media of that channel leaves the server.
    NoMedia(ChannelId),
    /// Anything else: nothing happens.
    Nothing,
}

/// The sound of a channel for a program, while it is parked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unicast {
    /// Ours, to be bound.
    pub local: SocketAddr,
    /// The program's. Whether it may be sent there is for whoever asks to judge.
    pub remote: SocketAddr,
    /// By a stream instead of datagrams; the program listens.
    pub stream: bool,
    /// Payloads of the phone's codec instead of samples.
    pub native: bool,
}

/// Puts an event into a channel's own queue (`sendevent` with `unique-id`).
#[derive(Clone, Debug)]
pub struct QueueEvent {
    /// Where.
    pub channel: ChannelId,
    /// What.
    pub event: crate::event::CustomEvent,
}

/// Steers the file being played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaybackControl {
    /// Pauses or goes on.
    Pause,
    /// Stands still (`true`), or goes on.
    Stand(bool),
    /// Ends it.
    Stop,
    /// From the start.
    Restart,
    /// To a place, or by a distance, in milliseconds.
    Seek {
        /// Distance or place.
        ms: i64,
        /// A distance from where it is.
        relative: bool,
    },
    /// Volume step, −4 to 4, or change of it.
    Volume {
        /// Step.
        level: i32,
        /// A change.
        relative: bool,
    },
    /// Speed step, −2 to 2, or change of it.
    Speed {
        /// Step.
        level: i32,
        /// A change.
        relative: bool,
    },
    /// Cuts the file there (recordings).
    Truncate,
}

/// Steers what is being played.
///
/// # Errors
/// `InvalidState` when nothing is.
#[derive(Clone, Debug)]
pub struct ControlPlayback {
    /// Which.
    pub channel: ChannelId,
    /// How.
    pub control: PlaybackControl,
}

/// Changes the loudness of one direction.
#[derive(Clone, Debug)]
pub struct AdjustAudio {
    /// Which.
    pub channel: ChannelId,
    /// What comes from the phone (`read`) or goes to it; `None` ends all changes.
    pub change: Option<AudioChange>,
}

/// One change of [`AdjustAudio`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioChange {
    /// What comes from the phone.
    pub read: bool,
    /// Mute instead of a level.
    pub mute: bool,
    /// −4 to 4.
    pub level: i32,
}

/// SESSION_HEARTBEAT of a channel.
#[derive(Clone, Debug)]
pub struct SetHeartbeat {
    /// Which.
    pub channel: ChannelId,
    /// How often; `None` ends it.
    pub every: Option<Duration>,
    /// Starts one interval from now instead of at once.
    pub delayed: bool,
}

/// How much of the log is shown of a channel, whatever is shown of others.
#[derive(Clone, Debug)]
pub struct SetLogLevel {
    /// Which.
    pub channel: ChannelId,
    /// Lines up to this number: -1 none, 7 all.
    pub level: i8,
}

/// Sends the caller elsewhere by SIP (REFER when answered, 302 before).
#[derive(Clone, Debug)]
pub struct Deflect {
    /// Which.
    pub channel: ChannelId,
    /// Where to.
    pub uri: Arc<str>,
}

/// Sends SIP INFO.
#[derive(Clone, Debug)]
pub struct SendInfo {
    /// Which.
    pub channel: ChannelId,
    /// Content type.
    pub content_type: Arc<str>,
    /// Body.
    pub body: Arc<str>,
}

/// Sends a new offer.
#[derive(Clone, Debug)]
pub struct RenegotiateMedia {
    /// Which.
    pub channel: ChannelId,
    /// Codec names; `None`: as before.
    pub codecs: Option<Arc<str>>,
}

/// Takes the media of a phone, and of the one it talks to, out of the server, or brings it back.
///
/// # Errors
/// `InvalidState` when it is so already, or the two cannot talk to each other.
#[derive(Clone, Debug)]
pub struct PassMedia {
    /// Which.
    pub channel: ChannelId,
    /// Out of the server.
    pub past: bool,
}
