//! What a typed line means.

/// A typed line, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Typed {
    Nothing,
    Exit,
    Help,
    /// One or two requests to send.
    Send(Vec<String>),
    /// A slash command there is not.
    Unknown(String),
}

/// Slash commands that go to the server without their slash.
const PASSED_ON: [&str; 7] = [
    "event", "noevents", "nixevent", "log", "nolog", "filter", "myevents",
];

/// Reads a line.
pub(super) fn read(line: &str) -> Typed {
    let line = line.trim();
    let Some(slashed) = line.strip_prefix('/') else {
        return match line {
            "" => Typed::Nothing,
            _ => Typed::Send(console(line)),
        };
    };
    let word = slashed.split_whitespace().next().unwrap_or_default();
    match word {
        "exit" | "quit" | "bye" => Typed::Exit,
        "help" | "?" => Typed::Help,
        word if PASSED_ON.contains(&word) => Typed::Send(vec![slashed.to_owned()]),
        _ => Typed::Unknown(format!("/{word}")),
    }
}

/// A console line; `console loglevel <level>` asks for that much of the log as well, as fs_cli does.
fn console(line: &str) -> Vec<String> {
    let mut requests = vec![api(line)];
    if let Some(level) = line.strip_prefix("console loglevel ") {
        requests.push(format!("log {}", level.trim()));
    }
    requests
}

/// The request that runs a console line.
pub(super) fn api(line: &str) -> String {
    format!("api {line}\nconsole_execute: true")
}

/// What `/help` prints.
pub(super) const HELP: &str = "\
Every line is a console command; `help` lists them, `;;` puts several on one line.
  /event plain|json|xml <names>   show events, as /event plain ALL
  /nixevent <names>               not these
  /noevents                       none
  /filter <header> <value>        only events with that header
  /filter delete <header>         as before
  /myevents <uuid>                only the events of one channel
  /log <level>                    show the log up to a level (0-7 or a name)
  /nolog                          no log
  /exit                           leave (as Ctrl-D)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let send = |text: &str| Typed::Send(vec![text.to_owned()]);
        assert_eq!(read("  "), Typed::Nothing);
        assert_eq!(read("status"), send("api status\nconsole_execute: true"));
        assert_eq!(read("/event plain ALL"), send("event plain ALL"));
        assert_eq!(read("/nolog"), send("nolog"));
        assert_eq!(read("/exit"), Typed::Exit);
        assert_eq!(read("/help"), Typed::Help);
        assert_eq!(read("/auth x"), Typed::Unknown("/auth".to_owned()));
        assert_eq!(
            read("console loglevel debug"),
            Typed::Send(vec![
                "api console loglevel debug\nconsole_execute: true".to_owned(),
                "log debug".to_owned()
            ])
        );
    }
}
