//! The program itself, run as a user runs it, on ports of its own.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes away.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-test-{}-{next}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        for (name, text) in files {
            std::fs::write(folder.0.join(name), text).unwrap();
        }
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Loopback, any free port.
pub(crate) const FREE_PORTS: &str = "\
[node]
grace = \"300ms\"
[[sip.profile]]
name = \"internal\"
listen = \"127.0.0.1:0\"
[metrics]
listen = \"127.0.0.1:0\"
[store]
kind = \"memory\"
[console]
listen = \"127.0.0.1:0\"
[door.sylkrtc]
listen = []
tls_listen = []
[door.eventmanager]
listen = []
[door.isymphony]
listen = []
tls_listen = []
[door.event_socket]
listen = \"127.0.0.1:0\"
";

/// A running server.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) banner: String,
    pub(crate) event_socket: SocketAddr,
    pub(crate) metrics: SocketAddr,
    _folder: Folder,
}

impl Server {
    pub(crate) fn start(toml: &str) -> Self {
        let folder = Folder::new(&[("jackfield.toml", toml)]);
        let mut child = program()
            .arg("--config")
            .arg(folder.0.join("jackfield.toml"))
            .current_dir(&folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        while !banner.contains("Stop with Ctrl-C") {
            let read = stdout.read_line(&mut banner).unwrap();
            assert!(read > 0, "the server ended after saying:\n{banner}");
        }
        let event_socket = word_after(&banner, "event socket    ").parse().unwrap();
        let metrics = word_after(&banner, "http://");
        let metrics = metrics.trim_end_matches("/metrics").parse().unwrap();
        Self {
            child,
            stdout,
            banner,
            event_socket,
            metrics,
            _folder: folder,
        }
    }

    /// `jackfield cli` against this server.
    pub(crate) fn cli(&self) -> Command {
        let mut command = program();
        command.arg("cli").args(["-H", "127.0.0.1", "-P"]);
        command.arg(self.event_socket.port().to_string());
        command
    }

    /// What a console command prints.
    pub(crate) fn console(&self, line: &str) -> String {
        let output = self.cli().args(["-x", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// A page for those who watch the server, with its status line.
    pub(crate) fn page(&self, path: &str) -> String {
        page(self.metrics, path)
    }

    /// A page for those who watch the server, as soon as it holds `part`.
    pub(crate) fn page_with(&self, path: &str, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.page(path);
            if page.contains(part) {
                return page;
            }
            assert!(Instant::now() < deadline, "no {part} in\n{page}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let (sender, receiver) = mpsc::channel();
        // Closing the pipe must not be what ends it.
        let mut stdout = self.stdout;
        std::thread::spawn(move || {
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).ok();
            sender.send(self.child.wait()).ok();
        });
        receiver
            .recv_timeout(PATIENCE)
            .expect("the server ends")
            .unwrap()
    }
}

/// A page, with its status line.
pub(crate) fn page(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield"));
    command.stdin(Stdio::null()).env("HOME", "/nonexistent");
    command
}

/// Runs `jackfield check` over a TOML file.
pub(crate) fn check(folder: &Folder) -> Output {
    let config = folder.0.join("jackfield.toml");
    program()
        .args(["check", "--config"])
        .arg(config)
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn word_after<'a>(text: &'a str, mark: &str) -> &'a str {
    let (_, rest) = text
        .split_once(mark)
        .unwrap_or_else(|| panic!("{mark} in\n{text}"));
    rest.split_whitespace().next().unwrap()
}
