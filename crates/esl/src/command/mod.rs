//! Requests as commands: the dispatch table of event-socket.md §2.1, one file per family.

pub mod api;
pub mod auth;
pub mod event;
pub mod filter;
pub mod log;
pub mod own;
pub mod sendevent;
pub mod sendmsg;
pub mod session;

use crate::frame::Request;

/// The answer to everything the table does not know.
pub const NOT_FOUND: &str = "-ERR command not found";
/// The answer to what a user may not do.
pub const PERMISSION_DENIED: &str = "-ERR permission denied";
/// The plain success.
pub const OK: &str = "+OK";
/// The answer to `exit`; the disconnect notice follows.
pub const BYE: &str = "+OK bye";

/// What a connection may do when the request arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gates {
    /// `auth` or `userauth` succeeded.
    pub authenticated: bool,
    /// The connection controls a channel (outbound, or inbound after `myevents`).
    pub controls_channel: bool,
    /// Inbound, or outbound with `full`.
    pub full: bool,
}

/// One request, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// `exit` or `...`: reply [`BYE`], notice, close.
    Exit,
    /// `auth <password>`.
    Auth(auth::Auth),
    /// `userauth …`; `None` when it cannot be read, which fails like a wrong password.
    UserAuth(Option<auth::UserAuth>),
    /// `filter …`.
    Filter(filter::FilterCommand),
    /// `resume`: reply [`OK`].
    Resume,
    /// `connect`: reply is a channel dump.
    Connect,
    /// `getvar <name>`; the name may be empty.
    GetVar(session::GetVar),
    /// `myevents …`.
    MyEvents(session::MyEvents),
    /// `divert_events …`.
    DivertEvents(session::DivertEvents),
    /// `sendmsg …`.
    SendMsg(sendmsg::SendMsg),
    /// `sendevent …`.
    SendEvent(sendevent::SendEvent),
    /// `api …`.
    Api(api::Api),
    /// `bgapi …`.
    BgApi(api::BgApi),
    /// `log …`.
    Log(log::Log),
    /// `nolog`.
    NoLog,
    /// `linger …`.
    Linger(session::Linger),
    /// `nolinger`.
    NoLinger,
    /// `event …`.
    Event(event::NameList),
    /// `nixevent …`.
    NixEvent(event::NameList),
    /// `noevents`.
    NoEvents,
    /// `sequence …`, `replay …`, `slow-reader …`, `headers …`: ours.
    Own(own::Own),
    /// Anything else: reply [`NOT_FOUND`].
    Unknown,
}

impl Command {
    /// Reads a request. The first row of the table that matches wins; a match is a comparison of the
    /// first characters only, ignoring case.
    pub fn parse(request: &Request, gates: Gates) -> Self {
        let line = request.line.as_str();
        if after(line, "exit").is_some() || after(line, "...").is_some() {
            return Self::Exit;
        }
        if !gates.authenticated {
            return Self::before_auth(line);
        }
        Self::of_any_connection(request, line, gates)
            .or_else(|| Self::of_full_connection(request, line, gates))
            .unwrap_or(Self::Unknown)
    }

    fn before_auth(line: &str) -> Self {
        if let Some(password) = after(line, "auth ") {
            Self::Auth(auth::Auth {
                password: password.to_owned(),
            })
        } else if let Some(credentials) = after(line, "userauth ") {
            Self::UserAuth(auth::UserAuth::parse(credentials))
        } else {
            Self::Unknown
        }
    }

    /// Rows 5–11.
    fn of_any_connection(request: &Request, line: &str, gates: Gates) -> Option<Self> {
        if let Some(rest) = after(line, "filter ") {
            return Some(Self::Filter(filter::FilterCommand::parse(rest)));
        }
        if gates.controls_channel {
            if after(line, "resume").is_some() {
                return Some(Self::Resume);
            }
            if after(line, "connect").is_some() {
                return Some(Self::Connect);
            }
            if let Some(rest) = after(line, "getvar") {
                return Some(Self::GetVar(session::GetVar {
                    name: rest.trim().to_owned(),
                }));
            }
        }
        let my_events = if gates.controls_channel {
            "myevents"
        } else {
            "myevents "
        };
        if let Some(rest) = after(line, my_events) {
            return Some(Self::MyEvents(session::MyEvents::parse(rest)));
        }
        if let Some(rest) = after(line, "divert_events") {
            return Some(Self::DivertEvents(session::DivertEvents::parse(rest)));
        }
        after(line, "sendmsg").map(|rest| Self::SendMsg(sendmsg::SendMsg::parse(request, rest)))
    }

