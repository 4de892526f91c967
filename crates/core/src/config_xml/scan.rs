//! Recognises the few things in raw XML text that must be handled before it is parsed.

/// `<X-PRE-PROCESS cmd="…" data="…"/>`, as typed.
pub(super) struct Directive<'t> {
    pub(super) command: &'t str,
    pub(super) data: &'t str,
    /// Bytes from the `<` to behind the `>`.
    pub(super) length: usize,
}

/// The directive at the start of `text`, which begins with a `<`. `Ok(None)`: something else stands here.
pub(super) fn directive(text: &str) -> Result<Option<Directive<'_>>, &'static str> {
    let Some(rest) = starts_with_ignoring_case(text, "<X-PRE-PROCESS") else {
        return Ok(None);
    };
    if !rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>') {
        return Ok(None);
    }
    let text = head(text, MAX_DIRECTIVE);
    let rest = head(rest, MAX_DIRECTIVE.saturating_sub("<X-PRE-PROCESS".len()));
    let (mut command, mut data) = ("", "");
    let mut rest = rest.trim_ascii_start();
    loop {
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok(Some(Directive {
                command,
                data,
                length: text.len() - after.len(),
            }));
        }
        if let Some(after) = rest.strip_prefix('>') {
            // Written with a closing tag of its own; its content has no meaning.
            let after = after
                .match_indices("</")
                .find_map(|(at, _)| starts_with_ignoring_case(&after[at..], "</X-PRE-PROCESS>"))
                .ok_or("X-PRE-PROCESS is not closed")?;
            return Ok(Some(Directive {
                command,
                data,
                length: text.len() - after.len(),
            }));
        }
        let equals = rest.find('=').ok_or("X-PRE-PROCESS is not closed")?;
        let name = rest[..equals].trim_ascii();
        let value = rest[equals + 1..].trim_ascii_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.ok_or("an attribute of X-PRE-PROCESS has no quotes")?;
        let end = value[1..]
            .find(quote)
            .ok_or("an attribute of X-PRE-PROCESS is not closed")?;
        let content = &value[1..1 + end];
        match name.to_ascii_lowercase().as_str() {
            "cmd" => command = content,
            "data" => data = content,
            _ => return Err("X-PRE-PROCESS knows the attributes cmd and data only"),
        }
        rest = value[end + 2..].trim_ascii_start();
    }
}

/// The comment form: `#set "name=value"` or `#include "pattern"` as the body of a comment.
pub(super) fn comment_directive(body: &str) -> Option<(&str, &str)> {
    let rest = body.trim_ascii().strip_prefix('#')?;
    let (command, data) = rest.split_once(|c: char| c.is_ascii_whitespace())?;
    let data = data.trim_ascii();
    let bare = data.strip_prefix('"').and_then(|d| d.strip_suffix('"'));
    Some((command, bare.unwrap_or(data)))
}

/// `$${name}` at the start of `text`: the name, and the bytes it takes. The name ends on its own line.
pub(super) fn variable(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix("$${")?;
    let end = head(rest, MAX_NAME).find(['}', '\n'])?;
    rest[end..]
        .starts_with('}')
        .then(|| (&rest[..end], "$${".len() + end + 1))
}

/// Whether the `&` at the start of `text` begins a reference that any XML parser knows.
pub(super) fn is_reference(text: &str) -> bool {
    let Some(end) = text.bytes().take(MAX_REFERENCE).position(|b| b == b';') else {
        return false;
    };
    match &text[1..end] {
        "amp" | "lt" | "gt" | "quot" | "apos" => true,
        name => match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix(['x', 'X']) {
                Some(hex) => !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()),
                None => !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
            },
            None => false,
        },
    }
}

/// Bytes of an opening or closing `<include …>` tag at the start of `text`. Included files wrap their content
/// in it so that each is a document of its own; in the joined text it means nothing.
pub(super) fn include_tag(text: &str) -> Option<usize> {
    let rest = starts_with_ignoring_case(text, "<include")
        .or_else(|| starts_with_ignoring_case(text, "</include"))?;
    rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')
        .then(|| rest.find('>').map(|end| text.len() - rest.len() + end + 1))?
}

fn starts_with_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.as_bytes().get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix.as_bytes())
        .then(|| &text[prefix.len()..])
}

/// The first `length` bytes, or one character less where that would cut one.
fn head(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

/// The longest directive, in bytes: room for a name and the longest value of a variable.
const MAX_DIRECTIVE: usize = 66 << 10;
/// The longest name of a variable, in bytes.
const MAX_NAME: usize = 256;
/// `&#x10FFFF;` is the longest reference with a meaning.
const MAX_REFERENCE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives() {
        for (text, expect) in [
            (
                r#"<X-PRE-PROCESS cmd="set" data="a=b"/>x"#,
                Ok(Some(("set", "a=b", 37))),
            ),
            (
                r#"<x-pre-process data='a="b"' cmd='set' />"#,
                Ok(Some(("set", "a=\"b\"", 40))),
            ),
            (
                "<X-PRE-PROCESS cmd=\"set\"\n data=\"a>b\"></X-PRE-PROCESS>",
                Ok(Some(("set", "a>b", 53))),
            ),
            (r#"<X-NO-PRE-PROCESS cmd="set" data="a=b"/>"#, Ok(None)),
            (r#"<X-PRE-PROCESSOR/>"#, Ok(None)),
            (r#"<X-PRE-PROCESS cmd="set"#, Err(())),
            (r#"<X-PRE-PROCESS cmd=set/>"#, Err(())),
            (r#"<X-PRE-PROCESS"#, Ok(None)),
            (r#"<X-PRE-PROCESS "#, Err(())),
            (r#"<X-PRE-PROCESS what="x"/>"#, Err(())),
        ] {
            let found = directive(text)
                .map(|d| d.map(|d| (d.command, d.data, d.length)))
                .map_err(|_| ());
            assert_eq!(found, expect, "{text}");
        }
    }

    #[test]
    fn references() {
        for (text, expect) in [
            ("&amp;", true),
            ("&#38;", true),
            ("&#x26;", true),
            ("&nbsp;", false),
            ("& ", false),
            ("&#;", false),
            ("&#x;", false),
            ("&", false),
            ("&éé;", false),
        ] {
            assert_eq!(is_reference(text), expect, "{text}");
        }
    }

    #[test]
    fn variables_end_on_their_line() {
        assert_eq!(variable("$${a}b"), Some(("a", 5)));
        assert_eq!(variable("$${a\n}"), None);
        assert_eq!(variable("$${a"), None);
        assert_eq!(variable("${a}"), None);
    }

    #[test]
    fn comment_forms() {
        assert_eq!(comment_directive(r#"#set "a=b" "#), Some(("set", "a=b")));
        assert_eq!(
            comment_directive(r#"#include d/*.xml"#),
            Some(("include", "d/*.xml"))
        );
        assert_eq!(comment_directive(" plain words "), None);
    }
}
