use std::sync::Arc;

use super::channel::Channel;
use crate::id::{MemberId, RoomId};
use crate::time::Timestamp;
use crate::variables::Variables;

/// What is switched on in a conference (names of event-socket.md §6.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "fields are the flags of the same name")]
pub struct RoomFlags {
    pub locked: bool,
    pub answered: bool,
    pub wait_mod: bool,
    pub enter_sound: bool,
    pub exit_sound: bool,
    pub dynamic: bool,
    pub audio_always: bool,
}

/// A running conference.
#[derive(Clone, Debug)]
pub struct Room {
    /// This life of it (`Conference-Unique-ID`).
    pub id: RoomId,
    /// Name it is called by.
    pub name: Arc<str>,
    /// `Conference-Domain`.
    pub domain: Arc<str>,
    /// `Conference-Profile-Name`.
    pub profile: Arc<str>,
    /// Mixing rate in hertz.
    pub rate_hz: u32,
    /// Frame length in milliseconds.
    pub interval_ms: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Switches.
    pub flags: RoomFlags,
    /// PIN asked from entering members.
    pub pin: Option<Arc<str>>,
    /// Members in the order they joined, which is that of their numbers: numbers only grow.
    pub members: Vec<Arc<Member>>,
    /// Member that has the floor.
    pub floor: Option<MemberId>,
    /// Running recordings.
    pub recordings: Vec<Recording>,
    /// Who may not hear or speak to whom.
    pub relations: Vec<Relation>,
    /// Conference variables.
    pub variables: Variables,
    /// Sounds for entering and leaving, as file names.
    pub enter_sound: Option<Arc<str>>,
    /// See `enter_sound`.
    pub exit_sound: Option<Arc<str>>,
    /// Energy a new member starts with.
    pub energy_level: i32,
    /// What clients read with `get` and change with `set`.
    pub parameters: RoomParameters,
}

/// Parameters of a conference that can be changed while it runs; at first those of its profile.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomParameters {
    /// Members that count, at most; 0: no limit.
    pub max_members: u32,
    /// Folder of the conference's own sounds where their names are relative.
    pub sound_prefix: Option<Arc<str>>,
    /// Under whose name the conference calls somebody, unless the call says otherwise.
    pub caller_id_name: Option<Arc<str>>,
    /// See `caller_id_name`.
    pub caller_id_number: Option<Arc<str>>,
    /// Seconds the conference goes on without the member it ends with.
    pub end_grace_s: u32,
}

impl Room {
    /// The member with this number.
    pub fn member(&self, id: MemberId) -> Option<&Arc<Member>> {
        self.members.get(self.place_of(id)?)
    }

    /// Where among the members the one with this number is.
    pub fn place_of(&self, id: MemberId) -> Option<usize> {
        self.members.binary_search_by_key(&id, |m| m.id).ok()
    }
}

/// A channel in a conference.
#[derive(Clone, Debug)]
pub struct Member {
    /// Number, unique while the server runs.
    pub id: MemberId,
    /// The channel as it was when this picture was made.
    pub channel: Arc<Channel>,
    /// When it joined.
    pub joined: Timestamp,
    /// Last time it was heard talking; zero when never.
    pub last_talking: Timestamp,
    /// Hears the others (not deaf).
    pub can_hear: bool,
    /// Is heard (not muted).
    pub can_speak: bool,
    /// Is talking now.
    pub talking: bool,
    /// Talking while muted is watched for.
    pub mute_detect: bool,
    /// On hold in the conference.
    pub hold: bool,
    /// Runs the conference.
    pub moderator: bool,
    /// Not counted.
    pub ghost: bool,
    /// The conference ends with this member.
    pub end_conference: bool,
    /// Energy above which it counts as talking, −32767 to 32767; nothing is below 0, so 0 and less let everything
    /// through.
    pub energy_level: i32,
    /// Energy measured last.
    pub current_energy: u32,
    /// Energy up to which that level follows the noise around it, 0–32767; 0: it does not.
    pub auto_energy: u16,
    /// Energy above which nothing of it is let through, 0–32767; 0: however loud it is.
    pub max_energy: u16,
    /// Mean absolute sample value its voice is brought to, 0–32767; 0: none.
    pub automatic_gain: u16,
    /// Volume of what it sends, −4 to 4.
    pub volume_in: i8,
    /// Volume of what it hears, −4 to 4.
    pub volume_out: i8,
}

/// A recording of a conference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// Path as given.
    pub path: Arc<str>,
    /// Paused.
    pub paused: bool,
}

/// A one-way rule between two members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Relation {
    /// Whose rule it is.
    pub member: MemberId,
    /// Towards whom.
    pub other: MemberId,
    /// `member` is not heard by `other`.
    pub nospeak: bool,
    /// `member` does not hear `other`.
    pub nohear: bool,
}

impl Relation {
    /// Most rules of one conference: as many as its mix keeps.
    pub const MAX: usize = 4096;
}
