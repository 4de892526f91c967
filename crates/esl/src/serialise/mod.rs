//! Events as bytes, in the three formats (event-socket.md §1.6).

pub mod json;
pub mod json_tree;
pub mod plain;
pub mod xml;

use crate::headers::Headers;
use std::io::Write as _;

/// How a connection wants its events.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Format {
    /// `text/event-plain`.
    #[default]
    Plain,
    /// `text/event-json`.
    Json,
    /// `text/event-xml`.
    Xml,
}

impl Format {
    /// The word clients ask with, and replies print.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }

    /// A format as a client names it, any case.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Plain, Self::Json, Self::Xml]
            .into_iter()
            .find(|format| format.word().eq_ignore_ascii_case(word))
    }
}

/// The event as it stands inside a frame, appended to `out`.
pub fn write_event(out: &mut Vec<u8>, format: Format, event: &Headers) {
    match format {
        Format::Plain => plain::write(out, event),
        Format::Json => json::write(out, event),
        Format::Xml => xml::write(out, event),
    }
}

/// Room left in front of an event for its outer header block.
const OUTER_ROOM: usize = 64;

/// A whole frame: outer headers and event. The outer length counts everything behind the blank line.
pub fn frame(format: Format, event: &Headers) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(OUTER_ROOM + 48 * event.len() + event.body().map_or(0, <[u8]>::len));
    out.resize(OUTER_ROOM, 0);
    write_event(&mut out, format, event);
    let length = out.len() - OUTER_ROOM;
    let mut outer = [0_u8; OUTER_ROOM];
    let mut room = outer.as_mut_slice();
    write!(
        room,
        "Content-Length: {length}\nContent-Type: text/event-{}\n\n",
        format.word()
    )
    .expect("64 bytes hold 53 and a length of up to 11 digits");
    let used = OUTER_ROOM - room.len();
    let start = OUTER_ROOM - used;
    out[start..OUTER_ROOM].copy_from_slice(&outer[..used]);
    out.drain(..start);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_the_inner_blank_line() {
        let mut event = Headers::new();
        event.push("Event-Subclass", "half::line");
        assert_eq!(
            frame(Format::Plain, &event),
            b"Content-Length: 32\nContent-Type: text/event-plain\n\nEvent-Subclass: half%3A%3Aline\n\n"
        );
    }

    #[test]
    fn words_name_formats_in_any_case() {
        assert_eq!(Format::from_word("JSON"), Some(Format::Json));
        assert_eq!(Format::from_word("yaml"), None);
    }
}
