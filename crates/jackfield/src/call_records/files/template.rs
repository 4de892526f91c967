//! A line of a CSV file: `${…}` of a leg put into a text the operator wrote.

use std::borrow::Cow;

use switch_core::expand::{ExpandError, expand};
use switch_core::lookup::Lookup;

/// A template, cut where `${…}` begins and ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Piece {
    text: String,
    /// Where it stands; `None` for what the operator wrote outside of `${…}`.
    value: Option<Quotes>,
}

/// The quotes around a place in a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Template {
    /// Cuts a template. It makes one line, so that line breaks in it become spaces.
    pub(crate) fn new(text: &str) -> Self {
        let text = one_line(text.trim());
        let mut pieces = Vec::new();
        let (mut quotes, mut rest) = (Quotes::None, &*text);
        while let Some((before, value, after)) = next_value(rest) {
            quotes = quotes.behind(before);
            pieces.push(Piece::written(before));
            pieces.push(Piece {
                text: value.to_owned(),
                value: Some(quotes),
            });
            rest = after;
        }
        pieces.push(Piece::written(rest));
        Self(pieces)
    }

    /// The line, without its end. A value never ends the line, nor the quotes it stands in; between single quotes,
    /// `sql_escape` is for that.
    ///
    /// # Errors
    /// What cannot be expanded.
    pub(crate) fn line(&self, lookup: &dyn Lookup) -> Result<String, ExpandError> {
        let mut line = String::new();
        for piece in &self.0 {
            let expanded = expand(&piece.text, lookup)?;
            match piece.value {
                None => line.push_str(&expanded),
                Some(quotes) => line.push_str(&quotes.hold(&one_line(&expanded))),
            }
        }
        Ok(line)
    }
}

impl Piece {
    fn written(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            value: None,
        }
    }
}

impl Quotes {
    /// The quotes behind a text that begins here.
    fn behind(self, text: &str) -> Self {
        text.chars().fold(self, |quotes, at| match (quotes, at) {
            (Self::None, '"') => Self::Double,
            (Self::None, '\'') => Self::Single,
            (Self::Double, '"') | (Self::Single, '\'') => Self::None,
            (as_before, _) => as_before,
        })
    }

    /// A value as it may stand here (RFC 4180 §2).
    fn hold(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Double if value.contains('"') => value.replace('"', "\"\"").into(),
            Self::None if value.contains(['"', ',']) => {
                format!("\"{}\"", value.replace('"', "\"\"")).into()
            }
            Self::None | Self::Single | Self::Double => value.into(),
        }
    }
}

/// What would begin another line, or is nothing to read, becomes a space.
fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |at: char| at.is_control() || matches!(at, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        text.replace(breaks, " ").into()
    } else {
        text.into()
    }
}

/// The next `${…}` with what stands before and behind it.
fn next_value(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("${")?;
        if text[..start].ends_with('\\') {
            from = start + 2;
            continue;
        }
        let mut open = 0_usize;
        let end = text[start..].char_indices().find_map(|(at, c)| {
            match c {
                '{' => open += 1,
                '}' => open = open.saturating_sub(1),
                _ => return None,
            }
            (open == 0).then_some(start + at + 1)
        });
        match end {
            Some(end) => return Some((&text[..start], &text[start..end], &text[end..])),
            None => from = start + 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Caller(&'static str);

    impl Lookup for Caller {
        fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
            (name == "name").then(|| self.0.into())
        }

        fn profile(&self, name: &str) -> Option<Cow<'_, str>> {
            self.variable(name)
        }

        fn call(&self, function: &str, arguments: &str) -> Option<String> {
            (function == "sql_escape").then(|| arguments.replace('\'', "''"))
        }
    }

    #[test]
    fn a_value_stays_where_it_stands() {
        for (template, name, line) in [
            ("\"${name}\",\"${none}\",x", "Ann", r#""Ann","",x"#),
            ("\"${name}\",x", "a\"\r\n,=b", r#""a""  ,=b",x"#),
            ("${name},x", "a,\"b", r#""a,""b",x"#),
            ("${name},x", "+4930", "+4930,x"),
            (
                "('${sql_escape(${name})}')",
                "O'Ha\"ra\u{2028}",
                "('O''Ha\"ra ')",
            ),
            ("it is \"${name:1:2}\"\n ${", "abcd", "it is \"bc\"  ${"),
            ("\\${name},${name}", "${name}", "${name},${name}"),
            (" \"${name${none}}\" ", "x", "\"x\""),
        ] {
            let rendered = Template::new(template).line(&Caller(name)).unwrap();
            assert_eq!(rendered, line, "{template}");
        }
    }
}
