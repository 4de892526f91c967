//! The file form of a conversation.

use super::event_form::Form;
use super::pattern::Pattern;

/// One recorded conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transcript {
    /// Name, as the file without its ending.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens, with the number of its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Line in the file, from 1.
    pub line: usize,
    /// What.
    pub kind: StepKind,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepKind {
    /// `=== A connects [from <address>]`
    Connect {
        /// Connection.
        connection: String,
        /// Address to come from.
        from: Option<String>,
    },
    /// `=== A listens on {port1}`: the client waits for the server to connect, on a free port of this machine.
    Listen {
        /// Connection that will come.
        connection: String,
        /// Placeholder that stands for the port from then on.
        port: String,
    },
    /// `=== A is connected to`: the server connects to where the client listens.
    Accept(String),
    /// `=== A closes`: the client does, its listener too.
    Close(String),
    /// `=== A shuts down`: the client closes its sending side.
    ShutDown(String),
    /// `=== A is closed`: the server must have closed.
    Closed(String),
    /// `=== wait <ms>`
    Wait(u64),
    /// `=== originate {uuid1} <dial string and application>`: makes a channel on a connection that is not shown.
    Originate {
        /// Placeholder bound to the new channel.
        name: String,
        /// Arguments of `originate`.
        arguments: Pattern,
    },
    /// `=== call <dial string and application>`: begins to call on that same connection and waits for nothing.
    Call(Pattern),
    /// `=== 1000 registers as <Call-ID> at {port1}`: a telephone of that user registers from a port, and is gone.
    Register {
        /// User.
        user: String,
        /// `Call-ID` of the REGISTER.
        call_id: String,
        /// Placeholder that stands for the port from then on.
        port: String,
    },
    /// `=== hupall`: ends every call, on that same connection.
    HangUpAll,
    /// `>>> A`
    Send {
        /// Connection.
        connection: String,
        /// What is sent.
        pattern: Pattern,
        /// Its first line in the file, for reports.
        line: String,
    },
    /// `<<< A`: one frame.
    Receive(String, FramePattern),
}

/// A frame to be received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FramePattern {
    /// Compared byte by byte.
    Bytes {
        /// The frame.
        pattern: Pattern,
        /// Its text in the file, for reports.
        text: String,
    },
    /// An event, compared header by header, as are all of its form in this conversation. A line `~<prefix> <name> <name>` stands for headers of those names
    /// with any value.
    Event {
        /// How it is written.
        form: Form,
        /// Names and values; url-encoded where the form does it.
        headers: Vec<(String, Pattern)>,
        /// Its body.
        body: Pattern,
        /// `Event-Name`, for reports.
        name: String,
    },
}

impl Transcript {
    /// The forms of events that are compared header by header; others byte by byte.
    pub fn by_header(&self) -> Vec<Form> {
        let mut forms = vec![Form::Plain];
        for step in &self.steps {
            if let StepKind::Receive(_, FramePattern::Event { form, .. }) = &step.kind
                && !forms.contains(form)
            {
                forms.push(*form);
            }
        }
        forms
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate().peekable();
        let mut about = String::new();
        let mut steps = Vec::new();
        while let Some((index, line)) = lines.next() {
            let at = |problem: String| format!("{name}:{}: {problem}", index + 1);
            if let Some(comment) = line.strip_prefix('#') {
                about = comment.trim().to_owned();
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let (mark, rest) = line
                .split_once(' ')
                .ok_or_else(|| at(format!("unknown line {line:?}")))?;
            let mut block = Vec::new();
            if mark != "===" {
                while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
                    block.push(line);
                }
            }
            let kind = match mark {
                "===" => directive(rest),
                ">>>" => Pattern::parse(&block.concat()).map(|pattern| StepKind::Send {
                    connection: rest.to_owned(),
                    pattern,
                    line: block
                        .first()
                        .map_or("", |line| line.trim_end_matches("\\n"))
                        .to_owned(),
                }),
                "<<<" => {
                    frame_pattern(&block).map(|frame| StepKind::Receive(rest.to_owned(), frame))
                }
                _ => Err(format!("unknown mark {mark:?}")),
            };
            steps.push(Step {
                line: index + 1,
                kind: kind.map_err(at)?,
            });
        }
        Ok(Self {
            name: name.to_owned(),
            about,
            steps,
        })
    }
}

fn directive(text: &str) -> Result<StepKind, String> {
    if let Some(millis) = text.strip_prefix("wait ") {
        return millis
            .parse()
            .map(StepKind::Wait)
            .map_err(|error| error.to_string());
    }
    if let Some(rest) = text.strip_prefix("originate ") {
        let (name, arguments) = rest
            .split_once(' ')
            .ok_or("originate needs a placeholder and arguments")?;
        let name = name.trim_matches(['{', '}']).to_owned();
        return Pattern::parse(arguments).map(|arguments| StepKind::Originate { name, arguments });
    }
    if let Some(arguments) = text.strip_prefix("call ") {
        return Pattern::parse(arguments).map(StepKind::Call);
    }
    if text == "hupall" {
        return Ok(StepKind::HangUpAll);
    }
    let (connection, what) = text
        .split_once(' ')
        .ok_or_else(|| format!("unknown directive {text:?}"))?;
    let connection = connection.to_owned();
    match what {
        "connects" => Ok(StepKind::Connect {
            connection,
            from: None,
        }),
        "closes" => Ok(StepKind::Close(connection)),
        "shuts down" => Ok(StepKind::ShutDown(connection)),
        "is closed" => Ok(StepKind::Closed(connection)),
        "is connected to" => Ok(StepKind::Accept(connection)),
        _ if what.starts_with("listens on {") && what.ends_with('}') => Ok(StepKind::Listen {
            connection,
            port: what["listens on {".len()..what.len() - 1].to_owned(),
        }),
        _ if what.starts_with("registers as ") => {
            let (call_id, port) = what["registers as ".len()..]
                .split_once(" at ")
                .ok_or("a telephone registers as a Call-ID at a placeholder")?;
            Ok(StepKind::Register {
                user: connection,
                call_id: call_id.to_owned(),
                port: port.trim_matches(['{', '}']).to_owned(),
            })
        }
        _ => match what.strip_prefix("connects from ") {
            Some(address) => Ok(StepKind::Connect {
                connection,
                from: Some(address.to_owned()),
            }),
            None => Err(format!("unknown directive {text:?}")),
        },
    }
}

