//! `text/event-plain`: one url-encoded header per line, then the raw body.

use crate::encode::encode_into;
use crate::headers::{Headers, Value};

/// Appends the event to `out`.
///
/// An ordinary header named `Content-Length` is left out: readers take it for the length of the
/// body (event-socket.md §7.2).
pub fn write(out: &mut Vec<u8>, event: &Headers) {
    write_headers(out, event);
    match event.body() {
        Some(body) if !body.is_empty() => {
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(body.len().to_string().as_bytes());
            out.extend_from_slice(b"\n\n");
            out.extend_from_slice(body);
        }
        Some(_) | None => out.push(b'\n'),
    }
}

/// Appends the header lines only, without the blank line (the reply to `connect` goes on behind them).
pub fn write_headers(out: &mut Vec<u8>, event: &Headers) {
    for header in event.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        out.extend_from_slice(header.name.as_bytes());
        out.extend_from_slice(b": ");
        match &header.value {
            Value::Text(text) => encode_into(out, text.as_bytes()),
            Value::List(items) => {
                out.extend_from_slice(b"ARRAY%3A%3A");
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(b"%7C%3A");
                    }
                    encode_into(out, item.as_bytes());
                }
            }
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(event: &Headers) -> String {
        let mut out = Vec::new();
        write(&mut out, event);
        String::from_utf8(out).expect("plain events of text are text")
    }

    #[test]
    fn the_recorded_values() {
        // golden event-04-encoding-plain
        let mut event = Headers::new();
        event.push("Event-Subclass", "enc::test");
        event.push("Empty", "");
        event.push("Dup", "1");
        event.push("Dup", "2");
        event.push("Arr", "ARRAY::x|:y|:z");
        event.push("With Space", "v");
        assert_eq!(
            plain(&event),
            "Event-Subclass: enc%3A%3Atest\nDup: 1\nDup: 2\nArr: ARRAY%3A%3Ax%7C%3Ay%7C%3Az\nWith Space: v\n\n"
        );
    }

    #[test]
    fn the_body_follows_its_length() {
        let mut event = Headers::new();
        event.push("Event-Name", "BACKGROUND_JOB");
        event.push("Content-Length", "99");
        event.set_body("+OK\n");
        assert_eq!(
            plain(&event),
            "Event-Name: BACKGROUND_JOB\nContent-Length: 4\n\n+OK\n"
        );
        event.set_body("");
        assert_eq!(plain(&event), "Event-Name: BACKGROUND_JOB\n\n");
    }
}
