//! Regular expressions of conditions.

use pcre2::bytes::{Regex, RegexBuilder};

/// Backtracking steps one match may take. A match of a sane expression takes dozens; `^(a+)+$` on 28 letters
/// would take hundreds of millions.
const MATCH_LIMIT: u32 = 20_000;
/// The longest expression, in bytes.
const MAX_PATTERN: usize = 16 << 10;

/// A compiled expression: PCRE, unanchored, case-sensitive. `/…/flags` allows the flags `i`, `m`, `s`, `x`.
#[derive(Debug, Clone)]
pub struct Expression {
    written: Box<str>,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// `^text$` without anything special in it, which is what most extensions are.
    Exactly(Box<str>),
    Pattern(Regex),
}

/// Why an expression cannot be used, or gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It does not compile; PCRE's sentence.
    #[error("{0}")]
    Syntax(String),
    /// It is longer than 16 KiB.
    #[error("the expression is longer than {MAX_PATTERN} bytes")]
    TooLong,
    /// The match needed more steps than allowed.
    #[error("the expression gave up after {MATCH_LIMIT} steps")]
    GaveUp,
}

impl Expression {
    /// Compiles once; matching is then a fraction of a microsecond.
    ///
    /// # Errors
    /// [`ExpressionError::Syntax`] and [`ExpressionError::TooLong`].
    pub fn compile(written: &str) -> Result<Self, ExpressionError> {
        if written.len() > MAX_PATTERN {
            return Err(ExpressionError::TooLong);
        }
        let keep = |matcher| Self {
            written: written.into(),
            matcher,
        };
        if let Some(text) = exact_text(written) {
            return Ok(keep(Matcher::Exactly(text.into())));
        }
        let (pattern, flags) = flags_of(written);
        let mut builder = RegexBuilder::new();
        builder.jit_if_available(true);
        for flag in flags.chars() {
            match flag {
                'i' => builder.caseless(true),
                'm' => builder.multi_line(true),
                's' => builder.dotall(true),
                'x' => builder.extended(true),
                _ => return Err(ExpressionError::Syntax(format!("unknown flag {flag:?}"))),
            };
        }
        // The limit can be set only inside the pattern, at its very start; one in the pattern itself can but
        // lower it.
        let prefix = format!("(*LIMIT_MATCH={MATCH_LIMIT})");
        match builder.build(&format!("{prefix}{pattern}")) {
            Ok(regex) => Ok(keep(Matcher::Pattern(regex))),
            Err(error) => Err(ExpressionError::Syntax(sentence(&error, prefix.len()))),
        }
    }

    /// As written, flags included.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether the expression has parentheses that capture.
    pub fn captures_groups(&self) -> bool {
        match &self.matcher {
            Matcher::Exactly(_) => false,
            Matcher::Pattern(regex) => regex.captures_len() > 1,
        }
    }

    /// Matches anywhere in `subject`; the captures when it does.
    ///
    /// # Errors
    /// [`ExpressionError::GaveUp`].
    pub fn captures(&self, subject: &str) -> Result<Option<Captures>, ExpressionError> {
        let regex = match &self.matcher {
            Matcher::Exactly(_) => {
                return Ok(self.is_match(subject)?.then(|| Captures {
                    groups: vec![Some(subject.into())],
                }));
            }
            Matcher::Pattern(regex) => regex,
        };
        if regex.captures_len() == 1 {
            let found = regex
                .find(subject.as_bytes())
                .map_err(|_| ExpressionError::GaveUp)?;
            return Ok(found.map(|m| Captures {
                groups: vec![Some(lossy(m.as_bytes()))],
            }));
        }
        let found = regex
            .captures(subject.as_bytes())
            .map_err(|_| ExpressionError::GaveUp)?;
        Ok(found.map(|captures| Captures {
            groups: (0..captures.len())
                .map(|i| captures.get(i).map(|m| lossy(m.as_bytes())))
                .collect(),
        }))
    }

    /// Matches anywhere in `subject`.
    ///
    /// # Errors
    /// [`ExpressionError::GaveUp`].
    pub fn is_match(&self, subject: &str) -> Result<bool, ExpressionError> {
        match &self.matcher {
            // `$` also matches before a final line feed.
            Matcher::Exactly(text) => {
                Ok(subject.strip_suffix('\n').unwrap_or(subject) == &**text || subject == &**text)
            }
            Matcher::Pattern(regex) => regex
                .is_match(subject.as_bytes())
                .map_err(|_| ExpressionError::GaveUp),
        }
    }
}

/// What a match caught: group 0 is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<Option<Box<str>>>,
}

impl Captures {
    /// The text of a group; `None` when there is no such group or it took no part.
    pub fn get(&self, group: usize) -> Option<&str> {
        self.groups.get(group)?.as_deref()
    }

