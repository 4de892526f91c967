//! `api` and `bgapi` (event-socket.md §2.3, §2.4).

use crate::frame::Request;
use api::view::Tables;

/// Longest `Job-UUID` a client may choose, in bytes (event-socket.md §2.4); the rest is cut off.
pub const MAX_JOB_ID: usize = 256;

/// The body of an answer without output.
pub const NO_REPLY: &str = "-ERR no reply\n";

/// Commands whose argument is another command: for a restricted user that one must be allowed as well.
const WRAPPERS: [&str; 5] = ["bgapi", "sched_api", "eval", "expand", "xml_wrap"];

/// One console command: a name and its argument text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// First word; looked up ignoring case. Empty when the line starts with a blank.
    pub name: String,
    /// The rest, blanks around it removed.
    pub args: String,
}

impl Line {
    /// Splits at the first blank.
    pub fn parse(text: &str) -> Self {
        let (name, args) = text.split_once(' ').unwrap_or((text, ""));
        Self {
            name: name.to_owned(),
            args: args.trim().to_owned(),
        }
    }

    /// Whether a user limited to `list` may run it, wrapped commands included. Names are compared
    /// ignoring case (ours; the original compares exactly).
    pub fn is_allowed(&self, list: &AllowedApi) -> bool {
        if !list.contains(&self.name) {
            return false;
        }
        if self.name.eq_ignore_ascii_case("json") {
            let inner = crate::console::inner_of_json(&self.args);
            return inner.is_none_or(|line| line.is_allowed(list));
        }
        if self.name.eq_ignore_ascii_case("alias") {
            // Somebody else may use the name.
            let made = crate::console::aliased(&self.args);
            return made.is_none_or(|line| line.is_allowed(list));
        }
        !WRAPPERS
            .iter()
            .any(|wrapper| wrapper.eq_ignore_ascii_case(&self.name))
            || Self::parse(&self.args).is_allowed(list)
    }
}

/// The configured `esl-allowed-api` of a user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AllowedApi(Vec<String>);

