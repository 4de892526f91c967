//! Commands about voicemail boxes. Each is answered when it has been kept.

use std::sync::Arc;

use crate::view::Extension;

/// Says whether a message has been listened to. Answered with whether that is news.
///
/// # Errors
/// `NotFound` of `Mailbox` or `VoiceMessage`; `Unavailable` when it cannot be kept.
#[derive(Clone, Debug)]
pub struct MarkVoiceMessage {
    /// The box.
    pub mailbox: Extension,
    /// Which message.
    pub message: Arc<str>,
    /// Whether it has.
    pub read: bool,
}

/// Deletes a message and its file.
///
/// # Errors
/// `NotFound` of `Mailbox` or `VoiceMessage`; `Unavailable` when that cannot be kept.
#[derive(Clone, Debug)]
pub struct DeleteVoiceMessage {
    /// The box.
    pub mailbox: Extension,
    /// Which message.
    pub message: Arc<str>,
}

/// Puts a copy of a sound into a box, as if somebody had said it.
///
/// # Errors
/// `NotFound` of `Mailbox`; `NotSupported` without such a profile; `LimitReached` when the box is full; `Unavailable` when
/// it is no WAV file that can be played, or cannot be kept.
#[derive(Clone, Debug)]
pub struct InjectVoiceMessage {
    /// The box.
    pub mailbox: Extension,
    /// The profile; `None`: the usual one.
    pub profile: Option<Arc<str>>,
    /// The WAV file: a whole path, or a sound.
    pub file: Arc<str>,
    /// Who is said to have left it.
    pub caller_name: Arc<str>,
    /// Who is said to have left it.
    pub caller_number: Arc<str>,
}

/// Asks where the greeting of a box is. Answered with the file, or with nothing when there is none.
///
/// # Errors
/// `NotFound` of `Mailbox`; `NotSupported` without such a profile; `Unavailable` when nobody can look.
#[derive(Clone, Debug)]
pub struct FindGreeting {
    /// The box.
    pub mailbox: Extension,
    /// The profile; `None`: the usual one.
    pub profile: Option<Arc<str>>,
}

/// Lets a channel leave a message in a box, whatever it does now; whom it talked to is left.
///
/// # Errors
/// `NotFound` of `Channel` or `Mailbox`; `InvalidState` while the channel is being called.
#[derive(Clone, Debug)]
pub struct TransferToVoicemail {
    /// Who.
    pub channel: crate::id::ChannelId,
    /// The box.
    pub mailbox: Extension,
}
