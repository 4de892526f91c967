use std::sync::Arc;

use crate::id::ChannelId;
use crate::view::{CallState, Channel};

/// Where a DTMF digit came from (`DTMF-Source`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the source of that name")]
pub enum DtmfSource {
    InbandAudio,
    Rtp,
    Endpoint,
    App,
    Unknown,
}

impl DtmfSource {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::InbandAudio => "INBAND_AUDIO",
            Self::Rtp => "RTP",
            Self::Endpoint => "ENDPOINT",
            Self::App => "APP",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// How a playback ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaybackStatus {
    /// Played to the end, or ended by a digit.
    Done,
    /// Broken off.
    Break,
}

impl PlaybackStatus {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Break => "break",
        }
    }
}

/// An application that runs or ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RanApplication {
    /// Its name.
    pub name: Arc<str>,
    /// Its argument, expanded.
    pub data: Arc<str>,
    /// `Application-UUID`.
    pub uuid: Arc<str>,
    /// `Application-UUID-Name`.
    pub uuid_name: Option<Arc<str>>,
}

/// Something attached to a channel's media (`Media-Bug-*`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaBug {
    /// As `session_record`.
    pub function: Arc<str>,
    /// As the recorded file.
    pub target: Arc<str>,
}

/// What can happen to a channel. The channel itself is in [`crate::Event::channel`], as it was at that moment.
/// Names in quotes are those of event-socket.md appendix A.
#[derive(Clone, Debug)]
pub enum ChannelEvent {
    /// `CHANNEL_OUTGOING`: a leg the switch is about to make.
    Outgoing,
    /// `CHANNEL_CREATE`
    Created,
    /// `CHANNEL_ORIGINATE`
    Originated,
    /// `CHANNEL_STATE`
    StateChanged,
    /// `CHANNEL_CALLSTATE`; the new one is in the channel.
    CallStateChanged {
        /// The call state before.
        from: CallState,
    },
    /// `CHANNEL_PROGRESS`: it rings.
    Progress,
    /// `CHANNEL_PROGRESS_MEDIA`: early media.
    ProgressMedia,
    /// `CHANNEL_ANSWER`
    Answered,
    /// `CHANNEL_EXECUTE`
    Executed(RanApplication),
    /// `CHANNEL_EXECUTE_COMPLETE`
    ExecuteComplete {
        /// What ran.
        application: RanApplication,
        /// `Application-Response`, `_none_` when it set none.
        response: Arc<str>,
    },
    /// `CHANNEL_BRIDGE`, once per bridge, with the A leg's data.
    Bridged {
        /// The A leg.
        a: ChannelId,
        /// The B leg as it was.
        b: Arc<Channel>,
    },
    /// `CHANNEL_UNBRIDGE`
    Unbridged {
        /// The A leg.
        a: ChannelId,
        /// The B leg as it was.
        b: Arc<Channel>,
    },
    /// `CHANNEL_PARK`
    Parked,
    /// `CHANNEL_UNPARK`
    Unparked,
    /// `CHANNEL_HOLD`
    Held,
    /// `CHANNEL_UNHOLD`
    Unheld,
    /// `CHANNEL_UUID`
    Renamed {
        /// The id before.
        old: ChannelId,
    },
    /// `CHANNEL_HANGUP`
    HungUp,
    /// `CHANNEL_HANGUP_COMPLETE`
    HangupComplete,
    /// `CHANNEL_DESTROY`: the last sign of it.
    Destroyed,
    /// `CHANNEL_APPLICATION`: the `event` application without a name.
    Application {
        /// Headers as given.
        headers: Vec<(Arc<str>, Arc<str>)>,
    },
    /// `CALL_UPDATE`: what is displayed on this side changed.
    Updated {
        /// `SEND` or `RECV`; absent when the switch only flipped caller and callee.
        direction: Option<&'static str>,
        /// Name sent.
        name: Arc<str>,
        /// Number sent.
        number: Arc<str>,
        /// The other side.
        bridged_to: Option<ChannelId>,
    },
    /// `DTMF`: a digit was read by an application.
    Dtmf {
        /// `0`–`9`, `*`, `#`, `A`–`D`, `F` (flash).
        digit: char,
        /// Length in samples at 8 kHz.
        duration: u32,
        /// Where it came from.
        source: DtmfSource,
    },
    /// `TALK`
    TalkStarted,
    /// `NOTALK`
    TalkStopped,
    /// `PLAYBACK_START`
    PlaybackStarted {
        /// `tone_stream`, `local_stream` …; absent for plain files.
        file_type: Option<Arc<str>>,
        /// As given, with its scheme cut off where there is a type.
        path: Arc<str>,
        /// Parameters given in `{…}` before the file.
        params: Vec<(Arc<str>, Arc<str>)>,
    },
    /// `PLAYBACK_STOP`
    PlaybackStopped {
        /// See [`ChannelEvent::PlaybackStarted`].
        file_type: Option<Arc<str>>,
        /// See [`ChannelEvent::PlaybackStarted`].
        path: Arc<str>,
        /// See [`ChannelEvent::PlaybackStarted`].
        params: Vec<(Arc<str>, Arc<str>)>,
        /// How it ended.
        status: PlaybackStatus,
    },
    /// `RECORD_START`
    RecordStarted {
        /// File as given.
        path: Arc<str>,
        /// `Recording-Variable-*`.
        variables: Vec<(Arc<str>, Arc<str>)>,
    },
    /// `RECORD_STOP`
    RecordStopped {
        /// File as given.
        path: Arc<str>,
        /// `Recording-Variable-*`.
        variables: Vec<(Arc<str>, Arc<str>)>,
        /// `Record-Completion-Cause`.
        completion: Option<&'static str>,
    },
    /// `MEDIA_BUG_START`
    MediaBugStarted(MediaBug),
    /// `MEDIA_BUG_STOP`
    MediaBugStopped(MediaBug),
    /// `DETECTED_TONE`
    ToneDetected {
        /// The tone's name.
        key: Arc<str>,
    },
    /// `CODEC`: the read codec was set (`read` true) or the write codec.
    CodecSet {
        /// Which direction.
        read: bool,
    },
    /// `SESSION_HEARTBEAT`
    Heartbeat,
    /// `PRIVATE_COMMAND`: a queued `sendmsg` was run.
    PrivateCommand {
        /// Headers of the request in order, its command line first.
        headers: Vec<(Arc<str>, Arc<str>)>,
        /// Its body.
        body: Option<Arc<str>>,
    },
    /// `PRESENCE_IN` of a call.
    Presence {
        /// Presence id, as `1000@10.0.0.5`.
        from: Arc<str>,
        /// As `CS_ROUTING`, `ANSWERED`, `HANGUP`.
        rpid: Arc<str>,
        /// Status for people.
        status: Arc<str>,
        /// Counts the channel's presence events from 0.
        count: u32,
    },
    /// `RECV_INFO`: a SIP INFO arrived on the channel.
    InfoReceived {
        /// Its content type.
        content_type: Arc<str>,
        /// Its body.
        body: Arc<str>,
    },
}
