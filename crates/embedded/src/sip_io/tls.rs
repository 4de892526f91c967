//! SIP over TLS: whom a connection is opened to, how long that may take, and what came of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use net::tls::{NoHandshake, TlsAcceptor, TlsConnector};
use sip::message::{HeaderName, Message, Uri, parse_datagram};

/// An address of TLS, and what is shown and believed there.
#[derive(Clone)]
pub struct TlsListen {
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// What peers are told to reach us at, when it differs from the address bound.
    pub advertise: Option<IpAddr>,
    /// Greets those who connect.
    pub acceptor: TlsAcceptor,
    /// Greets those we connect to from this address, and checks them.
    pub connector: TlsConnector,
}

impl fmt::Debug for TlsListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsListen({})", self.address)
    }
}

/// What connections are opened with, by the address we are reached at.
pub(super) struct Dialler {
    pub(super) bound: SocketAddr,
    pub(super) connector: TlsConnector,
}

impl Dialler {
    /// Whether a request that names this address of ours belongs to it: profiles must not borrow each other's trust.
    pub(super) fn is_of(&self, local: SocketAddr) -> bool {
        let is_any = self.bound.ip().is_unspecified() && self.bound.port() == local.port();
        self.bound == local || is_any && self.bound.is_ipv4() == local.is_ipv4()
    }
}

/// The name a peer's certificate has to bear (RFC 5922 §7.2): the host the message is for, as its URI has it and not as
/// the DNS translates it. `None`: the message names none.
///
/// For a request that is the first loose route, or else the Request-URI; a response is for the sender in the topmost Via
/// (RFC 3261 §18.2.2).
pub(super) fn expected_name(message: &[u8]) -> Option<Box<str>> {
    let message: Message = parse_datagram(message.to_vec()).ok()?;
    let host = |uri: &str| Some(Uri::parse(uri).ok()?.host.to_owned());
    let name = match message.request_uri() {
        Some(uri) => {
            let route = message.header_list(HeaderName::Route).next();
            let route = route.and_then(|route| route.split_once('<')?.1.split_once('>'));
            match route {
                Some((route, _)) if Uri::parse(route).is_ok_and(|uri| uri.params.has("lr")) => {
                    host(route)
                }
                Some(_) | None => host(uri),
            }
        }
        None => message.via().map(|via| via.host.to_owned()),
    }?;
    let name = name.trim_matches(['[', ']']);
    (!name.is_empty()).then(|| name.to_ascii_lowercase().into())
}

/// Which side began.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Accepted,
    Dialled,
}

/// Counts what became of a handshake.
pub(super) fn count<T>(side: Side, greeted: &Result<T, NoHandshake>) {
    let side = match side {
        Side::Accepted => "accepted",
        Side::Dialled => "dialled",
    };
    let outcome = match greeted {
        Ok(_) => "done",
        Err(NoHandshake::Failed(_)) => "failed",
        Err(NoHandshake::Untrusted(_)) => "untrusted",
        Err(NoHandshake::Late) => "late",
    };
    metrics::counter!("jackfield_sip_tls_handshakes_total", "side" => side, "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_to_name_whom_the_uri_names() {
        let name = |line: &str, more: &str| {
            let text = format!(
                "{line}\r\nVia: SIP/2.0/TLS [2001:db8::7]:5061;branch=z9\r\n{more}\r\n\r\n"
            );
            expected_name(text.as_bytes())
        };
        let id = "Call-ID: 1";
        for (line, more, expected) in [
            ("INVITE sips:bob@Example.org SIP/2.0", id, "example.org"),
            (
                "INVITE sip:b@[2001:db8::1]:5061;transport=tls SIP/2.0",
                id,
                "2001:db8::1",
            ),
            (
                "BYE sip:b@192.0.2.1 SIP/2.0",
                "Route: <sip:p.example.net;lr>, <sip:q;lr>",
                "p.example.net",
            ),
            (
                "BYE sip:strict.example.net SIP/2.0",
                "Route: <sip:b@192.0.2.1>",
                "strict.example.net",
            ),
            ("SIP/2.0 200 OK", id, "2001:db8::7"),
        ] {
            assert_eq!(name(line, more).as_deref(), Some(expected), "{line} {more}");
        }
        assert_eq!(name("OPTIONS tel:+1 SIP/2.0", id), None);
        assert_eq!(expected_name(b"nothing"), None);
    }
}
