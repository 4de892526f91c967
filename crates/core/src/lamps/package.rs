//! The event packages phones may subscribe to (RFC 6665 §5).

use super::{dialog_info, summary};

/// The packages there are, as Allow-Events lists them.
pub(crate) const PACKAGES: &str = "message-summary, dialog";

/// What a subscription tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Package {
    /// What waits in a voicemail box (RFC 3842).
    Summary,
    /// The calls of somebody (RFC 4235).
    Dialog,
}

impl Package {
    /// By the name in an Event header; `None` for one there is not.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Summary, Self::Dialog]
            .into_iter()
            .find(|package| package.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Summary => "message-summary",
            Self::Dialog => "dialog",
        }
    }

    /// The type of its NOTIFYs' bodies.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Summary => summary::CONTENT_TYPE,
            Self::Dialog => dialog_info::CONTENT_TYPE,
        }
    }

    /// Most subscriptions to one account; more get 503.
    pub(super) fn most(self) -> usize {
        match self {
            // As many phones as may register, each twice: one that was switched off leaves its old one behind.
            Self::Summary => 20,
            // Everybody in an office has a key with a lamp for the one at the door.
            Self::Dialog => 200,
        }
    }
}