fn frame_pattern(block: &[&str]) -> Result<FramePattern, String> {
    // Outer headers and their blank line come first.
    let outer = block.iter().position(|line| *line == r"\n");
    let (outer, inner) = outer.map_or((block, &[][..]), |at| (&block[..at], &block[at + 1..]));
    let kind = outer
        .iter()
        .find_map(|line| line.strip_prefix("Content-Type: ")?.strip_suffix(r"\n"));
    let is_by_header = inner
        .first()
        .is_some_and(|line| line.starts_with("Event-Name: ") || line.starts_with('~'));
    let form = kind
        .and_then(Form::of)
        .filter(|form| *form == Form::Plain || is_by_header);
    let Some(form) = form else {
        let text = block.concat();
        return Ok(FramePattern::Bytes {
            pattern: Pattern::parse(&text)?,
            text,
        });
    };
    let end = inner
        .iter()
        .position(|line| *line == r"\n")
        .unwrap_or(inner.len());
    let mut headers = Vec::new();
    for line in &inner[..end] {
        if let Some(names) = line.strip_prefix('~') {
            let (prefix, names) = names.split_once(' ').unwrap_or((names, ""));
            for name in names.split_whitespace() {
                headers.push((format!("{prefix}{name}"), Pattern::parse("{*}")?));
            }
            continue;
        }
        let line = line
            .strip_suffix(r"\n")
            .ok_or_else(|| format!("header without line end: {line:?}"))?;
        let (name, value) = line
            .split_once(": ")
            .ok_or_else(|| format!("no header: {line:?}"))?;
        headers.push((name.to_owned(), Pattern::parse(value)?));
    }
    let name = inner
        .iter()
        .find_map(|line| line.strip_prefix("Event-Name: "))
        .unwrap_or("?\\n");
    Ok(FramePattern::Event {
        form,
        headers,
        body: Pattern::parse(&inner.get(end + 1..).unwrap_or_default().concat())?,
        name: name.trim_end_matches(r"\n").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# shows something\n\n=== A connects\n\n<<< A\nContent-Type: auth/request\\n\n\\n\n\n\
                        === wait 20\n\n>>> A\napi echo a\\n\n\\n\n\n<<< A\nContent-Length: {n}\\n\n\
                        Content-Type: text/event-plain\\n\n\\n\nEvent-Name: API\\n\nCore-UUID: {uuid1}\\n\n~Event- Sequence Date-GMT\n\\n\n\n=== A is closed\n";

    #[test]
    fn a_conversation_is_read() {
        let transcript = Transcript::parse("x", TEXT).expect("a transcript");
        assert_eq!(transcript.about, "shows something");
        assert_eq!(transcript.steps.len(), 6);
        assert_eq!(transcript.steps[2].kind, StepKind::Wait(20));
        let StepKind::Receive(_, FramePattern::Event { headers, name, .. }) =
            &transcript.steps[4].kind
        else {
            panic!("not an event: {:?}", transcript.steps[4])
        };
        assert_eq!((headers.len(), name.as_str()), (4, "API"));
        assert_eq!(headers[3].0, "Event-Date-GMT");
    }

    #[test]
    fn calls_that_were_there_can_be_made_and_ended() {
        let text = "=== originate {uuid1} null/x &park()\n\n=== hupall\n";
        let transcript = Transcript::parse("x", text).expect("a transcript");
        let [made, ended] = &transcript.steps[..] else {
            panic!("not two steps: {transcript:?}")
        };
        assert!(matches!(&made.kind, StepKind::Originate { name, .. } if name == "uuid1"));
        assert_eq!(ended.kind, StepKind::HangUpAll);
    }

    #[test]
    fn telephones_can_be_registered_already() {
        let text = "=== 1000 registers as golden-1000 at {port1}\n";
        let transcript = Transcript::parse("x", text).expect("a transcript");
        let expected = StepKind::Register {
            user: "1000".to_owned(),
            call_id: "golden-1000".to_owned(),
            port: "port1".to_owned(),
        };
        assert_eq!(transcript.steps[0].kind, expected);
        assert!(Transcript::parse("x", "=== 1000 registers as x\n").is_err());
    }

    #[test]
    fn a_client_can_be_connected_to() {
        let text = "=== OUT listens on {port1}\n\n=== OUT is connected to\n";
        let transcript = Transcript::parse("x", text).expect("a transcript");
        let [listens, accepts] = &transcript.steps[..] else {
            panic!("not two steps: {transcript:?}")
        };
        assert!(matches!(&listens.kind, StepKind::Listen { port, .. } if port == "port1"));
        assert_eq!(accepts.kind, StepKind::Accept("OUT".to_owned()));
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(
            Transcript::parse("x", "\n=== A dances\n").err().as_deref(),
            Some("x:2: unknown directive \"A dances\"")
        );
        assert!(Transcript::parse("x", "hello world\n").is_err());
    }
}
