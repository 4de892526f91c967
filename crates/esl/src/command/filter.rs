//! `filter` (event-socket.md §2.9).

/// A `filter` request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FilterCommand {
    /// Adds a filter. Without a value nothing is added; an empty value removes the header's filters.
    Add {
        /// Header looked at.
        header: String,
        /// With its sign, as written.
        value: Option<String>,
    },
    /// Removes the filters of a header, or those with exactly that value; `all` removes every one.
    Delete {
        /// Header, or `all`.
        header: String,
        /// With its sign, as written.
        value: Option<String>,
    },
    /// Too few words.
    Invalid,
}

impl FilterCommand {
    /// Reads what follows `filter `.
    pub fn parse(rest: &str) -> Self {
        let (first, after_first) = word(rest);
        let adding = first.eq_ignore_ascii_case("add");
        let deleting = first.eq_ignore_ascii_case("delete");
        let (header, value) = match (adding || deleting, after_first) {
            (true, Some(words)) => word(words),
            (true, None) => return Self::Invalid,
            (false, value) => (first, value),
        };
        let value = value.map(str::to_owned);
        match (header.is_empty(), deleting, adding, value) {
            (true, ..) | (false, false, false, None) => Self::Invalid,
            (false, true, _, value) => Self::Delete {
                header: header.to_owned(),
                value,
            },
            (false, false, _, value) => Self::Add {
                header: header.to_owned(),
                value,
            },
        }
    }

    /// `Reply-Text`.
    pub fn reply(&self) -> String {
        match self {
            Self::Add { header, value } => {
                format!(
                    "+OK filter added. [{header}]=[{}]",
                    value.as_deref().unwrap_or("(null)")
                )
            }
            Self::Delete { header, value } => {
                format!(
                    "+OK filter deleted. [{header}][{}]",
                    value.as_deref().unwrap_or_default()
                )
            }
            Self::Invalid => "-ERR invalid syntax".to_owned(),
        }
    }
}

/// Blanks in front are skipped; the word ends at one blank, and all behind that is the rest.
fn word(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_start_matches(' ');
    match text.split_once(' ') {
        Some((word, rest)) => (word, Some(rest)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_replies() {
        // golden filter-01-replies
        for (rest, reply) in [
            ("", "-ERR invalid syntax"),
            ("Event-Name", "-ERR invalid syntax"),
            (
                "Event-Name HEARTBEAT",
                "+OK filter added. [Event-Name]=[HEARTBEAT]",
            ),
            (
                " Event-Name  HEARTBEAT",
                "+OK filter added. [Event-Name]=[ HEARTBEAT]",
            ),
            ("add Event-Name API", "+OK filter added. [Event-Name]=[API]"),
            ("add Event-Name", "+OK filter added. [Event-Name]=[(null)]"),
            ("add", "-ERR invalid syntax"),
            ("delete", "-ERR invalid syntax"),
            (
                "delete Event-Name HEARTBEAT",
                "+OK filter deleted. [Event-Name][HEARTBEAT]",
            ),
            ("delete nosuch", "+OK filter deleted. [nosuch][]"),
            ("delete all", "+OK filter deleted. [all][]"),
            ("delete all all", "+OK filter deleted. [all][all]"),
            ("X a b c", "+OK filter added. [X]=[a b c]"),
            ("X -y", "+OK filter added. [X]=[-y]"),
            ("X ", "+OK filter added. [X]=[]"),
            ("all x", "+OK filter added. [all]=[x]"),
        ] {
            assert_eq!(FilterCommand::parse(rest).reply(), reply, "filter {rest}");
        }
    }
}
