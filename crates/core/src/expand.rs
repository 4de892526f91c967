//! `${…}` expansion of application data, dial strings and console lines.
//!
//! | Written | Becomes |
//! |---|---|
//! | `${name}` | the variable, or nothing when unset |
//! | `${name:2}` `${name:-4}` | from the third character on; the last four characters |
//! | `${name:1:3}` `${name:0:-2}` | three characters from the second on; all but the last two |
//! | `${name[1]}` | the second item of a list variable (`ARRAY::a|:b`) |
//! | `${function(arguments)}` | the answer of an API function |
//! | `${a${b}}`, `${f(${x})}` | the inside first |
//! | `\$` | a dollar sign |
//! | `\\` | a backslash, in arguments of applications (recorded in stream-41); elsewhere it stays as it is |
//!
//! A value that was put in is not looked at again: a caller whose display name is `${system(…)}` gets to see
//! exactly that text.

use std::borrow::Cow;

use crate::lookup::Lookup;

/// How deep expansions may be nested in each other.
pub const MAX_DEPTH: usize = 16;
/// The longest result, in bytes. The longest command line of the event socket that makes sense is far shorter.
pub const MAX_LENGTH: usize = 256 << 10;
/// API functions one expansion may call.
pub const MAX_CALLS: usize = 256;

/// Why a text was not expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("expansions are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Longer than [`MAX_LENGTH`].
    #[error("the expanded text is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// More calls than [`MAX_CALLS`].
    #[error("more than {MAX_CALLS} functions are called")]
    TooManyCalls,
}

/// Replaces every `${…}` in `text`. Text without any is returned as it is, without a copy.
///
/// # Errors
/// The limits of this module; an unset variable is not an error.
pub fn expand<'t>(text: &'t str, lookup: &dyn Lookup) -> Result<Cow<'t, str>, ExpandError> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(text));
    }
    Run::over(text, lookup, false).map(Cow::Owned)
}

/// The same for what an application is given, where two backslashes are one.
///
/// # Errors
/// As [`expand`].
pub fn expand_argument<'t>(
    text: &'t str,
    lookup: &dyn Lookup,
) -> Result<Cow<'t, str>, ExpandError> {
    if !is_expanded_as_argument(text) {
        return Ok(Cow::Borrowed(text));
    }
    Run::over(text, lookup, true).map(Cow::Owned)
}

/// Whether [`expand`] would change anything: cheap, may say yes without need.
pub fn has_expansion(text: &str) -> bool {
    text.contains("${") || text.contains("\\$")
}

/// Whether [`expand_argument`] would change anything: cheap, may say yes without need.
pub fn is_expanded_as_argument(text: &str) -> bool {
    has_expansion(text) || text.contains("\\\\")
}

struct Run<'l> {
    lookup: &'l dyn Lookup,
    whole: &'l str,
    /// Where braces open that never close, in rising order.
    unclosed: Vec<usize>,
    calls: usize,
    /// Two backslashes are one.
    halves_backslashes: bool,
}

impl<'l> Run<'l> {
    fn over(
        text: &'l str,
        lookup: &'l dyn Lookup,
        halves_backslashes: bool,
    ) -> Result<String, ExpandError> {
        if text.len() > MAX_LENGTH {
            return Err(ExpandError::TooLong);
        }
        let mut run = Self {
            lookup,
            whole: text,
            unclosed: unclosed_braces(text),
            calls: 0,
            halves_backslashes,
        };
        Ok(run.text(0, 0)?.0)
    }

    /// Expands from byte `from` up to the end, or, inside an expansion (`depth` > 0), up to its closing brace.
    /// Returns the place of that brace, or the end.
    fn text(&mut self, from: usize, depth: usize) -> Result<(String, usize), ExpandError> {
        if depth > MAX_DEPTH {
            return Err(ExpandError::TooDeep);
        }
        let text = self.whole;
        let mut out = String::new();
        let mut open = 0_usize;
        let mut at = from;
        while let Some(step) = text[at..].find(['$', '\\', '{', '}']) {
            push(&mut out, &text[at..at + step])?;
            at += step;
            let rest = &text[at..];
            if rest.starts_with("\\$") {
                push(&mut out, "$")?;
                at += 2;
            } else if self.halves_backslashes && rest.starts_with("\\\\") {
                push(&mut out, "\\")?;
                at += 2;
            } else if rest.starts_with("${") {
                if self.unclosed.binary_search(&(at + 1)).is_ok() {
                    // Never closed, so it is no expansion.
                    push(&mut out, "${")?;
                    at += 2;
                } else {
                    let (name, close) = self.text(at + 2, depth + 1)?;
                    push(&mut out, &self.value(&text[at + 2..close], &name)?)?;
                    at = (close + 1).min(text.len());
                }
            } else {
                let c = rest.as_bytes()[0];
                match c {
                    b'{' => open += 1,
                    b'}' if depth > 0 && open == 0 => return Ok((out, at)),
                    b'}' => open = open.saturating_sub(1),
                    _ => {}
                }
                push(&mut out, &rest[..1])?;
                at += 1;
            }
        }
        push(&mut out, &text[at..])?;
        Ok((out, text.len()))
    }

