//! The parser: one pass over the head, no copy, spans into the received bytes.
//!
//! What makes a message unreadable is an error; what makes it wrong but answerable is a [`Defect`]
//! kept beside it, so that the endpoint can send 400 (RFC 3261 §21.4.1, RFC 4475 §3.1.2).

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr;

use super::header::HeaderName;
use super::method::{Method, is_token};
use super::text::{latin1_head_to_utf8, unfold};
use super::{Message, message_view};

/// Longest message read, in bytes: a UDP datagram cannot be longer, and we accept no more on streams.
pub const MAX_MESSAGE: usize = 65_535;
/// Most header lines of a message. RFC 4475 uses fewer than 60; phones fewer than 40.
pub const MAX_HEADERS: usize = 256;
/// Longest header line in bytes, folds included.
pub const MAX_HEADER_LINE: usize = 16_384;

/// Why bytes are not a message at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but line breaks: a keep-alive.
    #[error("Nothing but line breaks")]
    Empty,
    /// Longer than [`MAX_MESSAGE`].
    #[error("Message too long")]
    TooLong,
    /// More than [`MAX_HEADERS`] lines or a line longer than [`MAX_HEADER_LINE`].
    #[error("Header too long")]
    TooManyHeaders,
    /// The first line is neither a request nor a status line.
    #[error("Malformed start line")]
    StartLine,
}

/// What is wrong with a message that could still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// The version is not SIP/2.0.
    #[error("Version Not Supported")]
    Version,
    /// The request line has blanks where none belong, or brackets around the URI.
    #[error("Malformed Request Line")]
    RequestLine,
    /// No empty line ends the header.
    #[error("Unterminated Header")]
    NoEmptyLine,
    /// Content-Length is negative, not a number, contradictory or larger than what follows.
    #[error("Bad Content-Length")]
    ContentLength,
}

/// Reads a datagram. Without Content-Length the body runs to the end; bytes behind the body that
/// Content-Length announces are ignored (RFC 3261 §18.3).
///
/// # Errors
/// See [`ParseError`].
pub fn parse_datagram(bytes: impl Into<Bytes>) -> Result<Message, ParseError> {
    parse(bytes.into(), Bound::Datagram)
}

/// Reads one message cut out of a stream by the framer. Without Content-Length there is no body.
///
/// # Errors
/// See [`ParseError`].
pub fn parse_stream_message(bytes: Bytes) -> Result<Message, ParseError> {
    parse(bytes, Bound::Stream)
}

/// Reads the value of Content-Length: digits only, and small enough to be meant.
pub(crate) fn content_length_of(value: &str) -> Option<usize> {
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    value.parse().ok().filter(|length| *length <= MAX_MESSAGE)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Datagram,
    Stream,
}

/// A span of the message in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One header line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) name: HeaderName,
    pub(super) name_span: Span,
    pub(super) value_span: Span,
}

/// The first line.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Request { method: Method, uri: Span },
    Response { code: u16, reason: Span },
}

fn parse(mut bytes: Bytes, bound: Bound) -> Result<Message, ParseError> {
    // Line breaks in front are ignored (RFC 3261 §7.5).
    let skip = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let mut bytes = bytes.split_off(skip);
    if bytes.is_empty() {
        return Err(ParseError::Empty);
    }
    if bytes.len() > MAX_MESSAGE {
        return Err(ParseError::TooLong);
    }
    let mut lines = split_lines(&bytes)?;
    if lines.folded {
        bytes = unfold(&bytes, lines.head_end);
        lines = split_lines(&bytes)?;
    }
    let head_is_utf8 = bytes
        .get(..lines.head_end)
        .is_some_and(|head| std::str::from_utf8(head).is_ok());
    if !head_is_utf8 {
        let (text, _) = latin1_head_to_utf8(&bytes, lines.head_end);
        bytes = text;
        lines = split_lines(&bytes)?;
    }
    let (start, version_defect) = start_line(&bytes, lines.first)?;
    let mut defect = version_defect;
    if !lines.terminated && defect.is_none() {
        defect = Some(Defect::NoEmptyLine);
    }
    let available = bytes.len() - lines.head_end;
    let body_len = match body_length(&bytes, &lines.slots, available) {
        Ok(Some(length)) => length,
        Ok(None) if bound == Bound::Datagram => available,
        Ok(None) => 0,
        Err(()) => {
            defect = defect.or(Some(Defect::ContentLength));
            0
        }
    };
    let body = Span::new(lines.head_end, lines.head_end + body_len);
    Ok(message_view::assemble(
        bytes,
        start,
        lines.slots,
        body,
        defect,
    ))
}

