//! An event as it is sent: one flat object on one line, members in alphabetical order (event-api.md §3).
//!
//! Filters look at members of lines that are encoded already, so that an event is encoded once however many connections
//! select it by what.

use super::json::{Map, Value};

/// An event being written.
#[derive(Default)]
pub(crate) struct Line(Map);

impl Line {
    /// An event of that type. `time` is Unix milliseconds.
    pub(crate) fn new(kind: &str, time: i64) -> Self {
        let mut line = Self::default();
        line.set("type", kind);
        line.set("time", time);
        line
    }

    /// Sets a member; values are texts, numbers, booleans or `null`.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a member that may be nothing.
    pub(crate) fn set_or_null<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        self.set(name, value.map_or(Value::Null, Into::into));
    }

    /// What it holds.
    pub(crate) fn members(&self) -> &Map {
        &self.0
    }

    /// The text, which holds no line break.
    pub(crate) fn finish(self) -> String {
        Value::Object(self.0).to_string()
    }
}

/// Names and values of the members of a line, as they are written there: a text keeps its quotes.
pub(crate) fn members(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line.strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        // Names are ours and hold nothing that is escaped.
        let (name, after) = rest.strip_prefix('"')?.split_once("\":")?;
        let end = end_of_value(after)?;
        let value = after.get(..end)?;
        rest = after.get(end + 1..).unwrap_or_default();
        Some((name, value))
    })
}

/// Where the `,` or `}` behind a value stands.
fn end_of_value(text: &str) -> Option<usize> {
    if !text.starts_with('"') {
        return text.find([',', '}']);
    }
    let mut escaped = false;
    let mut bytes = text.bytes().enumerate().skip(1);
    bytes.find_map(|(index, byte)| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends.then_some(index + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_as_they_are_written() {
        let mut line = Line::new("userStatus", 17);
        line.set("name", "a \"b\" \\");
        line.set("note", "x,}{\"type\":1");
        line.set("returnTime", -1);
        line.set("userCreated", true);
        line.set_or_null("did", None::<&str>);
        let text = line.finish();
        assert_eq!(
            text,
            r#"{"did":null,"name":"a \"b\" \\","note":"x,}{\"type\":1","returnTime":-1,"time":17,"type":"userStatus","userCreated":true}"#
        );
        let found: Vec<_> = members(&text).collect();
        assert_eq!(
            found,
            [
                ("did", "null"),
                ("name", r#""a \"b\" \\""#),
                ("note", r#""x,}{\"type\":1""#),
                ("returnTime", "-1"),
                ("time", "17"),
                ("type", "\"userStatus\""),
                ("userCreated", "true"),
            ]
        );
    }

    #[test]
    fn what_is_no_line_has_no_members() {
        for text in [
            "",
            "{",
            "{}",
            "{\"",
            "{\"a",
            "{\"a\":",
            "{\"a\":\"",
            "{\"a\":\"\\\"",
            "[1]",
        ] {
            assert_eq!(members(text).count(), 0, "{text}");
        }
    }
}