    /// The value of what stood between the braces: as written, and with everything in it expanded.
    fn value(&mut self, written: &str, inside: &str) -> Result<String, ExpandError> {
        // What is called is decided by who wrote the text, never by a value that was put into it.
        let call = written
            .split_once('(')
            .filter(|(function, _)| written.ends_with(')') && !function.contains('$'));
        if let Some((function, _)) = call {
            self.calls += 1;
            if self.calls > MAX_CALLS {
                return Err(ExpandError::TooManyCalls);
            }
            let arguments = inside.split_once('(').map_or("", |(_, rest)| rest);
            let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
            return Ok(self
                .lookup
                .call(function.trim_ascii(), arguments)
                .unwrap_or_default());
        }
        let (name, slice) = Slice::split(inside);
        let (name, item) = index_split(name);
        let Some(value) = self.lookup.variable(name) else {
            return Ok(String::new());
        };
        let value = match item {
            Some(item) => nth_item(&value, item),
            None => &value,
        };
        Ok(match slice {
            Some(slice) => slice.of(value).to_owned(),
            None => value.to_owned(),
        })
    }
}

fn push(out: &mut String, text: &str) -> Result<(), ExpandError> {
    if out.len() + text.len() > MAX_LENGTH {
        return Err(ExpandError::TooLong);
    }
    out.push_str(text);
    Ok(())
}

/// The opening braces without a partner. One walk, so that a line of ten thousand `${` stays cheap.
fn unclosed_braces(text: &str) -> Vec<usize> {
    let mut open = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open.push(at),
            b'}' => drop(open.pop()),
            _ => {}
        }
    }
    open
}

/// `name[3]` as `name` and 3.
fn index_split(name: &str) -> (&str, Option<usize>) {
    let split = || {
        let (bare, index) = name.strip_suffix(']')?.rsplit_once('[')?;
        Some((bare, index.parse().ok()?))
    };
    split().map_or((name, None), |(bare, index)| (bare, Some(index)))
}

/// One item of a list variable; a plain value is a list of one. event-socket.md §2.12.
fn nth_item(value: &str, index: usize) -> &str {
    match value.strip_prefix("ARRAY::") {
        Some(items) => items.split("|:").nth(index).unwrap_or_default(),
        None if index == 0 => value,
        None => "",
    }
}

/// `:offset` or `:offset:length` behind a name; both count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slice {
    /// Negative: from the end.
    offset: i64,
    /// `None` or 0: to the end. Negative: leave out that many at the end.
    length: Option<i64>,
}

impl Slice {
    /// Splits `name:1:2`; a colon not followed by a number belongs to the name.
    fn split(inside: &str) -> (&str, Option<Self>) {
        let Some((name, numbers)) = inside.split_once(':') else {
            return (inside, None);
        };
        let parsed = match numbers.split_once(':') {
            None => numbers.trim_ascii().parse().ok().map(|offset| Self {
                offset,
                length: None,
            }),
            Some((offset, length)) => offset
                .trim_ascii()
                .parse()
                .ok()
                .zip(length.trim_ascii().parse().ok())
                .map(|(offset, length): (i64, i64)| Self {
                    offset,
                    length: Some(length).filter(|&l| l != 0),
                }),
        };
        match parsed {
            Some(slice) => (name, Some(slice)),
            None => (inside, None),
        }
    }

