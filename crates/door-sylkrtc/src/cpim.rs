//! Common Presence and Instant Messaging (RFC 3862): the wrapping of SIP messages among these clients.

use std::fmt::Write;
use std::sync::Arc;

use crate::wire::Party;
use crate::wire::message::Wanted;

/// Longest message that is parsed, in bytes: what a MESSAGE may carry.
pub(crate) const MAX: usize = 64 << 10;

/// Most header lines. Ours.
const MAX_HEADERS: usize = 64;

/// A message with its wrapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cpim {
    pub(crate) from: Party,
    pub(crate) to: Party,
    /// In the one form of `crate::timestamp`.
    pub(crate) timestamp: Option<Arc<str>>,
    /// `imdn.Message-ID` (RFC 5438 §6.3)
    pub(crate) message_id: Option<Arc<str>>,
    /// `imdn.Disposition-Notification` (RFC 5438 §6.2)
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) content_type: Arc<str>,
    pub(crate) content: Arc<str>,
}

/// Why bytes are no such message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum CpimError {
    #[error("too long")]
    TooLong,
    #[error("too many headers")]
    TooManyHeaders,
    #[error("a header line without a colon")]
    Header,
    #[error("From is missing")]
    NoFrom,
    #[error("Content-Type is missing")]
    NoContentType,
    #[error("no content")]
    NoContent,
    #[error("an encoding that is not known")]
    Encoding,
}

impl Cpim {
    /// Reads a message: headers, a blank line, MIME headers, a blank line, content.
    ///
    /// # Errors
    /// [`CpimError`].
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CpimError> {
        if bytes.len() > MAX {
            return Err(CpimError::TooLong);
        }
        let mut lines = Lines { rest: bytes };
        let mut message = Self {
            from: Party {
                uri: "".into(),
                display_name: "".into(),
            },
            to: Party {
                uri: "".into(),
                display_name: "".into(),
            },
            timestamp: None,
            message_id: None,
            wanted: Vec::new(),
            content_type: "".into(),
            content: "".into(),
        };
        // The prefix of RFC 5438's headers is the message's choice; everybody chooses `imdn`.
        let mut prefix = "imdn".to_owned();
        let headers = lines.headers()?;
        for (name, value) in &headers {
            if name.eq_ignore_ascii_case("NS")
                && let Some((chosen, uri)) = value.split_once('<')
                && uri.trim_end().trim_end_matches('>') == "urn:ietf:params:imdn"
            {
                prefix = chosen.trim().to_owned();
            }
        }
        for (name, value) in &headers {
            match name.to_ascii_lowercase().as_str() {
                "from" => message.from = party(value),
                "to" => message.to = party(value),
                "datetime" => message.timestamp = crate::timestamp::normal(value),
                _ => match name
                    .strip_prefix(&prefix)
                    .and_then(|name| name.strip_prefix('.'))
                {
                    Some("Message-ID") => message.message_id = Some(value.as_str().into()),
                    Some("Disposition-Notification") => {
                        message.wanted = value
                            .split(',')
                            .filter_map(|one| Wanted::parse(one.trim()))
                            .collect();
                    }
                    Some(_) | None => {}
                },
            }
        }
        if message.from.uri.is_empty() {
            return Err(CpimError::NoFrom);
        }
        for (name, value) in lines.headers()? {
            match name.to_ascii_lowercase().as_str() {
                "content-type" => message.content_type = bare_type(&value).into(),
                "content-transfer-encoding" => {
                    let plain = ["7bit", "8bit", "binary"];
                    if !plain.iter().any(|known| value.eq_ignore_ascii_case(known)) {
                        return Err(CpimError::Encoding);
                    }
                }
                _ => {}
            }
        }
        if message.content_type.is_empty() {
            return Err(CpimError::NoContentType);
        }
        if lines.rest.is_empty() {
            return Err(CpimError::NoContent);
        }
        message.content = decode(&message.content_type, lines.rest);
        Ok(message)
    }

