//! Plays a transcript against a server and collects what differs.

use super::compare::{self, Difference, escaped};
use super::differences::Differences;
use super::event_form::Form;
use super::frame::Frame;
use super::pattern::{Bindings, Pattern};
use super::registering::register;
use super::transcript::{FramePattern, StepKind, Transcript};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Connects from an address of its own, for the transcripts about access lists.
pub type ConnectFrom = fn(from: &str, to: SocketAddr) -> std::io::Result<TcpStream>;

/// How long a call may take until the program it asks for is connected to; the machine may be busy.
const CALL_TIME: Duration = Duration::from_secs(20);

/// How transcripts are played.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The server.
    pub address: SocketAddr,
    /// Where the server's SIP is, for the telephones a transcript finds already registered.
    pub sip: SocketAddr,
    /// For the channels a transcript finds already made.
    pub password: String,
    /// What some placeholders stand for from the start (`base1`: the server's data folder).
    pub bindings: Bindings,
    /// How long a frame may take.
    pub patience: Duration,
    /// For `connects from`; without it such a connection is reported as not made.
    pub connect_from: Option<ConnectFrom>,
}

/// What came out of one transcript.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Its name.
    pub transcript: String,
    /// Frames compared.
    pub compared: usize,
    /// Line and difference, those chosen on purpose left out.
    pub unexpected: Vec<(usize, Difference)>,
    /// Those chosen on purpose: what and why.
    pub allowed: Vec<(String, String)>,
}

impl Report {
    /// Everything as recorded, or different on purpose.
    pub fn passed(&self) -> bool {
        self.unexpected.is_empty()
    }

    /// Lines for people: the result, what is wrong, and what differs on purpose.
    pub fn describe(&self) -> String {
        let state = if self.passed() { "ok" } else { "FAILED" };
        let mut out = format!("{}: {state}, {} frames\n", self.transcript, self.compared);
        for (line, difference) in &self.unexpected {
            out.push_str(&format!("  line {line}: {}\n", difference.describe()));
        }
        for (what, why) in &self.allowed {
            out.push_str(&format!("  on purpose: {what}: {why}\n"));
        }
        out
    }
}

/// One connection and what has arrived on it.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    waiting: Vec<Frame>,
    ended: bool,
}

struct Run<'a> {
    runner: &'a Runner,
    bindings: Bindings,
    connections: BTreeMap<String, Connection>,
    /// Where the client is connected to.
    listeners: BTreeMap<String, TcpListener>,
    /// Makes the channels that are there from the start; kept open, as closing may end what it made.
    hidden: Option<Connection>,
    found: Vec<(usize, Difference)>,
    compared: usize,
    /// Forms of events that are compared header by header.
    by_header: Vec<Form>,
    /// First line of what was sent last.
    request: String,
}

impl Runner {
    /// Plays one transcript.
    pub fn play(&self, transcript: &Transcript, differences: &Differences) -> Report {
        let mut run = Run {
            runner: self,
            bindings: self.bindings.clone(),
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            hidden: None,
            found: Vec::new(),
            compared: 0,
            by_header: transcript.by_header(),
            request: String::new(),
        };
        for step in &transcript.steps {
            if let Err(difference) = run.step(step.line, &step.kind) {
                run.found.push((step.line, difference));
                break;
            }
        }
        run.leftovers(transcript.steps.last().map_or(0, |step| step.line));
        let mut report = Report {
            transcript: transcript.name.clone(),
            compared: run.compared,
            ..Report::default()
        };
        for (line, difference) in run.found {
            match differences.allowing(&transcript.name, &difference) {
                Some(row) => report.allowed.push((row.what.clone(), row.why.clone())),
                None => report.unexpected.push((line, difference)),
            }
        }
        report.allowed.sort();
        report.allowed.dedup();
        report
    }