    /// How many groups, group 0 included.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is not even group 0.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Replaces `$0`, `$1`, … in `text`; a group that caught nothing is empty. `\$1` is left for the expansion.
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['$', '\\']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let digits = rest[1..]
                .bytes()
                .take(2)
                .take_while(u8::is_ascii_digit)
                .count();
            if rest.starts_with("\\$") {
                out.push_str("\\$");
                rest = &rest[2..];
            } else if rest.starts_with('$') && digits > 0 {
                // `$12` is group 12 only where there is one, else group 1 and a 2.
                let (group, width) = match rest[1..=digits].parse::<usize>() {
                    Ok(group) if digits == 1 || group < self.groups.len() => (group, digits),
                    Ok(group) => (group / 10, 1),
                    Err(_) => (0, digits),
                };
                out.push_str(self.get(group).unwrap_or_default());
                rest = &rest[1 + width..];
            } else {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        out
    }
}

/// PCRE's sentence, with the place counted from where the author of the expression began.
fn sentence(error: &pcre2::Error, prefix: usize) -> String {
    let whole = error.to_string();
    match (
        error.offset(),
        whole
            .split_once(": ")
            .and_then(|(_, rest)| rest.split_once(": ")),
    ) {
        (Some(offset), Some((_, reason))) => {
            format!(
                "{reason} at character {}",
                offset.saturating_sub(prefix) + 1
            )
        }
        (None, _) | (_, None) => whole,
    }
}

/// A capture may cut a character in two, because matching is by byte, as FreeSWITCH has it.
fn lossy(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

/// `text` of `^text$` when no character in it means anything to PCRE.
fn exact_text(written: &str) -> Option<&str> {
    let text = written.strip_prefix('^')?.strip_suffix('$')?;
    let plain = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '_' | '-' | '@' | ':' | ' ' | '/' | '#' | '=' | ',' | '%')
    };
    text.chars().all(plain).then_some(text)
}

/// Splits `/pattern/flags`; anything else is all pattern.
fn flags_of(written: &str) -> (&str, &str) {
    let split = || {
        let (pattern, flags) = written.strip_prefix('/')?.rsplit_once('/')?;
        flags
            .chars()
            .all(|c| c.is_ascii_alphabetic())
            .then_some((pattern, flags))
    };
    split().unwrap_or((written, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (pattern, subject, expect) in [
            ("^1000$", "1000", Some("1000")),
            ("^1000$", "10001", None),
            ("^1000$", "1000\n", Some("1000\n")),
            ("1000", "x1000y", Some("1000")),
            (r"^(10[01][0-9])$", "1019", Some("1019")),
            (r"^\d{3,5}+$", "123456", None),
            (r"^\Q*97\E$", "*97", Some("*97")),
            ("/^abc$/i", "ABC", Some("ABC")),
            ("/path", "a/path", Some("/path")),
            ("", "anything", Some("")),
            ("^$", "", Some("")),
            ("^é.+$", "été", Some("été")),
        ] {
            let found = Expression::compile(pattern)
                .unwrap()
                .captures(subject)
                .unwrap();
            assert_eq!(
                found.as_ref().and_then(|c| c.get(0)),
                expect,
                "{pattern} on {subject}"
            );
            assert_eq!(
                Expression::compile(pattern)
                    .unwrap()
                    .is_match(subject)
                    .unwrap(),
                found.is_some()
            );
        }
    }

    #[test]
    fn exact_texts_skip_the_engine() {
        let exact = |pattern| {
            matches!(
                Expression::compile(pattern).unwrap().matcher,
                Matcher::Exactly(_)
            )
        };
        assert!(exact("^9196$") && exact("^true$") && exact("^$"));
        assert!(!exact("^9.96$") && !exact("^(9)$") && !exact("9196") && !exact("^a|b$"));
    }

    #[test]
    fn a_catastrophic_expression_gives_up() {
        let slow = Expression::compile("^(a+)+$").unwrap();
        assert_eq!(
            slow.is_match(&("a".repeat(40) + "b")),
            Err(ExpressionError::GaveUp)
        );
    }

    #[test]
    fn bad_expressions_are_refused() {
        assert!(matches!(
            Expression::compile("^(10$"),
            Err(ExpressionError::Syntax(_))
        ));
        assert!(matches!(
            Expression::compile("/a/q"),
            Err(ExpressionError::Syntax(_))
        ));
        assert_eq!(
            Expression::compile(&"a".repeat(MAX_PATTERN + 1)).unwrap_err(),
            ExpressionError::TooLong
        );
        assert!(matches!(
            Expression::compile("(((a{1000}){1000}){1000})"),
            Err(ExpressionError::Syntax(_))
        ));
    }

    #[test]
    fn substitution() {
        let captures = Expression::compile("^(1)(2)?(0.)$")
            .unwrap()
            .captures("107")
            .unwrap()
            .unwrap();
        for (text, expect) in [
            ("$1", "1"),
            ("[$0]", "[107]"),
            ("$1$2$3", "107"),
            ("$9", ""),
            ("$12", "12"),
            ("${x} $ $a \\$1 \\n", "${x} $ $a \\$1 \\n"),
            ("$", "$"),
            ("$3é", "07é"),
        ] {
            assert_eq!(captures.substitute(text), expect, "{text}");
        }
    }
}
