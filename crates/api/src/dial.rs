//! Dial strings: who to call, in which order, with which variables (event-socket.md §6.4).
//!
//! ```text
//! dial-string = [ "<" vars ">" ] thread *( ":_:" thread )     hunts side by side
//! thread      = *( "{" vars "}" ) hunt *( "|" hunt )          one after the other
//! hunt        = leg *( "," leg )                              at once, first answer wins
//! leg         = *( "[" vars "]" ) endpoint [ "/" address ]
//! vars        = [ "^^" c ] name "=" value *( c name "=" value )
//! ```

use std::sync::Arc;

/// Longest dial string accepted, in bytes.
pub const MAX_LEN: usize = 64 * 1024;
/// Most legs in one dial string.
pub const MAX_LEGS: usize = 256;

/// Names and values in the order they were written.
pub type VariableList = Vec<(Arc<str>, Arc<str>)>;

/// A parsed dial string.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DialString {
    /// `<…>`: for every leg.
    pub variables: VariableList,
    /// Hunts that run side by side; at least one.
    pub threads: Vec<Thread>,
}

/// Hunts that are tried one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Thread {
    /// `{…}`: for every leg of this thread.
    pub variables: VariableList,
    /// At least one; each is a set of legs called at the same time.
    pub hunts: Vec<Vec<Leg>>,
}

/// One destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leg {
    /// `[…]`: for this leg only.
    pub variables: VariableList,
    /// Endpoint type, as `sofia`; everything when there is no `/`.
    pub endpoint: Arc<str>,
    /// What follows the first `/`.
    pub address: Arc<str>,
}

/// Why a dial string cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DialError {
    /// A bracket that is never closed.
    #[error("bracket is never closed")]
    Unclosed,
    /// Longer than [`MAX_LEN`] or more than [`MAX_LEGS`] legs.
    #[error("dial string is too long")]
    TooLong,
    /// No destination at all.
    #[error("no destination")]
    Empty,
}

impl DialString {
    /// Reads a dial string.
    ///
    /// # Errors
    /// See [`DialError`].
    pub fn parse(text: &str) -> Result<Self, DialError> {
        if text.len() > MAX_LEN {
            return Err(DialError::TooLong);
        }
        let mut rest = text.trim();
        let mut variables = Vec::new();
        while let Some(inner) = take_bracket(&mut rest, '<', '>')? {
            parse_variables(inner, &mut variables);
        }
        let threads = rest
            .split(":_:")
            .map(parse_thread)
            .collect::<Result<Vec<_>, _>>()?;
        let dial = Self { variables, threads };
        match dial.legs().count() {
            0 => Err(DialError::Empty),
            1..=MAX_LEGS => Ok(dial),
            _ => Err(DialError::TooLong),
        }
    }

    /// All legs in the order they are written.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.threads.iter().flat_map(|t| t.hunts.iter().flatten())
    }
}

fn parse_thread(text: &str) -> Result<Thread, DialError> {
    let mut rest = text.trim();
    let mut variables = Vec::new();
    while let Some(inner) = take_bracket(&mut rest, '{', '}')? {
        parse_variables(inner, &mut variables);
    }
    let hunts = split_outside(rest, '|')
        .into_iter()
        .map(parse_hunt)
        .collect::<Result<_, _>>()?;
    Ok(Thread { variables, hunts })
}

fn parse_hunt(text: &str) -> Result<Vec<Leg>, DialError> {
    split_outside(text, ',')
        .into_iter()
        .map(str::trim)
        .filter(|leg| !leg.is_empty())
        .map(parse_leg)
        .collect()
}

fn parse_leg(text: &str) -> Result<Leg, DialError> {
    let mut rest = text;
    let mut variables = Vec::new();
    while let Some(inner) = take_bracket(&mut rest, '[', ']')? {
        parse_variables(inner, &mut variables);
    }
    let (endpoint, address) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Leg {
        variables,
        endpoint: endpoint.into(),
        address: address.into(),
    })
}

/// Takes a leading `open…close` off `rest`; inside single quotes and after a backslash `close` does not count.
fn take_bracket<'a>(
    rest: &mut &'a str,
    open: char,
    close: char,
) -> Result<Option<&'a str>, DialError> {
    let text = rest.trim_start();
    let Some(inner) = text.strip_prefix(open) else {
        return Ok(None);
    };
    let mut quoted = false;
    let mut escaped = false;
    let mut depth = 0usize;
    for (at, c) in inner.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            c if c == close && !quoted && depth == 0 => {
                *rest = inner[at + close.len_utf8()..].trim_start();
                return Ok(Some(&inner[..at]));
            }
            c if c == close && !quoted => depth -= 1,
            c if c == open && !quoted => depth += 1,
            _ => {}
        }
    }
    Err(DialError::Unclosed)
}

