//! How answers, events and log lines look on the terminal.

use super::frames::Frame;

/// Whether there is colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct View {
    pub(super) colour: bool,
}

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BLUE: &str = "\x1b[34m";
const MAGENTA: &str = "\x1b[35m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

impl View {
    fn paint(self, colour: &str, text: &str) -> String {
        if self.colour && !colour.is_empty() {
            format!("{colour}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }

    /// An answer: the body, or the reply text.
    pub(super) fn answer(self, frame: &Frame) -> String {
        let text = match frame.kind() {
            "command/reply" => frame.header("Reply-Text"),
            _ => frame.body.as_str(),
        };
        let text = text.trim_end_matches('\n');
        let colour = if text.starts_with("-ERR") || text.starts_with("-USAGE") {
            RED
        } else {
            ""
        };
        self.paint(colour, text)
    }

    /// What came without having been asked for; `None` when there is nothing to show.
    pub(super) fn notice(self, frame: &Frame) -> Option<String> {
        match frame.kind() {
            "log/data" => Some(self.log_line(frame)),
            "text/event-plain" => Some(self.plain_event(&frame.body)),
            "text/event-json" | "text/event-xml" => Some(self.paint(CYAN, &frame.body)),
            "text/disconnect-notice" => Some(self.paint(YELLOW, frame.body.trim_end())),
            _ => None,
        }
    }

    /// The colours fs_cli's users know.
    fn log_line(self, frame: &Frame) -> String {
        let colour = match frame.header("Log-Level") {
            "1" | "2" | "3" => RED,
            "4" => MAGENTA,
            "5" => CYAN,
            "6" => GREEN,
            "7" => YELLOW,
            _ => "",
        };
        self.paint(colour, frame.body.trim_end())
    }

    /// Headers with their names in colour and their values decoded.
    fn plain_event(self, body: &str) -> String {
        let (head, rest) = body.split_once("\n\n").unwrap_or((body, ""));
        let mut lines = Vec::new();
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            let colour = if name == "Event-Name" { GREEN } else { BLUE };
            lines.push(format!("{}: {}", self.paint(colour, name), decoded(value)));
        }
        if !rest.is_empty() {
            lines.push(String::new());
            lines.push(rest.trim_end().to_owned());
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// A remark of our own.
    pub(super) fn remark(self, text: &str) -> String {
        self.paint(YELLOW, text)
    }
}

/// Undoes url-encoding; what is none stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::frames::Decoder;
    use super::*;

    fn frame(text: &str) -> Frame {
        let mut decoder = Decoder::default();
        decoder.push(text.as_bytes());
        decoder.next().unwrap().unwrap()
    }

    #[test]
    fn events_are_decoded_and_painted() {
        let event = frame(
            "Content-Length: 46\nContent-Type: text/event-plain\n\nEvent-Name: CUSTOM\nX: a%20b%zz\nLength: 1\n\nbody",
        );
        let plain = View { colour: false };
        assert_eq!(
            plain.notice(&event).unwrap(),
            "Event-Name: CUSTOM\nX: a b%zz\nLength: 1\n\nbody\n"
        );
        let coloured = View { colour: true }.notice(&event).unwrap();
        assert!(
            coloured.starts_with("\x1b[32mEvent-Name\x1b[0m: CUSTOM"),
            "{coloured:?}"
        );
    }

    #[test]
    fn answers_and_log_lines() {
        let view = View { colour: true };
        let refused = frame("Content-Type: api/response\nContent-Length: 9\n\n-ERR no\n\n");
        assert_eq!(view.answer(&refused), "\x1b[31m-ERR no\x1b[0m");
        let reply = frame("Content-Type: command/reply\nReply-Text: +OK done\n\n");
        assert_eq!(view.answer(&reply), "+OK done");
        let line = frame("Content-Type: log/data\nContent-Length: 3\nLog-Level: 7\n\nhi\n");
        assert_eq!(view.notice(&line).unwrap(), "\x1b[33mhi\x1b[0m");
    }
}
