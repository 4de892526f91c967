//! Video rooms: sylkrtc.md §3.6, §3.8 and the room events of §2.4.

use std::sync::Arc;

use super::session::Trickle;
use super::{Body, Fields, Invalid, Json, Party};

/// Most active participants of a room (sylkrtc.md §1.9).
const MAX_ACTIVE: usize = 2;

/// `videoroom-join`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Join {
    pub(crate) session: Arc<str>,
    pub(crate) account: Arc<str>,
    pub(crate) uri: Arc<str>,
    pub(crate) sdp: Arc<str>,
    pub(crate) audio: bool,
    pub(crate) video: bool,
}

/// A request about a participation that is there already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RoomRequest {
    /// The participation; of a trickle and an update it may be a feed.
    pub(crate) session: Arc<str>,
    pub(crate) what: RoomAction,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum RoomAction {
    Leave,
    Trickle {
        candidates: Vec<Arc<str>>,
    },
    Update {
        audio: Option<bool>,
        video: Option<bool>,
        bitrate: Option<i64>,
    },
    FeedAttach {
        publisher: Arc<str>,
        feed: Arc<str>,
    },
    FeedAnswer {
        feed: Arc<str>,
        sdp: Arc<str>,
    },
    FeedDetach {
        feed: Arc<str>,
    },
    Configure {
        active_participants: Vec<Arc<str>>,
    },
    Invite {
        participants: Vec<Arc<str>>,
    },
    Message {
        message_id: Arc<str>,
        content: Arc<str>,
        content_type: Arc<str>,
    },
    Composing {
        active: bool,
        refresh: Option<i64>,
    },
    MuteAudio,
    ToggleHand {
        session_id: Option<Arc<str>>,
    },
    /// EXT
    Remove {
        participants: Vec<Arc<str>>,
    },
    /// EXT
    MuteParticipant {
        participant_id: Arc<str>,
        muted: bool,
    },
}

impl Join {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            session: fields.id("session")?,
            account: fields.aor("account")?,
            uri: fields.aor("uri")?,
            sdp: fields.sdp("sdp")?,
            audio: fields.boolean("audio")?.unwrap_or(true),
            video: fields.boolean("video")?.unwrap_or(true),
        })
    }
}

impl RoomRequest {
    /// `None` for a name that is none of these.
    pub(super) fn read(name: &str, fields: &Fields<'_>) -> Option<Result<Self, Invalid>> {
        let what = match name {
            "videoroom-leave" => Ok(RoomAction::Leave),
            "videoroom-session-trickle" => {
                Trickle::read(fields).map(|trickle| RoomAction::Trickle {
                    candidates: trickle.candidates,
                })
            }
            "videoroom-session-update" => update(fields),
            "videoroom-feed-attach" => feed_attach(fields),
            "videoroom-feed-answer" => feed_answer(fields),
            "videoroom-feed-detach" => fields
                .id("feed")
                .map(|feed| RoomAction::FeedDetach { feed }),
            "videoroom-configure" => configure(fields),
            "videoroom-invite" => fields
                .unique_aors("participants")
                .map(|participants| RoomAction::Invite { participants }),
            "videoroom-message" => message(fields),
            "videoroom-composing-indication" => composing(fields),
            "videoroom-mute-audio-participants" => Ok(RoomAction::MuteAudio),
            "videoroom-toggle-hand" => fields
                .name_optional("session_id")
                .map(|session_id| RoomAction::ToggleHand { session_id }),
            "videoroom-remove" => fields
                .unique_aors("participants")
                .map(|participants| RoomAction::Remove { participants }),
            "videoroom-mute-participant" => mute_participant(fields),
            _ => return None,
        };
        let session = fields.id("session");
        Some(session.and_then(|session| {
            Ok(Self {
                session,
                what: what?,
            })
        }))
    }
}

fn update(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    let options = Fields::new("VideoroomSessionOptions", fields.object("options")?);
    Ok(RoomAction::Update {
        audio: options.boolean("audio")?,
        video: options.boolean("video")?,
        bitrate: options.integer("bitrate")?,
    })
}

fn feed_attach(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    Ok(RoomAction::FeedAttach {
        publisher: fields.id("publisher")?,
        feed: fields.id("feed")?,
    })
}

