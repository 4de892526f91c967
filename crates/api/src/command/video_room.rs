//! Commands about video rooms: rooms in which every web client publishes its own sound and pictures and subscribes
//! to the others', one *feed* for each. Who may enter a room is the door's to judge, before it asks.

use std::sync::Arc;

use crate::id::{ChannelId, FeedId, WebClientId};

/// What a room is like; given with each join, kept from the first one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VideoRoomSettings {
    /// Sound is relayed.
    pub audio: bool,
    /// Pictures are relayed.
    pub video: bool,
    /// Bits per second the publishers share, 64,000–4,194,304 (sylkrtc.md §6.4).
    pub max_bitrate: u32,
    /// `vp8`, `vp9` or `h264`: preferred for pictures.
    pub video_codec: Arc<str>,
    /// The room's sound is recorded into this folder.
    pub record_into: Option<Arc<str>>,
    /// Most publishers.
    pub max_publishers: usize,
    /// Telephones may dial the room's address. Others come by invitation, or where a dialplan sends them.
    pub phones_may_dial: bool,
}

/// A web client enters a room and publishes; the room is made when it is the first. Answered with its channel, which is
/// also its number as a publisher; the rest comes as `VideoRoomEvent`s.
///
/// # Errors
/// `NotFound(User)`; `LimitReached` when the room is full, or the server; `Unavailable` while draining; `Forbidden` when
/// the room's conference is locked; `InvalidArgument` of `room`, `offer`, `max_bitrate` or `video_codec`.
#[derive(Clone, Debug)]
pub struct JoinVideoRoom {
    /// Who.
    pub client: WebClientId,
    /// `room@host`, lower case.
    pub room: Arc<str>,
    /// The browser's offer (SDP).
    pub offer: Arc<str>,
    /// What the room is like, if it has to be made.
    pub settings: VideoRoomSettings,
}

/// A participant leaves; others see `PublisherLeft`.
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct LeaveVideoRoom {
    /// Who.
    pub channel: ChannelId,
}

/// Subscribes to a publisher. Our offer comes as `FeedOffered`.
///
/// # Errors
/// `NotFound(Member)` for either; `AlreadyExists(Member)` when it has a feed of that publisher; `LimitReached`;
/// `InvalidArgument` when it is the publisher itself.
#[derive(Clone, Debug)]
pub struct AttachFeed {
    /// Who wants to hear and see.
    pub channel: ChannelId,
    /// Whom.
    pub publisher: ChannelId,
}

/// The browser's answer to a `FeedOffered`.
///
/// # Errors
/// `NotFound(Member)`; `InvalidState` when it is answered; `InvalidArgument` when it is too long.
#[derive(Clone, Debug)]
pub struct AnswerFeed {
    /// Which feed.
    pub feed: FeedId,
    /// The browser's answer (SDP).
    pub answer: Arc<str>,
}

/// Candidates of the browser for a feed, as in `TrickleWebCall`; a participant's own go there.
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct TrickleFeed {
    /// Which feed.
    pub feed: FeedId,
    /// Each as in `a=candidate`.
    pub candidates: Vec<Arc<str>>,
}

/// Ends a subscription.
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct DetachFeed {
    /// Which feed.
    pub feed: FeedId,
}

/// Which medium flows, and how much of it. `None` leaves as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flow {
    /// Sound flows.
    pub audio: Option<bool>,
    /// Pictures flow.
    pub video: Option<bool>,
    /// Bits per second at most.
    pub bitrate: Option<u32>,
}

/// Pauses, resumes or limits what a subscriber gets.
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct UpdateFeed {
    /// Which feed.
    pub feed: FeedId,
    /// What flows.
    pub flow: Flow,
}

/// Pauses, resumes or limits what a publisher sends.
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct UpdatePublication {
    /// Whose.
    pub channel: ChannelId,
    /// What flows.
    pub flow: Flow,
}

/// Chooses the active participants, which get the bitrate (sylkrtc.md §6.4). → `Configured` to everybody
///
/// # Errors
/// `NotFound(Member)` for anybody named; `InvalidArgument` of more than two.
#[derive(Clone, Debug)]
pub struct ConfigureVideoRoom {
    /// Who asks.
    pub channel: ChannelId,
    /// At most two; empty: nobody.
    pub active: Vec<ChannelId>,
}

/// Raises or lowers a hand; answered with whether it is up now. → `HandsChanged` to everybody
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct ToggleHand {
    /// Whose hand.
    pub channel: ChannelId,
}

/// Asks everybody to be silent. → `MuteAsked` to everybody
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct AskForSilence {
    /// Who asks.
    pub channel: ChannelId,
}

/// Says something in the room's chat. → `Said` to everybody
///
/// # Errors
/// `NotFound(Member)`; `InvalidArgument` when it is too long.
#[derive(Clone, Debug)]
pub struct SayInVideoRoom {
    /// Who.
    pub channel: ChannelId,
    /// MIME type of `content`.
    pub content_type: Arc<str>,
    /// What; at most 64 kB.
    pub content: Arc<str>,
}

/// Tells that somebody is typing, or no longer. → `Composing` to everybody else
///
/// # Errors
/// `NotFound(Member)`.
#[derive(Clone, Debug)]
pub struct ShowComposing {
    /// Who.
    pub channel: ChannelId,
    /// Typing or idle.
    pub active: bool,
    /// Seconds until it counts as idle.
    pub refresh_s: u32,
}

/// Announces a file that a door keeps for the room. → `FileShared` to everybody, and to those who come later
///
/// # Errors
/// `NotFound(Member)`; `AlreadyExists(File)`; `LimitReached` of 1,000 files; `InvalidArgument` of a name that is empty or
/// longer than 255 bytes.
#[derive(Clone, Debug)]
pub struct ShareFile {
    /// Who gave it.
    pub channel: ChannelId,
    /// Its name in the room.
    pub name: Arc<str>,
    /// Bytes.
    pub size: u64,
}

/// Invites accounts: web clients get `Invited`; SIP addresses are called and, when they answer, heard in the room.
/// Answered when the inviting has begun.
///
/// # Errors
/// `NotFound(Member)`; `LimitReached` when more than 100 are called at once; `InvalidArgument` of what is no address.
#[derive(Clone, Debug)]
pub struct InviteToVideoRoom {
    /// Who invites.
    pub channel: ChannelId,
    /// `user@host` each.
    pub participants: Vec<Arc<str>>,
}
