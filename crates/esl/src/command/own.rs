//! Commands of ours, which no other server has: `sequence`, `replay`, `slow-reader`, `headers` (event-socket.md §7.3).

use crate::headers::{Header, Headers};

/// Most headers a connection may name.
pub const MAX_HEADERS: usize = 256;

/// `replay`, `sequence` and `slow-reader disk` where events are not logged.
pub const NO_LOG: &str = "-ERR events are not logged here";
/// `sequence` that cannot be read.
pub const SEQUENCE_USAGE: &str = "-ERR usage: sequence on|off";
/// `replay` that cannot be read.
pub const REPLAY_USAGE: &str = "-ERR usage: replay [<sequence>]";
/// `slow-reader` that cannot be read.
pub const SLOW_READER_USAGE: &str = "-ERR usage: slow-reader disk|newest|drop|disconnect";
/// `headers` that cannot be read.
pub const HEADERS_USAGE: &str = "-ERR usage: headers <name> ...|all";
/// `sequence on`.
pub const NUMBERED: &str = "+OK events carry Jackfield-Sequence";
/// `sequence off`.
pub const UNNUMBERED: &str = "+OK events carry no Jackfield-Sequence";

/// The header with an event's place among all that ever happened here.
pub const SEQUENCE: &str = "Jackfield-Sequence";

/// One of ours; `None` in it: it cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Own {
    /// `sequence on|off`.
    Sequence(Option<bool>),
    /// `replay`: what could be replayed.
    Bounds,
    /// `replay <sequence>`.
    Replay(Option<u64>),
    /// `slow-reader …`.
    SlowReader(Option<Contract>),
    /// `headers …`.
    Headers(Option<HeaderChoice>),
}

/// What becomes of events for a peer that does not read fast enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Contract {
    /// It is told so and ended: what everybody gets who does not choose.
    #[default]
    Disconnect,
    /// They wait in the log.
    Disk,
    /// Of each object the newest waits.
    Newest,
    /// They are dropped, and their number is told.
    Drop,
}

impl Contract {
    /// The word clients choose it by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::Disk => "disk",
            Self::Newest => "newest",
            Self::Drop => "drop",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Disconnect, Self::Disk, Self::Newest, Self::Drop]
            .into_iter()
            .find(|contract| contract.word().eq_ignore_ascii_case(word))
    }

    /// `Reply-Text`.
    pub fn reply(self) -> String {
        format!("+OK slow-reader {}", self.word())
    }
}

/// Which headers events are written with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeaderChoice {
    /// Names in small letters; `None`: all headers.
    names: Option<Vec<Choice>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Choice {
    Name(String),
    /// What begins so: `variable_*`.
    Prefix(String),
}

impl HeaderChoice {
    fn parse(words: &str) -> Option<Self> {
        let names: Vec<Choice> = words.split_ascii_whitespace().map(Choice::of).collect();
        match &names[..] {
            [] => None,
            [Choice::Name(all)] if all == "all" => Some(Self::default()),
            _ if names.len() > MAX_HEADERS => None,
            _ => Some(Self { names: Some(names) }),
        }
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.names.is_none()
    }

    /// The headers that were chosen, in their own order, and the body.
    pub fn apply(&self, event: Headers) -> Headers {
        let Some(names) = &self.names else {
            return event;
        };
        let mut chosen = Headers::new();
        for header in event.iter().filter(|header| takes(names, header)) {
            chosen.push_header(header.clone());
        }
        if let Some(body) = event.body() {
            chosen.set_body(body);
        }
        chosen
    }

    /// `Reply-Text`.
    pub fn reply(&self) -> String {
        match &self.names {
            Some(names) => format!("+OK {} headers", names.len()),
            None => "+OK all headers".to_owned(),
        }
    }
}

impl Choice {
    fn of(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        match word.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Name(word),
        }
    }
}

fn takes(names: &[Choice], header: &Header) -> bool {
    names.iter().any(|choice| match choice {
        Choice::Name(name) => header.name.eq_ignore_ascii_case(name),
        Choice::Prefix(prefix) => header
            .name
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
    })
}

impl Own {
    /// Reads a request; unlike those of the original they are whole words.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("sequence") {
            let on = rest.eq_ignore_ascii_case("on");
            let known = on || rest.eq_ignore_ascii_case("off");
            Some(Self::Sequence(known.then_some(on)))
        } else if is("replay") && rest.is_empty() {
            Some(Self::Bounds)
        } else if is("replay") {
            Some(Self::Replay(rest.parse().ok()))
        } else if is("slow-reader") {
            Some(Self::SlowReader(Contract::from_word(rest)))
        } else if is("headers") {
            Some(Self::Headers(HeaderChoice::parse(rest)))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert_eq!(
            Own::parse("REPLAY 12 "),
            Some(Own::Replay(Some(12))),
            "any case, blanks behind"
        );
        assert_eq!(Own::parse("replay"), Some(Own::Bounds));
        assert_eq!(Own::parse("replay -1"), Some(Own::Replay(None)));
        assert_eq!(
            Own::parse("replay 18446744073709551616"),
            Some(Own::Replay(None))
        );
        assert_eq!(Own::parse("replayed 12"), None);
        assert_eq!(Own::parse("sequence On"), Some(Own::Sequence(Some(true))));
        assert_eq!(Own::parse("sequence off"), Some(Own::Sequence(Some(false))));
        assert_eq!(Own::parse("sequence"), Some(Own::Sequence(None)));
        assert_eq!(
            Own::parse("slow-reader Disk"),
            Some(Own::SlowReader(Some(Contract::Disk)))
        );
        assert_eq!(Own::parse("slow-reader never"), Some(Own::SlowReader(None)));
        assert_eq!(Own::parse("headers"), Some(Own::Headers(None)));
        assert_eq!(Own::parse("header x"), None);
    }

    #[test]
    fn headers_are_chosen_by_name_or_beginning() {
        let mut event = Headers::new();
        for name in [
            "Event-Name",
            "Unique-ID",
            "variable_a",
            "variable_b",
            "Other",
        ] {
            event.push(name, "x");
        }
        event.set_body("body");
        let names = |line: &str| {
            let Some(Own::Headers(Some(choice))) = Own::parse(line) else {
                panic!("{line}");
            };
            let chosen = choice.apply(event.clone());
            assert_eq!(chosen.body(), Some(&b"body"[..]));
            let names: Vec<_> = chosen.iter().map(|header| header.name.clone()).collect();
            names.join(" ")
        };
        assert_eq!(
            names("headers unique-id EVENT-NAME none"),
            "Event-Name Unique-ID"
        );
        assert_eq!(
            names("headers variable_* other"),
            "variable_a variable_b Other"
        );
        assert_eq!(
            names("headers all"),
            "Event-Name Unique-ID variable_a variable_b Other"
        );
        let many = format!("headers{}", " x".repeat(MAX_HEADERS + 1));
        assert_eq!(Own::parse(&many), Some(Own::Headers(None)));
    }
}