fn feed_answer(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    Ok(RoomAction::FeedAnswer {
        feed: fields.id("feed")?,
        sdp: fields.sdp("sdp")?,
    })
}

fn configure(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    let active_participants = fields.unique_texts("active_participants")?;
    if active_participants.len() > MAX_ACTIVE {
        return Err(Invalid(format!(
            "the value's length must be between 0 and {MAX_ACTIVE} inclusive"
        )));
    }
    Ok(RoomAction::Configure {
        active_participants,
    })
}

fn message(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    let longest = super::message::MAX_CONTENT;
    let content = fields.text("content")?;
    if content.len() > longest {
        return Err(Invalid(format!(
            "the value's length must be between 0 and {longest} inclusive"
        )));
    }
    Ok(RoomAction::Message {
        message_id: fields.id("message_id")?,
        content,
        content_type: fields.id("content_type")?,
    })
}

fn composing(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    Ok(RoomAction::Composing {
        active: fields.choice("state", |state| match state {
            "active" => Some(true),
            "idle" => Some(false),
            _ => None,
        })?,
        refresh: fields.integer("refresh")?,
    })
}

fn mute_participant(fields: &Fields<'_>) -> Result<RoomAction, Invalid> {
    Ok(RoomAction::MuteParticipant {
        participant_id: fields.id("participant_id")?,
        muted: fields.boolean_needed("muted")?,
    })
}

/// Somebody who publishes in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Publisher {
    pub(crate) id: Arc<str>,
    pub(crate) party: Party,
    /// EXT: a telephone, whose sound only is there.
    pub(crate) is_phone: bool,
}

impl Publisher {
    pub(crate) fn json(&self) -> Json {
        let mut members: Body = vec![
            ("id", (&self.id).into()),
            ("uri", (&self.party.uri).into()),
            ("display_name", (&self.party.display_name).into()),
        ];
        if self.is_phone {
            members.push(("type", "sip".into()));
        }
        Json::members(members)
    }
}

/// A file shared in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SharedFile {
    pub(crate) filename: Arc<str>,
    /// Bytes.
    pub(crate) filesize: i64,
    pub(crate) uploader: Party,
    pub(crate) session: Arc<str>,
}

/// What happens to a participation, sylkrtc.md §2.4.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum VideoroomEvent {
    Progress,
    Accepted {
        sdp: Arc<str>,
        audio: bool,
        video: bool,
        /// EXT: seconds since the room was made; none is not mentioned.
        duration: u64,
    },
    Established,
    Terminated {
        reason: Option<Arc<str>>,
    },
    InitialPublishers(Vec<Publisher>),
    PublishersJoined(Vec<Publisher>),
    PublishersLeft(Vec<Arc<str>>),
    FeedAttached {
        feed: Arc<str>,
        sdp: Arc<str>,
    },
    FeedEstablished {
        feed: Arc<str>,
    },
    Configure {
        originator: Arc<str>,
        active_participants: Vec<Arc<str>>,
    },
    FileSharing(Vec<SharedFile>),
    Message {
        status: bool,
        content: Arc<str>,
        content_type: Arc<str>,
        sender: Party,
        timestamp: Arc<str>,
    },
    MessageDelivery {
        message_id: Arc<str>,
        delivered: bool,
        code: u16,
        reason: Arc<str>,
    },
    ComposingIndication {
        active: bool,
        refresh: u16,
        content_type: Arc<str>,
        sender: Party,
    },
    MuteAudio {
        originator: Arc<str>,
    },
    RaisedHands(Vec<Arc<str>>),
    /// EXT
    InviteStatus {
        participant: Arc<str>,
        code: u16,
        reason: Arc<str>,
    },
    /// EXT
    MuteRequest {
        muted: bool,
        originator: Arc<str>,
    },
}

