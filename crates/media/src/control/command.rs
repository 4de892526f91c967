//! What the switch asks of its media.

use std::net::IpAddr;

use super::{
    Digit, LegId, LegProtection, LegSpec, PlayId, RecordId, RoomId, Unicast, Watch, WatchId,
};

/// One order to a media thread. Order within one thread is kept.
///
/// A command about a leg, room, playback or recording that is not (or no longer) there does nothing:
/// hang-ups and reports cross each other all the time.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaCommand {
    /// Makes a leg. Answered by `Opened` or `OpenFailed`.
    OpenLeg {
        /// Its name from now on.
        leg: LegId,
        /// What it talks to.
        kind: LegKind,
    },
    /// Tells an RTP leg what was negotiated; repeated after each new offer and answer, hold and resume among them.
    /// Sequence numbers, timestamps and SSRC of what we send continue. Does nothing to other kinds.
    SetRemote {
        /// Which leg.
        leg: LegId,
        /// What was negotiated.
        spec: LegSpec,
    },
    /// Tells an RTP leg how its datagrams are protected from now on; until then they are not. Comes before the `SetRemote`
    /// of the same negotiation. Does nothing to other kinds.
    Protect {
        /// Which leg.
        leg: LegId,
        /// What was negotiated.
        protection: LegProtection,
    },
    /// Lets two legs hear each other. Leaves whatever either was in before (bridge, echo, room).
    /// Digits received on one are passed on to the other, see [`MediaCommand::PassDtmf`].
    Bridge {
        /// One side.
        a: LegId,
        /// The other side.
        b: LegId,
    },
    /// Ends the bridge of `a` and `b`, if they are still bridged to each other.
    Unbridge {
        /// One side.
        a: LegId,
        /// The other side.
        b: LegId,
    },
    /// Lets a leg send what another one says, which does not notice: what somebody in a room says, alone. Both must
    /// be on the same thread. The leg leaves whatever it was in before; it falls silent when the other is gone.
    Monitor {
        /// Which leg sends.
        leg: LegId,
        /// Whom it hears; `None` ends that.
        of: Option<LegId>,
    },
    /// Lets a leg hear what another one says and hears, and perhaps talk to it or to the other side of its bridge. Both
    /// must be on the same thread. The leg leaves whatever it was in before; it falls silent when the other is gone.
    Eavesdrop {
        /// Which leg listens.
        leg: LegId,
        /// To whom; `None` ends that. Naming the same leg again changes `whisper` alone.
        of: Option<LegId>,
        /// To whom it talks.
        whisper: Whisper,
    },
    /// The leg hears itself, or no longer.
    Echo {
        /// Which leg.
        leg: LegId,
        /// `Some` starts, `None` stops.
        delay: Option<EchoDelay>,
    },
    /// Plays towards the leg. Answered by `PlayStarted` and later exactly one `PlayDone`, or by
    /// `PlayDone` alone when it could not be opened.
    Play {
        /// Who hears it.
        leg: LegId,
        /// Its name from now on.
        play: PlayId,
        /// As the client wrote it: `tone_stream://…`, `silence_stream://…`, `local_stream://…`,
        /// `file_string://a!b`, a path; `{parameters}` in front are skipped. event-socket.md §6.9.
        file: String,
        /// Further rounds after the first: `Some(0)` = once, `None` = for ever.
        repeats: Option<u32>,
        /// Gain on the way, decibels.
        gain_db: f32,
        /// Mix with what the leg hears anyway (`true`), or replace it (`false`). The newest
        /// replacing playback is heard, older ones wait.
        mix: bool,
    },
    /// Plays in the place of what a leg hears, whatever else is played to it, or of what it says; answered like
    /// [`MediaCommand::Play`] and ended by the same commands.
    Displace {
        /// Whose sound.
        leg: LegId,
        /// Its name from now on.
        play: PlayId,
        /// As in [`MediaCommand::Play`].
        file: String,
        /// Further rounds after the first: `Some(0)` = once, `None` = for ever.
        repeats: Option<u32>,
        /// What it says, or what it hears.
        side: MuteSide,
        /// Mix with it (`true`), or replace it (`false`).
        mix: bool,
    },
    /// Looks for something in the sound of a leg, see [`Watch`]. Told by `Noticed`.
    Watch(Watch),
    /// Ends a watch.
    StopWatch {
        /// Whose.
        leg: LegId,
        /// Which one.
        watch: WatchId,
    },
    /// Bounds what the jitter buffer of a leg adds. Does nothing to legs without one.
    BoundDelay {
        /// Which leg.
        leg: LegId,
        /// At least and at most this, milliseconds, 0–[`MediaCommand::MAX_DELAY_MS`]; `None`: as the network asks for.
        ms: Option<(u16, u16)>,
    },
    /// Ends a playback, of a leg or of a room: `PlayDone` with `PlayEnd::Stopped`.
    StopPlay {
        /// Which one.
        play: PlayId,
    },
    /// Stops (`true`) and continues the advance of a playback; paused, it is silent.
    PausePlay {
        /// Which one.
        play: PlayId,
        /// Whether it stands still.
        paused: bool,
    },
    /// Moves a playback. Sources that cannot seek ignore it.
    SeekPlay {
        /// Which one.
        play: PlayId,
        /// Where to.
        to: SeekTo,
    },
    /// Changes the gain of a playback, ramped.
    SetPlayGain {
        /// Which one.
        play: PlayId,
        /// Decibels.
        gain_db: f32,
    },
    /// Records a leg. Answered by `RecordStarted` and later exactly one `RecordDone`, or by
    /// `RecordDone` alone when the file could not be opened.
    Record {
        /// Who is recorded.
        leg: LegId,
        /// Its name from now on.
        record: RecordId,
        /// Path as the client wrote it; `{parameters}` in front are skipped.
        file: String,
        /// What is recorded.
        sides: RecordSides,
        /// Ends after this much, without pauses; `None` = no limit.
        limit_ms: Option<u64>,
        /// Ends by itself when nothing is heard.
        silence: Option<SilenceStop>,
        /// Continue a file that is there instead of replacing it.
        append: bool,
        /// File rate in hertz; `None` = the rate of the leg.
        rate_hz: Option<u32>,
    },
    /// Ends a recording, of a leg or of a room: `RecordDone` with `RecordEnd::Stopped`.
    StopRecord {
        /// Which one.
        record: RecordId,
    },
    /// Records silence instead of what is heard (`true`), or no longer. Time goes on.
    MaskRecord {
        /// Which one.
        record: RecordId,
        /// Whether silence is written.
        masked: bool,
    },
    /// Records nothing (`true`), or continues. Time of the recording stands still.
    PauseRecord {
        /// Which one.
        record: RecordId,
        /// Whether it stands still.
        paused: bool,
    },
    /// Sends digits to the peer: as telephone-events where negotiated, otherwise as tones. They
    /// queue behind digits still being sent; beyond [`MediaCommand::MAX_DTMF_QUEUE`] the rest is
    /// dropped.
    SendDtmf {
        /// To whom.
        leg: LegId,
        /// What, in order.
        steps: Vec<DtmfStep>,
        /// Silence between digits.
        gap_ms: u16,
    },
    /// Forgets digits not yet sent; a digit being sent ends properly.
    FlushDtmf {
        /// Which leg.
        leg: LegId,
    },
    /// Looks for DTMF tones in what the leg says (`start_dtmf`), or no longer.
    DetectDtmf {
        /// Which leg.
        leg: LegId,
        /// Whether to look.
        on: bool,
    },
    /// Sends digits to the leg as tones even where telephone-events were negotiated (`start_dtmf_generate`), or no
    /// longer.
    ToneDtmf {
        /// Which leg.
        leg: LegId,
        /// Whether as tones.
        on: bool,
    },
    /// Whether digits received on this leg go on to the other side of a bridge by themselves (the
    /// default), in whichever form the other side has. They are reported either way.
    PassDtmf {
        /// The leg the digits come from.
        leg: LegId,
        /// Whether they go on.
        on: bool,
    },
    /// Silences one side of a leg (`uuid_audio … mute`), or no longer.
    Mute {
        /// Which leg.
        leg: LegId,
        /// What it says, or what it hears.
        side: MuteSide,
        /// Whether it is silent.
        on: bool,
    },
    /// Makes one side of a leg louder or quieter, ramped over 20 ms.
    SetGain {
        /// Which leg.
        leg: LegId,
        /// What it says, or what it hears.
        side: MuteSide,
        /// Decibels; 0 = as it comes.
        gain_db: f32,
    },
    /// Makes a conference mix.
    OpenRoom {
        /// Its name from now on.
        room: RoomId,
        /// Mixing rate: 8000, 16000, 32000 or 48000 hertz; others become 8000.
        rate_hz: u32,
    },
    /// Puts a leg into a room. Leaves whatever it was in before.
    JoinRoom {
        /// Which room.
        room: RoomId,
        /// Who.
        leg: LegId,
        /// How.
        settings: MemberSettings,
    },
    /// Takes a leg out of a room.
    LeaveRoom {
        /// Which room.
        room: RoomId,
        /// Who.
        leg: LegId,
    },
    /// Changes everything settable about a member at once; gains ramp.
    SetMember {
        /// Which room.
        room: RoomId,
        /// Who.
        leg: LegId,
        /// How, from now on.
        settings: MemberSettings,
    },
    /// Says where a member is and looks. What it hears and how it is heard ramp to there within a tick.
    Place {
        /// Which room.
        room: RoomId,
        /// Who.
        leg: LegId,
        /// Where.
        place: Place,
    },
    /// Changes how a member's voice is treated and how it hears the others, all at once.
    SetControls {
        /// Which room.
        room: RoomId,
        /// Who.
        leg: LegId,
        /// How, from now on.
        controls: MemberControls,
    },
    /// Drops sound of a leg that waits to be heard or sent.
    Flush {
        /// Which leg.
        leg: LegId,
    },
    /// Changes what one member is to another.
    Relate {
        /// Which room.
        room: RoomId,
        /// Whose relation.
        leg: LegId,
        /// To whom.
        other: LegId,
        /// What it is from now on.
        relation: Relation,
    },
    /// Plays into a room, mixed with what is said; every member hears it, recordings too.
    RoomPlay {
        /// Which room.
        room: RoomId,
        /// Its name from now on.
        play: PlayId,
        /// As in [`MediaCommand::Play`].
        file: String,
        /// Further rounds after the first: `Some(0)` = once, `None` = for ever.
        repeats: Option<u32>,
        /// Decibels.
        gain_db: f32,
    },
    /// A recording of a room with two channels listens from there, in that way.
    RecordFrom {
        /// Which room.
        room: RoomId,
        /// Which recording.
        record: RecordId,
        /// Where it stands and looks.
        place: Place,
        /// How it listens; what is about a voice means nothing.
        controls: MemberControls,
    },
    /// Records everything said in a room, mixed.
    RoomRecord {
        /// Which room.
        room: RoomId,
        /// Its name from now on.
        record: RecordId,
        /// Two channels: what is heard in the middle of the room, looking ahead, or where
        /// [`MediaCommand::RecordFrom`] says.
        stereo: bool,
        /// Path as the client wrote it.
        file: String,
        /// Ends after this much; `None` = no limit.
        limit_ms: Option<u64>,
        /// Continue a file that is there instead of replacing it.
        append: bool,
    },
    /// Ends a room: members hear nothing, its playbacks and recordings end.
    CloseRoom {
        /// Which room.
        room: RoomId,
    },
    /// Asks for a `Stats` report.
    ReportStats {
        /// Of which leg.
        leg: LegId,
    },
    /// Ends a leg: its playbacks and recordings end, then `Closed` is its last report.
    CloseLeg {
        /// Which leg.
        leg: LegId,
    },
}