    /// Ends every call of the server, so that one transcript does not find the channels of another.
    ///
    /// # Errors
    /// A sentence when the server cannot be asked.
    pub fn hang_up_all(&self) -> Result<(), String> {
        let mut connection = self.log_in()?;
        connection.ask(b"api hupall\n\n", self.patience).map(drop)
    }

    /// A connection of the runner's own.
    fn log_in(&self) -> Result<Connection, String> {
        let mut made = self.connect(None).map_err(|error| error.to_string())?;
        made.frame(self.patience, |_| true).ok_or("no greeting")?;
        made.ask(
            format!("auth {}\n\n", self.password).as_bytes(),
            self.patience,
        )?;
        Ok(made)
    }

    fn connect(&self, from: Option<&str>) -> std::io::Result<Connection> {
        let stream = match (from, self.connect_from) {
            (None, _) => TcpStream::connect_timeout(&self.address, self.patience)?,
            (Some(from), Some(connect)) => connect(from, self.address)?,
            (Some(_), None) => return Err(ErrorKind::Unsupported.into()),
        };
        Connection::new(stream)
    }
}

impl Run<'_> {
    /// An error ends the transcript: what follows could only fail as well.
    fn step(&mut self, line: usize, kind: &StepKind) -> Result<(), Difference> {
        match kind {
            StepKind::Connect { connection, from } => {
                let made = self.runner.connect(from.as_deref());
                let made =
                    made.map_err(|error| Difference::Connection(format!("{connection}: {error}")))?;
                self.connections.insert(connection.clone(), made);
            }
            StepKind::Listen { connection, port } => {
                let listen = || {
                    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                    listener.set_nonblocking(true)?;
                    let port = listener.local_addr()?.port();
                    Ok((listener, port))
                };
                let (listener, number) = listen().map_err(|error: std::io::Error| {
                    Difference::Connection(format!("{connection}: {error}"))
                })?;
                self.bindings
                    .insert(port.clone(), number.to_string().into_bytes());
                self.listeners.insert(connection.clone(), listener);
            }
            StepKind::Accept(name) => self.accept(name)?,
            StepKind::Close(name) => {
                self.listeners.remove(name);
                let closed = self.connections.remove(name);
                let waiting = closed.into_iter().flat_map(|connection| connection.waiting);
                self.found
                    .extend(waiting.map(|frame| (line, unexpected(&frame))));
            }
            StepKind::ShutDown(name) => {
                let connection = self.connection(name)?;
                connection
                    .stream
                    .shutdown(Shutdown::Write)
                    .map_err(|error| Difference::Connection(error.to_string()))?;
            }
            StepKind::Closed(name) => {
                let patience = self.runner.patience;
                if !self.connection(name)?.is_closed(patience) {
                    self.found.push((
                        line,
                        Difference::Connection(format!("{name} is still open")),
                    ));
                }
            }
            StepKind::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            StepKind::Originate { name, arguments } => self.originate(name, arguments)?,
            StepKind::Call(arguments) => {
                let arguments = arguments
                    .fill(&self.bindings)
                    .map_err(|name| Difference::Connection(format!("call: unknown {name}")))?;
                let request = [b"bgapi originate ".as_slice(), &arguments, b"\n\n"].concat();
                self.ask_hidden(&request, "call")?;
            }
            StepKind::Register {
                user,
                call_id,
                port,
            } => {
                let (sip, patience) = (self.runner.sip, self.runner.patience);
                let number = register(sip, user, call_id, patience)
                    .map_err(|why| Difference::Connection(format!("register: {why}")))?;
                self.bindings
                    .insert(port.clone(), number.to_string().into_bytes());
            }
            StepKind::HangUpAll => {
                self.ask_hidden(b"api hupall\n\n", "hupall")?;
            }
            StepKind::Send {
                connection: name,
                pattern,
                line,
            } => {
                let bytes = pattern
                    .fill(&self.bindings)
                    .map_err(|name| Difference::Connection(format!("unknown {name}")))?;
                self.request.clone_from(line);
                let sent = self.connection(name)?.stream.write_all(&bytes);
                sent.map_err(|error| Difference::Connection(format!("{name}: {error}")))?;
            }
            StepKind::Receive(name, frame) => self.receive(line, name, frame)?,
        }
        Ok(())
    }

    fn accept(&mut self, name: &str) -> Result<(), Difference> {
        let broken = |what: String| Difference::Connection(format!("{name}: {what}"));
        let listener = self.listeners.get(name);
        let listener = listener.ok_or_else(|| broken("listens nowhere".to_owned()))?;
        let until = Instant::now() + self.runner.patience.max(CALL_TIME);
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < until => {
                    std::thread::park_timeout(Duration::from_millis(2));
                }
                Err(error) => return Err(broken(error.to_string())),
            }
        };
        let made = stream
            .set_nonblocking(false)
            .and_then(|()| Connection::new(stream));
        let made = made.map_err(|error| broken(error.to_string()))?;
        self.connections.insert(name.to_owned(), made);
        Ok(())
    }

    /// What arrived and was not recorded.
    fn leftovers(&mut self, line: usize) {
        for connection in self.connections.values_mut() {
            connection.read();
            for frame in connection.waiting.drain(..) {
                self.found.push((line, unexpected(&frame)));
            }
        }
    }

    fn connection(&mut self, name: &str) -> Result<&mut Connection, Difference> {
        self.connections
            .get_mut(name)
            .ok_or_else(|| Difference::Connection(format!("{name} was never made")))
    }

    /// Reads meanwhile, so that nothing is held up.
    fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.connections.is_empty() {
                std::thread::park_timeout(until.saturating_duration_since(Instant::now()));
            }
            self.connections.values_mut().for_each(Connection::read);
        }
    }

    fn originate(&mut self, name: &str, arguments: &Pattern) -> Result<(), Difference> {
        let broken = |what: String| Difference::Connection(format!("originate: {what}"));
        let arguments = arguments
            .fill(&self.bindings)
            .map_err(|name| broken(format!("unknown {name}")))?;
        let request = [b"api originate ".as_slice(), &arguments, b"\n\n"].concat();
        let reply = self.ask_hidden(&request, "originate")?;
        let uuid = reply
            .body()
            .strip_prefix(b"+OK ")
            .map(<[u8]>::trim_ascii_end);
        let uuid = uuid.ok_or_else(|| broken(escaped(reply.body())))?;
        self.bindings.insert(name.to_owned(), uuid.to_vec());
        Ok(())
    }

    /// Asks on the connection that is not shown; `what` is for reports.
    fn ask_hidden(&mut self, request: &[u8], what: &str) -> Result<Frame, Difference> {
        let broken = |why: String| Difference::Connection(format!("{what}: {why}"));
        let hidden = match &mut self.hidden {
            Some(hidden) => hidden,
            none => none.insert(self.runner.log_in().map_err(broken)?),
        };
        hidden.ask(request, self.runner.patience).map_err(broken)
    }

    fn receive(
        &mut self,
        line: usize,
        name: &str,
        expected: &FramePattern,
    ) -> Result<(), Difference> {
        let patience = self.runner.patience;
        let mut bindings = std::mem::take(&mut self.bindings);
        let Some(connection) = self.connections.get_mut(name) else {
            return Err(Difference::Connection(format!("{name} was never made")));
        };
        self.compared += 1;
        match expected {
            FramePattern::Bytes { pattern, text } => {
                let by_header = &self.by_header;
                let wanted =
                    |frame: &Frame| !frame.form().is_some_and(|form| by_header.contains(&form));
                match connection.frame(patience, wanted) {
                    Some(frame) => {
                        if !pattern.matches(&frame.bytes, &mut bindings) {
                            let actual = escaped(&frame.bytes);
                            self.found.push((
                                line,
                                Difference::Frame {
                                    expected: text.clone(),
                                    actual,
                                    request: self.request.clone(),
                                },
                            ));
                        }
                    }
                    None => self.found.push((line, Difference::NoFrame(text.clone()))),
                }
            }
            FramePattern::Event {
                form,
                headers,
                body,
                name,
            } => {
                let wanted = |frame: &Frame| {
                    frame.form() == Some(*form) && is_about(frame, headers, &bindings)
                };
                match connection.frame(patience, wanted) {
                    Some(frame) => {
                        let differences =
                            compare::event(headers, body, name, &frame, &mut bindings);
                        self.found
                            .extend(differences.into_iter().map(|difference| (line, difference)));
                    }
                    None => self.found.push((line, Difference::NoEvent(name.clone()))),
                }
            }
        }
        self.bindings = bindings;
        Ok(())
    }
}