impl VideoroomEvent {
    /// The event's name and its own fields in D2.
    pub(crate) fn body(&self) -> (&'static str, Body) {
        let state = |name: &str| -> Body { vec![("state", name.into())] };
        match self {
            Self::Progress => ("session-state", state("progress")),
            Self::Accepted {
                sdp,
                audio,
                video,
                duration,
            } => {
                let mut body = state("accepted");
                body.extend([
                    ("sdp", sdp.into()),
                    ("audio", (*audio).into()),
                    ("video", (*video).into()),
                ]);
                if *duration > 0 {
                    let seconds = i64::try_from(*duration).unwrap_or(i64::MAX);
                    body.push(("duration", Json::Int(seconds)));
                }
                ("session-state", body)
            }
            Self::Established => ("session-state", state("established")),
            Self::Terminated { reason } => {
                let mut body = state("terminated");
                body.extend(reason.iter().map(|reason| ("reason", reason.into())));
                ("session-state", body)
            }
            Self::InitialPublishers(list) => ("initial-publishers", publishers(list)),
            Self::PublishersJoined(list) => ("publishers-joined", publishers(list)),
            Self::PublishersLeft(ids) => {
                ("publishers-left", vec![("publishers", Json::texts(ids))])
            }
            Self::FeedAttached { feed, sdp } => (
                "feed-attached",
                vec![("feed", feed.into()), ("sdp", sdp.into())],
            ),
            Self::FeedEstablished { feed } => ("feed-established", vec![("feed", feed.into())]),
            Self::Configure {
                originator,
                active_participants,
            } => (
                "configure",
                vec![
                    ("originator", originator.into()),
                    ("active_participants", Json::texts(active_participants)),
                ],
            ),
            Self::FileSharing(files) => {
                let files = files.iter().map(SharedFile::json).collect();
                ("file-sharing", vec![("files", Json::List(files))])
            }
            Self::Message {
                status,
                content,
                content_type,
                sender,
                timestamp,
            } => (
                "message",
                vec![
                    ("type", if *status { "status" } else { "normal" }.into()),
                    ("content", content.into()),
                    ("content_type", content_type.into()),
                    ("sender", sender.json()),
                    ("timestamp", timestamp.into()),
                ],
            ),
            Self::MessageDelivery {
                message_id,
                delivered,
                code,
                reason,
            } => (
                "message-delivery",
                vec![
                    ("message_id", message_id.into()),
                    ("delivered", (*delivered).into()),
                    ("code", (*code).into()),
                    ("reason", reason.into()),
                ],
            ),
            Self::ComposingIndication {
                active,
                refresh,
                content_type,
                sender,
            } => (
                "composing-indication",
                vec![
                    ("state", if *active { "active" } else { "idle" }.into()),
                    ("refresh", (*refresh).into()),
                    ("content_type", content_type.into()),
                    ("sender", sender.json()),
                ],
            ),
            Self::MuteAudio { originator } => {
                ("mute-audio", vec![("originator", originator.into())])
            }
            Self::RaisedHands(ids) => ("raised-hands", vec![("raised_hands", Json::texts(ids))]),
            Self::InviteStatus {
                participant,
                code,
                reason,
            } => {
                let state = match code {
                    0..=199 => "progress",
                    200..=299 => "success",
                    300.. => "failed",
                };
                (
                    "invite-status",
                    vec![
                        ("participant", participant.into()),
                        ("state", state.into()),
                        ("code", (*code).into()),
                        ("reason", reason.into()),
                    ],
                )
            }
            Self::MuteRequest { muted, originator } => (
                "mute-request",
                vec![
                    ("muted", (*muted).into()),
                    ("originator", originator.into()),
                ],
            ),
        }
    }
}

pub(crate) fn publishers(list: &[Publisher]) -> Body {
    let list = list.iter().map(Publisher::json).collect();
    vec![("publishers", Json::List(list))]
}

impl From<crate::rooms::FileInfo> for SharedFile {
    fn from(file: crate::rooms::FileInfo) -> Self {
        Self {
            filename: file.name,
            filesize: i64::try_from(file.size).unwrap_or(i64::MAX),
            uploader: file.uploader,
            session: file.session,
        }
    }
}

impl SharedFile {
    fn json(&self) -> Json {
        Json::object([
            ("filename", (&self.filename).into()),
            ("filesize", Json::Int(self.filesize)),
            ("uploader", self.uploader.json()),
            ("session", (&self.session).into()),
        ])
    }
}
