//! Event filters of a connection (event-socket.md §2.9).

use crate::command::filter::FilterCommand;
use crate::headers::Headers;
use pcre2::bytes::{Regex, RegexBuilder};

/// Most filters one connection may hold. Ours: the original has no limit.
pub const MAX_FILTERS: usize = 1000;

/// Longest regular expression in a filter, in bytes. Ours.
pub const MAX_PATTERN: usize = 4096;

/// Ends a runaway match in a fraction of a millisecond; such a filter does not hit.
const MATCH_LIMIT: &str = "(*LIMIT_MATCH=20000)";

/// The filters in the order they were added. Once there is one, what no filter lets through is dropped.
#[derive(Debug, Default)]
pub struct Filters(Vec<Filter>);

#[derive(Debug)]
struct Filter {
    header: String,
    /// As the client wrote it: `delete` compares this.
    stored: String,
    negative: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Equals(String),
    Matches(Box<Regex>),
    /// An expression that does not compile hits nothing.
    Never,
}

impl Filters {
    /// Carries out a `filter` request; the reply is [`FilterCommand::reply`]. A full list takes no more.
    pub fn apply(&mut self, command: &FilterCommand) {
        match command {
            FilterCommand::Add {
                header,
                value: Some(value),
            } if value.is_empty() => self.delete(header, None),
            FilterCommand::Add {
                header,
                value: Some(value),
            } => {
                if self.0.len() < MAX_FILTERS {
                    self.0.push(Filter::new(header, value));
                }
            }
            FilterCommand::Delete { header, .. } if header.eq_ignore_ascii_case("all") => {
                self.0.clear()
            }
            FilterCommand::Delete { header, value } => self.delete(header, value.as_deref()),
            FilterCommand::Add { value: None, .. } | FilterCommand::Invalid => {}
        }
    }

    fn delete(&mut self, header: &str, value: Option<&str>) {
        self.0.retain(|filter| {
            !filter.header.eq_ignore_ascii_case(header)
                || value.is_some_and(|value| value != filter.stored)
        });
    }

    /// No filter: everything passes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the event may be sent.
    pub fn allow(&self, event: &Headers) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let mut send = false;
        for filter in &self.0 {
            if send && !filter.negative {
                continue;
            }
            let hit = match event_value(event, &filter.header) {
                Some(value) => filter.test.hits(&value),
                None => false,
            };
            if hit && filter.negative {
                return false;
            }
            send |= hit;
        }
        send
    }
}

fn event_value<'a>(event: &'a Headers, name: &str) -> Option<std::borrow::Cow<'a, str>> {
    event.get(name).or_else(|| {
        let body = event
            .body()
            .filter(|_| name.eq_ignore_ascii_case("_body"))?;
        Some(String::from_utf8_lossy(body))
    })
}

impl Filter {
    fn new(header: &str, stored: &str) -> Self {
        let value = stored.trim_start_matches(['+', '-', ' ']);
        let signs = &stored[..stored.len() - value.len()];
        let negative = signs.chars().rfind(|&sign| sign != ' ') == Some('-');
        Self {
            header: header.to_owned(),
            stored: stored.to_owned(),
            negative,
            test: Test::of(value),
        }
    }
}

impl Test {
    /// `/pattern/flags` is an expression, with or without a sign in front; everything else is compared.
    fn of(value: &str) -> Self {
        let Some((pattern, flags)) = value
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'))
        else {
            return Self::Equals(value.to_owned());
        };
        if pattern.len() > MAX_PATTERN {
            return Self::Never;
        }
        let compiled = RegexBuilder::new()
            .caseless(flags.contains('i'))
            .dotall(flags.contains('s'))
            .multi_line(flags.contains('m'))
            .extended(flags.contains('x'))
            .utf(true)
            .build(&format!("{MATCH_LIMIT}{pattern}"));
        compiled.map_or(Self::Never, |regex| Self::Matches(Box::new(regex)))
    }

    fn hits(&self, value: &str) -> bool {
        match self {
            Self::Equals(wanted) => wanted.eq_ignore_ascii_case(value),
            Self::Matches(regex) => regex.is_match(value.as_bytes()).unwrap_or(false),
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(lines: &[&str]) -> Filters {
        let mut filters = Filters::default();
        for line in lines {
            filters.apply(&FilterCommand::parse(line));
        }
        filters
    }

    fn event(headers: &[(&'static str, &'static str)]) -> Headers {
        let mut event = Headers::new();
        headers
            .iter()
            .for_each(|&(name, value)| event.push(name, value));
        event
    }

    #[test]
    fn without_filters_everything_passes() {
        assert!(filters(&[]).allow(&event(&[("A", "1")])));
    }

    #[test]
    fn several_positives_are_alternatives() {
        let two = filters(&["Unique-ID a", "unique-id b", "Event-Name DTMF"]);
        assert!(two.allow(&event(&[("Unique-ID", "B")])));
        assert!(two.allow(&event(&[("Event-Name", "dtmf")])));
        assert!(!two.allow(&event(&[("Unique-ID", "c")])));
    }

    #[test]
    fn a_negative_hit_wins_and_negatives_alone_let_nothing_through() {
        let all_but = filters(&["Event-Name /.*/", "Unique-ID -abc"]);
        assert!(all_but.allow(&event(&[("Event-Name", "DTMF"), ("Unique-ID", "x")])));
        assert!(!all_but.allow(&event(&[("Event-Name", "DTMF"), ("Unique-ID", "abc")])));
        assert!(!filters(&["Unique-ID -abc"]).allow(&event(&[("Unique-ID", "x")])));
    }

    #[test]
    fn expressions_have_flags_and_may_be_signed() {
        assert!(filters(&["A /^b.d$/i"]).allow(&event(&[("A", "BCD")])));
        assert!(!filters(&["A /^b.d$/"]).allow(&event(&[("A", "BCD")])));
        assert!(!filters(&["E /.*/", "A -/^b/"]).allow(&event(&[("E", "1"), ("A", "bcd")])));
        assert!(!filters(&["A /(/"]).allow(&event(&[("A", "(")])));
    }

    #[test]
    fn a_runaway_expression_ends() {
        let value: &'static str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
        assert!(!filters(&["A /^(a+)+$/"]).allow(&event(&[("A", value)])));
    }

    #[test]
    fn deleting_is_exact_and_includes_the_sign() {
        let mut some = filters(&["A -x", "A y", "B z"]);
        some.apply(&FilterCommand::parse("delete A x"));
        assert_eq!(some.0.len(), 3);
        some.apply(&FilterCommand::parse("delete a -x"));
        assert_eq!(some.0.len(), 2);
        some.apply(&FilterCommand::parse("A "));
        assert_eq!(some.0.len(), 1);
        some.apply(&FilterCommand::parse("delete all"));
        assert!(some.is_empty());
    }

    #[test]
    fn a_blank_belongs_to_the_value_but_not_to_the_comparison() {
        // golden filter-01: two blanks store " HEARTBEAT"
        assert!(filters(&["Event-Name  HEARTBEAT"]).allow(&event(&[("Event-Name", "HEARTBEAT")])));
    }

    #[test]
    fn the_body_can_be_filtered() {
        let mut with_body = event(&[("A", "1")]);
        with_body.set_body("+OK fine");
        assert!(filters(&["_body /fine/"]).allow(&with_body));
    }
}
