//! Text with placeholders for what must vary from run to run.
//!
//! `{*}` is any text, `{n}` a number, `{uuid}` a UUID; each stands for itself. A name with a digit behind, as
//! `{uuid1}`, `{n2}` or `{host1}`, must be the same wherever it stands. `{ab*30}` is `ab` thirty times. `\{` is a brace, `\n \r \t \\ \xNN` are bytes.

use std::collections::BTreeMap;

/// How often a text may be repeated.
const MOST: usize = 100_000_000;

/// What the named placeholders stand for so far.
pub type Bindings = BTreeMap<String, Vec<u8>>;

/// A text to compare with, or to send.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Literal(Vec<u8>),
    Placeholder(Placeholder),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Placeholder {
    kind: Kind,
    /// Compared on reuse.
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Digits, signs and dots.
    Number,
    /// 36 characters of a UUID.
    Uuid,
    /// Anything, as little as possible.
    Any,
}

impl Pattern {
    /// Reads the escaped form.
    ///
    /// # Errors
    /// A sentence about what cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => literal.extend(escape(&mut chars)?),
                '{' => {
                    let name: String = chars.by_ref().take_while(|&c| c != '}').collect();
                    if let Some((text, times)) = repeated(&name) {
                        let once = Self::parse(text)?.fill(&Bindings::new())?;
                        literal.extend(once.repeat(times));
                        continue;
                    }
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Placeholder(Placeholder::named(&name)));
                }
                other => literal.extend(other.to_string().bytes()),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    /// Whether `input` is such a text. Names bound on the way are added to `bindings` only when it is.
    pub fn matches(&self, input: &[u8], bindings: &mut Bindings) -> bool {
        let mut tried = bindings.clone();
        let found = matches(&self.0, input, &mut tried);
        if found {
            *bindings = tried;
        }
        found
    }

    /// The text with every placeholder filled in.
    ///
    /// # Errors
    /// The name of one that nothing is known for.
    pub fn fill(&self, bindings: &Bindings) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Placeholder(Placeholder {
                    name: Some(name), ..
                }) => {
                    out.extend_from_slice(bindings.get(name).ok_or_else(|| name.clone())?);
                }
                Part::Placeholder(Placeholder { name: None, .. }) => {
                    return Err("an unnamed placeholder".to_owned());
                }
            }
        }
        Ok(out)
    }
}

/// `{a*1000}`: a text, and how often it stands there.
fn repeated(name: &str) -> Option<(&str, usize)> {
    let (text, times) = name.rsplit_once('*')?;
    let times = times.parse().ok().filter(|times| *times <= MOST)?;
    (!text.is_empty()).then_some((text, times))
}

impl Placeholder {
    fn named(name: &str) -> Self {
        let kind = match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "n" => Kind::Number,
            "uuid" | "job" => Kind::Uuid,
            _ => Kind::Any,
        };
        let reused = name.ends_with(|c: char| c.is_ascii_digit());
        Self {
            kind,
            name: reused.then(|| name.to_owned()),
        }
    }
}

fn escape(chars: &mut std::str::Chars<'_>) -> Result<Vec<u8>, String> {
    Ok(match chars.next() {
        Some('n') => vec![b'\n'],
        Some('r') => vec![b'\r'],
        Some('t') => vec![b'\t'],
        Some('x') => {
            let digits: String = chars.by_ref().take(2).collect();
            vec![u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?]
        }
        Some(other @ ('\\' | '{' | '}')) => other.to_string().into_bytes(),
        other => return Err(format!("unknown escape {other:?}")),
    })
}