impl MediaCommand {
    /// Digits and pauses a leg keeps waiting to be sent.
    pub const MAX_DTMF_QUEUE: usize = 128;
    /// Playbacks a leg or a room has at once, waiting ones included; one more is `PlayEnd::Failed`.
    pub const MAX_PLAYS: usize = 8;
    /// Watches a leg has at once; one more is never told anything.
    pub const MAX_WATCHES: usize = 8;
    /// Longest delay a jitter buffer can be made to add: it holds no more.
    pub const MAX_DELAY_MS: u16 = 400;
    /// Eavesdroppers a leg has at once; one more hears nothing.
    pub const MAX_TAPS: usize = 8;
    /// Recordings a leg or a room has at once; one more is `RecordEnd::Failed`.
    pub const MAX_RECORDS: usize = 8;
}

/// What a leg talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegKind {
    /// A peer on the network, by RTP from a port of our range.
    Rtp {
        /// The address of ours to bind.
        bind: IpAddr,
    },
    /// Nobody: says nothing, and what it hears is gone (`null/`).
    Null {
        /// Sampling rate: 8000, 16000, 32000 or 48000 hertz; others become 8000.
        rate_hz: u32,
    },
    /// The other half of a pair (`loopback/…-a` and `-b`): each says what the other hears, one
    /// tick later. Open both, in any order, on the same thread.
    Pair {
        /// The other half.
        other: LegId,
        /// Sampling rate of this half, as for `Null`.
        rate_hz: u32,
    },
    /// A browser: a WebRTC peer brings and takes its RTP, so the leg has no port of its own.
    Web,
    /// A program that hears and says what a channel would: to be bridged with that channel's leg. `OpenFailed` comes
    /// too when a stream to it ends later.
    Unicast {
        /// Where it is.
        link: Unicast,
        /// The leg of the channel: its sampling rate, as it is now, becomes the program's.
        beside: LegId,
    },
}

