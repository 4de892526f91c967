//! `text/event-json`: one object of strings, in header order.

use crate::headers::{Headers, Value};

/// Appends the event to `out`. Of several headers with one name the first is printed: JSON keys are
/// unique (event-socket.md §7.3).
pub fn write(out: &mut Vec<u8>, event: &Headers) {
    let mut seen = SeenNames::default();
    out.push(b'{');
    for (index, header) in event.iter().enumerate() {
        if !seen.is_first(&header.name, event, index) {
            continue;
        }
        separate(out);
        write_string(out, &header.name);
        out.push(b':');
        match &header.value {
            Value::Text(text) => write_string(out, text),
            Value::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_string(out, item);
                }
                out.push(b']');
            }
        }
    }
    if let Some(body) = event.body() {
        if !event.iter().any(|header| header.name == "Content-Length") {
            separate(out);
            write_string(out, "Content-Length");
            out.push(b':');
            write_string(out, &body.len().to_string());
        }
        separate(out);
        out.extend_from_slice(b"\"_body\":");
        write_string(out, &String::from_utf8_lossy(body));
    }
    out.push(b'}');
}

/// Appends `text` as a JSON string. `/` and everything beyond ASCII stay as they are.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0C => b"\\f",
            0..=0x1F => &[],
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain_from..at]);
        if escape.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escape);
        }
        plain_from = at + 1;
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}

fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

/// Remembers names by a small hash, so that only names that may repeat are searched for.
#[derive(Default)]
struct SeenNames([u64; 8]);

impl SeenNames {
    fn is_first(&mut self, name: &str, event: &Headers, index: usize) -> bool {
        let hash = name.bytes().fold(0x1505_u32, |hash, byte| {
            hash.wrapping_mul(33) ^ u32::from(byte)
        }) % 512;
        let (word, bit) = ((hash / 64) as usize, 1_u64 << (hash % 64));
        let maybe_seen = self.0[word] & bit != 0;
        self.0[word] |= bit;
        !maybe_seen || !event.iter().take(index).any(|earlier| earlier.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(event: &Headers) -> String {
        let mut out = Vec::new();
        write(&mut out, event);
        String::from_utf8(out).expect("JSON is text")
    }

    #[test]
    fn the_recorded_values() {
        // golden event-04-encoding-json
        let mut event = Headers::new();
        event.push("Quotes", "\"a\" 'b'");
        event.push("Back", "a\\b");
        event.push("Utf8", "héllo 中");
        event.push("Arr", "ARRAY::x|:y|:z");
        event.push("Tab", "a\tb");
        event.set_body("line one\n<b> & \"q\"");
        assert_eq!(
            json(&event),
            r#"{"Quotes":"\"a\" 'b'","Back":"a\\b","Utf8":"héllo 中","Arr":["x","y","z"],"Tab":"a\tb","Content-Length":"18","_body":"line one\n<b> & \"q\""}"#
        );
    }

    #[test]
    fn keys_are_unique_and_an_empty_body_shows() {
        let mut event = Headers::new();
        event.push("Dup", "1");
        event.push("Dup", "2");
        event.set_body("");
        assert_eq!(
            json(&event),
            r#"{"Dup":"1","Content-Length":"0","_body":""}"#
        );
    }

    #[test]
    fn control_characters_are_numbered() {
        let mut event = Headers::new();
        event.push("X", "\u{1}\u{8}\u{c}\r");
        assert_eq!(json(&event), r#"{"X":"\u0001\b\f\r"}"#);
        assert_eq!(json(&Headers::new()), "{}");
    }
}
