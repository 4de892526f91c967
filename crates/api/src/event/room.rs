use std::sync::Arc;

use crate::cause::HangupCause;
use crate::id::{ChannelId, JobId, MemberId};
use crate::spatial::Position;
use crate::view::{Member, Room};

/// Something that happened in a conference (`conference::maintenance`).
#[derive(Clone, Debug)]
pub struct RoomEvent {
    /// The conference as it was then.
    pub room: Arc<Room>,
    /// The member concerned, as it was then.
    pub member: Option<Arc<Member>>,
    /// What happened.
    pub action: RoomAction,
}

/// `Action` of a conference event, with its own values (event-socket.md §5.2).
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(
    missing_docs,
    reason = "variants and fields are those of the table in event-socket.md §5.2"
)]
pub enum RoomAction {
    Created,
    Destroyed,
    MemberAdded,
    MemberRemoved,
    TalkingStarted,
    TalkingStopped,
    MuteDetected,
    Muted,
    Unmuted,
    Deafened,
    Undeafened,
    Held,
    Unheld,
    Kicked,
    HungUp,
    DigitPressed {
        key: Arc<str>,
        data: Arc<str>,
    },
    DigitsSent {
        digits: Arc<str>,
    },
    /// Energy, gain or volume changed by the member's own keys.
    EnergyStepped {
        level: i32,
    },
    GainStepped {
        level: i8,
    },
    VolumeStepped {
        level: i8,
    },
    /// The same by command.
    EnergySet {
        level: i32,
    },
    /// Up to where the energy follows the noise around the member, and what it is set to.
    AutoEnergySet {
        level: u16,
        energy: i32,
    },
    /// What is too loud: for how long nothing is let through after so many frames in a row, and the energy set.
    MaxEnergySet {
        level: u16,
        mute_ms: u32,
        frames: u32,
        energy: i32,
    },
    AutomaticGainSet {
        level: u16,
    },
    VolumeInSet {
        level: i8,
    },
    VolumeOutSet {
        level: i8,
    },
    PositionSet {
        position: Position,
    },
    FloorChanged {
        old: Option<MemberId>,
        new: Option<MemberId>,
    },
    Locked,
    Unlocked,
    Transferred {
        from: Arc<str>,
        to: Arc<str>,
    },
    DialResult {
        cause: HangupCause,
        job: Option<JobId>,
        peer: Option<ChannelId>,
    },
    /// `failed`: it could not be opened, and nothing follows.
    FilePlaying {
        file: Arc<str>,
        asynchronous: bool,
        failed: bool,
    },
    FilePlayed {
        file: Arc<str>,
        asynchronous: bool,
        failed: bool,
        samples: u64,
        rate_hz: u32,
    },
    RecordingStarted {
        path: Arc<str>,
        failed: bool,
    },
    RecordingStopped {
        path: Arc<str>,
        others: bool,
        samples: u64,
        rate_hz: u32,
        file_bytes: u64,
    },
    RecordingPaused {
        path: Arc<str>,
        others: bool,
    },
    RecordingResumed {
        path: Arc<str>,
        others: bool,
    },
    EnterSoundSwitched {
        on: bool,
    },
    ExitSoundSwitched {
        on: bool,
    },
    EnterSoundChanged {
        file: Arc<str>,
    },
    ExitSoundChanged {
        file: Arc<str>,
    },
}