/// To whom an eavesdropper talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Whisper {
    /// To the leg it listens to.
    pub to_leg: bool,
    /// To the other side of that leg's bridge.
    pub to_other: bool,
}

/// How long after itself an echoing leg hears itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct EchoDelay {
    /// Added delay, 0–[`EchoDelay::MAX_MS`]; rounded up to whole ticks of 20 ms.
    pub delay_ms: u32,
}

impl EchoDelay {
    /// More is clamped: ten seconds of one leg are kept at most.
    pub const MAX_MS: u32 = 10_000;
}

/// Which sides of a leg a recording takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum RecordSides {
    /// What the leg says.
    Read,
    /// What the leg hears.
    Write,
    /// Both, mixed into one channel.
    #[default]
    Both,
    /// What it says left, what it hears right.
    Stereo,
}

/// When a recording ends because nobody speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SilenceStop {
    /// Mean absolute sample value below which a 20 ms frame is silence, 0–32767.
    pub threshold: u16,
    /// Unbroken silence that ends the recording.
    pub after_ms: u32,
}

/// One step of sending digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfStep {
    /// A digit.
    Digit {
        /// Which one.
        digit: Digit,
        /// How long, 40–8000; clamped.
        duration_ms: u16,
    },
    /// Nothing (`w` = 500 ms, `W` = 1000 ms).
    Pause {
        /// How long.
        pause_ms: u16,
    },
}

