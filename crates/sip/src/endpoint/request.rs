//! What the owner fills in to place a call.

use bytes::Bytes;

use super::EndpointError;
use crate::auth::Credentials;
use crate::message::header::quote;
use crate::message::{is_header_value, is_token};
use crate::transport::Target;

/// One side of a request: display name and URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Display name without quotes; empty prints none.
    pub display: String,
    /// URI without brackets.
    pub uri: String,
}

impl Party {
    /// A party without a display name.
    pub fn uri(uri: impl Into<String>) -> Self {
        Self {
            display: String::new(),
            uri: uri.into(),
        }
    }

    /// As a header value without tag.
    pub(crate) fn print(&self) -> String {
        if self.display.is_empty() {
            format!("<{}>", self.uri)
        } else {
            format!("{} <{}>", quote(&self.display), self.uri)
        }
    }
}

/// An INVITE to send.
#[derive(Clone, Debug)]
pub struct InviteRequest {
    /// Request-URI.
    pub to_uri: String,
    /// From.
    pub from: Party,
    /// To.
    pub to: Party,
    /// Where to send it.
    pub target: Target,
    /// Our Contact URI.
    pub local_contact: String,
    /// The offer; without one the peer offers in its 2xx and `acknowledge` must answer.
    pub sdp: Option<Bytes>,
    /// Further headers, printed as given.
    pub headers: Vec<(String, String)>,
    /// Answers 401 and 407 when given.
    pub credentials: Option<Credentials>,
    /// Route headers (`<sip:proxy;lr>`), in order.
    pub route: Vec<String>,
    /// Call-ID to use; made here when absent.
    pub call_id: Option<String>,
    /// Max-Forwards: 70, or what a bridged call's other leg came with minus one.
    pub max_forwards: u8,
}

/// Whether headers of the owner may be printed.
pub(crate) fn check_headers(headers: &[(String, String)]) -> Result<(), EndpointError> {
    let valid = headers
        .iter()
        .all(|(name, value)| is_token(name) && is_header_value(value));
    if valid {
        Ok(())
    } else {
        Err(EndpointError::InvalidHeader)
    }
}