fn matches(parts: &[Part], input: &[u8], bindings: &mut Bindings) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return input.is_empty();
    };
    let placeholder = match first {
        Part::Literal(bytes) => {
            return input
                .strip_prefix(bytes.as_slice())
                .is_some_and(|input| matches(rest, input, bindings));
        }
        Part::Placeholder(placeholder) => placeholder,
    };
    let bound = placeholder
        .name
        .as_ref()
        .and_then(|name| bindings.get(name))
        .cloned();
    if let Some(bound) = bound {
        return input
            .strip_prefix(bound.as_slice())
            .is_some_and(|input| matches(rest, input, bindings));
    }
    lengths(placeholder.kind, input, rest)
        .into_iter()
        .any(|length| {
            let mut tried = bindings.clone();
            if let Some(name) = &placeholder.name {
                tried.insert(name.clone(), input[..length].to_vec());
            }
            let found = matches(rest, &input[length..], &mut tried);
            if found {
                *bindings = tried;
            }
            found
        })
}

/// How many bytes a placeholder could take here, most likely first.
fn lengths(kind: Kind, input: &[u8], rest: &[Part]) -> Vec<usize> {
    match kind {
        Kind::Number => {
            let longest = input
                .iter()
                .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'))
                .count();
            (1..=longest).rev().collect()
        }
        Kind::Uuid => {
            let fits = |head: &[u8]| head.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
            input
                .get(..36)
                .filter(|head| fits(head))
                .map(|_| 36)
                .into_iter()
                .collect()
        }
        Kind::Any => match rest.first() {
            None => vec![input.len()],
            // Only where the literal behind it begins can it end.
            Some(Part::Literal(next)) => (0..=input.len())
                .filter(|&at| input[at..].starts_with(next))
                .collect(),
            Some(Part::Placeholder(_)) => (0..=input.len()).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, input: &str) -> Option<Bindings> {
        let mut bindings = Bindings::new();
        Pattern::parse(pattern)
            .expect("a pattern")
            .matches(input.as_bytes(), &mut bindings)
            .then_some(bindings)
    }

    const UUID: &str = "6f0c2f0e-9a0f-4d5c-8f3a-0f8f4c1d2e3f";

    #[test]
    fn long_texts_are_short_to_write() {
        let pattern = Pattern::parse(r"api echo {a*3}{H: v\n*2}\n").expect("a pattern");
        assert_eq!(
            pattern.fill(&Bindings::new()).expect("nothing to fill in"),
            b"api echo aaaH: v\nH: v\n\n"
        );
        assert!(
            Pattern::parse("{*}")
                .expect("a pattern")
                .matches(b"any", &mut Bindings::new())
        );
    }

    #[test]
    fn literals_and_escapes() {
        assert!(matched(r"a\n\x00\{b\}", "a\n\0{b}").is_some());
        assert!(matched("abc", "abcd").is_none());
        assert!(Pattern::parse(r"\q").is_err());
    }

    #[test]
    fn named_placeholders_are_equal_on_reuse() {
        assert!(matched("{uuid1} {uuid1}", &format!("{UUID} {UUID}")).is_some());
        assert!(
            matched(
                "{uuid1} {uuid1}",
                &format!("{UUID} {}", UUID.replace('6', "7"))
            )
            .is_none()
        );
        assert!(
            matched(
                "{uuid} {uuid}",
                &format!("{UUID} {}", UUID.replace('6', "7"))
            )
            .is_some()
        );
        assert!(matched("{uuid1}", "nope").is_none());
    }

    #[test]
    fn numbers_and_anything() {
        assert!(matched("UP {n} years, {n} days", "UP 0 years, 12 days").is_some());
        assert!(matched("UP {n} years", "UP x years").is_none());
        assert!(matched("a{*}c{*}", "abbcd").is_some());
        assert!(matched("a{*}", "a").is_some());
    }

    #[test]
    fn what_was_received_can_be_sent() {
        let bindings = matched("+OK {uuid1}", &format!("+OK {UUID}")).expect("a match");
        let send = Pattern::parse("api uuid_kill {uuid1}").expect("a pattern");
        assert_eq!(
            send.fill(&bindings),
            Ok(format!("api uuid_kill {UUID}").into_bytes())
        );
        assert_eq!(send.fill(&Bindings::new()), Err("uuid1".to_owned()));
    }
}