/// The body's length by Content-Length: `None` without one, an error when it cannot be right.
fn body_length(bytes: &Bytes, slots: &[Slot], available: usize) -> Result<Option<usize>, ()> {
    let mut found = None;
    for slot in slots
        .iter()
        .filter(|slot| slot.name == HeaderName::ContentLength)
    {
        let value = bytes
            .get(slot.value_span.range())
            .and_then(|value| std::str::from_utf8(value).ok());
        let length = value
            .and_then(content_length_of)
            .filter(|length| *length <= available)
            .ok_or(())?;
        if found.is_some_and(|earlier| earlier != length) {
            return Err(());
        }
        found = Some(length);
    }
    Ok(found)
}

struct Lines {
    first: Span,
    slots: Vec<Slot>,
    /// Offset of the body.
    head_end: usize,
    /// Whether an empty line ended the head.
    terminated: bool,
    /// Whether a continuation line was seen.
    folded: bool,
}

/// Cuts the head into lines. Both CRLF and a bare LF end a line. A line that is no header
/// (no colon, or no token before it) is left out, as RFC 3261 §8.2 asks for malformed headers that
/// are not needed.
fn split_lines(bytes: &Bytes) -> Result<Lines, ParseError> {
    let mut lines = Lines {
        first: Span::default(),
        slots: Vec::with_capacity(24),
        head_end: bytes.len(),
        terminated: false,
        folded: false,
    };
    let mut at = 0;
    let mut is_first = true;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let (line, next) = match memchr(b'\n', rest) {
            Some(newline) => (rest.get(..newline).unwrap_or(&[]), at + newline + 1),
            None => (rest, bytes.len()),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_HEADER_LINE || lines.slots.len() >= MAX_HEADERS {
            return Err(ParseError::TooManyHeaders);
        }
        if is_first {
            lines.first = Span::new(at, at + line.len());
            is_first = false;
        } else if line.is_empty() {
            lines.head_end = next;
            lines.terminated = true;
            return Ok(lines);
        } else if matches!(line.first(), Some(b' ' | b'\t')) {
            lines.folded = true;
        } else if let Some(slot) = header_line(line, at) {
            lines.slots.push(slot);
        }
        at = next;
    }
    Ok(lines)
}

fn header_line(line: &[u8], at: usize) -> Option<Slot> {
    let colon = memchr(b':', line)?;
    let (name, value) = (line.get(..colon)?.trim_ascii_end(), line.get(colon + 1..)?);
    let name_text = std::str::from_utf8(name).ok()?;
    if !is_token(name_text) {
        return None;
    }
    let lead = value.len() - value.trim_ascii_start().len();
    let value_start = at + colon + 1 + lead;
    let value_len = value.trim_ascii().len();
    Some(Slot {
        name: HeaderName::from_bytes(name),
        name_span: Span::new(at, at + name.len()),
        value_span: Span::new(value_start, value_start + value_len),
    })
}

fn start_line(bytes: &Bytes, span: Span) -> Result<(Start, Option<Defect>), ParseError> {
    let line = bytes
        .get(span.range())
        .and_then(|line| std::str::from_utf8(line).ok())
        .ok_or(ParseError::StartLine)?;
    let base = span.start as usize;
    if line
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("SIP/"))
    {
        return status_line(line, base);
    }
    let (method, rest) = line.split_once(' ').ok_or(ParseError::StartLine)?;
    if !is_token(method) {
        return Err(ParseError::StartLine);
    }
    let mut defect = None;
    if rest.trim() != rest {
        defect = Some(Defect::RequestLine);
    }
    let trimmed = rest.trim();
    let uri_start = base + line.len() - rest.trim_start().len();
    let (uri, version) = trimmed.rsplit_once(' ').ok_or(ParseError::StartLine)?;
    if version
        .get(..4)
        .is_none_or(|head| !head.eq_ignore_ascii_case("SIP/"))
    {
        return Err(ParseError::StartLine);
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        defect = Some(Defect::Version);
    } else if uri.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '<' | '>'))
        || uri.is_empty()
    {
        defect = Some(Defect::RequestLine);
    }
    let uri = Span::new(uri_start, uri_start + uri.len());
    Ok((
        Start::Request {
            method: Method::from_token(method),
            uri,
        },
        defect,
    ))
}