    /// The message as bytes.
    pub(crate) fn print(&self) -> Vec<u8> {
        let mut text = String::new();
        // Writing to a String does not fail.
        write!(
            text,
            "From: {}\r\nTo: {}\r\n",
            printed(&self.from),
            printed(&self.to)
        )
        .ok();
        if let Some(timestamp) = &self.timestamp {
            write!(text, "DateTime: {timestamp}\r\n").ok();
        }
        if let Some(id) = &self.message_id {
            text.push_str("NS: imdn <urn:ietf:params:imdn>\r\n");
            write!(text, "imdn.Message-ID: {}\r\n", line(id)).ok();
            if !self.wanted.is_empty() {
                let wanted: Vec<&str> = self.wanted.iter().map(|wanted| wanted.name()).collect();
                write!(
                    text,
                    "imdn.Disposition-Notification: {}\r\n",
                    wanted.join(", ")
                )
                .ok();
            }
        }
        let charset = if self.content_type.starts_with("text/") {
            ";charset=utf-8"
        } else {
            ""
        };
        write!(
            text,
            "\r\nContent-Type: {}{charset}\r\n\r\n",
            line(&self.content_type)
        )
        .ok();
        let mut bytes = text.into_bytes();
        bytes.extend(encode(&self.content_type, &self.content));
        bytes
    }
}

/// Bytes of a content as a client writes it: text is text, anything else has one byte per character as long as all of
/// them fit into one (sylkrtc.md §3.3).
pub(crate) fn encode(content_type: &str, content: &str) -> Vec<u8> {
    let narrow = || {
        content
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect::<Option<Vec<u8>>>()
    };
    if is_text(content_type) {
        return content.as_bytes().to_vec();
    }
    narrow().unwrap_or_else(|| content.as_bytes().to_vec())
}

/// The other way round. Text that is no UTF-8 is read as Latin-1.
pub(crate) fn decode(content_type: &str, bytes: &[u8]) -> Arc<str> {
    let latin = || {
        bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
            .into()
    };
    if !is_text(content_type) {
        return latin();
    }
    std::str::from_utf8(bytes).map_or_else(|_| latin(), Arc::from)
}

/// Types whose content is text: RFC 5438's reports are XML and read as such.
fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text") || content_type == crate::imdn::CONTENT_TYPE
}

/// The type without its parameters.
pub(crate) fn bare_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// `"Alice" <sip:alice@example.org>`, `Alice <im:…>`, `<sip:…>` or a bare URI. What cannot be a URI is empty.
fn party(value: &str) -> Party {
    let (name, uri) = match value.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.split('>').next().unwrap_or_default()),
        None => ("", value),
    };
    let uri = uri.trim();
    let bare = ["sip:", "sips:", "im:"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme));
    let bare = bare.unwrap_or(uri);
    let wrong = |c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c);
    Party {
        uri: if bare.contains(wrong) { "" } else { bare }.into(),
        display_name: unquoted(name).into(),
    }
}

/// A name without the quotes around it and the backslashes inside (RFC 3862 §3.3).
fn unquoted(name: &str) -> String {
    let inside = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside else {
        return name.to_owned();
    };
    let mut plain = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.extend(characters.next()),
            c => plain.push(c),
        }
    }
    plain
}

fn printed(party: &Party) -> String {
    let (uri, name) = (line(&party.uri), line(&party.display_name));
    if name.is_empty() {
        return format!("<sip:{uri}>");
    }
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\" <sip:{uri}>")
}

