//! `event`, `nixevent`, `noevents` (event-socket.md §2.5–§2.7).

use crate::names::EventName;
use crate::serialise::Format;

/// Most words read from one request; what follows is ignored. Ours.
pub const MAX_WORDS: usize = 10_000;

/// `noevents` while delivery was on.
pub const NO_LONGER_LISTENING: &str = "+OK no longer listening for events";
/// `noevents` while it was off.
pub const NOT_LISTENING: &str = "-ERR not listening for events";
/// No known name.
pub const NO_KEYWORDS: &str = "-ERR no keywords supplied";
/// `nixevent` that named something.
pub const NIXED: &str = "+OK events nixed";

/// The reply to `event`, with the format now in force.
pub fn enabled(format: Format) -> String {
    format!("+OK event listener enabled {}", format.word())
}

/// One thing named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// An event name.
    Name(EventName),
    /// A subclass of CUSTOM; case matters.
    Subclass(String),
}

/// The words of an `event` or `nixevent` request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NameList {
    /// The format, when the first word is one.
    pub format: Option<Format>,
    /// What was named, in order; unknown words are left out.
    pub selections: Vec<Selection>,
}

impl NameList {
    /// Reads words separated by single blanks. After `CUSTOM` every word is a subclass.
    pub fn parse(words: &str) -> Self {
        let mut words = words.split(' ').take(MAX_WORDS).peekable();
        let format = words.peek().and_then(|word| Format::from_word(word));
        if format.is_some() {
            words.next();
        }
        let mut selections = Vec::new();
        let mut custom = false;
        for word in words.filter(|word| !word.is_empty()) {
            if custom {
                selections.push(Selection::Subclass(word.to_owned()));
            } else if let Some(name) = EventName::from_word(word) {
                custom = name == EventName::Custom;
                selections.push(Selection::Name(name));
            }
        }
        Self { format, selections }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Vec<String> {
        NameList::parse(words)
            .selections
            .into_iter()
            .map(|selection| match selection {
                Selection::Name(name) => name.as_str().to_owned(),
                Selection::Subclass(subclass) => format!("<{subclass}>"),
            })
            .collect()
    }

    #[test]
    fn the_recorded_forms() {
        // golden event-01-subscribe
        assert!(names("plain FOO").is_empty());
        assert!(names("foo").is_empty());
        assert!(names("plain CHANNEL_CREATE,CHANNEL_ANSWER").is_empty());
        assert_eq!(names("plain HEARTBEAT FOO"), ["HEARTBEAT"]);
        assert_eq!(names("yaml HEARTBEAT"), ["HEARTBEAT"]);
        assert_eq!(
            names("plain CHANNEL_CREATE  CHANNEL_ANSWER"),
            ["CHANNEL_CREATE", "CHANNEL_ANSWER"]
        );
        assert_eq!(names("plain SWITCH_EVENT_HEARTBEAT"), ["HEARTBEAT"]);
        assert_eq!(
            names("plain CUSTOM a::b CHANNEL_CREATE"),
            ["CUSTOM", "<a::b>", "<CHANNEL_CREATE>"]
        );
    }

    #[test]
    fn the_format_is_only_the_first_word() {
        assert_eq!(NameList::parse("Json HEARTBEAT").format, Some(Format::Json));
        assert_eq!(NameList::parse("HEARTBEAT json").format, None);
        assert_eq!(enabled(Format::Xml), "+OK event listener enabled xml");
    }
}
