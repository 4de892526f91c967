//! Jackfield, asked as a page with sylkrtc.js asks.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, bail};
use md5::{Digest, Md5};
use serde_json::json;

use crate::server::{SMALL_REPLAY, Server};
use crate::sip_agent::{PASSWORD, register};
use crate::web::phone::Phone;
use crate::web::socket::JsonSocket;

/// Calls of one connection; the door takes a few more.
const CALLS_PER_CONNECTION: usize = 50;
/// The account of the page and of the telephone.
const PAGE: &str = "1000";
const PHONE: &str = "1001";

pub(crate) struct Jackfield {
    pub(crate) server: Server,
    door: SocketAddr,
    connections: Vec<JsonSocket>,
    calls: usize,
}

impl Jackfield {
    pub(crate) async fn start(binary: &Path, address: IpAddr, phone: &Phone) -> Result<Self> {
        let extra = format!("{SMALL_REPLAY}[webrtc]\nlisten = [\"{address}:0\"]\n");
        let server = Server::start_with(binary, &extra, &[]).await?;
        register(&phone.socket, server.sip, PHONE, phone.address).await?;
        Ok(Self {
            door: server.web,
            server,
            connections: Vec::new(),
            calls: 0,
        })
    }

    pub(super) async fn call(&mut self, offer: &str) -> Result<String> {
        if self.calls.is_multiple_of(CALLS_PER_CONNECTION) {
            self.connections.push(self.connect().await?);
        }
        self.calls += 1;
        let session = format!("load-{}", self.calls);
        let connection = self.connections.last_mut().context("a connection")?;
        connection
            .send(&json!({
                "sylkrtc": "session-create", "transaction": session, "session": session,
                "account": format!("{PAGE}@127.0.0.1"), "uri": format!("{PHONE}@127.0.0.1"), "sdp": offer,
            }))
            .await?;
        connection
            .wait(|message| {
                if message["sylkrtc"] == "error" {
                    bail!("{message}");
                }
                if message["session"] != session.as_str() {
                    return Ok(None);
                }
                match message["state"].as_str() {
                    Some("terminated") => bail!("{message}"),
                    Some("accepted") => Ok(message["sdp"].as_str().map(str::to_owned)),
                    _ => Ok(None),
                }
            })
            .await
    }

    async fn connect(&self) -> Result<JsonSocket> {
        let path = "/webrtcgateway/ws";
        let mut socket = JsonSocket::connect(self.door, None, path, "sylkRTC-2").await?;
        socket
            .wait(|message| Ok((message["sylkrtc"] == "ready-event").then_some(())))
            .await?;
        socket
            .send(&json!({
                "sylkrtc": "account-add", "transaction": "add", "account": format!("{PAGE}@127.0.0.1"),
                "password": hashed_password(PAGE), "display_name": "Load",
            }))
            .await?;
        socket
            .wait(|message| match message["sylkrtc"].as_str() {
                Some("ack") => Ok(Some(())),
                Some("error") => bail!("{message}"),
                _ => Ok(None),
            })
            .await?;
        Ok(socket)
    }

    pub(super) async fn stop(self) -> Result<()> {
        drop(self.connections);
        self.server.hang_up_all().await?;
        self.server.stop().await
    }
}

/// HA1 of a built-in user.
pub(crate) fn hashed_password(user: &str) -> String {
    let hash = Md5::digest(format!("{user}:127.0.0.1:{PASSWORD}"));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
