//! Messages and the journal: sylkrtc.md §3.3 and the message events of §2.4.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Body, Fields, Invalid, Json, Party};

/// Longest text of a message, in bytes. Ours: what fits into a MESSAGE with its wrapping.
pub(crate) const MAX_CONTENT: usize = 60 << 10;

/// Most entries of one answer to `account-sync-conversations` (sylkrtc.md §1.9).
pub(crate) const MAX_SYNC: usize = 5_000;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub(crate) enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            #[allow(dead_code, reason = "of some only the names are sent")]
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use named;

named! {
    /// What became of a message: states of a journal entry and of a notification.
    State {
        Accepted = "accepted",
        Delivered = "delivered",
        Displayed = "displayed",
        Failed = "failed",
        Forbidden = "forbidden",
        Error = "error",
        Pending = "pending",
        Received = "received",
        Processed = "processed",
        Stored = "stored",
    }
}

named! {
    /// What a sender wants reported.
    Wanted {
        PositiveDelivery = "positive-delivery",
        NegativeDelivery = "negative-delivery",
        Display = "display",
        Processing = "processing",
    }
}

named! {
    /// Which way a journal entry went.
    Direction {
        Incoming = "incoming",
        Outgoing = "outgoing",
        /// Of entries that are no messages.
        None = "",
    }
}

/// The part that `account-message` and `session-message` share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outgoing {
    pub(crate) message_id: Arc<str>,
    pub(crate) content: Arc<str>,
    pub(crate) content_type: Arc<str>,
    /// Normalised.
    pub(crate) timestamp: Arc<str>,
}

impl Outgoing {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let content = fields.text("content")?;
        if content.len() > MAX_CONTENT {
            return Err(Invalid(format!(
                "the value's length must be between 0 and {MAX_CONTENT} inclusive"
            )));
        }
        let content_type = fields.id("content_type")?;
        let is_type = content_type.contains('/') && !content_type.chars().any(char::is_control);
        if !is_type {
            return Err(Invalid(format!(
                "Invalid value for 'content_type' property: {content_type}"
            )));
        }
        Ok(Self {
            message_id: line(fields, "message_id")?,
            content,
            content_type,
            timestamp: timestamp(fields, "timestamp")?,
        })
    }
}

/// An id that goes into a header.
fn line(fields: &Fields<'_>, name: &str) -> Result<Arc<str>, Invalid> {
    let text = fields.id(name)?;
    if text.chars().any(char::is_control) {
        return Err(Invalid(format!(
            "Invalid value for '{name}' property: {text:?}"
        )));
    }
    Ok(text)
}

fn timestamp(fields: &Fields<'_>, name: &str) -> Result<Arc<str>, Invalid> {
    let text = fields.id(name)?;
    let normal = crate::timestamp::normal(&text);
    normal.ok_or_else(|| Invalid(format!("Invalid value for '{name}' property: {text}")))
}

/// `account-message`
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct AccountMessage {
    pub(crate) account: Arc<str>,
    pub(crate) uri: Arc<str>,
    pub(crate) message: Outgoing,
    /// The request as it came, for the account's other connections.
    pub(crate) given: Map<String, Value>,
}

/// `account-disposition-notification`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AccountDisposition {
    pub(crate) account: Arc<str>,
    pub(crate) uri: Arc<str>,
    pub(crate) message_id: Arc<str>,
    pub(crate) timestamp: Arc<str>,
    pub(crate) state: State,
}

/// `account-sync-conversations`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SyncConversations {
    pub(crate) account: Arc<str>,
    pub(crate) message_id: Option<Arc<str>>,
    pub(crate) since: Option<Arc<str>>,
    pub(crate) limit: usize,
}

/// `account-remove-message`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RemoveMessage {
    pub(crate) account: Arc<str>,
    pub(crate) message_id: Arc<str>,
    pub(crate) contact: Arc<str>,
}

/// `account-mark-conversation-read` and `account-remove-conversation`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Conversation {
    pub(crate) account: Arc<str>,
    pub(crate) contact: Arc<str>,
}

impl AccountMessage {
    pub(super) fn read(fields: &Fields<'_>, given: &Map<String, Value>) -> Result<Self, Invalid> {
        fields.boolean("server_generated")?;
        Ok(Self {
            account: fields.aor("account")?,
            uri: fields.aor("uri")?,
            message: Outgoing::read(fields)?,
            given: given.clone(),
        })
    }
}

impl AccountDisposition {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            account: fields.aor("account")?,
            uri: fields.aor("uri")?,
            message_id: line(fields, "message_id")?,
            timestamp: timestamp(fields, "timestamp")?,
            state: fields.choice("state", |text| {
                let state = State::parse(text)?;
                let allowed = matches!(
                    state,
                    State::Delivered
                        | State::Failed
                        | State::Displayed
                        | State::Forbidden
                        | State::Error
                );
                allowed.then_some(state)
            })?,
        })
    }
}

