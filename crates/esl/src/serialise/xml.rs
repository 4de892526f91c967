//! `text/event-xml`: elements with two-space indent, values still url-encoded.

use crate::encode::encode_into;
use crate::headers::{Headers, Value};

/// Appends the event to `out`. A list repeats its element once per item.
pub fn write(out: &mut Vec<u8>, event: &Headers) {
    out.extend_from_slice(b"<event>\n  <headers>\n");
    for header in event.iter() {
        match &header.value {
            Value::Text(text) => write_element(out, &header.name, text),
            Value::List(items) => items
                .iter()
                .for_each(|item| write_element(out, &header.name, item)),
        }
    }
    out.extend_from_slice(b"  </headers>\n");
    if let Some(body) = event.body().filter(|body| !body.is_empty()) {
        out.extend_from_slice(
            format!(
                "  <Content-Length>{}</Content-Length>\n  <body>",
                body.len()
            )
            .as_bytes(),
        );
        write_text(out, &String::from_utf8_lossy(body));
        // The original indents a closing tag that starts a line.
        if body.ends_with(b"\n") {
            out.extend_from_slice(b"  ");
        }
        out.extend_from_slice(b"</body>\n");
    }
    out.extend_from_slice(b"</event>\n");
}

/// An encoded value holds no character XML needs escaped.
fn write_element(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(b"    <");
    write_text(out, name);
    out.push(b'>');
    encode_into(out, value.as_bytes());
    out.extend_from_slice(b"</");
    write_text(out, name);
    out.extend_from_slice(b">\n");
}

/// Appends text with `& < >` escaped and everything beyond ASCII as a numbered character.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            ascii if ascii.is_ascii() => out.push(ascii as u8),
            other => out.extend_from_slice(format!("&#x{:X};", u32::from(other)).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(event: &Headers) -> String {
        let mut out = Vec::new();
        write(&mut out, event);
        String::from_utf8(out).expect("XML is text")
    }

    #[test]
    fn the_recorded_shape() {
        // golden event-02-second-event
        let mut event = Headers::new();
        event.push("Event-Subclass", "one::a");
        event.push("Event-Sequence", "1754");
        assert_eq!(
            xml(&event),
            "<event>\n  <headers>\n    <Event-Subclass>one%3A%3Aa</Event-Subclass>\n    \
             <Event-Sequence>1754</Event-Sequence>\n  </headers>\n</event>\n"
        );
    }

    #[test]
    fn the_recorded_bodies() {
        // golden bgapi-01-xml
        let mut event = Headers::new();
        event.set_body("a: b <c> & \"d\" \\ %20 \u{e9}");
        assert!(xml(&event).contains("<body>a: b &lt;c&gt; &amp; \"d\" \\ %20 &#xE9;</body>\n"));
        event.set_body("1.11.3-dev\n");
        assert!(xml(&event).ends_with("  <body>1.11.3-dev\n  </body>\n</event>\n"));
    }
}
