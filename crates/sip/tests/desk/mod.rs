//! One endpoint, and a peer whose messages are written by hand.

use bytes::Bytes;
use jackfield_sip::message::{HeaderName, Message, parse_datagram};
use jackfield_sip::transport::{Flow, FlowId, Target, Transport};
use jackfield_sip::{Endpoint, EndpointConfig, Event, InviteRequest, Party, SessionId};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) struct Desk {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(EndpointConfig::default())
    }

    pub(crate) fn with(config: EndpointConfig) -> Self {
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let flow = Flow {
            id: FlowId(3),
            transport: Transport::Udp,
            local: address("192.0.2.1:5060"),
            remote: address("198.51.100.7:5060"),
        };
        Self {
            endpoint: Endpoint::new(config, [4; 32]),
            now: Instant::now(),
            flow,
        }
    }

    /// Hands a message in and returns what was sent.
    pub(crate) fn hear(&mut self, text: &str) -> Vec<Message> {
        let message = parse_datagram(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        self.endpoint.handle_message(self.now, &self.flow, message);
        self.said()
    }

    pub(crate) fn said(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|t| parse_datagram(t.bytes).unwrap())
            .collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    pub(crate) fn invited(&mut self) -> SessionId {
        let found = self.events().into_iter().find_map(|event| {
            if let Event::Invite { session, .. } = event {
                Some(session)
            } else {
                None
            }
        });
        found.expect("an INVITE was announced")
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= until) {
            self.now = next;
            self.endpoint.handle_timeout(next);
        }
        self.now = until;
    }

    pub(crate) fn finish(mut self) {
        self.wait(Duration::from_secs(700));
        while self.endpoint.poll_event().is_some() || self.endpoint.poll_transmit().is_some() {}
        assert_eq!(self.endpoint.counts(), jackfield_sip::Counts::default());
    }

    pub(crate) fn call(&mut self) -> (SessionId, Message) {
        let request = InviteRequest {
            to_uri: "sip:bob@198.51.100.7".into(),
            from: Party::uri("sip:alice@192.0.2.1"),
            to: Party::uri("sip:bob@198.51.100.7"),
            target: Target {
                flow: None,
                transport: Transport::Udp,
                local: self.flow.local,
                remote: self.flow.remote,
            },
            local_contact: "sip:alice@192.0.2.1:5060".into(),
            sdp: Some(Bytes::from_static(b"v=0")),
            headers: Vec::new(),
            credentials: None,
            route: Vec::new(),
            call_id: Some("call-1".into()),
            max_forwards: 70,
        };
        let session = self.endpoint.invite(self.now, request).unwrap();
        (session, self.said().remove(0))
    }
}

/// A request of the peer: first line, branch, extra header lines.
pub(crate) fn request(first: &str, branch: &str, to_tag: &str, cseq: &str, extra: &str) -> String {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{first} SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:bob@198.51.100.7>;tag=peer\r\nTo: <sip:alice@192.0.2.1>{to_tag}\r\nCall-ID: c1\r\nCSeq: {cseq}\r\n\
         Contact: <sip:bob@198.51.100.7:5060>\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

/// A response of the peer to what we sent.
pub(crate) fn response(to: &Message, code: u16, tag: &str, extra: &str) -> String {
    let line = |name: HeaderName| to.header(name).unwrap().to_owned();
    let tag = if tag.is_empty() || to.to().unwrap().tag().is_some() {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    format!(
        "SIP/2.0 {code} x\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}Content-Length: 0\r\n\r\n",
        line(HeaderName::Via),
        line(HeaderName::From),
        line(HeaderName::To),
        line(HeaderName::CallId),
        line(HeaderName::CSeq),
    )
}

pub(crate) fn codes(messages: &[Message]) -> Vec<u16> {
    messages.iter().filter_map(Message::code).collect()
}

pub(crate) fn methods(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .filter_map(Message::method)
        .map(ToString::to_string)
        .collect()
}
