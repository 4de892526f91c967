//! Events in the three forms of the wire, read as headers and a body (event-socket.md §1.6). The forms are read exactly
//! as they were recorded: a blank or a line end elsewhere is no event.

use super::frame::plain_headers;

/// How an event is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Form {
    /// `text/event-plain`: values are url-encoded.
    Plain,
    /// `text/event-json`: values are as they are.
    Json,
    /// `text/event-xml`: values are url-encoded.
    Xml,
}

/// Names with their values, and the body.
pub type Headers = (Vec<(String, Vec<u8>)>, Vec<u8>);

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Json, Self::Xml];

    /// What `Content-Type` says.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/event-plain",
            Self::Json => "text/event-json",
            Self::Xml => "text/event-xml",
        }
    }

    /// By `Content-Type`.
    pub fn of(content_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|form| form.content_type() == content_type)
    }

    /// Reads an event; `None` when it is not written as the recorded ones are.
    pub fn read(self, event: &[u8]) -> Option<Headers> {
        match self {
            Self::Plain => Some(plain_headers(event)),
            Self::Json => json(std::str::from_utf8(event).ok()?),
            Self::Xml => xml(std::str::from_utf8(event).ok()?),
        }
    }
}

/// A list is given as plain events write it, `ARRAY::a|:b`.
fn json(text: &str) -> Option<Headers> {
    let mut rest = text.strip_prefix('{')?;
    let (mut headers, mut body) = (Vec::new(), Vec::new());
    loop {
        let (name, after) = json_string(rest)?;
        rest = after.strip_prefix(':')?;
        let (value, after) = match rest.strip_prefix('[') {
            Some(list) => json_list(list)?,
            None => json_string(rest)?,
        };
        rest = after;
        if name == "_body" {
            body = value.into_bytes();
        } else {
            headers.push((name, value.into_bytes()));
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return (rest == "}").then_some((headers, body)),
        }
    }
}

fn json_list(text: &str) -> Option<(String, &str)> {
    let (mut items, mut rest) = (Vec::new(), text);
    loop {
        let (item, after) = json_string(rest)?;
        items.push(item);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                let after = after.strip_prefix(']')?;
                return Some((format!("ARRAY::{}", items.join("|:")), after));
            }
        }
    }
}

/// A string and what stands behind it.
fn json_string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => out.push(match chars.next()?.1 {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                same @ ('"' | '\\') => same,
                _ => return None,
            }),
            c if c.is_control() => return None,
            c => out.push(c),
        }
    }
    None
}

fn xml(text: &str) -> Option<Headers> {
    let mut rest = text.strip_prefix("<event>\n  <headers>\n")?;
    let mut headers = Vec::new();
    while let Some(element) = rest.strip_prefix("    <") {
        let (name, after) = element.split_once('>')?;
        let end = format!("</{name}>\n");
        let (value, after) = after.split_once(&end)?;
        headers.push((name.to_owned(), xml_text(value)?.into_bytes()));
        rest = after;
    }
    rest = rest.strip_prefix("  </headers>\n")?;
    let mut body = Vec::new();
    if let Some(after) = rest.strip_prefix("  <Content-Length>") {
        let (length, after) = after.split_once("</Content-Length>\n  <body>")?;
        headers.push(("Content-Length".to_owned(), length.as_bytes().to_vec()));
        let (text, after) = after.split_once("</body>\n")?;
        body = xml_text(text)?.into_bytes();
        rest = after;
    }
    (rest == "</event>\n").then_some((headers, body))
}

fn xml_text(text: &str) -> Option<String> {
    let mut pieces = text.split('&');
    let mut out = pieces.next()?.to_owned();
    for piece in pieces {
        let (entity, after) = piece.split_once(';')?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            _ => char::from_u32(u32::from_str_radix(entity.strip_prefix("#x")?, 16).ok()?)?,
        });
        out.push_str(after);
    }
    (!text.contains('<')).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, text: &str) -> Option<(Vec<(String, String)>, String)> {
        let text_of = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (headers, body) = form.read(text.as_bytes())?;
        let headers = headers.into_iter();
        let headers = headers.map(|(name, value)| (name, text_of(value)));
        Some((headers.collect(), text_of(body)))
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_forms_say_the_same() {
        let body = "a<b\n";
        let headers = vec![
            pair("Event-Name", "CUSTOM"),
            pair("X", "ü%20\"&"),
            pair("Content-Length", "4"),
        ];
        let expected = Some((headers, body.to_owned()));
        let json = r#"{"Event-Name":"CUSTOM","X":"ü%20\"&","Content-Length":"4","_body":"a<b\n"}"#;
        assert_eq!(read(Form::Json, json), expected);
        let xml = "<event>\n  <headers>\n    <Event-Name>CUSTOM</Event-Name>\n    <X>&#xFC;%20\"&amp;</X>\n  </headers>\n  \
                   <Content-Length>4</Content-Length>\n  <body>a&lt;b\n</body>\n</event>\n";
        assert_eq!(read(Form::Xml, xml), expected);
        let list = r#"{"L":["a","b"]}"#;
        assert_eq!(
            read(Form::Json, list),
            Some((vec![pair("L", "ARRAY::a|:b")], String::new()))
        );
    }

    #[test]
    fn what_is_written_otherwise_is_no_event() {
        for text in [
            r#"{"A": "1"}"#,
            r#"{"A":"1",}"#,
            r#"{"A":"1"}x"#,
            r#"{"A":1}"#,
            r#"{"A":"\x"}"#,
            "{\"A\":\"\n\"}",
            "",
        ] {
            assert_eq!(read(Form::Json, text), None, "{text}");
        }
        for text in [
            "<event>\n<headers>\n",
            "<event>\n  <headers>\n    <A>1</B>\n  </headers>\n</event>\n",
            "<event>\n  <headers>\n    <A>&x;</A>\n  </headers>\n</event>\n",
            "<event>\n  <headers>\n    <A><b></A>\n  </headers>\n</event>\n",
            "<event>\n  <headers>\n    <A>1</A>\n  </headers>\n</event>",
        ] {
            assert_eq!(read(Form::Xml, text), None, "{text}");
        }
    }
}
