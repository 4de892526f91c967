//! The differences chosen on purpose, each with its reason.

use super::compare::Difference;

/// The table of `DIFFERENCES.md`: rows `| transcripts | what | why |`, where `*` in the first two stands for any text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Differences(Vec<Allowed>);

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// Names of transcripts.
    pub transcripts: String,
    /// [`Difference::key`].
    pub what: String,
    /// For people.
    pub why: String,
}

impl Differences {
    /// Reads the table out of a Markdown text; everything that is not a row of three cells is prose.
    pub fn parse(markdown: &str) -> Self {
        let rows = markdown.lines().filter_map(|line| {
            let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
            let cells: Vec<String> = inner
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect();
            let [transcripts, what, why] = cells.try_into().ok()?;
            let heading = transcripts.starts_with("---") || what == "what";
            (!heading).then_some(Allowed {
                transcripts,
                what,
                why,
            })
        });
        Self(rows.collect())
    }

    /// The row that allows a difference.
    pub fn allowing(&self, transcript: &str, difference: &Difference) -> Option<&Allowed> {
        let key = difference.key();
        self.0
            .iter()
            .find(|row| glob(&row.transcripts, transcript) && glob(&row.what, &key))
    }

    /// All rows.
    pub fn rows(&self) -> &[Allowed] {
        &self.0
    }
}

/// `*` stands for any text, everything else for itself.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(glob("stream-*", "stream-01-loopback"));
        assert!(glob("*", ""));
        assert!(glob("value Event-Calling-*", "value Event-Calling-File"));
        assert!(glob("a*b*c", "aXbYc"));
        assert!(!glob("stream-*", "uuid-01"));
        assert!(!glob("abc", "abcd"));
    }

    #[test]
    fn rows_are_found_between_prose() {
        let table = "# Title\n\nprose\n\n| transcripts | what | why |\n|---|---|---|\n| `event-*` | value X | because |\n";
        let differences = Differences::parse(table);
        assert_eq!(differences.rows().len(), 1);
        let value = Difference::Value {
            header: "X".into(),
            actual: "1".into(),
        };
        assert_eq!(
            differences
                .allowing("event-01", &value)
                .map(|row| row.why.as_str()),
            Some("because")
        );
        assert!(differences.allowing("uuid-01", &value).is_none());
    }
}
