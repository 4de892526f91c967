//! Why a command was refused, in the numbers of the protocol (event-manager.md §5.4).

use api::{CommandError, ErrorKind, ObjectKind};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// What replies carry in `Error Code`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            pub(crate) const fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)* }
            }

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    /// Success.
    None = -10_000, "IMM_ERROR_NONE";
    /// Neither mono nor stereo.
    NumChannels = -9996, "IMM_ERROR_NUM_CHANNELS";
    /// A rate there is not.
    SampleRate = -9995, "IMM_ERROR_SAMPLE_RATE";
    /// No such room, or one too many.
    RoomId = -9993, "IMM_ERROR_INVALID_ROOM_ID";
    /// No such participant, or one too many.
    ParticipantId = -9992, "IMM_ERROR_INVALID_PARTICIPANT_ID";
    /// No such control.
    Control = -9991, "IMM_ERROR_INVALID_CONTROL";
    /// Anything else that makes no sense.
    Value = -9990, "IMM_ERROR_INVALID_VALUE";
    /// An angle out of range.
    Heading = -9989, "IMM_ERROR_INVALID_HEADING";
    /// Not for that kind of participant.
    ParticipantType = -9987, "IMM_ERROR_PARTICIPANT_TYPE";
    /// The switch does not answer.
    NotInitialized = -9986, "IMM_ERROR_LIBRARY_NOT_YET_INITIALIZED";
    /// Ours: the client asks too fast.
    RateLimit = -9000, "PBX_ERROR_RATE_LIMIT";
    /// Ours: the switch failed.
    Internal = -8999, "PBX_ERROR_INTERNAL";
}

/// A command is not done, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    /// For people.
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::new(Code::Value, detail)
    }

    /// What clients read: the code's name and the detail.
    pub(crate) fn description(&self) -> String {
        format!("{}: {}", self.code.name(), self.detail)
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let code = match error.kind {
            ErrorKind::NotFound(ObjectKind::Room) | ErrorKind::AlreadyExists(ObjectKind::Room) => {
                Code::RoomId
            }
            ErrorKind::NotFound(ObjectKind::Member)
            | ErrorKind::AlreadyExists(ObjectKind::Member) => Code::ParticipantId,
            ErrorKind::InvalidArgument("rate") => Code::SampleRate,
            ErrorKind::InvalidArgument("channels") => Code::NumChannels,
            ErrorKind::NotFound(_)
            | ErrorKind::AlreadyExists(_)
            | ErrorKind::InvalidArgument(_)
            | ErrorKind::InvalidState
            | ErrorKind::LimitReached => Code::Value,
            ErrorKind::Unavailable | ErrorKind::TimedOut => Code::NotInitialized,
            ErrorKind::NotSupported
            | ErrorKind::Forbidden
            | ErrorKind::CallFailed
            | ErrorKind::Internal => Code::Internal,
        };
        let (layout, seat) = (ObjectKind::Layout, ObjectKind::Seat);
        let detail = if let ErrorKind::InvalidArgument(argument) = error.kind {
            format!("{argument}: {}", error.detail)
        } else if error.kind == ErrorKind::NotFound(layout) {
            "the layout does not exist".to_owned()
        } else if error.kind == ErrorKind::NotFound(seat) {
            "the seat does not exist in the room's layout".to_owned()
        } else {
            error.detail.into_string()
        };
        Self { code, detail }
    }
}
