use std::sync::Arc;

use crate::time::Timestamp;

use super::queue::Extension;

/// What a directory user has said about himself, which lasts until the server stops.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserState {
    /// Who.
    pub user: Extension,
    /// Calls to the user fail with `USER_BUSY`.
    pub do_not_disturb: bool,
    /// Where the user is; it changes no call.
    pub status: Option<UserStatus>,
}

/// Where a user is (event-api.md §5.1, `userStatus`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserStatus {
    /// For people, `Out of Office`.
    pub name: Arc<str>,
    /// Kind.
    pub kind: StatusType,
    /// For people; may be empty.
    pub note: Arc<str>,
    /// When the user will be back, if that was said.
    pub returns_at: Option<Timestamp>,
    /// The name is the user's own; otherwise it was one of a list.
    pub own: bool,
}

/// Kinds of [`UserStatus`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the words of event-api.md §5.1")]
pub enum StatusType {
    Available,
    Unavailable,
    Away,
    ExtendedAway,
    DoNotDisturb,
    Chat,
    AltBlue,
    AltGreen,
    AltPink,
    AltPurple,
    AltRed,
}

impl StatusType {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Available,
        Self::Unavailable,
        Self::Away,
        Self::ExtendedAway,
        Self::DoNotDisturb,
        Self::Chat,
        Self::AltBlue,
        Self::AltGreen,
        Self::AltPink,
        Self::AltPurple,
        Self::AltRed,
    ];

    /// The word of event-api.md §5.1.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Away => "away",
            Self::ExtendedAway => "xa",
            Self::DoNotDisturb => "dnd",
            Self::Chat => "chat",
            Self::AltBlue => "altblue",
            Self::AltGreen => "altgreen",
            Self::AltPink => "altpink",
            Self::AltPurple => "altpurple",
            Self::AltRed => "altred",
        }
    }

    /// The one of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text)
    }
}
