//! The server that is measured: started on free ports, watched through `/proc`, ended by SIGTERM.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::event_client::EventClient;
use crate::process::Process;

/// How long a server may take to open its ports, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Configuration that keeps only the newest events: where memory is measured, the replay ring, which is
/// bounded and shared by everything, must not be counted as part of a leg or binding.
pub(crate) const SMALL_REPLAY: &str = "[events]\nreplay_events = 16\n";

/// A running server with a folder of its own.
pub(crate) struct Server {
    child: Child,
    process: Process,
    folder: PathBuf,
    /// Where its event socket listens.
    pub(crate) event_socket: SocketAddr,
    /// The same with TLS.
    pub(crate) event_socket_tls: SocketAddr,
    /// Where its SIP profile `internal` listens.
    pub(crate) sip: SocketAddr,
    /// Where pages connect.
    pub(crate) web: SocketAddr,
    /// The same with TLS.
    pub(crate) web_tls: SocketAddr,
    /// Where panels connect.
    pub(crate) panel: SocketAddr,
    metrics: SocketAddr,
}

impl Server {
    /// Starts a server with the built-in users.
    pub(crate) async fn start(binary: &Path) -> Result<Self> {
        Self::start_with(binary, "", &[]).await
    }

    /// Starts a server whose configuration has `extra` at its end; `files` are written beside it.
    pub(crate) async fn start_with(
        binary: &Path,
        extra: &str,
        files: &[(&str, String)],
    ) -> Result<Self> {
        let (event_socket, event_socket_tls) = (free_tcp_port()?, free_tcp_port()?);
        let sip = free_sip_port()?;
        let metrics = free_tcp_port()?;
        let (web, web_tls, panel) = (free_tcp_port()?, free_tcp_port()?, free_tcp_port()?);
        let folder = std::env::temp_dir().join(format!(
            "jackfield-load-{}-{}",
            std::process::id(),
            event_socket.port()
        ));
        fs::create_dir_all(folder.join("recordings"))
            .with_context(|| format!("creating {}", folder.display()))?;
        let config = folder.join("jackfield.toml");
        let recordings = folder.join("recordings");
        fs::write(
            &config,
            format!(
                "[door.sylkrtc]\nlisten = \"{web}\"\ntls_listen = \"{web_tls}\"\n[door.eventmanager]\nlisten = []\n[door.isymphony]\nlisten = \"{panel}\"\ntls_listen = []\nstarter = \"empty\"\n[door.event_socket]\nlisten = \"{event_socket}\"\ntls_listen = \"{event_socket_tls}\"\nmax_connections = 2000\n\
                 max_per_address = 2000\n\n\
                 [[sip.profile]]\nname = \"internal\"\nlisten = \"{sip}\"\nauth_calls = true\n\
                 trust_loopback = false\n\n\
                 [media]\nport_range = \"20000-31999\"\n\n\
                 [limits]\nmax_sessions = 100000\nsessions_per_second = 100000\n\n\
                 [metrics]\nlisten = \"{metrics}\"\n\n\
                 [console]\nlisten = \"off\"\n\n\
                 [paths]\nrecordings = \"{}\"\nstate = \"{}\"\n\n{extra}",
                recordings.display(),
                folder.display()
            ),
        )
        .context("writing the configuration")?;
        for (name, text) in files {
            fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
        }
        let child = spawn(binary, &folder)?;
        let process = Process::new(child.id().context("the server runs")?);
        let mut server = Self {
            child,
            process,
            folder,
            event_socket,
            event_socket_tls,
            sip,
            web,
            web_tls,
            panel,
            metrics,
        };
        server.wait_until_open().await?;
        Ok(server)
    }

    /// The same server with what it has kept, after an orderly end. Gives how long it took from the start of the process to
    /// open doors.
    pub(crate) async fn again(&mut self, binary: &Path) -> Result<Duration> {
        self.end().await?;
        let began = Instant::now();
        self.child = spawn(binary, &self.folder)?;
        self.process = Process::new(self.child.id().context("the server runs")?);
        self.wait_until_open().await?;
        Ok(began.elapsed())
    }

    async fn wait_until_open(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if EventClient::connect(self.event_socket).await.is_ok()
                && TcpStream::connect(self.web).await.is_ok()
                && TcpStream::connect(self.web_tls).await.is_ok()
                && TcpStream::connect(self.panel).await.is_ok()
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context("asking for the server")? {
                bail!("the server ended with {status}: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the server did not open its ports: {}", self.log())
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        text.lines()
            .rev()
            .take(30)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Its account with the kernel.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Processor time used so far by all its threads, user and system.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        self.process.processor_time()
    }

    /// Resident memory, bytes.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        self.process.resident_bytes()
    }

    /// Sum of a figure of `/metrics` over all its labels.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let mut connection = TcpStream::connect(self.metrics)
            .await
            .context("asking for figures")?;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        connection.read_to_string(&mut text).await?;
        let values: Vec<f64> = text
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '))
            .filter(|(labels, _)| labels.is_empty() || labels.starts_with('{'))
            .filter_map(|(_, value)| value.parse().ok())
            .collect();
        if values.is_empty() {
            bail!("the server has no figure {name}");
        }
        Ok(values.iter().sum())
    }

    /// Number of its threads.
    pub(crate) fn threads(&self) -> Result<usize> {
        self.process.threads()
    }

    /// Ends every call: an orderly end would wait for them.
    pub(crate) async fn hang_up_all(&self) -> Result<()> {
        let mut console = EventClient::connect(self.event_socket).await?;
        console.command("api hupall").await?;
        Ok(())
    }

    /// Ends it in order and removes its folder.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.end().await?;
        fs::remove_dir_all(&self.folder).context("removing the server's folder")
    }

    async fn end(&mut self) -> Result<()> {
        let pid = self.child.id().context("the server still runs")?;
        let asked = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await
            .context("asking the server to end")?;
        if !asked.success() {
            bail!("the server had ended before: {}", self.log());
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .context("the server did not end")?
            .context("waiting for the server")?;
        if !status.success() {
            bail!("the server ended with {status}: {}", self.log());
        }
        Ok(())
    }
}

/// Runs the server in its folder.
fn spawn(binary: &Path, folder: &Path) -> Result<Child> {
    let log = fs::File::create(folder.join("log")).context("creating the server's log")?;
    // The server runs in its own folder, where a relative path would mean something else.
    let binary =
        fs::canonicalize(binary).with_context(|| format!("no server at {}", binary.display()))?;
    Command::new(&binary)
        .arg("--config")
        .arg(folder.join("jackfield.toml"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("sharing the log")?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", binary.display()))
}

fn free_tcp_port() -> Result<SocketAddr> {
    let probe = TcpListener::bind("127.0.0.1:0").context("asking for a free port")?;
    probe.local_addr().context("reading the free port")
}

/// A port that is free for UDP and for TCP.
fn free_sip_port() -> Result<SocketAddr> {
    for _ in 0..100 {
        let address = free_tcp_port()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free for UDP and TCP")
}
