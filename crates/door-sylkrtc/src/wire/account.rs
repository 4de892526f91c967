//! Accounts: sylkrtc.md §3.2 and the account events of §2.4 that are about registration and calls.

use std::sync::Arc;

use super::{Body, Fields, Invalid, Json, Party};
use crate::turn::IceServers;

/// Longest password, in characters (sylkrtc.md §1.9).
const MAX_PASSWORD: usize = 9_999;

/// `account-add`
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccountAdd {
    pub(crate) account: Arc<str>,
    /// HA1 or clear text. Never printed.
    pub(crate) password: Arc<str>,
    pub(crate) display_name: Arc<str>,
    pub(crate) user_agent: Arc<str>,
    pub(crate) incoming_header_prefixes: Vec<Arc<str>>,
    /// EXT, sylkrtc.md §3.8
    pub(crate) previous_session_token: Option<Arc<str>>,
}

impl std::fmt::Debug for AccountAdd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountAdd")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl AccountAdd {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            account: fields.aor("account")?,
            password: fields.text_within("password", 1, MAX_PASSWORD)?,
            display_name: fields.display_name("display_name")?,
            user_agent: fields
                .text_optional("user_agent")?
                .map_or_else(Arc::default, short),
            incoming_header_prefixes: fields.unique_texts("incoming_header_prefixes")?,
            previous_session_token: fields.name_optional("previous_session_token")?,
        })
    }
}

/// Browsers write long names of themselves: 255 characters of one line are kept.
fn short(text: Arc<str>) -> Arc<str> {
    text.chars()
        .filter(|c| !c.is_control())
        .take(255)
        .collect::<String>()
        .into()
}

/// `account-devicetoken`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeviceToken {
    pub(crate) account: Arc<str>,
    /// `None` for the form of D1, which is acknowledged and means nothing any more.
    pub(crate) push: Option<Push>,
}

/// Where a push server reaches a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Push {
    pub(crate) token: Arc<str>,
    pub(crate) platform: Arc<str>,
    pub(crate) device: Arc<str>,
    pub(crate) silent: bool,
    pub(crate) app: Arc<str>,
}

/// Longest push token, in characters. Ours: the longest known ones have about 300.
const MAX_TOKEN: usize = 4_096;

impl DeviceToken {
    pub(super) fn read(fields: &Fields<'_>, old_form: bool) -> Result<Self, Invalid> {
        let account = fields.aor("account")?;
        if old_form {
            fields.text_optional("old_token")?;
            fields.text_optional("new_token")?;
            return Ok(Self {
                account,
                push: None,
            });
        }
        let push = Push {
            token: fields.text_within("token", 1, MAX_TOKEN)?,
            platform: fields.id("platform")?,
            device: fields.id("device")?,
            silent: fields.boolean("silent")?.unwrap_or(false),
            app: fields.id("app")?,
        };
        Ok(Self {
            account,
            push: Some(push),
        })
    }
}

/// What happens to an account, sylkrtc.md §2.4.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum AccountEvent {
    Registering,
    /// Perhaps with servers that help its calls through networks.
    Registered(Option<IceServers>),
    RegistrationFailed {
        reason: Arc<str>,
    },
    IncomingSession(IncomingSession),
    MissedSession {
        originator: Party,
    },
    ConferenceInvite {
        room: Arc<str>,
        session_id: Arc<str>,
        originator: Party,
    },
    Message(super::message::Message),
    Disposition(super::message::Disposition),
    SyncConversations(Vec<super::message::Entry>),
    Sync(super::message::Sync),
    AddressBook(super::addressbook::AddressBookEvent),
}

/// Somebody calls.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct IncomingSession {
    pub(crate) session: Arc<str>,
    pub(crate) originator: Party,
    pub(crate) sdp: Arc<str>,
    pub(crate) call_id: Arc<str>,
    pub(crate) headers: Vec<(Arc<str>, Arc<str>)>,
}

impl AccountEvent {
    /// The event's name and its own fields in D2.
    pub(crate) fn body(&self) -> (&'static str, Body) {
        match self {
            Self::Registering => ("registration-state", vec![("state", "registering".into())]),
            Self::Registered(servers) => {
                let mut body = vec![("state", "registered".into())];
                if let Some(servers) = servers {
                    servers.push_to(&mut body);
                }
                ("registration-state", body)
            }
            Self::RegistrationFailed { reason } => (
                "registration-state",
                vec![("state", "failed".into()), ("reason", reason.into())],
            ),
            Self::IncomingSession(incoming) => {
                let mut body = vec![
                    ("session", (&incoming.session).into()),
                    ("originator", incoming.originator.json()),
                    ("sdp", (&incoming.sdp).into()),
                    ("call_id", (&incoming.call_id).into()),
                ];
                push_headers(&mut body, &incoming.headers);
                ("incoming-session", body)
            }
            Self::MissedSession { originator } => {
                ("missed-session", vec![("originator", originator.json())])
            }
            Self::ConferenceInvite {
                room,
                session_id,
                originator,
            } => (
                "conference-invite",
                vec![
                    ("room", room.into()),
                    ("session_id", session_id.into()),
                    ("originator", originator.json()),
                ],
            ),
            Self::Message(message) => ("message", message.body()),
            Self::Disposition(disposition) => ("disposition-notification", disposition.body()),
            Self::SyncConversations(entries) => {
                let entries = entries.iter().map(super::message::Entry::json);
                (
                    "sync-conversations",
                    vec![("messages", Json::List(entries.collect()))],
                )
            }
            Self::Sync(sync) => ("sync", sync.body()),
            Self::AddressBook(event) => event.body(),
        }
    }
}

/// An object, or nothing at all: `null` crashes the client.
pub(super) fn push_headers(body: &mut Body, headers: &[(Arc<str>, Arc<str>)]) {
    if headers.is_empty() {
        return;
    }
    let members = headers
        .iter()
        .map(|(name, value)| (name.to_string().into(), value.into()));
    body.push(("headers", Json::Object(members.collect())));
}