/// Reads `SIP/2.0 200 OK`. The phrase may be missing together with its blank.
fn status_line(line: &str, base: usize) -> Result<(Start, Option<Defect>), ParseError> {
    let (version, rest) = line.split_once(' ').ok_or(ParseError::StartLine)?;
    let code_text = rest.get(..3).ok_or(ParseError::StartLine)?;
    let reason = rest.get(3..).unwrap_or("");
    let separated = reason.is_empty() || reason.starts_with(' ');
    let code: u16 = code_text.parse().map_err(|_| ParseError::StartLine)?;
    if !separated
        || !(100..700).contains(&code)
        || !code_text.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(ParseError::StartLine);
    }
    let defect = (!version.eq_ignore_ascii_case("SIP/2.0")).then_some(Defect::Version);
    let start = base + version.len() + 1 + 3 + usize::from(!reason.is_empty());
    Ok((
        Start::Response {
            code,
            reason: Span::new(start, base + line.len()),
        },
        defect,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        parse_datagram(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn bare_line_feeds_folds_and_compact_names_are_read() {
        let read = message(
            "\r\n\nOPTIONS sip:h SIP/2.0\nv: SIP/2.0/UDP h\n ;branch=z9hG4bKa\nSubject:\r\n  two\r\n\tlines \r\n\nbody",
        );
        assert_eq!(read.method(), Some(&Method::Options));
        assert_eq!(read.via().unwrap().branch(), "z9hG4bKa");
        assert_eq!(read.header(HeaderName::Subject), Some("two  \tlines"));
        assert_eq!(&read.body()[..], b"body");
    }

    #[test]
    fn content_length_bounds_the_body_of_a_datagram() {
        assert_eq!(
            &message("OPTIONS sip:h SIP/2.0\r\nl: 2\r\n\r\nbody").body()[..],
            b"bo"
        );
        for bad in ["-999", "x", "5", "99999999999999999999", ""] {
            let read = message(&format!(
                "OPTIONS sip:h SIP/2.0\r\nContent-Length: {bad}\r\n\r\nbody"
            ));
            assert_eq!(
                (read.defect(), read.body().len()),
                (Some(Defect::ContentLength), 0),
                "{bad}"
            );
        }
        let twice = message("OPTIONS sip:h SIP/2.0\r\nl: 2\r\nl: 3\r\n\r\nbody");
        assert_eq!(twice.defect(), Some(Defect::ContentLength));
    }

    #[test]
    fn latin1_display_names_become_utf8() {
        let read = parse_datagram(Bytes::from_static(
            b"OPTIONS sip:h SIP/2.0\r\nFrom: \"Andr\xe9\" <sip:a@h>\r\n\r\n\xff",
        ))
        .unwrap();
        assert_eq!(read.from().unwrap().display_name(), "André");
        assert_eq!(&read.body()[..], b"\xff");
    }

    #[test]
    fn noise_is_refused_not_read() {
        let all = |text: &str| parse_datagram(Bytes::copy_from_slice(text.as_bytes())).map(|_| ());
        assert_eq!(all("\r\n\r\n"), Err(ParseError::Empty));
        for bad in [
            "x",
            "GET / HTTP/1.1\r\n\r\n",
            "SIP/2.0 99 x",
            "SIP/2.0 2000 x",
            "SIP/2.0 +20 x",
            "é a SIP/2.0",
            " ",
        ] {
            assert_eq!(all(bad), Err(ParseError::StartLine), "{bad}");
        }
        let lines = "A: b\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(
            all(&format!("OPTIONS sip:h SIP/2.0\r\n{lines}\r\n")),
            Err(ParseError::TooManyHeaders)
        );
        let long = "x".repeat(MAX_HEADER_LINE);
        assert_eq!(
            all(&format!("OPTIONS sip:h SIP/2.0\r\nA: {long}\r\n\r\n")),
            Err(ParseError::TooManyHeaders)
        );
        assert_eq!(all(&"x".repeat(MAX_MESSAGE + 1)), Err(ParseError::TooLong));
    }

    #[test]
    fn the_reason_phrase_may_be_absent() {
        for (line, reason) in [
            ("SIP/2.0 100 ", ""),
            ("SIP/2.0 100", ""),
            ("SIP/2.0 200 = 2**3 * 5", "= 2**3 * 5"),
        ] {
            let read = message(&format!("{line}\r\n\r\n"));
            assert_eq!(read.reason(), Some(reason), "{line}");
        }
    }
}