/// Splits at `separator` where it stands outside of `[…]` and single quotes.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (0, 0usize, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '\'' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Reads `a=1,b='x,y',c=1\,2` or `^^:a=1:b=x,y` and appends to `out`; later values of a name win.
pub fn parse_variables(text: &str, out: &mut VariableList) {
    let (separator, text) = match text.strip_prefix("^^") {
        Some(tail) => {
            let mut chars = tail.chars();
            match chars.next() {
                Some(c) => (c, chars.as_str()),
                None => return,
            }
        }
        None => (',', text),
    };
    let mut item = String::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut finish = |item: &mut String| {
        if let Some((name, value)) = item.split_once('=') {
            let name = name.trim();
            if !name.is_empty() {
                out.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
                out.push((name.into(), value.into()));
            }
        }
        item.clear();
    };
    for c in text.chars() {
        if escaped {
            if c != separator && c != '\'' && c != '\\' {
                item.push('\\');
            }
            item.push(c);
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            c if c == separator && !quoted => finish(&mut item),
            c => item.push(c),
        }
    }
    if escaped {
        item.push('\\');
    }
    finish(&mut item);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &VariableList) -> Vec<(&str, &str)> {
        list.iter().map(|(n, v)| (&**n, &**v)).collect()
    }

    #[test]
    fn one_leg() {
        let d = DialString::parse("sofia/internal/1000@10.0.0.77:5060;transport=tcp").unwrap();
        assert_eq!(d.threads.len(), 1);
        let leg = d.legs().next().unwrap();
        assert_eq!(
            (&*leg.endpoint, &*leg.address),
            ("sofia", "internal/1000@10.0.0.77:5060;transport=tcp")
        );
    }

    #[test]
    fn all_brackets_and_separators() {
        let d =
            DialString::parse("<x=1>{y=2}{z=3}[a=1,b=2]user/1,user/2|[c=4]user/3:_:loopback/9196")
                .unwrap();
        assert_eq!(pairs(&d.variables), [("x", "1")]);
        assert_eq!(pairs(&d.threads[0].variables), [("y", "2"), ("z", "3")]);
        assert_eq!(
            d.threads[0].hunts.iter().map(Vec::len).collect::<Vec<_>>(),
            [2, 1]
        );
        assert_eq!(
            pairs(&d.threads[0].hunts[0][0].variables),
            [("a", "1"), ("b", "2")]
        );
        assert_eq!(&*d.threads[1].hunts[0][0].endpoint, "loopback");
    }

    #[test]
    fn quoting_escaping_and_other_separators() {
        let list = |text: &str| {
            let mut out = Vec::new();
            parse_variables(text, &mut out);
            out.into_iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(list("a='x,y',b=z"), ["a=x,y", "b=z"]);
        assert_eq!(list(r"a=x\,y,b=z"), ["a=x,y", "b=z"]);
        assert_eq!(list("^^:a=1:b=x,y"), ["a=1", "b=x,y"]);
        assert_eq!(list("a=b=c"), ["a=b=c"]);
        assert_eq!(list("a=1,a=2"), ["a=2"]);
        assert_eq!(list("novalue"), Vec::<String>::new());
    }

    #[test]
    fn separators_inside_brackets_do_not_split() {
        let d = DialString::parse("[^^:a=1|2:b=x,y]error/USER_BUSY|loopback/9196").unwrap();
        assert_eq!(d.threads[0].hunts.len(), 2);
    }

    #[test]
    fn broken_strings_are_refused() {
        assert_eq!(
            DialString::parse("{a=b loopback/9196"),
            Err(DialError::Unclosed)
        );
        assert_eq!(DialString::parse(""), Err(DialError::Empty));
        assert_eq!(
            DialString::parse(&"x/y,".repeat(MAX_LEGS + 1)),
            Err(DialError::TooLong)
        );
        assert_eq!(
            DialString::parse(&"x".repeat(MAX_LEN + 1)),
            Err(DialError::TooLong)
        );
    }

    #[test]
    fn a_word_without_slash_is_an_endpoint_nobody_knows() {
        let d = DialString::parse("1000").unwrap();
        assert_eq!(
            (
                &*d.legs().next().unwrap().endpoint,
                &*d.legs().next().unwrap().address
            ),
            ("1000", "")
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[<>{}\\[\\]a-z=,|:_'\\\\^/ ]{0,60}") {
            drop(DialString::parse(&text));
        }
    }
}
