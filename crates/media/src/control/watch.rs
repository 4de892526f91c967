//! What a leg can be watched for.

use super::LegId;
use super::command::MuteSide;

id! {
    /// One watch over a leg.
    WatchId
}

/// A watch over one side of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Whose sound.
    pub leg: LegId,
    /// Its name from now on.
    pub watch: WatchId,
    /// What the leg says, or what it hears.
    pub side: MuteSide,
    /// What is looked for.
    pub wanted: Wanted,
}

/// What a watch looks for. Frames are those of 20 ms; their energy is the mean absolute sample value, 0–32767.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Stretches of a tone; told each time one begins, until the watch is ended.
    Tone {
        /// All its frequencies, hertz; at most 12.
        hz: Vec<u16>,
    },
    /// So many frames in a row below an energy. Told once, then the watch is over.
    Silence {
        /// Below this.
        threshold: u16,
        /// Frames.
        frames: u32,
        /// Only after so many frames that were not below it.
        after_sound: u32,
    },
    /// So many frames in a row at an energy or above. Told once, then the watch is over.
    Sound {
        /// From this.
        threshold: u16,
        /// Frames.
        frames: u32,
    },
}
