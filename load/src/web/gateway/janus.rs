//! Janus with its SIP plugin: one handle per call, as SylkServer used it.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Result, bail};
use serde_json::json;

use crate::janus::{self, said};
use crate::process::Process;
use crate::web::phone::Phone;

const CONFIGURATION: &str = "general: {\n  local_ip = \"127.0.0.1\"\n  rtp_port_range = \"32000-60000\"\n  \
                             behind_nat = false\n  keepalive_interval = 0\n}\n";

pub(crate) struct Janus {
    server: janus::Janus,
    phone: SocketAddr,
    calls: usize,
}

impl Janus {
    pub(crate) async fn start(address: IpAddr, phone: &Phone) -> Result<Self> {
        Ok(Self {
            server: janus::Janus::start("sip", CONFIGURATION, address).await?,
            phone: phone.address,
            calls: 0,
        })
    }

    pub(crate) fn process(&self) -> Process {
        self.server.process
    }

    pub(super) async fn call(&mut self, offer: &str) -> Result<String> {
        self.calls += 1;
        let name = format!("load{}", self.calls);
        let server = &mut self.server;
        let handle = server.attach(&name).await?;
        let guest = json!({
            "request": "register", "type": "guest", "username": format!("sip:{name}@127.0.0.1"),
        });
        let guest = server.message(handle, &name, guest);
        server.socket.send(&guest).await?;
        server
            .socket
            .wait(|message| {
                let event = said(message, handle)?.map(|data| &data["result"]["event"]);
                Ok(event.filter(|event| *event == "registered").map(drop))
            })
            .await?;
        let call = json!({"request": "call", "uri": format!("sip:phone@{}", self.phone)});
        let mut call = server.message(handle, &name, call);
        call["jsep"] = json!({"type": "offer", "sdp": offer, "trickle": false});
        server.socket.send(&call).await?;
        server
            .socket
            .wait(|message| {
                let event =
                    said(message, handle)?.and_then(|data| data["result"]["event"].as_str());
                match event {
                    Some("accepted") => Ok(message["jsep"]["sdp"].as_str().map(str::to_owned)),
                    Some("hangup") => bail!("{message}"),
                    _ => Ok(None),
                }
            })
            .await
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}
