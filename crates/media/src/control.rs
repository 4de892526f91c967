//! The words spoken between the switch and its media: commands in, reports out.
//!
//! All of it is plain data: a command names a tone or a file as the client wrote it, and the engine
//! asks its shell to open what needs opening. Times are milliseconds and levels decibels unless the
//! name says otherwise; sample counts are at the rate given beside them.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Chosen by the switch, unique among the living; the media side only compares it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

mod codec_spec;
mod command;
mod digit;
mod protection;
mod report;
mod unicast;
mod video;
mod watch;
mod web;

pub use codec_spec::{Codec, CodecSpec, Direction, LegSpec, OpusSending, TelephoneEvent};
pub use command::{
    DtmfStep, EchoDelay, LegKind, MAX_ENERGY_FRAMES, MAX_ENERGY_MUTE_MS, MediaCommand,
    MemberControls, MemberSettings, MuteSide, Place, RecordSides, Relation, SeekTo, SilenceStop,
    Whisper,
};
pub use digit::Digit;
pub use protection::LegProtection;
pub use report::{
    DtmfSource, LegStats, MediaReport, PlayEnd, RecordEnd, RecordLength, TransportFailure,
};
pub use unicast::{Unicast, UnicastTransport};
pub use video::{Asking, VideoSpec};
pub use watch::{Wanted, Watch, WatchId};
pub use web::{PeerEnd, PeerId, PeerWish, VideoCodec, WebAgreed, WebCommand, WebReport};

id! {
    /// One leg: the media end of one channel.
    LegId
}
id! {
    /// One conference mix.
    RoomId
}
id! {
    /// One playback, towards a leg or into a room.
    PlayId
}
id! {
    /// One recording, of a leg or of a room.
    RecordId
}
