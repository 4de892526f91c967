use std::sync::Arc;

use super::web::WebParty;
use crate::id::{ChannelId, FeedId, WebClientId};
use crate::time::Timestamp;

/// Somebody who can be subscribed to in a video room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publisher {
    /// Its channel.
    pub channel: ChannelId,
    /// Who it is.
    pub party: WebParty,
    /// A telephone, whose sound only is there.
    pub is_phone: bool,
}

/// A file of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedFile {
    /// Its name in the room.
    pub name: Arc<str>,
    /// Bytes.
    pub size: u64,
    /// Who gave it.
    pub uploader: WebParty,
    /// The uploader's channel.
    pub channel: ChannelId,
}

/// Something that happened in a video room; for everybody in it unless the kind names whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VideoRoomEvent {
    /// `room@host`
    pub room: Arc<str>,
    /// What.
    pub kind: VideoRoomEventKind,
}

/// See [`VideoRoomEvent`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VideoRoomEventKind {
    /// For the joiner alone: it is in.
    Joined {
        /// Who.
        channel: ChannelId,
        /// Our answer.
        answer: Arc<str>,
        /// The room relays sound.
        audio: bool,
        /// The room relays pictures.
        video: bool,
        /// Those who were there.
        publishers: Vec<Publisher>,
        /// Active participants.
        active: Vec<ChannelId>,
        /// Raised hands in order.
        hands: Vec<ChannelId>,
        /// Files shared so far.
        files: Vec<SharedFile>,
        /// Seconds since the room was made.
        age_s: u64,
    },
    /// For the joiner alone: its media is up.
    Established {
        /// Who.
        channel: ChannelId,
    },
    /// For the leaver alone: it is out.
    Left {
        /// Who.
        channel: ChannelId,
        /// SIP status, 0 when it asked to leave.
        code: u16,
        /// Its phrase, or what became of media.
        phrase: Arc<str>,
    },
    /// For everybody else.
    PublisherJoined(Publisher),
    /// For everybody else.
    PublisherLeft {
        /// Who.
        channel: ChannelId,
    },
    /// For the subscriber alone: our offer.
    FeedOffered {
        /// Who subscribed.
        channel: ChannelId,
        /// Which feed.
        feed: FeedId,
        /// Our offer.
        offer: Arc<str>,
    },
    /// For the subscriber alone: it flows.
    FeedEstablished {
        /// Who subscribed.
        channel: ChannelId,
        /// Which feed.
        feed: FeedId,
    },
    /// For the subscriber alone: it is over (its publisher left, or media failed).
    FeedEnded {
        /// Who subscribed.
        channel: ChannelId,
        /// Which feed.
        feed: FeedId,
    },
    /// Active participants changed.
    Configured {
        /// Who asked; `None`: the room itself.
        originator: Option<ChannelId>,
        /// Active participants.
        active: Vec<ChannelId>,
    },
    /// Hands changed.
    HandsChanged {
        /// Raised hands in order.
        hands: Vec<ChannelId>,
    },
    /// Everybody is asked to be silent.
    MuteAsked {
        /// Who asks.
        originator: ChannelId,
    },
    /// Somebody said something in the chat, or the room itself did.
    Said {
        /// Whose channel; `None`: the room itself (somebody came or went).
        channel: Option<ChannelId>,
        /// Who.
        from: WebParty,
        /// MIME type of `content`.
        content_type: Arc<str>,
        /// What.
        content: Arc<str>,
    },
    /// For the joiner alone, after `Joined`: what was said last before it came, once for each in order.
    SaidBefore {
        /// Who joined.
        to: ChannelId,
        /// Whose channel it was; that one may be gone.
        channel: ChannelId,
        /// Who.
        from: WebParty,
        /// MIME type of `content`.
        content_type: Arc<str>,
        /// What.
        content: Arc<str>,
        /// When.
        at: Timestamp,
    },
    /// Somebody types, or no longer.
    Composing {
        /// Whose channel.
        channel: ChannelId,
        /// Who.
        from: WebParty,
        /// Typing or idle.
        active: bool,
        /// Seconds until it counts as idle.
        refresh_s: u32,
    },
    /// A file was shared.
    FileShared(SharedFile),
    /// For these clients, in the room or not: they are invited.
    Invited {
        /// Whom.
        clients: Vec<WebClientId>,
        /// Addresses invited.
        participants: Vec<Arc<str>>,
        /// Who invites.
        originator: WebParty,
        /// One number for this invitation.
        number: u32,
    },
    /// How calling a SIP address went.
    InviteStatus {
        /// For whom: who invited.
        channel: ChannelId,
        /// The address called.
        participant: Arc<str>,
        /// SIP status so far: 1xx, 200 or the refusal.
        code: u16,
        /// Its phrase.
        phrase: Arc<str>,
    },
    /// The last publisher left: the room and its files are gone.
    Closed,
}
