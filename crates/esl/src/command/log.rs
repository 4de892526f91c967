//! `log` and `nolog` (event-socket.md §2.13).

pub use api::log::level_of;

/// Level names by number, from 0.
pub const LEVELS: [&str; 8] = [
    "CONSOLE", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG",
];
/// `nolog` while lines were sent.
pub const NO_LONGER_LOGGING: &str = "+OK no longer logging";
/// `nolog` while none were; spelled as the original does.
pub const NOT_LOGGING: &str = "-ERR not loging";

/// A `log` request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// The word given, echoed in the reply; empty when there was none.
    pub word: String,
    /// Lines up to this number are sent: −1 none, 0 … 63; `None` for a word that is no level.
    pub level: Option<i8>,
}

impl Log {
    /// Reads what follows `log`: `logdebug` works too.
    pub fn parse(rest: &str) -> Self {
        let word = rest
            .split(' ')
            .find(|word| !word.is_empty())
            .unwrap_or_default();
        let level = if word.is_empty() {
            Some(7)
        } else {
            level_of(word)
        };
        Self {
            word: word.to_owned(),
            level,
        }
    }

    /// `Reply-Text`.
    pub fn reply(&self) -> String {
        match self.level {
            Some(level) => format!("+OK log level {} [{level}]", self.word),
            None => "-ERR invalid log level".to_owned(),
        }
    }
}

/// The name of a level; `None` outside −1 … 7.
pub fn level_name(level: i8) -> Option<&'static str> {
    if level == -1 {
        Some("DISABLE")
    } else {
        LEVELS.get(usize::try_from(level).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_replies() {
        // golden log-01-levels
        for (rest, reply) in [
            ("", "+OK log level  [7]"),
            (" debug", "+OK log level debug [7]"),
            (" INFO", "+OK log level INFO [6]"),
            (" error", "-ERR invalid log level"),
            (" console", "+OK log level console [0]"),
            (" 9", "+OK log level 9 [9]"),
            (" -1", "+OK log level -1 [0]"),
            (" debug extra", "+OK log level debug [7]"),
            ("debug", "+OK log level debug [7]"),
            ("  debug", "+OK log level debug [7]"),
            (" disable", "+OK log level disable [-1]"),
            ("out", "-ERR invalid log level"),
            (" 64", "-ERR invalid log level"),
            (
                " 99999999999999999999",
                "+OK log level 99999999999999999999 [63]",
            ),
        ] {
            assert_eq!(Log::parse(rest).reply(), reply, "log{rest}");
        }
        assert_eq!(level_name(-1), Some("DISABLE"));
        assert_eq!(level_name(7), Some("DEBUG"));
        assert_eq!(level_name(8), None);
    }
}
