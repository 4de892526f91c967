//! Janus from Debian's packages, with one of its plugins.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::process::Process;
use crate::web::JsonSocket;

/// How long it may take to open its port, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where Debian puts its parts.
const PARTS: &str = "/usr/lib/x86_64-linux-gnu/janus";
/// Every plugin of the package; those that are not needed are switched off.
const PLUGINS: [&str; 12] = [
    "audiobridge",
    "duktape",
    "echotest",
    "lua",
    "nosip",
    "recordplay",
    "sip",
    "streaming",
    "textroom",
    "videocall",
    "videoroom",
    "voicemail",
];

/// A running Janus with one session of its interface over a WebSocket.
pub(crate) struct Janus {
    child: Child,
    pub(crate) process: Process,
    folder: PathBuf,
    plugin: &'static str,
    pub(crate) socket: JsonSocket,
    session: u64,
}

impl Janus {
    /// Starts one whose `plugin` has `configuration`; browsers reach it at `address`.
    pub(crate) async fn start(
        plugin: &'static str,
        configuration: &str,
        address: IpAddr,
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = std::env::temp_dir().join(format!(
            "jackfield-load-janus-{}-{}",
            std::process::id(),
            port.port()
        ));
        write_configuration(&folder, plugin, configuration, address, port)?;
        let log = fs::File::create(folder.join("log")).context("creating its log")?;
        let child = Command::new("janus")
            .arg("--configs-folder")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting janus (Debian package janus)")?;
        let process = Process::new(child.id().context("it runs")?);
        let mut socket = connect(port).await?;
        socket
            .send(&json!({"janus": "create", "transaction": "create"}))
            .await?;
        let session = socket.wait(|message| id_in(message, "create")).await?;
        Ok(Self {
            child,
            process,
            folder,
            plugin,
            socket,
            session,
        })
    }

    /// A handle of the plugin; `transaction` is used nowhere else.
    pub(crate) async fn attach(&mut self, transaction: &str) -> Result<u64> {
        self.socket
            .send(&json!({
                "janus": "attach", "session_id": self.session, "transaction": transaction,
                "plugin": format!("janus.plugin.{}", self.plugin),
            }))
            .await?;
        self.socket
            .wait(|message| id_in(message, transaction))
            .await
    }

    /// A request to the plugin through a handle.
    pub(crate) fn message(&self, handle: u64, transaction: &str, body: Value) -> Value {
        json!({
            "janus": "message", "session_id": self.session, "handle_id": handle,
            "transaction": transaction, "body": body,
        })
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("it still runs")?;
        Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await
            .context("asking it to end")?;
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            self.child.kill().await.context("ending it")?;
        }
        fs::remove_dir_all(&self.folder).context("removing its folder")
    }
}

/// What a plugin says in a message for a handle; `None` for other messages, an error if it complains.
pub(crate) fn said(message: &Value, handle: u64) -> Result<Option<&Value>> {
    if message["janus"] == "error" {
        bail!("{message}");
    }
    if message["sender"] != handle {
        return Ok(None);
    }
    let data = &message["plugindata"]["data"];
    if !data["error"].is_null() {
        bail!("{message}");
    }
    Ok(Some(data))
}

fn id_in(message: &Value, transaction: &str) -> Result<Option<u64>> {
    if message["janus"] == "error" {
        bail!("{message}");
    }
    if message["transaction"] != transaction {
        return Ok(None);
    }
    Ok(message["data"]["id"].as_u64())
}

async fn connect(port: SocketAddr) -> Result<JsonSocket> {
    let began = Instant::now();
    loop {
        match JsonSocket::connect(port, None, "/", "janus-protocol").await {
            Ok(socket) => return Ok(socket),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Only what the comparison needs: the plugin, WebSockets, and the interface of that address.
fn write_configuration(
    folder: &Path,
    plugin: &str,
    configuration: &str,
    address: IpAddr,
    port: SocketAddr,
) -> Result<()> {
    fs::create_dir_all(folder).context("creating its folder")?;
    let unused: Vec<String> = PLUGINS
        .iter()
        .filter(|name| **name != plugin)
        .map(|name| format!("libjanus_{name}.so"))
        .collect();
    let files = [
        (
            "janus.jcfg".to_owned(),
            format!(
                "general: {{\n  configs_folder = \"{folder}\"\n  plugins_folder = \"{PARTS}/plugins\"\n  \
                 transports_folder = \"{PARTS}/transports\"\n  events_folder = \"{PARTS}/events\"\n  \
                 loggers_folder = \"{PARTS}/loggers\"\n  debug_level = 3\n}}\n\
                 media: {{\n}}\nnat: {{\n  ice_enforce_list = \"{address}\"\n}}\n\
                 plugins: {{\n  disable = \"{unused}\"\n}}\n\
                 transports: {{\n  disable = \"libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
                 libjanus_pfunix.so,libjanus_rabbitmq.so\"\n}}\n\
                 loggers: {{\n  disable = \"libjanus_jsonlog.so\"\n}}\n",
                folder = folder.display(),
                unused = unused.join(",")
            ),
        ),
        (
            "janus.transport.websockets.jcfg".to_owned(),
            format!(
                "general: {{\n  json = \"compact\"\n  ws = true\n  ws_port = {}\n  ws_ip = \"127.0.0.1\"\n  \
                 wss = false\n}}\nadmin: {{\n  admin_ws = false\n}}\n",
                port.port()
            ),
        ),
        (
            format!("janus.plugin.{plugin}.jcfg"),
            configuration.to_owned(),
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(&name), text).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}
