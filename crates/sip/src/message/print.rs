//! Printing messages, and taking multipart bodies apart.

use bytes::Bytes;
use memchr::memmem;

use super::header::HeaderName;
use super::method::Method;
use super::status::reason_phrase;

/// Writes one message: first line, headers in call order, then the body with its length.
#[derive(Debug)]
pub struct MessageWriter {
    buffer: Vec<u8>,
}

impl MessageWriter {
    /// Starts a request.
    pub fn request(method: &Method, uri: &str) -> Self {
        let mut writer = Self {
            buffer: Vec::with_capacity(1024),
        };
        writer.put(&[method.as_str(), " ", uri, " SIP/2.0\r\n"]);
        writer
    }

    /// Starts a response; an empty `reason` takes the usual phrase.
    pub fn response(code: u16, reason: &str) -> Self {
        let mut writer = Self {
            buffer: Vec::with_capacity(768),
        };
        let reason = if reason.is_empty() {
            reason_phrase(code)
        } else {
            reason
        };
        writer.put(&["SIP/2.0 ", &code.to_string(), " ", reason, "\r\n"]);
        writer
    }

    /// Writes a header whose name has a variant.
    pub fn header(&mut self, name: HeaderName, value: &str) -> &mut Self {
        self.named(name.as_str(), value)
    }

    /// Writes a header by name. Both must be free of line feeds: values of parsed messages are; others
    /// are checked with [`is_header_value`] where they enter.
    pub fn named(&mut self, name: &str, value: &str) -> &mut Self {
        self.put(&[name, ": ", value, "\r\n"]);
        self
    }

    /// Writes lines printed before, each ended by CRLF.
    pub fn lines(&mut self, lines: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(lines);
        self
    }

    /// Ends the message without a body.
    pub fn finish(self) -> Bytes {
        self.finish_with("", &[])
    }

    /// Ends the message with a body; an empty type writes no Content-Type.
    pub fn finish_with(mut self, content_type: &str, body: &[u8]) -> Bytes {
        if !content_type.is_empty() {
            self.header(HeaderName::ContentType, content_type);
        }
        self.header(HeaderName::ContentLength, &body.len().to_string());
        self.buffer.extend_from_slice(b"\r\n");
        self.buffer.extend_from_slice(body);
        // Messages are kept for retransmission: half a minute of unused room adds up.
        self.buffer.shrink_to_fit();
        Bytes::from(self.buffer)
    }

    fn put(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.buffer.extend_from_slice(piece.as_bytes());
        }
    }
}

/// Whether text may be printed as a header value: anything without line breaks and NUL.
pub fn is_header_value(value: &str) -> bool {
    !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// The first `application/sdp` part of a multipart body.
pub(super) fn sdp_part(body: &Bytes, boundary: &str) -> Option<Bytes> {
    if boundary.is_empty() || boundary.len() > 70 {
        return None; // RFC 2046 §5.1.1 allows 1 to 70 characters.
    }
    let delimiter = format!("--{boundary}");
    let mut marks = memmem::find_iter(body, delimiter.as_bytes()).collect::<Vec<_>>();
    marks.push(body.len());
    marks.windows(2).find_map(|pair| {
        let &[from, to] = pair else { return None };
        let part = body.slice(from + delimiter.len()..to.max(from + delimiter.len()));
        let (head_end, gap) = memmem::find(&part, b"\r\n\r\n")
            .map(|at| (at, 4))
            .or_else(|| memmem::find(&part, b"\n\n").map(|at| (at, 2)))?;
        let head = std::str::from_utf8(part.get(..head_end)?).ok()?;
        let is_sdp = head.lines().any(|line| {
            line.split_once(':').is_some_and(|(name, value)| {
                HeaderName::from_bytes(name.trim().as_bytes()) == HeaderName::ContentType
                    && value
                        .trim()
                        .get(..15)
                        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/sdp"))
            })
        });
        is_sdp.then(|| part.slice(head_end + gap..))
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse_datagram;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut writer = MessageWriter::request(&Method::Options, "sip:a@h");
        writer.header(HeaderName::CallId, "x").named("X-Mine", "y");
        let read = parse_datagram(writer.finish_with("text/plain", b"hello")).unwrap();
        assert_eq!(
            (
                read.call_id(),
                read.header_named("x-mine"),
                read.content_type()
            ),
            ("x", Some("y"), "text/plain")
        );
        assert_eq!(&read.body()[..], b"hello");
        let read = parse_datagram(MessageWriter::response(486, "").finish()).unwrap();
        assert_eq!((read.code(), read.reason()), (Some(486), Some("Busy Here")));
    }

    #[test]
    fn the_description_is_found_in_a_multipart_body() {
        let body = "--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\nc: application/sdp\r\n\r\nv=0\r\n--x--\r\n";
        let mut writer = MessageWriter::request(&Method::Invite, "sip:a@h");
        writer.header(HeaderName::CallId, "x");
        let read =
            parse_datagram(writer.finish_with("multipart/mixed;boundary=\"x\"", body.as_bytes()))
                .unwrap();
        assert_eq!(read.sdp().as_deref(), Some(&b"v=0\r\n"[..]));
    }
}