    fn of(self, value: &str) -> &str {
        let count = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        let from = if self.offset < 0 {
            count.saturating_add(self.offset)
        } else {
            self.offset
        }
        .clamp(0, count);
        let to = match self.length {
            None => count,
            Some(length) if length < 0 => count.saturating_add(length),
            Some(length) => from.saturating_add(length),
        }
        .clamp(from, count);
        let byte = |n: i64| {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            value.char_indices().nth(n).map_or(value.len(), |(i, _)| i)
        };
        &value[byte(from)..byte(to)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lookup::tests::Fixed;

    fn fixed() -> Fixed {
        Fixed::new(&[
            ("number", "5551234"),
            ("a", "number"),
            ("word", "grün"),
            ("list", "ARRAY::x|:y|:z"),
            ("evil", "${number}"),
            ("call", "echo(stolen)"),
            ("close", "x)y("),
            ("sip_h_X-a", "h"),
            ("x:y", "colon"),
        ])
    }

    #[test]
    fn table() {
        for (text, expect) in [
            ("plain", "plain"),
            ("${number}", "5551234"),
            ("[${number}]", "[5551234]"),
            ("${nothing}", ""),
            ("a${nothing}b", "ab"),
            ("${number:3}", "1234"),
            ("${number:-4}", "1234"),
            ("${number:0:3}", "555"),
            ("${number:1:-2}", "5512"),
            ("${number:-4:2}", "12"),
            ("${number:3:0}", "1234"),
            ("${number:99}", ""),
            ("${number:-99:3}", "555"),
            ("${number:2:-99}", ""),
            (
                "${number:-9223372036854775808:9223372036854775807}",
                "5551234",
            ),
            ("${word:2:1}", "ü"),
            ("${word:-1}", "n"),
            ("${${a}}", "5551234"),
            ("${num${nothing}ber}", "5551234"),
            ("${x:y}", "colon"),
            ("${sip_h_X-a}", "h"),
            ("${list}", "ARRAY::x|:y|:z"),
            ("${list[0]}${list[2]}${list[3]}", "xz"),
            ("${number[0]}${number[1]}", "5551234"),
            ("${number[0]:0:3}", "555"),
            ("${echo(a b)}", "<echo|a b>"),
            ("${echo(${number:0:3})}", "<echo|555>"),
            ("${echo(%H:%M)}", "<echo|%H:%M>"),
            ("${echo({a=1}b)}", "<echo|{a=1}b>"),
            ("${echo()}", "<echo|>"),
            ("${echo(${close})}", "<echo|x)y(>"),
            ("${echo(${echo(a)})}", "<echo|<echo|a>>"),
            ("${${call}}", ""),
            ("${x${call}}", ""),
            ("${nofunction(x)}", ""),
            ("\\${number}", "${number}"),
            ("\\$1 \\n", "$1 \\n"),
            ("${evil}", "${number}"),
            ("${number", "${number"),
            ("${${number}", "${5551234"),
            ("$1 costs $", "$1 costs $"),
            ("$${number}", "$5551234"),
            ("{a=b}sofia/x", "{a=b}sofia/x"),
            ("}${number}{", "}5551234{"),
            ("${}", ""),
        ] {
            assert_eq!(expand(text, &fixed()).unwrap(), expect, "{text}");
        }
    }

    /// Recorded in stream-41: a pattern is written with two backslashes.
    #[test]
    fn arguments_of_applications_have_half_their_backslashes() {
        let slashes = Fixed::new(&[("path", "a\\\\b"), ("n", "1")]);
        for (text, expect) in [
            ("pg \\\\d+", "pg \\d+"),
            ("\\d+", "\\d+"),
            ("\\\\\\d", "\\\\d"),
            ("\\\\${n}", "\\1"),
            ("\\${n}", "${n}"),
            ("${path}", "a\\\\b"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(expand_argument(text, &slashes).unwrap(), expect, "{text}");
        }
        assert_eq!(expand("pg \\\\d+${n}", &slashes).unwrap(), "pg \\\\d+1");
    }

    #[test]
    fn limits() {
        let deep = "${".repeat(40) + &"}".repeat(40);
        assert_eq!(expand(&deep, &fixed()), Err(ExpandError::TooDeep));
        let many = "${echo()}".repeat(MAX_CALLS + 1);
        assert_eq!(expand(&many, &fixed()), Err(ExpandError::TooManyCalls));
        let long = Fixed::new(&[("big", &"x".repeat(MAX_LENGTH / 2))]);
        assert!(expand("${big}${big}", &long).is_ok());
        assert_eq!(expand("${big}${big}!", &long), Err(ExpandError::TooLong));
    }

    #[test]
    fn text_without_dollar_is_not_copied() {
        assert!(matches!(expand("a\\b{}", &fixed()), Ok(Cow::Borrowed(_))));
    }

    proptest! {
        #[test]
        fn never_panics(text in "([${}\\\\()\\[\\]:,0-9a-]|number|list|\\PC){0,80}") {
            if let Ok(out) = expand(&text, &fixed()) {
                prop_assert!(out.len() <= MAX_LENGTH);
            }
        }

        #[test]
        fn a_slice_is_a_part(value in "\\PC{0,12}", offset in -20_i64..20, length in -20_i64..20) {
            let lookup = Fixed::new(&[("v", &value)]);
            let out = expand(&format!("${{v:{offset}:{length}}}"), &lookup).unwrap().into_owned();
            prop_assert!(value.contains(&out));
            if length > 0 {
                prop_assert!(out.chars().count() <= usize::try_from(length).unwrap());
            }
        }

        #[test]
        fn escaping_every_dollar_gives_the_text_back(text in "[^\\\\]{0,40}") {
            let escaped = text.replace('$', "\\$");
            prop_assert_eq!(expand(&escaped, &fixed()).unwrap(), text);
        }
    }
}