impl AllowedApi {
    /// Separated by commas, or by blanks when the list holds a blank anywhere.
    pub fn parse(list: &str) -> Self {
        let separator = if list.contains(' ') { ' ' } else { ',' };
        Self(
            list.split(separator)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn contains(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// `api <command> [arguments]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Api {
    /// The commands to run in order; more than one only from a console line with `;;`.
    pub lines: Vec<Line>,
    /// What is said before the output of each of them, of none by default.
    pub notes: Vec<String>,
    /// `console_execute: true` was set: the whole text is a console line.
    pub console: bool,
    /// The text behind `api `, for the failure message of a console line.
    pub text: String,
}

impl Api {
    /// Reads what follows `api `.
    pub fn parse(request: &Request, rest: &str) -> Self {
        let console = request.headers.is_true("console_execute");
        let lines = if console {
            rest.split(";;")
                .map(|line| Line::parse(line.trim()))
                .filter(|line| !line.name.is_empty())
                .collect()
        } else {
            vec![Line::parse(rest)]
        };
        Self {
            lines,
            notes: Vec::new(),
            console,
            text: rest.trim().to_owned(),
        }
    }

    /// The same with commands in the place of aliases, which only a console line has. Where `list` limits who asks, an
    /// alias for what they may not run is none.
    pub fn expanded(mut self, tables: &Tables, list: Option<&AllowedApi>) -> Self {
        if !self.console {
            return self;
        }
        for line in &mut self.lines {
            let found = crate::console::expand_alias(line, tables);
            let found = found.filter(|(made, _)| list.is_none_or(|list| made.is_allowed(list)));
            let (made, note) = found.unwrap_or_else(|| (line.clone(), String::new()));
            *line = made;
            self.notes.push(note);
        }
        self
    }

    /// Whether a user limited to `list` may run all of it.
    pub fn is_allowed(&self, list: &AllowedApi) -> bool {
        self.lines.iter().all(|line| line.is_allowed(list))
    }
}

/// `bgapi <command> [arguments]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BgApi {
    /// The command to run.
    pub line: Line,
    /// The client's own job id.
    pub job_id: Option<String>,
}

impl BgApi {
    /// Reads what follows `bgapi `.
    pub fn parse(request: &Request, rest: &str) -> Self {
        let job_id = request.headers.get("Job-UUID").map(|id| {
            let mut id = id.into_owned();
            id.truncate(id.floor_char_boundary(MAX_JOB_ID));
            id
        });
        Self {
            line: Line::parse(rest),
            job_id,
        }
    }
}

/// `Reply-Text` and the extra header of an accepted job.
pub fn job_accepted(job_id: &str) -> (String, [(&'static str, String); 1]) {
    (
        format!("+OK Job-UUID: {job_id}"),
        [("Job-UUID", job_id.to_owned())],
    )
}

/// The body for an unknown command, and for one whose handler failed.
pub fn command_not_found(name: &str) -> String {
    format!("-ERR {name} Command not found!\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Api {
        Api::parse(&Request::of_line(&format!("api {text}")), text)
    }

    #[test]
    fn blanks_around_the_arguments_vanish() {
        assert_eq!(
            api("echo trailing ").lines,
            [Line {
                name: "echo".into(),
                args: "trailing".into()
            }]
        );
        assert_eq!(
            api("status").lines,
            [Line {
                name: "status".into(),
                args: String::new()
            }]
        );
        // golden api-07-empty
        assert_eq!(
            command_not_found(&api(" ").lines[0].name),
            "-ERR  Command not found!\n"
        );
        assert_eq!(
            command_not_found(&api("").lines[0].name),
            "-ERR  Command not found!\n"
        );
    }

    #[test]
    fn a_console_line_may_chain_commands() {
        let mut request = Request::of_line("api x");
        request.headers.push("console_execute", "true");
        let chained = Api::parse(&request, "  echo a;;echo b ");
        assert!(chained.console);
        assert_eq!(
            chained
                .lines
                .iter()
                .map(|l| l.args.as_str())
                .collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(api("echo a;;echo b").lines.len(), 1);
    }

    #[test]
    fn restricted_users_cannot_wrap_or_chain_their_way_out() {
        let list = AllowedApi::parse("status,bgapi,echo");
        assert!(api("STATUS").is_allowed(&list));
        assert!(api("bgapi echo x").is_allowed(&list));
        assert!(!api("bgapi fsctl shutdown").is_allowed(&list));
        assert!(!api("expand echo x").is_allowed(&list));
        let list = AllowedApi::parse("json,echo");
        assert!(api(r#"json {"command":"status"}"#).is_allowed(&list));
        assert!(
            api(r#"json {"command":"fsapi","data":{"cmd":"echo","arg":"x"}}"#).is_allowed(&list)
        );
        assert!(
            !api(r#"JSON {"command":"fsapi","data":{"cmd":"fsctl","arg":"shutdown"}}"#)
                .is_allowed(&list)
        );
        let list = AllowedApi::parse("status,bgapi,echo");
        let mut request = Request::of_line("api x");
        request.headers.push("console_execute", "true");
        assert!(!Api::parse(&request, "status;;fsctl shutdown").is_allowed(&list));
        assert!(AllowedApi::parse("show status").contains("status"));
    }

    #[test]
    fn an_alias_neither_gives_nor_takes() {
        let mut tables = Tables::default();
        for (alias, command) in [
            ("st", "status"),
            ("status", "fsctl shutdown"),
            ("x", "bgapi fsctl"),
        ] {
            let found = api::view::Alias {
                command: command.into(),
                is_sticky: false,
            };
            tables.aliases.insert_mut(alias.into(), found);
        }
        let mut request = Request::of_line("api x");
        request.headers.push("console_execute", "true");
        let console = |text: &str, list: Option<&str>| {
            let list = list.map(AllowedApi::parse);
            let api = Api::parse(&request, text).expanded(&tables, list.as_ref());
            let allowed = list.is_none_or(|list| api.is_allowed(&list));
            let names: Vec<String> = api.lines.into_iter().map(|line| line.name).collect();
            (names.join(","), allowed)
        };
        let is = |names: &str, allowed| (names.to_owned(), allowed);
        assert_eq!(console("st;;status", None), is("status,fsctl", true));
        assert_eq!(
            console("st;;status", Some("status")),
            is("status,status", true)
        );
        assert_eq!(
            console("x shutdown", Some("bgapi,x")),
            is("x", true),
            "which is no command"
        );
        assert_eq!(console("x shutdown", Some("bgapi")), is("x", false));
        assert_eq!(
            console("echo;;st", Some("status")),
            is("echo,status", false)
        );
        let plain = Api::parse(&Request::of_line("api x"), "st").expanded(&tables, None);
        assert_eq!(plain.lines[0].name, "st");
        let list = AllowedApi::parse("alias,status");
        assert!(api("alias add s status").is_allowed(&list));
        assert!(api("alias del s").is_allowed(&list));
        assert!(!api("alias add status fsctl shutdown").is_allowed(&list));
        assert!(!api("ALIAS StickyAdd s fsctl").is_allowed(&list));
    }

    #[test]
    fn the_clients_job_id_is_kept() {
        let mut request = Request::of_line("bgapi echo x");
        request.headers.push("job-uuid", "same");
        assert_eq!(
            BgApi::parse(&request, "echo x").job_id.as_deref(),
            Some("same")
        );
        let (text, headers) = job_accepted("same");
        assert_eq!(
            (text.as_str(), headers[0].1.as_str()),
            ("+OK Job-UUID: same", "same")
        );
        request.headers.set("Job-UUID", "é".repeat(200));
        assert_eq!(
            BgApi::parse(&request, "x").job_id.map(|id| id.len()),
            Some(256)
        );
    }
}
