//! `sendmsg` (event-socket.md §2.12).

use crate::frame::{Request, leading_number};
use crate::headers::{Headers, is_true};

/// The channel's queue is full.
pub const QUEUE_FULL: &str = "-ERR memory error";

/// A request to a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendMsg {
    /// The channel named behind the command or in `session-id`; `None`: the controlled one.
    pub target: Option<String>,
    /// The command line as sent, first header of the PRIVATE_COMMAND event.
    pub line: String,
    /// The request's headers and body.
    pub headers: Headers,
}

/// What a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// Run an application.
    Execute(Execute),
    /// Hang up; the text is a cause name or number, or empty.
    Hangup {
        /// `hangup-cause`.
        cause: String,
    },
    /// Relay the audio over UDP or TCP while parked.
    Unicast(Unicast),
    /// Take the media of the named channel out of the server.
    NoMedia {
        /// `nomedia-uuid`.
        uuid: String,
    },
    /// Run a list of applications as the channel's dialplan.
    Transfer {
        /// Each `application` header: name and argument.
        applications: Vec<(String, String)>,
    },
    /// No `call-command`, or one we do not know: accepted, without effect.
    Nothing,
}

/// `call-command: execute`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execute {
    /// `execute-app-name`.
    pub application: String,
    /// `execute-app-arg`, else the body when `content-type` is `text/plain`.
    pub argument: String,
    /// Times to run, default 1; negative: until stopped; 0: not at all.
    pub loops: i32,
    /// Becomes `Application-UUID`.
    pub event_uuid: Option<String>,
    /// Becomes `Application-UUID-Name`.
    pub event_uuid_name: Option<String>,
    /// Nothing else queued is picked up while this runs.
    pub event_lock: bool,
    /// The same for the priority queue.
    pub event_lock_priority: bool,
    /// Queue it even on a connection that would run it inline.
    pub asynchronous: bool,
    /// Play hold music to the bridged partner meanwhile.
    pub hold_bleg: bool,
    /// Audio frames to read first.
    pub lead_frames: u32,
}

/// `call-command: unicast`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unicast {
    /// Default 127.0.0.1.
    pub local_ip: String,
    /// Default 8025.
    pub local_port: u16,
    /// Default 127.0.0.1.
    pub remote_ip: String,
    /// Default 8026.
    pub remote_port: u16,
    /// `transport: tcp`; anything else is `udp`.
    pub tcp: bool,
    /// No transcoding.
    pub native: bool,
}

impl SendMsg {
    /// Reads what follows `sendmsg`. The word takes the rest of the line, a trailing blank included.
    pub fn parse(request: &Request, rest: &str) -> Self {
        let word = rest.trim_start_matches(' ');
        let target = if word.is_empty() {
            request
                .headers
                .get("session-id")
                .map(std::borrow::Cow::into_owned)
        } else {
            Some(word.to_owned())
        };
        Self {
            target,
            line: request.line.clone(),
            headers: request.headers.clone(),
        }
    }

    /// Understands the headers. Values of `call-command` are case-sensitive (golden sendmsg-02-errors).
    pub fn message(&self) -> Message {
        match self.text("call-command").as_str() {
            "execute" => self.execute(),
            "hangup" => Message::Hangup {
                cause: self.text("hangup-cause"),
            },
            "unicast" => Message::Unicast(self.unicast()),
            "nomedia" => Message::NoMedia {
                uuid: self.text("nomedia-uuid"),
            },
            "xferext" => Message::Transfer {
                applications: self.applications(),
            },
            _ => Message::Nothing,
        }
    }

    fn execute(&self) -> Message {
        let application = self.text("execute-app-name");
        if application.is_empty() {
            return Message::Nothing;
        }
        let mut argument = self.text("execute-app-arg");
        if argument.is_empty() && self.text("content-type").eq_ignore_ascii_case("text/plain") {
            argument =
                String::from_utf8_lossy(self.headers.body().unwrap_or_default()).into_owned();
        }
        let loops = self
            .headers
            .get("loops")
            .map_or(1, |loops| clamp_to_i32(leading_number(&loops)));
        Message::Execute(Execute {
            application,
            argument,
            loops,
            event_uuid: self.optional("event-uuid"),
            event_uuid_name: self.optional("event-uuid-name"),
            event_lock: self.headers.is_true("event-lock"),
            event_lock_priority: self.headers.is_true("event-lock-pri"),
            asynchronous: self.headers.is_true("async"),
            hold_bleg: self.headers.is_true("hold-bleg"),
            lead_frames: u32::try_from(leading_number(&self.text("lead-frames"))).unwrap_or(0),
        })
    }

    fn unicast(&self) -> Unicast {
        let or =
            |name: &str, default: &str| self.optional(name).unwrap_or_else(|| default.to_owned());
        let port = |name: &str, default: u16| {
            self.optional(name)
                .and_then(|port| port.trim().parse().ok())
                .unwrap_or(default)
        };
        Unicast {
            local_ip: or("local-ip", "127.0.0.1"),
            local_port: port("local-port", 8025),
            remote_ip: or("remote-ip", "127.0.0.1"),
            remote_port: port("remote-port", 8026),
            tcp: self.text("transport").eq_ignore_ascii_case("tcp"),
            native: self
                .text("flags")
                .split([',', ' '])
                .any(|flag| flag.eq_ignore_ascii_case("native")),
        }
    }

