//! Janus from Debian's packages with its SIP plugin: one handle per call, as SylkServer used it.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::process::Process;
use crate::web::phone::Phone;
use crate::web::socket::JsonSocket;

/// How long it may take to open its port.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where Debian puts its parts.
const PARTS: &str = "/usr/lib/x86_64-linux-gnu/janus";

pub(crate) struct Janus {
    child: Child,
    pub(crate) process: Process,
    folder: PathBuf,
    socket: JsonSocket,
    session: u64,
    phone: SocketAddr,
    calls: usize,
}

impl Janus {
    pub(crate) async fn start(address: IpAddr, phone: &Phone) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = std::env::temp_dir().join(format!("jackfield-load-janus-{}", port.port()));
        write_configuration(&folder, address, port)?;
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
            socket,
            session,
            phone: phone.address,
            calls: 0,
        })
    }

    pub(super) async fn call(&mut self, offer: &str) -> Result<String> {
        self.calls += 1;
        let name = format!("load{}", self.calls);
        let session = self.session;
        self.socket
            .send(&json!({
                "janus": "attach", "session_id": session, "plugin": "janus.plugin.sip", "transaction": name,
            }))
            .await?;
        let handle = self.socket.wait(|message| id_in(message, &name)).await?;
        let message = |body: Value| {
            json!({
                "janus": "message", "session_id": session, "handle_id": handle,
                "transaction": name, "body": body,
            })
        };
        let guest = json!({
            "request": "register", "type": "guest", "username": format!("sip:{name}@127.0.0.1"),
        });
        self.socket.send(&message(guest)).await?;
        self.socket
            .wait(|message| Ok((event_of(message, handle)? == Some("registered")).then_some(())))
            .await?;
        let mut call = message(json!({
            "request": "call", "uri": format!("sip:phone@{}", self.phone),
        }));
        call["jsep"] = json!({"type": "offer", "sdp": offer, "trickle": false});
        self.socket.send(&call).await?;
        self.socket
            .wait(|message| match event_of(message, handle)? {
                Some("accepted") => Ok(message["jsep"]["sdp"].as_str().map(str::to_owned)),
                Some("hangup") => bail!("{message}"),
                _ => Ok(None),
            })
            .await
    }

    pub(super) async fn stop(mut self) -> Result<()> {
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

/// The event of the SIP plugin in a message for a handle.
fn event_of(message: &Value, handle: u64) -> Result<Option<&str>> {
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
    Ok(data["result"]["event"].as_str())
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

/// Only what the comparison needs: the SIP plugin, WebSockets, and the interface of that address.
fn write_configuration(folder: &PathBuf, address: IpAddr, port: SocketAddr) -> Result<()> {
    fs::create_dir_all(folder).context("creating its folder")?;
    let files = [
        (
            "janus.jcfg",
            format!(
                "general: {{\n  configs_folder = \"{folder}\"\n  plugins_folder = \"{PARTS}/plugins\"\n  \
                 transports_folder = \"{PARTS}/transports\"\n  events_folder = \"{PARTS}/events\"\n  \
                 loggers_folder = \"{PARTS}/loggers\"\n  debug_level = 3\n}}\n\
                 media: {{\n}}\nnat: {{\n  ice_enforce_list = \"{address}\"\n}}\n\
                 plugins: {{\n  disable = \"libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,\
                 libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_streaming.so,\
                 libjanus_textroom.so,libjanus_videocall.so,libjanus_videoroom.so,libjanus_voicemail.so\"\n}}\n\
                 transports: {{\n  disable = \"libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
                 libjanus_pfunix.so,libjanus_rabbitmq.so\"\n}}\n\
                 loggers: {{\n  disable = \"libjanus_jsonlog.so\"\n}}\n",
                folder = folder.display()
            ),
        ),
        (
            "janus.transport.websockets.jcfg",
            format!(
                "general: {{\n  json = \"compact\"\n  ws = true\n  ws_port = {}\n  ws_ip = \"127.0.0.1\"\n  \
                 wss = false\n}}\nadmin: {{\n  admin_ws = false\n}}\n",
                port.port()
            ),
        ),
        (
            "janus.plugin.sip.jcfg",
            "general: {\n  local_ip = \"127.0.0.1\"\n  rtp_port_range = \"32000-60000\"\n  \
             behind_nat = false\n  keepalive_interval = 0\n}\n"
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}
