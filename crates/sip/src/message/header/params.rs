//! `;name=value` parameters and comma lists, aware of quotes and angle brackets.

use std::borrow::Cow;

/// Parameters behind a value, without the leading `;`. Reading them allocates nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(pub &'a str);

impl<'a> Params<'a> {
    /// Each parameter with its value: `None` for a flag, quotes kept.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        split_outside_quotes(self.0, b';')
            .filter(|part| !part.is_empty())
            .map(|part| match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (part, None),
            })
    }

    /// The value of the first parameter of that name; an empty string for a flag.
    pub fn value(self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or(""))
    }

    /// Whether a parameter of that name is there.
    pub fn has(self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

/// Parts of a comma list, trimmed; commas in quotes and in `<…>` do not separate.
pub fn split_list(value: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(value, b',').filter(|part| !part.is_empty())
}

/// The text of a quoted string without its quotes and escapes; other text as it is.
pub fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Cow::Borrowed(text);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            c
        });
    }
    Cow::Owned(plain)
}

/// Text as a quoted string.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Position of the first `wanted` outside quotes and angle brackets.
pub(crate) fn find_outside_quotes(text: &str, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut depth = 0_u32;
    let mut escaped = false;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if byte == wanted && depth == 0 {
            return Some(at);
        }
        match byte {
            b'"' => quoted = true,
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match find_outside_quotes(text, separator) {
            Some(at) => {
                rest = text.get(at + 1..);
                text.get(..at).map(str::trim)
            }
            None => {
                rest = None;
                Some(text.trim())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        let parts: Vec<_> = split_list(r#""a, \", b" <sip:x,y@h>;q=1, <sip:z@h> ,, "#).collect();
        assert_eq!(parts, [r#""a, \", b" <sip:x,y@h>;q=1"#, "<sip:z@h>"]);
    }

    #[test]
    fn parameters_are_found_without_regard_to_case() {
        let params = Params(r#" Branch = z9 ;lr; x="a;b""#);
        assert_eq!(params.value("branch"), Some("z9"));
        assert_eq!(params.value("LR"), Some(""));
        assert_eq!(params.value("x"), Some(r#""a;b""#));
        assert!(!params.has("b\""));
    }

    #[test]
    fn quoting_is_undone_by_unquoting() {
        for text in ["", "plain", r#"a"b\c"#, "\\"] {
            assert_eq!(unquote(&quote(text)), text);
        }
        assert_eq!(unquote("\"open"), "\"open");
    }
}
