//! What the server writes besides events (event-socket.md §1.2, §1.4, §1.7).

/// Sent at once after accept.
pub const GREETING: &str = "Content-Type: auth/request\n\n";

/// To a peer the ACL refuses; [`disconnect_notice`] follows.
pub const RUDE_REJECTION: &str =
    "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n";

/// Body of the notice at every ordinary end.
pub const GOODBYE: &str = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";
/// Body of the notice at shutdown.
pub const SHUTTING_DOWN: &str = "The system is being shut down.\n";
/// Body of the notice when the event queue overflowed.
pub const LOST_EVENTS: &str = "killed listener because of lost events\n";
/// Body of the notice when the log queue overflowed.
pub const LOST_LOG_LINES: &str = "killed listener because of lost log lines\n";

/// A command reply. Line breaks inside the text become blanks, so the frame cannot be broken.
pub fn command_reply(text: &str) -> Vec<u8> {
    command_reply_with::<&str>(text, &[])
}

/// A command reply with further headers behind `Reply-Text`.
pub fn command_reply_with<V: AsRef<str>>(text: &str, headers: &[(&str, V)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(48 + text.len());
    out.extend_from_slice(b"Content-Type: command/reply\nReply-Text: ");
    push_one_line(&mut out, text);
    for (name, value) in headers {
        out.push(b'\n');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        push_one_line(&mut out, value.as_ref());
    }
    out.extend_from_slice(b"\n\n");
    out
}

fn push_one_line(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().map(|byte| {
        if matches!(byte, b'\r' | b'\n') {
            b' '
        } else {
            byte
        }
    }));
}

/// The answer to `api`. Empty output becomes `-ERR no reply`.
pub fn api_response(body: &str) -> Vec<u8> {
    let body = if body.is_empty() {
        crate::command::api::NO_REPLY
    } else {
        body
    };
    format!(
        "Content-Type: api/response\nContent-Length: {}\n\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The last frame of a connection that controls no channel.
pub fn disconnect_notice(body: &str) -> Vec<u8> {
    format!(
        "Content-Type: text/disconnect-notice\nContent-Length: {}\n\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The last frame of a connection that controls a channel.
pub fn disconnect_notice_of_channel(uuid: &str, body: &str) -> Vec<u8> {
    format!(
        "Content-Type: text/disconnect-notice\nControlled-Session-UUID: {uuid}\nContent-Disposition: disconnect\n\
         Content-Length: {}\n\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The controlled channel hung up and the connection lingers; `seconds` is `None` without a limit.
pub fn linger_notice(uuid: &str, channel_name: &str, seconds: Option<u32>) -> Vec<u8> {
    let time = seconds.map_or_else(|| "-1".to_owned(), |seconds| seconds.to_string());
    format!(
        "Content-Type: text/disconnect-notice\nControlled-Session-UUID: {uuid}\nContent-Disposition: linger\n\
         Channel-Name: {channel_name}\nLinger-Time: {time}\nContent-Length: 0\n\n"
    )
    .into_bytes()
}

/// One line of the server's log, as `log` subscribers get it.
#[derive(Clone, Copy, Debug)]
pub struct LogFrame<'a> {
    /// 0 … 7.
    pub level: u8,
    /// 0 ordinary, 1 without prefix, 2 also fired as an event, 3 tied to a channel.
    pub text_channel: u8,
    /// Source file.
    pub file: &'a str,
    /// Function.
    pub function: &'a str,
    /// Line in the file.
    pub line: u32,
    /// The channel it belongs to, or empty.
    pub user_data: &'a str,
    /// The line with its time and level, ending in LF.
    pub text: &'a str,
}

impl LogFrame<'_> {
    /// The frame.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!(
            "Content-Type: log/data\nContent-Length: {}\nLog-Level: {}\nText-Channel: {}\nLog-File: {}\nLog-Func: {}\n\
             Log-Line: {}\nUser-Data: {}\n\n{}",
            self.text.len(),
            self.level,
            self.text_channel,
            self.file,
            self.function,
            self.line,
            self.user_data,
            self.text
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("replies are text")
    }

    #[test]
    fn the_recorded_lengths() {
        // golden auth-03-bad, auth-09-acl-rejected
        let refused = [command_reply("-ERR invalid"), disconnect_notice(GOODBYE)].concat();
        assert_eq!(refused.len(), 178);
        assert_eq!(RUDE_REJECTION.len() + disconnect_notice(GOODBYE).len(), 202);
        assert_eq!(GOODBYE.len(), 67);
        assert_eq!(
            (SHUTTING_DOWN.len(), LOST_EVENTS.len(), LOST_LOG_LINES.len()),
            (31, 39, 42)
        );
    }

    #[test]
    fn replies_with_more_headers() {
        // golden bgapi-02-errors
        let (reply, headers) = crate::command::api::job_accepted("same");
        assert_eq!(
            text(command_reply_with(&reply, &headers)),
            "Content-Type: command/reply\nReply-Text: +OK Job-UUID: same\nJob-UUID: same\n\n"
        );
        assert_eq!(
            text(command_reply("a\r\nb")),
            "Content-Type: command/reply\nReply-Text: a  b\n\n"
        );
    }

    #[test]
    fn api_answers_are_never_empty() {
        assert_eq!(
            text(api_response("")),
            "Content-Type: api/response\nContent-Length: 14\n\n-ERR no reply\n"
        );
        assert_eq!(
            text(api_response("é")),
            "Content-Type: api/response\nContent-Length: 2\n\né"
        );
    }

    #[test]
    fn notices_of_a_controlled_channel() {
        assert_eq!(
            text(linger_notice("u", "sofia/internal/1000", None)),
            "Content-Type: text/disconnect-notice\nControlled-Session-UUID: u\nContent-Disposition: linger\n\
             Channel-Name: sofia/internal/1000\nLinger-Time: -1\nContent-Length: 0\n\n"
        );
        assert!(
            text(disconnect_notice_of_channel("u", GOODBYE))
                .contains("\nContent-Disposition: disconnect\nContent-Length: 67\n\n")
        );
    }

    #[test]
    fn log_lines_keep_the_blank_of_an_empty_user() {
        let frame = LogFrame {
            level: 5,
            text_channel: 0,
            file: "f",
            function: "g",
            line: 7,
            user_data: "",
            text: "x\n",
        };
        assert!(text(frame.to_bytes()).ends_with("Log-Line: 7\nUser-Data: \n\nx\n"));
    }
}
