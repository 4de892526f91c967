//! The server that is measured: started on free ports, watched through `/proc`, ended by SIGTERM.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use crate::event_client::EventClient;

/// How long a server may take to open its ports, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Clock ticks per second in `/proc/<pid>/stat`: 100 on every Linux that is not built otherwise.
const TICKS_PER_SECOND: f64 = 100.0;

/// Configuration that keeps only the newest events: where memory is measured, the replay ring, which is
/// bounded and shared by everything, must not be counted as part of a leg or binding.
pub(crate) const SMALL_REPLAY: &str = "[events]\nreplay_events = 16\n";

/// A running server with a folder of its own.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    /// Where its event socket listens.
    pub(crate) event_socket: SocketAddr,
    /// Where its SIP profile `internal` listens.
    pub(crate) sip: SocketAddr,
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
        let event_socket = free_tcp_port()?;
        let sip = free_sip_port()?;
        let metrics = free_tcp_port()?;
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
                "[door.sylkrtc]\nlisten = []\ntls_listen = []\n[door.event_socket]\nlisten = \"{event_socket}\"\nmax_connections = 2000\n\
                 max_per_address = 2000\n\n\
                 [[sip.profile]]\nname = \"internal\"\nlisten = \"{sip}\"\nauth_calls = true\n\
                 trust_loopback = false\n\n\
                 [media]\nport_range = \"20000-31999\"\n\n\
                 [limits]\nmax_sessions = 100000\nsessions_per_second = 100000\n\n\
                 [metrics]\nlisten = \"{metrics}\"\n\n\
                 [console]\nlisten = \"off\"\n\n\
                 [paths]\nrecordings = \"{}\"\n\n{extra}",
                recordings.display()
            ),
        )
        .context("writing the configuration")?;
        for (name, text) in files {
            fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
        }
        let log = fs::File::create(folder.join("log")).context("creating the server's log")?;
        // The server runs in its own folder, where a relative path would mean something else.
        let binary = fs::canonicalize(binary)
            .with_context(|| format!("no server at {}", binary.display()))?;
        let child = Command::new(&binary)
            .arg("--config")
            .arg(&config)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let mut server = Self {
            child,
            folder,
            event_socket,
            sip,
        };
        server.wait_until_open().await?;
        Ok(server)
    }

    async fn wait_until_open(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if EventClient::connect(self.event_socket).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context("asking for the server")? {
                bail!("the server ended with {status}: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
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

    /// Processor time used so far by all its threads, user and system.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let pid = self.child.id().context("the server still runs")?;
        let text =
            fs::read_to_string(format!("/proc/{pid}/stat")).context("reading its account")?;
        let (_, fields) = text
            .rsplit_once(')')
            .context("the account names its program")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| -> Result<f64> {
            let field = fields
                .get(index)
                .context("the account has all its fields")?;
            field.parse().context("the account counts ticks")
        };
        // Fields 14 and 15 of the line; the first two are cut off.
        Ok(Duration::from_secs_f64(
            (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        ))
    }

    /// Resident memory, bytes.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        let pid = self.child.id().context("the server still runs")?;
        let text =
            fs::read_to_string(format!("/proc/{pid}/status")).context("reading its memory")?;
        let kilobytes: f64 = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the status names the resident memory")?
            .parse()
            .context("resident memory is a number")?;
        Ok(kilobytes * 1024.0)
    }

    /// Number of its threads.
    pub(crate) fn threads(&self) -> Result<usize> {
        let pid = self.child.id().context("the server still runs")?;
        Ok(fs::read_dir(format!("/proc/{pid}/task"))
            .context("listing its threads")?
            .count())
    }

    /// Ends it in order and removes its folder.
    pub(crate) async fn stop(mut self) -> Result<()> {
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
        fs::remove_dir_all(&self.folder).context("removing the server's folder")
    }
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
