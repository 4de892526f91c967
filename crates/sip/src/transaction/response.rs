//! What every response to one request has in common (RFC 3261 §8.2.6), printed once.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::message::header::Via;
use crate::message::{HeaderName, Message, MessageWriter};
use crate::transport::{Flow, Target};

/// The copied headers of a request, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct ResponseTemplate {
    /// Via lines with `received` and `rport` filled in, From, Call-ID and CSeq.
    head: Box<[u8]>,
    to: Box<str>,
    to_has_tag: bool,
    /// Record-Route lines, for responses that make a dialog.
    record_routes: Box<[u8]>,
    pub(crate) target: Target,
}

impl ResponseTemplate {
    /// `None` without a readable Via: then there is no way back.
    pub(crate) fn new(request: &Message, flow: &Flow) -> Option<Self> {
        let mut vias = request.header_list(HeaderName::Via);
        let top_text = vias.next()?;
        let top = Via::parse(top_text)?;
        let mut head = Vec::with_capacity(512);
        let mut line = |name: HeaderName, value: &str| {
            for piece in [name.as_str(), ": ", value, "\r\n"] {
                head.extend_from_slice(piece.as_bytes());
            }
        };
        line(HeaderName::Via, &stamped(top_text, &top, flow.remote));
        for via in vias {
            line(HeaderName::Via, via);
        }
        for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            if let Some(value) = request.header(name) {
                line(name, value);
            }
        }
        let mut record_routes = Vec::new();
        for route in request.header_lines(HeaderName::RecordRoute) {
            for piece in [HeaderName::RecordRoute.as_str(), ": ", route, "\r\n"] {
                record_routes.extend_from_slice(piece.as_bytes());
            }
        }
        Some(Self {
            head: head.into(),
            to: request.header(HeaderName::To).unwrap_or("").into(),
            to_has_tag: request.to().is_some_and(|to| to.tag().is_some()),
            record_routes: record_routes.into(),
            target: way_back(&top, flow),
        })
    }

    /// Starts a response; `tag` completes To unless it has one. 100 carries none.
    pub(crate) fn response(&self, code: u16, reason: &str, tag: &str) -> MessageWriter {
        let mut writer = MessageWriter::response(code, reason);
        writer.lines(&self.head);
        if self.to_has_tag || code == 100 || tag.is_empty() {
            writer.header(HeaderName::To, &self.to);
        } else {
            writer.header(HeaderName::To, &format!("{};tag={tag}", self.to));
        }
        writer
    }

    /// The Record-Route lines of the request.
    pub(crate) fn record_routes(&self) -> &[u8] {
        &self.record_routes
    }

    /// Gives back the memory once the final response is printed and only that may be repeated.
    pub(crate) fn forget(&mut self) {
        self.head = Box::default();
        self.to = Box::default();
        self.record_routes = Box::default();
    }

    /// A response without further headers.
    pub(crate) fn bare(&self, code: u16, reason: &str, tag: &str) -> Bytes {
        self.response(code, reason, tag).finish()
    }
}

/// The topmost Via with `received` when the source differs from sent-by, and `rport` when asked for
/// (RFC 3261 §18.2.1, RFC 3581 §4).
fn stamped(text: &str, via: &Via<'_>, source: SocketAddr) -> String {
    let wants_port = via.params.has("rport");
    let same_host = via
        .host
        .parse()
        .is_ok_and(|host: std::net::IpAddr| host == source.ip());
    if !wants_port && same_host {
        return text.to_owned();
    }
    let mut stamped = text.split(';').next().unwrap_or("").trim_end().to_owned();
    for (name, value) in via.params.iter() {
        if name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport") {
            continue;
        }
        stamped.push(';');
        stamped.push_str(name);
        if let Some(value) = value {
            stamped.push('=');
            stamped.push_str(value);
        }
    }
    let received = write!(stamped, ";received={}", source.ip());
    let rport = if wants_port {
        write!(stamped, ";rport={}", source.port())
    } else {
        Ok(())
    };
    debug_assert!(
        received.is_ok() && rport.is_ok(),
        "writing to a String does not fail"
    );
    stamped
}

/// Where responses go (RFC 3261 §18.2.2, RFC 3581 §4): back along the connection, and when that is
/// gone to the port of sent-by; for datagrams to the source port when `rport` is there, else to the
/// port of sent-by. `maddr` is not followed: it would let anyone
/// point our answers at a third party.
fn way_back(via: &Via<'_>, flow: &Flow) -> Target {
    let mut target = flow.target();
    if flow.transport.is_reliable() || !via.params.has("rport") {
        target
            .remote
            .set_port(via.port.unwrap_or_else(|| flow.transport.default_port()));
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::parse_datagram;
    use crate::transport::{FlowId, Transport};

    fn template(via: &str) -> (String, SocketAddr) {
        let text = format!(
            "OPTIONS sip:h SIP/2.0\r\nVia: {via}\r\nVia: SIP/2.0/UDP far\r\nTo: <sip:h>\r\n\r\n"
        );
        let flow = Flow {
            id: FlowId(1),
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "198.51.100.9:40000".parse().unwrap(),
        };
        let template =
            ResponseTemplate::new(&parse_datagram(text.into_bytes()).unwrap(), &flow).unwrap();
        let printed = parse_datagram(template.bare(200, "", "t")).unwrap();
        assert_eq!(printed.to().unwrap().tag(), Some("t"));
        let vias: Vec<_> = printed.header_lines(HeaderName::Via).collect();
        assert_eq!(vias.len(), 2);
        (vias[0].to_owned(), template.target.remote)
    }

    #[test]
    fn the_source_is_noted_and_answered_where_asked() {
        let (via, back) = template("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa");
        assert_eq!(
            via,
            "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;received=198.51.100.9;rport=40000"
        );
        assert_eq!(back.to_string(), "198.51.100.9:40000");
        let (via, back) = template("SIP/2.0/UDP 198.51.100.9:5070;branch=z9hG4bKa");
        assert_eq!(
            (via.as_str(), back.port()),
            ("SIP/2.0/UDP 198.51.100.9:5070;branch=z9hG4bKa", 5070)
        );
        let (via, back) = template("SIP/2.0/UDP phone.example.com;received=1.2.3.4");
        assert_eq!(
            (via.as_str(), back.port()),
            ("SIP/2.0/UDP phone.example.com;received=198.51.100.9", 5060)
        );
    }
}
