//! A parsed message and the views into it.

use std::fmt;

use bytes::Bytes;

use super::header::{CSeq, HeaderName, NameAddr, Params, Via, split_list};
use super::method::Method;
use super::parse::{Defect, Slot, Span, Start};

/// A request or response. Cloning copies the index, not the bytes.
///
/// Every header keeps its bytes and its place. The typed views read on demand; `None` means absent
/// or malformed, and [`Message::check`] says which of the required ones that concerns.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    start: Start,
    slots: Vec<Slot>,
    body: Span,
    defect: Option<Defect>,
}

/// One header line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The recognised name.
    pub name: HeaderName,
    /// The name as written.
    pub raw_name: &'a str,
    /// The value, unfolded, without blanks around it.
    pub value: &'a str,
}

pub(super) fn assemble(
    bytes: Bytes,
    start: Start,
    slots: Vec<Slot>,
    body: Span,
    defect: Option<Defect>,
) -> Message {
    Message {
        bytes,
        start,
        slots,
        body,
        defect,
    }
}

impl Message {
    fn text(&self, span: Span) -> &str {
        self.bytes
            .get(span.range())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or("")
    }

    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        match self.start {
            Start::Request { .. } => true,
            Start::Response { .. } => false,
        }
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI of a request.
    pub fn request_uri(&self) -> Option<&str> {
        match &self.start {
            Start::Request { uri, .. } => Some(self.text(*uri)),
            Start::Response { .. } => None,
        }
    }

    /// The status code of a response, 100–699.
    pub fn code(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { code, .. } => Some(*code),
        }
    }

    /// The reason phrase of a response.
    pub fn reason(&self) -> Option<&str> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { reason, .. } => Some(self.text(*reason)),
        }
    }

    /// What is wrong with the message as a whole.
    pub fn defect(&self) -> Option<Defect> {
        self.defect
    }

    /// All headers in their order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        self.slots.iter().map(|slot| Header {
            name: slot.name,
            raw_name: self.text(slot.name_span),
            value: self.text(slot.value_span),
        })
    }

    /// The first value of a header.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.header_lines(name).next()
    }

    /// All values of a header, one per line.
    pub fn header_lines(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.slots
            .iter()
            .filter(move |slot| slot.name == name)
            .map(|slot| self.text(slot.value_span))
    }

    /// All values of a header that is a comma list, over all its lines.
    pub fn header_list(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.header_lines(name).flat_map(split_list)
    }

    /// The first value of a header by its printed name, compact or long, in any case.
    pub fn header_named(&self, name: &str) -> Option<&str> {
        let known = HeaderName::from_bytes(name.as_bytes());
        if known != HeaderName::Other {
            return self.header(known);
        }
        self.headers()
            .find(|header| header.raw_name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }

    /// The topmost Via.
    pub fn via(&self) -> Option<Via<'_>> {
        Via::parse(self.header_list(HeaderName::Via).next()?)
    }

    /// From.
    pub fn from(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.header(HeaderName::From)?)
    }

    /// To.
    pub fn to(&self) -> Option<NameAddr<'_>> {
        NameAddr::parse(self.header(HeaderName::To)?)
    }

    /// The first Contact that is an address.
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        self.header_list(HeaderName::Contact)
            .find_map(NameAddr::parse)
    }

    /// Call-ID, empty when absent.
    pub fn call_id(&self) -> &str {
        self.header(HeaderName::CallId).unwrap_or("")
    }

    /// CSeq.
    pub fn cseq(&self) -> Option<CSeq> {
        CSeq::parse(self.header(HeaderName::CSeq)?)
    }

    /// Max-Forwards, when present and a number up to 255.
    pub fn max_forwards(&self) -> Option<u8> {
        self.header(HeaderName::MaxForwards)?.parse().ok()
    }

    /// Content-Type without parameters, empty when absent.
    pub fn content_type(&self) -> &str {
        let value = self.header(HeaderName::ContentType).unwrap_or("");
        value.split_once(';').map_or(value, |(kind, _)| kind).trim()
    }

    /// The body; shares the message's bytes.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.body.range())
    }

    /// The session description: the body itself, or the first such part of a multipart body
    /// (RFC 5621).
    pub fn sdp(&self) -> Option<Bytes> {
        if self.body.start == self.body.end {
            return None;
        }
        let kind = self.content_type();
        if kind.eq_ignore_ascii_case("application/sdp") {
            return Some(self.body());
        }
        if kind
            .get(..10)
            .is_some_and(|head| head.eq_ignore_ascii_case("multipart/"))
        {
            let value = self.header(HeaderName::ContentType)?;
            let params = Params(value.split_once(';')?.1);
            let boundary = super::header::unquote(params.value("boundary")?);
            return super::print::sdp_part(&self.body(), &boundary);
        }
        None
    }

    /// The bytes as received (unfolded).
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for Message {
    /// The first line and the size: headers may hold credentials and do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            Start::Request { method, .. } => {
                write!(f, "Message({method}, {} bytes)", self.bytes.len())
            }
            Start::Response { code, .. } => {
                write!(f, "Message({code}, {} bytes)", self.bytes.len())
            }
        }
    }
}