/// Where a playback goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeekTo {
    /// So far from the beginning.
    Start {
        /// Milliseconds.
        ms: u64,
    },
    /// Further on from where it is.
    Ahead {
        /// Milliseconds.
        ms: u64,
    },
    /// Back from where it is, to the beginning at most.
    Back {
        /// Milliseconds.
        ms: u64,
    },
}

/// A side of a leg, named from the leg's own point of view on the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MuteSide {
    /// What we read from it: what it says.
    Read,
    /// What we write to it: what it hears.
    Write,
}

/// So many frames of 20 ms in a row above [`MemberSettings::max_energy`] are too loud, fewer are a click.
pub const MAX_ENERGY_FRAMES: u32 = 5;
/// For how long nothing of somebody is let through who was too loud.
pub const MAX_ENERGY_MUTE_MS: u32 = 1000;

/// What can be set about a member of a room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemberSettings {
    /// Nobody hears it. Talk detection continues.
    pub mute: bool,
    /// It hears nobody (files played to it alone still).
    pub deaf: bool,
    /// Mean absolute sample value from which it counts as talking, 0–32767. Below it is not mixed;
    /// 0 = always mixed.
    pub energy: u16,
    /// Up to where that follows the noise around it, 0–32767; 0: it does not.
    pub auto_energy: u16,
    /// Mean absolute sample value above which nothing of it is let through, 0–32767: after [`MAX_ENERGY_FRAMES`] in a
    /// row, until it was softer for [`MAX_ENERGY_MUTE_MS`]; 0: however loud it is.
    pub max_energy: u16,
    /// How long it keeps counting as talking after it fell silent.
    pub hang_over_ms: u16,
    /// Mean absolute sample value that its voice is brought to while it speaks, 0–32767, whatever the others have;
    /// 0: as its controls say.
    pub automatic_gain: u16,
    /// Gain on what it says.
    pub gain_in_db: f32,
    /// Gain on what it hears.
    pub gain_out_db: f32,
}

