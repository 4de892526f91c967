//! Janus with its AudioBridge plugin: every member is a handle that joins with plain RTP.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};
use serde_json::json;

use crate::janus::{Janus, said};
use crate::process::Process;
use crate::sip_agent::OPUS;

const CONFIGURATION: &str =
    "general: {\n  local_ip = \"127.0.0.1\"\n  rtp_port_range = \"32000-60000\"\n}\n";
/// The one room.
const ROOM: u64 = 1;
/// Effort of encoding Opus: what Jackfield spends unless told otherwise.
const COMPLEXITY: u8 = 5;

pub(in crate::rooms) struct AudioBridge {
    janus: Janus,
    port: u16,
    bitrate: u32,
    members: usize,
}

impl AudioBridge {
    /// `bitrate` is that of each member, bits per second.
    pub(super) async fn start(port: u16, bitrate: u32) -> Result<Self> {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut janus = Janus::start("audiobridge", CONFIGURATION, loopback).await?;
        let handle = janus.attach("room").await?;
        let room = json!({
            "request": "create", "room": ROOM, "sampling_rate": 48_000, "allow_rtp_participants": true,
            "audiolevel_ext": false, "audiolevel_event": false,
        });
        let room = janus.message(handle, "room", room);
        janus.socket.send(&room).await?;
        janus
            .socket
            .wait(|message| {
                let data = said(message, handle)?;
                Ok(data
                    .filter(|data| data["audiobridge"] == "created")
                    .map(drop))
            })
            .await?;
        Ok(Self {
            janus,
            port,
            bitrate,
            members: 0,
        })
    }

    pub(super) fn process(&self) -> Process {
        self.janus.process
    }

    pub(super) async fn join(&mut self, members: usize) -> Result<Vec<u16>> {
        let mut ports = Vec::with_capacity(members);
        for _ in 0..members {
            self.members += 1;
            let name = format!("member{}", self.members);
            let handle = self.janus.attach(&name).await?;
            let join = json!({
                "request": "join", "room": ROOM, "display": name, "codec": "opus", "quality": COMPLEXITY,
                "bitrate": self.bitrate,
                "rtp": {"ip": "127.0.0.1", "port": self.port, "payload_type": OPUS, "audiolevel_ext": 0, "fec": false},
            });
            let join = self.janus.message(handle, &name, join);
            self.janus.socket.send(&join).await?;
            let port = self
                .janus
                .socket
                .wait(|message| {
                    let data = said(message, handle)?;
                    let joined = data.filter(|data| data["audiobridge"] == "joined");
                    Ok(joined.and_then(|data| data["rtp"]["port"].as_u64()))
                })
                .await?;
            ports.push(u16::try_from(port).context("a port has 16 bits")?);
        }
        Ok(ports)
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.janus.stop().await
    }
}