impl SyncConversations {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let since = fields.name_optional("since")?;
        let limit = fields.integer("limit")?;
        Ok(Self {
            account: fields.aor("account")?,
            message_id: fields.name_optional("message_id")?,
            // A time that is none leaves nothing to go by, like no time.
            since: since.and_then(|since| crate::timestamp::normal(&since)),
            limit: limit.map_or(MAX_SYNC, |limit| {
                usize::try_from(limit).unwrap_or(0).min(MAX_SYNC)
            }),
        })
    }
}

impl RemoveMessage {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            account: fields.aor("account")?,
            message_id: fields.id("message_id")?,
            contact: fields.aor("contact")?,
        })
    }
}

impl Conversation {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            account: fields.aor("account")?,
            contact: fields.aor("contact")?,
        })
    }
}

/// A message that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) sender: Party,
    pub(crate) timestamp: Arc<str>,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) message_id: Arc<str>,
    pub(crate) content_type: Arc<str>,
    pub(crate) content: Arc<str>,
}

impl Message {
    /// As its sender sent it.
    pub(crate) fn as_outgoing(&self) -> Outgoing {
        Outgoing {
            message_id: self.message_id.clone(),
            content: self.content.clone(),
            content_type: self.content_type.clone(),
            timestamp: self.timestamp.clone(),
        }
    }

    pub(super) fn body(&self) -> Body {
        vec![
            ("sender", self.sender.json()),
            ("timestamp", (&self.timestamp).into()),
            ("disposition_notification", wanted(&self.wanted)),
            ("message_id", (&self.message_id).into()),
            ("content_type", (&self.content_type).into()),
            ("content", (&self.content).into()),
        ]
    }
}

fn wanted(list: &[Wanted]) -> Json {
    Json::List(list.iter().map(|wanted| wanted.name().into()).collect())
}

/// What became of a message one sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Disposition {
    pub(crate) message_id: Arc<str>,
    pub(crate) message_timestamp: Arc<str>,
    pub(crate) state: State,
    pub(crate) code: u16,
    pub(crate) reason: Arc<str>,
}

impl Disposition {
    pub(crate) fn body(&self) -> Body {
        vec![
            ("message_id", (&self.message_id).into()),
            ("message_timestamp", (&self.message_timestamp).into()),
            ("state", self.state.name().into()),
            ("code", self.code.into()),
            ("reason", (&self.reason).into()),
        ]
    }
}

/// One line of an account's journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) contact: Arc<str>,
    pub(crate) timestamp: Arc<str>,
    /// What the other side still wants reported.
    pub(crate) disposition: Vec<Wanted>,
    pub(crate) message_id: Arc<str>,
    pub(crate) content_type: Arc<str>,
    pub(crate) content: Arc<str>,
    pub(crate) direction: Direction,
    pub(crate) state: Option<State>,
}

impl Entry {
    /// What an account has sent. Whoever reads it is asked to report that.
    pub(crate) fn sent(to: &Arc<str>, message: &Outgoing, state: State) -> Self {
        Self {
            contact: to.clone(),
            timestamp: message.timestamp.clone(),
            disposition: vec![Wanted::PositiveDelivery, Wanted::Display],
            message_id: message.message_id.clone(),
            content_type: message.content_type.clone(),
            content: message.content.clone(),
            direction: Direction::Outgoing,
            state: Some(state),
        }
    }

    pub(crate) fn json(&self) -> Json {
        Json::object([
            ("contact", (&self.contact).into()),
            ("timestamp", (&self.timestamp).into()),
            ("disposition", wanted(&self.disposition)),
            ("message_id", (&self.message_id).into()),
            ("content_type", (&self.content_type).into()),
            ("content", (&self.content).into()),
            ("direction", self.direction.name().into()),
            ("state", Json::nullable(self.state.map(State::name))),
        ])
    }
}

/// What one connection did, told to the others of its account.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Sync {
    MessageAdded {
        request: Arc<Map<String, Value>>,
    },
    MessageRemoved {
        contact: Arc<str>,
        message_id: Arc<str>,
        direction: Direction,
    },
    ConversationRead {
        contact: Arc<str>,
    },
    ConversationRemoved {
        contact: Arc<str>,
        timestamp: Arc<str>,
    },
}

impl Sync {
    pub(super) fn body(&self) -> Body {
        let (kind, action, content) = match self {
            Self::MessageAdded { request } => (
                "message",
                "add",
                Json::Given(Value::Object((**request).clone())),
            ),
            Self::MessageRemoved {
                contact,
                message_id,
                direction,
            } => (
                "message",
                "remove",
                removed(contact, message_id, *direction),
            ),
            Self::ConversationRead { contact } => (
                "conversation",
                "read",
                Json::object([("contact", contact.into())]),
            ),
            Self::ConversationRemoved { contact, timestamp } => (
                "conversation",
                "remove",
                Json::object([("contact", contact.into()), ("timestamp", timestamp.into())]),
            ),
        };
        vec![
            ("type", kind.into()),
            ("action", action.into()),
            ("content", content),
        ]
    }
}

/// The content of a removal, in events and in the journal.
pub(crate) fn removed(contact: &Arc<str>, message_id: &Arc<str>, direction: Direction) -> Json {
    Json::object([
        ("contact", contact.into()),
        ("message_id", message_id.into()),
        ("direction", direction.name().into()),
    ])
}