impl Default for MemberSettings {
    fn default() -> Self {
        Self {
            mute: false,
            deaf: false,
            energy: 100,
            auto_energy: 0,
            max_energy: 0,
            hang_over_ms: 500,
            automatic_gain: 0,
            gain_in_db: 0.0,
            gain_out_db: 0.0,
        }
    }
}

/// What one member of a room is to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Relation {
    /// Nothing special.
    #[default]
    Clear,
    /// The other does not hear it.
    NoSpeak,
    /// It does not hear the other.
    NoHear,
}

impl Relation {
    /// Relations other than the usual one kept per room; more are not heeded.
    pub const MAX: usize = 4096;
}

/// Where a member of a room is and looks (event-manager.md §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Centimetres to the right, up and forward.
    pub position_cm: [i32; 3],
    /// Degrees to the right, −180 to 180.
    pub azimuth_deg: i16,
    /// Degrees upwards, −90 to 90.
    pub elevation_deg: i16,
}

/// What else can be set about a member of a room: how its voice is treated, and how it hears the others
/// (event-manager.md §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberControls {
    /// It hears everybody untreated, from everywhere.
    pub stereo_bypass: bool,
    /// Noise is taken out of what it says.
    pub noise_suppression: bool,
    /// What it says is made as loud as the others.
    pub automatic_gain: bool,
    /// What it says is equalised for clear speech.
    pub automatic_equaliser: bool,
    /// What it hears is taken out of what it says.
    pub echo_cancellation: bool,
    /// Its voice is moved, −12 to 12 semitones.
    pub voice_shift_semitones: i8,
    /// Volume of what it says, 0–400 percent.
    pub input_gain_percent: u16,
    /// It hears the others from where they are.
    pub mixing_3d: bool,
    /// What is lost on the way, 0–40 decibels per metre.
    pub attenuation_db_per_m: u8,
    /// Centimetres beyond which no more is lost.
    pub max_distance_cm: u32,
    /// It hears the room's reverberation.
    pub reverb: bool,
    /// It listens with loudspeakers, not headphones.
    pub loudspeakers: bool,
    /// Degrees from the middle to each loudspeaker, 1–90.
    pub half_span_deg: u8,
    /// Volume of what it hears, 0–100 percent.
    pub master_gain_percent: u8,
    /// Whom it whispers with; 0: nobody.
    pub whisper: u8,
    /// Whom it has gone aside with; 0: nobody.
    pub sidebar: u8,
}

impl Default for MemberControls {
    fn default() -> Self {
        Self {
            stereo_bypass: false,
            noise_suppression: false,
            automatic_gain: false,
            automatic_equaliser: false,
            echo_cancellation: false,
            voice_shift_semitones: 0,
            input_gain_percent: 100,
            mixing_3d: false,
            attenuation_db_per_m: 6,
            max_distance_cm: 300,
            reverb: true,
            loudspeakers: false,
            half_span_deg: 15,
            master_gain_percent: 100,
            whisper: 0,
            sidebar: 0,
        }
    }
}
