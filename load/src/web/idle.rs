//! Connections of pages that wait for a call, plain and with TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;
use tokio_rustls::TlsConnector;

use super::gateway::hashed_password;
use super::socket::{JsonSocket, trusting};
use crate::server::{SMALL_REPLAY, Server};

/// Connections before the count begins: what is allocated once must not count as theirs.
const FIRST: usize = 50;
/// More would be refused from one address.
const MOST: usize = 1900;

pub(crate) async fn run(binary: &Path, connections: usize) -> Result<()> {
    println!("\n# jackfield-load web-idle --connections {connections}");
    if connections + FIRST > MOST {
        bail!("at most {} connections", MOST - FIRST);
    }
    for (name, tls) in [("plain", None), ("TLS", Some(trusting()?))] {
        for (what, registered) in [("ready", false), ("with a registered account", true)] {
            let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
            let door = if tls.is_some() {
                server.web_tls
            } else {
                server.web
            };
            let mut sockets = Vec::new();
            open(&mut sockets, door, tls.as_ref(), FIRST, registered).await?;
            let before = resident(&server).await?;
            open(&mut sockets, door, tls.as_ref(), connections, registered).await?;
            let memory = (resident(&server).await? - before) / connections as f64;
            println!(
                "{name:>6}, {what}: {:.1} kB per connection",
                memory / 1000.0
            );
            drop(sockets);
            server.stop().await?;
        }
    }
    Ok(())
}

async fn resident(server: &Server) -> Result<f64> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.resident_bytes()
}

async fn open(
    sockets: &mut Vec<JsonSocket>,
    door: SocketAddr,
    tls: Option<&TlsConnector>,
    connections: usize,
    registered: bool,
) -> Result<()> {
    for _ in 0..connections {
        let mut socket = JsonSocket::connect(door, tls, "/webrtcgateway/ws", "sylkRTC-2").await?;
        socket
            .wait(|message| Ok((message["sylkrtc"] == "ready-event").then_some(())))
            .await?;
        if registered {
            let user = (1000 + sockets.len() % 20).to_string();
            let account = format!("{user}@127.0.0.1");
            socket
                .send(&json!({
                    "sylkrtc": "account-add", "transaction": "add", "account": account,
                    "password": hashed_password(&user), "display_name": "",
                }))
                .await?;
            socket
                .send(&json!({"sylkrtc": "account-register", "transaction": "register", "account": account}))
                .await?;
            socket
                .wait(|message| {
                    if message["sylkrtc"] == "error" || message["state"] == "failed" {
                        bail!("{message}");
                    }
                    let state = message["state"]
                        .as_str()
                        .or(message["data"]["state"].as_str());
                    Ok((state == Some("registered")).then_some(()))
                })
                .await?;
        }
        sockets.push(socket);
    }
    Ok(())
}
