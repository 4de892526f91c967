//! Dialogs (RFC 3261 §12): identity, route set, remote target, order of requests.

mod request;

use bytes::Bytes;

use crate::message::header::{NameAddr, RAck, split_list};
use crate::message::{HeaderName, Message};
use crate::transport::{Flow, Target, Transmit, next_hop};

pub(crate) use request::{InDialog, via_value};

/// One dialog, as plain data.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    /// Tag of the peer; empty for peers of RFC 2543 that send none.
    pub(crate) remote_tag: Box<str>,
    /// To of our requests: the peer's address with its tag.
    pub(crate) remote: Box<str>,
    /// The peer's Contact URI.
    pub(crate) remote_target: Box<str>,
    /// Route values, nearest first.
    pub(crate) routes: Box<[Box<str>]>,
    /// Number of the peer's last request.
    pub(crate) remote_cseq: Option<u32>,
    /// Where the peer was last heard.
    pub(crate) heard: Flow,
    /// Our last ACK for a 2xx with its number, to repeat when the 2xx is repeated (§13.2.2.4).
    pub(crate) ack: Option<(u32, Transmit)>,
    /// How far the descriptions have come while the INVITE that makes the dialog has no final answer.
    pub(crate) early: Early,
    /// Number of the peer's last reliable response (RFC 3262 §4).
    pub(crate) response: Option<u32>,
    /// The reliable response whose PRACK the owner writes, as it brought an offer.
    pub(crate) owes_prack: Option<RAck>,
}

/// Offer and answer before a final answer (RFC 3262 §5). Descriptions in responses that nobody acknowledges are only a
/// foretaste and count as none.
#[derive(Clone, Debug, Default)]
pub(crate) enum Early {
    /// Nothing beyond what the INVITE says.
    #[default]
    Open,
    /// The callee offered in a reliable response, and the answer is to come.
    Offered,
    /// Both have described themselves. With the answer to our INVITE, until something later has changed it.
    Agreed(Option<Bytes>),
}

impl Early {
    pub(crate) fn is_agreed(&self) -> bool {
        matches!(self, Self::Agreed(_))
    }
}

impl Dialog {
    /// The dialog a response to our INVITE makes (§12.1.2).
    pub(crate) fn from_response(invite: &Message, response: &Message, flow: &Flow) -> Self {
        let remote = response.header(HeaderName::To).unwrap_or("");
        let contact = response.contact().map(|contact| contact.uri);
        let mut routes: Vec<Box<str>> = response
            .header_list(HeaderName::RecordRoute)
            .map(Into::into)
            .collect();
        routes.reverse();
        Self {
            remote_tag: response.to().and_then(|to| to.tag()).unwrap_or("").into(),
            remote: remote.into(),
            remote_target: contact
                .or_else(|| invite.request_uri())
                .unwrap_or("")
                .into(),
            routes: routes.into(),
            remote_cseq: None,
            heard: *flow,
            ack: None,
            early: Early::Open,
            response: None,
            owes_prack: None,
        }
    }

    /// The dialog an incoming INVITE makes (§12.1.1). An INVITE without Contact, as RFC 2543 allowed,
    /// is reached at its From.
    pub(crate) fn from_request(invite: &Message, flow: &Flow) -> Self {
        let from = invite.from();
        let contact = invite.contact().or(from).map_or("", |address| address.uri);
        Self {
            remote_tag: from.and_then(|from| from.tag()).unwrap_or("").into(),
            remote: invite.header(HeaderName::From).unwrap_or("").into(),
            remote_target: contact.into(),
            routes: invite
                .header_list(HeaderName::RecordRoute)
                .map(Into::into)
                .collect(),
            remote_cseq: invite.cseq().map(|cseq| cseq.number),
            heard: *flow,
            ack: None,
            early: Early::Open,
            response: None,
            owes_prack: None,
        }
    }

    /// Takes over the Contact of a target refresh (§12.2) and where it was heard.
    pub(crate) fn refresh(&mut self, message: &Message, flow: &Flow) {
        if let Some(contact) = message.contact() {
            self.remote_target = contact.uri.into();
        }
        self.heard = *flow;
    }

    /// The next hop of our requests: the first route, else the remote target.
    pub(crate) fn target(&self) -> Target {
        let route = self
            .routes
            .first()
            .and_then(|route| NameAddr::parse(route))
            .map(|route| route.uri);
        next_hop(route.unwrap_or(&self.remote_target), &self.heard)
    }

    /// Request-URI and Route values of a request (§12.2.1.1): loose routing, or strict when the
    /// first route has no `lr`.
    fn request_line(&self) -> (String, Vec<String>) {
        let routes: Vec<String> = self
            .routes
            .iter()
            .flat_map(|route| split_list(route))
            .map(str::to_owned)
            .collect();
        let strict = routes
            .first()
            .and_then(|route| NameAddr::parse(route))
            .filter(|first| first.parsed_uri().is_ok_and(|uri| !uri.params.has("lr")));
        match strict {
            Some(first) => {
                let uri = first.uri.to_owned();
                let rest = routes
                    .iter()
                    .skip(1)
                    .cloned()
                    .chain([format!("<{}>", self.remote_target)])
                    .collect();
                (uri, rest)
            }
            None => (self.remote_target.to_string(), routes),
        }
    }
}
