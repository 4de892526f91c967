//! Commands about conferences.

use std::sync::Arc;

use crate::dial::DialString;
use crate::id::{JobId, MemberId};
use crate::spatial::Position;

/// Which members are meant (event-socket.md §6.6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemberTarget {
    /// One by number.
    Id(MemberId),
    /// All.
    All,
    /// All that do not run the conference.
    NonModerators,
    /// The one with the highest number.
    Last,
    /// Those whose channel variable has that value.
    Variable(Arc<str>, Arc<str>),
}

/// Something done to a conference by name.
///
/// The answer holds one text per member concerned (its number or new value), in the order of joining; empty
/// where nothing is to be said.
///
/// # Errors
/// `NotFound(Room)`, `NotFound(Member)`, `NotFound(File)`, `NotFound(Recording)`, `AlreadyExists(Recording)`, `InvalidArgument`.
#[derive(Clone, Debug)]
pub struct ControlRoom {
    /// Name of the conference.
    pub room: Arc<str>,
    /// What to do.
    pub action: RoomControl,
}

/// What can be done to a conference.
#[derive(Clone, Debug)]
#[allow(
    missing_docs,
    reason = "variants are the sub-commands of event-socket.md §6.6"
)]
pub enum RoomControl {
    Kick {
        target: MemberTarget,
        sound: Option<Arc<str>>,
    },
    HangUp {
        target: MemberTarget,
    },
    Mute {
        target: MemberTarget,
        on: Toggle,
    },
    Deaf {
        target: MemberTarget,
        on: Toggle,
    },
    Hold {
        target: MemberTarget,
        on: Toggle,
    },
    SendDtmf {
        target: MemberTarget,
        digits: Arc<str>,
    },
    /// `None` asks for the value.
    Energy {
        target: MemberTarget,
        level: Option<i32>,
    },
    /// Energy up to which the one above follows the noise around a member, 0–32767; 0: it does not. `None` asks.
    AutoEnergy {
        target: MemberTarget,
        level: Option<u16>,
    },
    /// Energy above which nothing of a member is let through, 0–32767; 0: however loud it is. `None` asks.
    MaxEnergy {
        target: MemberTarget,
        level: Option<u16>,
    },
    /// Mean absolute sample value that a voice is brought to while it speaks, 0–32767; 0: it is left as it is. `None` asks.
    AutomaticGain {
        target: MemberTarget,
        level: Option<u16>,
    },
    VolumeIn {
        target: MemberTarget,
        level: Option<i8>,
    },
    VolumeOut {
        target: MemberTarget,
        level: Option<i8>,
    },
    /// Where members stand, whatever the layout says, looking at its centre. `None` asks; answers centimetres, `x:y:z`.
    Position {
        target: MemberTarget,
        position: Option<Position>,
    },
    /// Seats everybody as the layout says and lets them hear each other from there, whoever comes later too; or no longer.
    Arrange(bool),
    /// Takes the floor, or gives it up. Answers the member that has it now, or nothing.
    Floor {
        member: MemberId,
    },
    Lock(bool),
    Play {
        file: Arc<str>,
        member: Option<MemberId>,
        asynchronous: bool,
    },
    StopPlaying {
        which: StopPlaying,
        member: Option<MemberId>,
    },
    /// Answers `paused` or `playing`.
    PausePlaying {
        member: Option<MemberId>,
    },
    /// Answers the position in samples of the conference's rate (0 for what has none), and the file; nothing when none plays.
    PlayStatus {
        member: Option<MemberId>,
    },
    /// To a place, or further on (`relative`; less than 0: back), in milliseconds. Answers the position in samples.
    SeekPlaying {
        ms: i64,
        relative: bool,
        member: Option<MemberId>,
    },
    /// Volume of the file that plays to everybody, −4 to 4. Answers it.
    PlayVolume {
        level: i8,
    },
    Music(MusicChange),
    Dial {
        dial: DialString,
        caller_id_number: Option<Arc<str>>,
        caller_id_name: Option<Arc<str>>,
        background: Option<JobId>,
    },
    Transfer {
        to: Arc<str>,
        member: MemberId,
    },
    /// `stereo`: two channels, as heard in the middle of the room with `MIXING_3D`.
    Record {
        path: Arc<str>,
        stereo: bool,
    },
    /// `None`: all. Answers how many.
    StopRecording {
        path: Option<Arc<str>>,
    },
    PauseRecording {
        path: Arc<str>,
        pause: bool,
    },
    Pin(Option<Arc<str>>),
    Relate {
        member: MemberId,
        other: MemberId,
        rule: RelateRule,
    },
    EnterSound(SoundChange),
    ExitSound(SoundChange),
    SetVariable {
        name: Arc<str>,
        value: Arc<str>,
    },
    Set(RoomParameter),
}

/// A parameter of a running conference with its new value; an empty text takes it away.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(
    missing_docs,
    reason = "variants are the fields of `view::RoomParameters`"
)]
pub enum RoomParameter {
    MaxMembers(u32),
    SoundPrefix(Arc<str>),
    CallerIdName(Arc<str>),
    CallerIdNumber(Arc<str>),
    EndGraceS(u32),
}

/// On, off, or the other way round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Toggle {
    On,
    Off,
    Toggle,
}

/// Which of the files played to a conference end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum StopPlaying {
    Current,
    All,
    Asynchronous,
    Last,
}

/// One-way rules between members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum RelateRule {
    NoSpeak,
    NoHear,
    Clear,
}

/// What changes about the music for somebody alone.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum MusicChange {
    Switch(Toggle),
    /// Another file, and on.
    File(Arc<str>),
}

/// What changes about the sound of entering or leaving.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum SoundChange {
    On,
    Off,
    None,
    File(Arc<str>),
}