    /// Rows 12–21.
    fn of_full_connection(request: &Request, line: &str, gates: Gates) -> Option<Self> {
        if !gates.full {
            return None;
        }
        if let Some(rest) = after(line, "sendevent") {
            return Some(Self::SendEvent(sendevent::SendEvent::parse(request, rest)));
        }
        if let Some(rest) = after(line, "api ") {
            return Some(Self::Api(api::Api::parse(request, rest)));
        }
        if let Some(rest) = after(line, "bgapi ") {
            return Some(Self::BgApi(api::BgApi::parse(request, rest)));
        }
        if let Some(rest) = after(line, "log") {
            return Some(Self::Log(log::Log::parse(rest)));
        }
        if let Some(rest) = after(line, "linger") {
            return Some(Self::Linger(session::Linger::parse(rest)));
        }
        if after(line, "nolinger").is_some() {
            return Some(Self::NoLinger);
        }
        if after(line, "nolog").is_some() {
            return Some(Self::NoLog);
        }
        if let Some(rest) = after(line, "event") {
            return Some(Self::Event(event::NameList::parse(after_word(rest))));
        }
        if let Some(rest) = after(line, "nixevent") {
            return Some(Self::NixEvent(event::NameList::parse(after_word(rest))));
        }
        if after(line, "noevents").is_some() {
            return Some(Self::NoEvents);
        }
        own::Own::parse(line).map(Self::Own)
    }
}

/// What follows `pattern` when the line starts with it, ignoring case.
fn after<'a>(line: &'a str, pattern: &str) -> Option<&'a str> {
    let head = line.get(..pattern.len())?;
    head.eq_ignore_ascii_case(pattern)
        .then(|| &line[pattern.len()..])
}

/// Skips the rest of a command word (`events plain all`) and the blanks behind it.
fn after_word(rest: &str) -> &str {
    rest.split_once(' ')
        .map_or("", |(_, words)| words.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INBOUND: Gates = Gates {
        authenticated: true,
        controls_channel: false,
        full: true,
    };

    fn parse(line: &str, gates: Gates) -> Command {
        Command::parse(&Request::of_line(line), gates)
    }

    #[test]
    fn unknown_commands_and_near_misses() {
        // golden misc-03-unknown, api-07-empty
        for line in [
            "foo",
            "status",
            "/status",
            "help",
            "?",
            "GET / HTTP/1.1",
            "auth ClueCon",
            "userauth a@b:c",
            "api",
            "bgap status",
            "even plain all",
            "filte a b",
            "sendms",
            "x: y",
            ":",
            "apistatus",
            "api\tstatus",
            "bgapi",
            "filter",
            "quit",
            "bye",
            " api echo x",
            "",
        ] {
            assert_eq!(parse(line, INBOUND), Command::Unknown, "{line:?}");
        }
    }

    #[test]
    fn words_match_as_prefixes_in_any_case() {
        for line in ["exit", "EXIT", "exitfoo", "exit now", "...", "...."] {
            assert_eq!(parse(line, INBOUND), Command::Exit, "{line}");
        }
        assert!(matches!(
            parse("nixevents HEARTBEAT", INBOUND),
            Command::NixEvent(_)
        ));
        assert!(
            matches!(parse("events plain all", INBOUND), Command::Event(list) if list.format.is_some())
        );
        assert!(
            matches!(parse("eventfoo ALL", INBOUND), Command::Event(list) if list.selections.len() == 1)
        );
        assert_eq!(parse("nologfoo", INBOUND), Command::NoLog);
        assert_eq!(parse("noevents now", INBOUND), Command::NoEvents);
        assert_eq!(parse("nolinger", INBOUND), Command::NoLinger);
    }

    #[test]
    fn before_auth_only_four_words_exist() {
        // golden auth-06-preauth-commands, auth-07-preauth-exit
        let gates = Gates {
            authenticated: false,
            ..INBOUND
        };
        assert_eq!(parse("...", gates), Command::Exit);
        assert_eq!(parse("auth", gates), Command::Unknown);
        assert_eq!(parse("api status", gates), Command::Unknown);
        assert_eq!(parse("filter A b", gates), Command::Unknown);
        assert_eq!(
            parse("AUTH  x ", gates),
            Command::Auth(auth::Auth {
                password: " x ".to_owned()
            })
        );
    }

    #[test]
    fn some_commands_need_a_channel() {
        // golden misc-01-no-session, myevents-02-bad
        for line in ["resume", "connect", "getvar foo", "getvar", "myevents"] {
            assert_eq!(parse(line, INBOUND), Command::Unknown, "{line}");
        }
        let controlling = Gates {
            controls_channel: true,
            ..INBOUND
        };
        assert_eq!(parse("resume", controlling), Command::Resume);
        assert_eq!(parse("connect", controlling), Command::Connect);
        assert!(
            matches!(parse("getvar foo", controlling), Command::GetVar(get) if get.name == "foo")
        );
        assert!(matches!(
            parse("myevents", controlling),
            Command::MyEvents(_)
        ));
    }

    #[test]
    fn an_outbound_connection_without_full_has_only_the_first_rows() {
        let gates = Gates {
            full: false,
            controls_channel: true,
            authenticated: true,
        };
        for line in [
            "api status",
            "bgapi status",
            "event plain ALL",
            "linger",
            "log",
            "sendevent X",
            "noevents",
            "replay 1",
        ] {
            assert_eq!(parse(line, gates), Command::Unknown, "{line}");
        }
        assert!(matches!(parse("sendmsg", gates), Command::SendMsg(_)));
    }
}
