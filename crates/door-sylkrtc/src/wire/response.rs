use std::sync::Arc;

use super::account::AccountEvent;
use super::session::SessionEvent;
use super::videoroom::VideoroomEvent;
use super::{Body, Json};

/// Everything the server says unasked.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    Ready,
    PublicKey {
        uri: Arc<str>,
        public_key: Option<Arc<str>>,
    },
    Account {
        account: Arc<str>,
        event: AccountEvent,
    },
    Session {
        session: Arc<str>,
        event: SessionEvent,
    },
    Videoroom {
        session: Arc<str>,
        event: VideoroomEvent,
    },
}

impl Event {
    /// What the log may have of an event with a password in it; `None`: there is none, all of it.
    pub(crate) fn without_secrets(&self) -> Option<Self> {
        let Self::Account { account, event } = self else {
            return None;
        };
        let AccountEvent::Registered(Some(servers)) = event else {
            return None;
        };
        Some(Self::Account {
            account: account.clone(),
            event: AccountEvent::Registered(Some(servers.without_password())),
        })
    }

    /// The frame in D2.
    pub(crate) fn print(&self) -> String {
        let (kind, of, (name, body)) = match self {
            Self::Ready => return Json::object([("sylkrtc", "ready-event".into())]).print(),
            Self::PublicKey { uri, public_key } => {
                let members = [
                    ("sylkrtc", "lookup-public-key-event".into()),
                    ("uri", uri.into()),
                    ("public_key", Json::nullable(public_key.as_ref())),
                ];
                return Json::object(members).print();
            }
            Self::Account { account, event } => {
                ("account-event", ("account", account), event.body())
            }
            Self::Session { session, event } => {
                ("session-event", ("session", session), event.body())
            }
            Self::Videoroom { session, event } => {
                ("videoroom-event", ("session", session), event.body())
            }
        };
        let mut members: Body = vec![
            ("sylkrtc", kind.into()),
            (of.0, of.1.into()),
            ("event", name.into()),
        ];
        members.extend(body);
        Json::members(members).print()
    }
}

/// The same in all dialects. `further`: optional members of EXT.
pub(crate) fn ack(transaction: &str, further: Body) -> String {
    let mut members: Body = vec![
        ("sylkrtc", "ack".into()),
        ("transaction", transaction.into()),
    ];
    members.extend(further);
    Json::members(members).print()
}

/// The same in all dialects.
pub(crate) fn error(transaction: &str, text: &str) -> String {
    Json::object([
        ("sylkrtc", "error".into()),
        ("transaction", transaction.into()),
        ("error", text.into()),
    ])
    .print()
}