    fn applications(&self) -> Vec<(String, String)> {
        let named = self
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("application"));
        named
            .filter_map(|header| match &header.value {
                crate::headers::Value::Text(text) => {
                    Some(text.split_once(' ').unwrap_or((text, "")))
                }
                crate::headers::Value::List(_) => None,
            })
            .map(|(name, argument)| (name.to_owned(), argument.to_owned()))
            .collect()
    }

    /// Whether the request must be queued even on a connection that runs requests inline.
    pub fn is_async(&self) -> bool {
        self.headers
            .get("async")
            .is_some_and(|value| is_true(&value))
    }

    /// The headers the PRIVATE_COMMAND event starts with.
    pub fn event_headers(&self) -> Headers {
        let mut headers = Headers::with_capacity(self.headers.len() + 1);
        headers.push("Command", self.line.clone());
        headers.extend(self.headers.clone());
        headers
    }

    fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(std::borrow::Cow::into_owned)
    }
}

fn clamp_to_i32(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// `Reply-Text` when there is no such channel; `None` when none was named and none is controlled.
pub fn invalid_session(target: Option<&str>) -> String {
    format!("-ERR invalid session id [{}]", target.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(line: &str, headers: &[(&'static str, &'static str)]) -> SendMsg {
        let mut request = Request::of_line(line);
        headers
            .iter()
            .for_each(|&(name, value)| request.headers.push(name, value));
        SendMsg::parse(&request, &line[7..])
    }

    #[test]
    fn targets_as_recorded() {
        // golden sendmsg-02-errors
        assert_eq!(send("sendmsg", &[]).target, None);
        assert_eq!(send("sendmsg ", &[]).target, None);
        assert_eq!(send("sendmsgabc", &[]).target.as_deref(), Some("abc"));
        assert_eq!(send("sendmsg  abc", &[]).target.as_deref(), Some("abc"));
        assert_eq!(
            invalid_session(send("sendmsg abc ", &[]).target.as_deref()),
            "-ERR invalid session id [abc ]"
        );
        assert_eq!(
            send("sendmsg", &[("session-id", "abc")]).target.as_deref(),
            Some("abc")
        );
        assert_eq!(send("sendmsg", &[("Unique-ID", "abc")]).target, None);
        assert_eq!(invalid_session(None), "-ERR invalid session id []");
    }

    #[test]
    fn execute_with_everything() {
        let message = send(
            "sendmsg",
            &[
                ("Call-Command", "execute"),
                ("execute-app-name", "playback"),
                ("execute-app-arg", "/a b.wav"),
                ("event-uuid", "e"),
                ("event-lock", "true"),
                ("loops", "-2"),
            ],
        )
        .message();
        let Message::Execute(execute) = message else {
            panic!("not an execute: {message:?}")
        };
        assert_eq!(
            (
                execute.application.as_str(),
                execute.argument.as_str(),
                execute.loops
            ),
            ("playback", "/a b.wav", -2)
        );
        assert_eq!(
            (
                execute.event_uuid.as_deref(),
                execute.event_lock,
                execute.asynchronous
            ),
            (Some("e"), true, false)
        );
    }

    #[test]
    fn a_plain_text_body_is_the_argument() {
        let mut request = Request::of_line("sendmsg");
        for (name, value) in [
            ("call-command", "execute"),
            ("execute-app-name", "set"),
            ("content-type", "text/plain"),
        ] {
            request.headers.push(name, value);
        }
        request.headers.set_body("greeting=Hello, world: 1");
        let message = SendMsg::parse(&request, "").message();
        assert!(
            matches!(message, Message::Execute(execute) if execute.argument == "greeting=Hello, world: 1")
        );
    }

    #[test]
    fn what_is_not_understood_has_no_effect() {
        for headers in [
            &[][..],
            &[("call-command", "nosuch")],
            &[("call-command", "EXECUTE"), ("execute-app-name", "set")],
            &[("call-command", "execute")],
            &[("execute-app-name", "set")],
        ] {
            assert_eq!(send("sendmsg", headers).message(), Message::Nothing);
        }
    }

    #[test]
    fn the_other_commands() {
        let hangup = send(
            "sendmsg",
            &[("call-command", "hangup"), ("hangup-cause", "21")],
        )
        .message();
        assert_eq!(hangup, Message::Hangup { cause: "21".into() });
        let transfer = send(
            "sendmsg",
            &[
                ("call-command", "xferext"),
                ("application", "answer"),
                ("application", "playback /a b"),
            ],
        );
        let wanted = vec![
            ("answer".to_owned(), String::new()),
            ("playback".to_owned(), "/a b".to_owned()),
        ];
        assert_eq!(
            transfer.message(),
            Message::Transfer {
                applications: wanted
            }
        );
        let Message::Unicast(unicast) = send(
            "sendmsg",
            &[
                ("call-command", "unicast"),
                ("local-port", "9000"),
                ("flags", "native"),
                ("transport", "tcp"),
            ],
        )
        .message() else {
            panic!("not a unicast")
        };
        assert_eq!((unicast.local_port, unicast.remote_port), (9000, 8026));
        assert!(unicast.native && unicast.tcp);
    }
}