/// What cannot start another header line.
fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl Lines<'_> {
    /// Header lines up to the blank one, which goes too.
    fn headers(&mut self) -> Result<Vec<(String, String)>, CpimError> {
        let mut headers = Vec::new();
        loop {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let line = &self.rest[..end.unwrap_or(self.rest.len())];
            self.rest = end.map_or(&[][..], |end| &self.rest[end + 1..]);
            let line =
                String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or(CpimError::Header)?;
            if headers.len() == MAX_HEADERS {
                return Err(CpimError::TooManyHeaders);
            }
            let clean = |text: &str| self::line(text).trim().to_owned();
            headers.push((clean(name), clean(value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "From: \"Alice\" <sip:alice@example.org>\r\nTo: <sip:bob@example.net>\r\n\
        DateTime: 2026-03-01T09:15:30.120000+00:00\r\nNS: imdn <urn:ietf:params:imdn>\r\n\
        imdn.Message-ID: 0f4b6f0a-3a7a-4a2e-9a55-2c5d9c1f6f01\r\n\
        imdn.Disposition-Notification: positive-delivery, display\r\n\r\n\
        Content-Type: text/plain;charset=utf-8\r\n\r\nLunch?";

    #[test]
    fn the_sample_is_read_and_printed_letter_by_letter() {
        let message = Cpim::parse(SAMPLE.as_bytes()).unwrap();
        assert_eq!(&*message.from.display_name, "Alice");
        assert_eq!(&*message.to.uri, "bob@example.net");
        assert_eq!(message.wanted, [Wanted::PositiveDelivery, Wanted::Display]);
        assert_eq!(&*message.content_type, "text/plain");
        assert_eq!(&*message.content, "Lunch?");
        assert_eq!(String::from_utf8(message.print()).unwrap(), SAMPLE);
    }

    #[test]
    fn other_peoples_habits() {
        let other = "from: Bob B <im:bob@example.net>\nTo: sip:alice@example.org\nNS: MyN <urn:ietf:params:imdn>\n\
            MyN.Message-ID: 7\nX: y\n\nContent-type: text/html\n\n<b>x</b>\n";
        let message = Cpim::parse(other.as_bytes()).unwrap();
        assert_eq!(&*message.from.display_name, "Bob B");
        assert_eq!(&*message.from.uri, "bob@example.net");
        assert_eq!(&*message.to.uri, "alice@example.org");
        assert_eq!(message.message_id.as_deref(), Some("7"));
        assert_eq!(&*message.content, "<b>x</b>\n");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(Cpim::parse(b""), Err(CpimError::NoFrom));
        assert_eq!(
            Cpim::parse(b"From: <sip:a@b>\r\n\r\nX: y\r\n\r\nz"),
            Err(CpimError::NoContentType)
        );
        assert_eq!(Cpim::parse(b"nonsense\r\n"), Err(CpimError::Header));
        let empty = b"From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\n";
        assert_eq!(Cpim::parse(empty), Err(CpimError::NoContent));
        let encoded = b"From: <sip:a@b>\r\n\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA";
        assert_eq!(Cpim::parse(encoded), Err(CpimError::Encoding));
        assert_eq!(Cpim::parse(&vec![b'x'; MAX + 1]), Err(CpimError::TooLong));
        assert_eq!(
            Cpim::parse("A:b\n".repeat(65).as_bytes()),
            Err(CpimError::TooManyHeaders)
        );
    }

    #[test]
    fn a_name_cannot_start_a_header() {
        let mut message = Cpim::parse(SAMPLE.as_bytes()).unwrap();
        message.from.display_name = "A\r\nTo: <sip:x@y>\"\\".into();
        let again = Cpim::parse(&message.print()).unwrap();
        assert_eq!(&*again.to.uri, "bob@example.net");
        assert_eq!(&*again.from.display_name, "ATo: <sip:x@y>\"\\");
    }

    #[test]
    fn bytes_travel_as_characters() {
        let binary = "\u{0}ÿ\u{80}";
        assert_eq!(encode("image/png", binary), [0, 0xff, 0x80]);
        assert_eq!(&*decode("image/png", &[0, 0xff, 0x80]), binary);
        assert_eq!(encode("application/json", "€"), "€".as_bytes());
        assert_eq!(&*decode("text/plain", "€".as_bytes()), "€");
    }
}
