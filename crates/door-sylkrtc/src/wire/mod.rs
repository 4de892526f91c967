//! The wire: requests as clients send them, answers and events as they expect them, all in the shape of D2 (sylkrtc.md
//! §2). The other dialects are `crate::dialect`'s business.

pub(crate) mod account;
pub(crate) mod addressbook;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod message;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod session;
pub(crate) mod videoroom;

pub(crate) use fields::{Fields, Invalid};
pub(crate) use json::Json;
pub(crate) use request::Request;
pub(crate) use response::{Event, ack, error};

use std::sync::Arc;

/// Somebody, as events name them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Party {
    /// `user@host`
    pub(crate) uri: Arc<str>,
    /// May be empty.
    pub(crate) display_name: Arc<str>,
}

impl Party {
    pub(crate) fn json(&self) -> Json {
        Json::object([
            ("uri", self.uri.clone().into()),
            ("display_name", self.display_name.clone().into()),
        ])
    }
}

impl From<&api::event::WebParty> for Party {
    fn from(party: &api::event::WebParty) -> Self {
        Self {
            uri: party.uri.clone(),
            display_name: party.display_name.clone(),
        }
    }
}

/// Names and values of an event's own fields, in order.
pub(crate) type Body = Vec<(&'static str, Json)>;
