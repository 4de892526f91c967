//! What an event should be against what it is, header by header.

use super::frame::Frame;
use super::pattern::{Bindings, Pattern};

/// One thing that is not as recorded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Difference {
    /// A frame compared byte by byte differs.
    Frame {
        /// As recorded, with placeholders.
        expected: String,
        /// As received, escaped.
        actual: String,
        /// First line of the request before it.
        request: String,
    },
    /// A recorded frame did not come.
    NoFrame(String),
    /// A recorded event did not come.
    NoEvent(String),
    /// An event came that was not recorded.
    ExtraEvent(String),
    /// Some other frame came that was not recorded.
    ExtraFrame(String),
    /// A header is not there.
    MissingHeader(String),
    /// A header is there that was not recorded.
    ExtraHeader(String),
    /// A header stands elsewhere.
    MovedHeader(String),
    /// A header has another value.
    Value {
        /// Its name.
        header: String,
        /// Value received, encoded.
        actual: String,
    },
    /// The body of an event differs.
    Body(String),
    /// The connection is still open, or could not be used.
    Connection(String),
}

impl Difference {
    /// What the table of differences calls it: `frame <recorded> after <request>`, `no event X`, `missing header X` …
    pub fn key(&self) -> String {
        match self {
            Self::Frame {
                expected, request, ..
            } => format!("frame {expected} after {request}"),
            Self::NoFrame(frame) => format!("no frame {frame}"),
            Self::NoEvent(name) => format!("no event {name}"),
            Self::ExtraEvent(name) => format!("extra event {name}"),
            Self::ExtraFrame(frame) => format!("extra frame {frame}"),
            Self::MissingHeader(name) => format!("missing header {name}"),
            Self::ExtraHeader(name) => format!("extra header {name}"),
            Self::MovedHeader(name) => format!("moved header {name}"),
            Self::Value { header, .. } => format!("value {header}"),
            Self::Body(event) => format!("body {event}"),
            Self::Connection(what) => format!("connection {what}"),
        }
    }

    /// A line for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Frame {
                expected,
                actual,
                request,
            } => {
                format!(
                    "frame differs after {request}\n    recorded {expected}\n    received {actual}"
                )
            }
            Self::Value { header, actual } => format!("value {header}: received {actual}"),
            Self::NoFrame(_)
            | Self::NoEvent(_)
            | Self::ExtraEvent(_)
            | Self::ExtraFrame(_)
            | Self::MissingHeader(_)
            | Self::ExtraHeader(_)
            | Self::MovedHeader(_)
            | Self::Body(_)
            | Self::Connection(_) => self.key(),
        }
    }
}

/// Compares a received event with the recorded one. Names that match are bound as they are met.
pub fn event(
    headers: &[(String, Pattern)],
    body: &Pattern,
    name: &str,
    frame: &Frame,
    bindings: &mut Bindings,
) -> Vec<Difference> {
    let (actual, actual_body) = frame.event().unwrap_or_default();
    let recorded_names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let received_names: Vec<&str> = actual.iter().map(|(name, _)| name.as_str()).collect();
    let aligned = align(&recorded_names, &received_names);
    let mut extra: Vec<usize> = (0..actual.len())
        .filter(|at| !aligned.iter().any(|(_, b)| b == at))
        .collect();
    let mut out = Vec::new();
    for (index, (header, pattern)) in headers.iter().enumerate() {
        let in_order = aligned.iter().find(|(a, _)| *a == index).map(|(_, b)| *b);
        let elsewhere = extra.iter().position(|&at| received_names[at] == header);
        let at = match (in_order, elsewhere) {
            (Some(at), _) => at,
            (None, Some(position)) => {
                out.push(Difference::MovedHeader(header.clone()));
                extra.remove(position)
            }
            (None, None) => {
                out.push(Difference::MissingHeader(header.clone()));
                continue;
            }
        };
        if !pattern.matches(&actual[at].1, bindings) {
            let actual = String::from_utf8_lossy(&actual[at].1).into_owned();
            out.push(Difference::Value {
                header: header.clone(),
                actual,
            });
        }
    }
    out.extend(
        extra
            .into_iter()
            .map(|at| Difference::ExtraHeader(received_names[at].to_owned())),
    );
    if !body.matches(&actual_body, bindings) {
        out.push(Difference::Body(name.to_owned()));
    }
    out
}

/// Pairs of positions with the same name, in order on both sides, as many as there can be. Among equally many the
/// later ones are taken: where a header stands twice, the one just before the body belongs to the body.
fn align(recorded: &[&str], received: &[&str]) -> Vec<(usize, usize)> {
    let width = received.len() + 1;
    let mut longest = vec![0_u32; (recorded.len() + 1) * width];
    for (a, recorded) in recorded.iter().enumerate() {
        for (b, received) in received.iter().enumerate() {
            longest[(a + 1) * width + b + 1] = if recorded == received {
                longest[a * width + b] + 1
            } else {
                longest[a * width + b + 1].max(longest[(a + 1) * width + b])
            };
        }
    }
    let (mut a, mut b) = (recorded.len(), received.len());
    let mut pairs = Vec::new();
    while a > 0 && b > 0 {
        if recorded[a - 1] == received[b - 1] {
            (a, b) = (a - 1, b - 1);
            pairs.push((a, b));
        } else if longest[(a - 1) * width + b] >= longest[a * width + b - 1] {
            a -= 1;
        } else {
            b -= 1;
        }
    }
    pairs
}

/// Bytes in the notation of transcripts.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push_str("\\\\"),
                '{' => out.push_str("\\{"),
                c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(recorded: &[(&str, &str)], received: &str) -> Vec<String> {
        let headers: Vec<(String, Pattern)> = recorded
            .iter()
            .map(|(name, value)| {
                (
                    (*name).to_owned(),
                    Pattern::parse(value).expect("a pattern"),
                )
            })
            .collect();
        let mut bytes = format!(
            "Content-Length: {}\nContent-Type: text/event-plain\n\n",
            received.len()
        )
        .into_bytes();
        bytes.extend_from_slice(received.as_bytes());
        let frame = Frame::take(&mut bytes).expect("a whole frame");
        let found = event(
            &headers,
            &Pattern::default(),
            "X",
            &frame,
            &mut Bindings::new(),
        );
        found.iter().map(Difference::key).collect()
    }

    #[test]
    fn equal_events_have_no_difference() {
        assert!(compare(&[("A", "{n}"), ("B", "x")], "A: 1\nB: x\n\n").is_empty());
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        assert_eq!(
            compare(&[("A", "1"), ("B", "2")], "A: 1\n\n"),
            ["missing header B"]
        );
        assert_eq!(compare(&[("A", "1")], "A: 1\nC: 3\n\n"), ["extra header C"]);
        assert_eq!(
            compare(&[("A", "1"), ("B", "2")], "B: 2\nA: 1\n\n").len(),
            1
        );
        assert_eq!(
            compare(&[("L", "1"), ("A", "1"), ("L", "1")], "A: 1\nL: 1\n\n"),
            ["missing header L"]
        );
        assert_eq!(compare(&[("A", "1")], "A: 2\n\n"), ["value A"]);
        assert_eq!(
            compare(&[("H", "1"), ("H", "2")], "H: 1\nH: 2\n\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn bytes_are_shown_as_transcripts_write_them() {
        assert_eq!(escaped(b"a\n\xff{\\"), "a\\n\\xff\\{\\\\");
    }
}
