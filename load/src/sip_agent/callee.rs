//! The far end of a call.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::message::{Format, Message, answer_to};

/// Answers every INVITE at once and every BYE too.
pub(crate) struct Callee {
    /// Audio ports of the far ends, in the order in which their calls were answered.
    pub(crate) far_ports: mpsc::Receiver<u16>,
    task: JoinHandle<()>,
}

impl Callee {
    /// Starts one that names `audio_port` in its answers.
    pub(crate) async fn start(socket: Arc<UdpSocket>, audio_port: u16) -> Result<Self> {
        let address = socket.local_addr().context("reading the local address")?;
        let (ports, far_ports) = mpsc::channel(10_000);
        let task = tokio::spawn(async move {
            let mut bytes = vec![0; 65536];
            let mut calls = HashMap::new();
            while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let request = Message(&text);
                let method = request.method();
                if request.code().is_some() || method == "ACK" {
                    continue;
                }
                if method == "INVITE"
                    && let (Some(call), Some(port)) =
                        (request.header("Call-ID"), request.audio_port())
                    && calls.insert(call.to_owned(), port).is_none()
                    && ports.try_send(port).is_err()
                {
                    // Nobody asks for the ports: this run has no audio.
                }
                let answer = answer_to(&request, address, audio_port, Format::Pcmu);
                if socket.send_to(answer.as_bytes(), from).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { far_ports, task })
    }
}

impl Drop for Callee {
    fn drop(&mut self) {
        self.task.abort();
    }
}
