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