fn unexpected(frame: &Frame) -> Difference {
    if !frame.is_event() {
        return Difference::ExtraFrame(escaped(&frame.bytes));
    }
    let (headers, _) = frame.event().unwrap_or_default();
    let name = headers.iter().find(|(name, _)| name == "Event-Name");
    Difference::ExtraEvent(name.map_or_else(
        || "?".to_owned(),
        |(_, value)| String::from_utf8_lossy(value).into_owned(),
    ))
}

/// Whether an event has the recorded name, subclass, action and channel, and for an execution the application:
/// events of several channels may interleave in another way than they did, and one that is missing must not make
/// the next one look wrong.
fn is_about(frame: &Frame, headers: &[(String, Pattern)], bindings: &Bindings) -> bool {
    let Some((actual, _)) = frame.event() else {
        return false;
    };
    let of_execution = |name: &Vec<u8>| name.starts_with(b"CHANNEL_EXECUTE");
    let is_execution = actual
        .iter()
        .any(|(name, value)| name == "Event-Name" && of_execution(value));
    [
        "Event-Name",
        "Event-Subclass",
        "Action",
        "Unique-ID",
        "Channel-Name",
        "Job-UUID",
        "API-Command",
        "Application",
    ]
    .iter()
    .filter(|key| **key != "Application" || is_execution)
    .all(|key| {
        // Of a name recorded twice either value will do: which of the two is kept may be a choice.
        let recorded: Vec<&Pattern> = headers
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, pattern)| pattern)
            .collect();
        match actual.iter().find(|(name, _)| name == key) {
            Some((_, value)) if !recorded.is_empty() => recorded
                .iter()
                .any(|pattern| pattern.matches(value, &mut bindings.clone())),
            None if recorded.is_empty() => true,
            // The frame comparison says more about a header that came or went.
            Some(_) | None => !matches!(*key, "Event-Name" | "Event-Subclass"),
        }
    })
}

impl Connection {
    fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            waiting: Vec::new(),
            ended: false,
        })
    }

    fn read(&mut self) {
        let mut chunk = [0; 65_536];
        match self.stream.read(&mut chunk) {
            Ok(0) => self.ended = true,
            Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(_) => self.ended = true,
        }
        while let Some(frame) = Frame::take(&mut self.buffer) {
            self.waiting.push(frame);
        }
    }

    /// Sends a request and takes the next frame.
    fn ask(&mut self, request: &[u8], patience: Duration) -> Result<Frame, String> {
        self.stream
            .write_all(request)
            .map_err(|error| error.to_string())?;
        self.frame(patience, |_| true)
            .ok_or_else(|| "no answer".to_owned())
    }

    /// Takes the first frame that is `wanted`, waiting for it.
    fn frame(&mut self, patience: Duration, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        let until = Instant::now() + patience;
        loop {
            if let Some(at) = self.waiting.iter().position(&wanted) {
                return Some(self.waiting.remove(at));
            }
            if self.ended || Instant::now() >= until {
                return None;
            }
            self.read();
        }
    }

    fn is_closed(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.ended && Instant::now() < until {
            self.read();
        }
        self.ended
    }
}

#[cfg(test)]
mod tests;
