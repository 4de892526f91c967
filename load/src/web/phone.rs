//! The telephone that every page calls: it answers at once and talks G.711 in every call.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::sip_agent::{Callee, socket};

/// RTP header and 20 ms of G.711.
const PACKET_BYTES: usize = 172;
/// Groups of calls whose packets are sent at different times.
const PHASES: u64 = 10;

pub(crate) struct Phone {
    /// Where it takes calls.
    pub(crate) address: SocketAddr,
    /// The same, for a REGISTER.
    pub(crate) socket: Arc<UdpSocket>,
    sent: Arc<AtomicUsize>,
    received: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
    callee: Option<Callee>,
    audio: Arc<UdpSocket>,
}

impl Phone {
    pub(crate) async fn new() -> Result<Self> {
        let socket_ = Arc::new(socket().await?);
        let audio = Arc::new(socket().await?);
        let address = socket_.local_addr().context("reading the local address")?;
        Ok(Self {
            address,
            socket: socket_,
            sent: Arc::default(),
            received: Arc::default(),
            tasks: [tokio::spawn(async {}), tokio::spawn(async {})],
            callee: None,
            audio,
        })
    }

    /// Takes calls from now on.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let port = self.audio.local_addr().context("its audio port")?.port();
        let mut callee = Callee::start(Arc::clone(&self.socket), port).await?;
        let (_, mut far_ports) = tokio::sync::mpsc::channel(1);
        std::mem::swap(&mut far_ports, &mut callee.far_ports);
        self.callee = Some(callee);
        let (audio, received) = (Arc::clone(&self.audio), Arc::clone(&self.received));
        let hears = tokio::spawn(async move {
            let mut bytes = [0; 2048];
            loop {
                // An error is a port that was closed (ICMP); the other calls go on.
                if let Ok((length, _)) = audio.recv_from(&mut bytes).await
                    && length > 12
                {
                    received.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let (audio, sent) = (Arc::clone(&self.audio), Arc::clone(&self.sent));
        let talks = tokio::spawn(async move {
            let mut ports = Vec::new();
            let mut known = HashSet::new();
            let mut tick = 0;
            let mut pace = tokio::time::interval(Duration::from_millis(20) / PHASES as u32);
            loop {
                let phase = tick % PHASES;
                tokio::select! {
                    port = far_ports.recv() => {
                        let Some(port) = port else { return };
                        if known.insert(port) {
                            ports.push(port);
                            send(&audio, port, tick / PHASES).await;
                            sent.fetch_add(1, Ordering::Relaxed);
                        }
                        continue;
                    }
                    _ = pace.tick() => tick += 1,
                }
                for &port in ports.iter().skip(phase as usize).step_by(PHASES as usize) {
                    send(&audio, port, tick / PHASES).await;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        self.tasks = [hears, talks];
        Ok(())
    }

    /// Packets sent and received so far.
    pub(crate) fn packets(&self) -> (usize, usize) {
        (
            self.sent.load(Ordering::Relaxed),
            self.received.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn send(audio: &UdpSocket, port: u16, round: u64) {
    let mut packet = [0xd5; PACKET_BYTES];
    packet[..2].copy_from_slice(&[0x80, 0]);
    packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(round as u32).wrapping_mul(160).to_be_bytes());
    packet[8..12].copy_from_slice(&u32::from(port).to_be_bytes());
    // As above: a call that ended does not end the others.
    drop(audio.send_to(&packet, ("127.0.0.1", port)).await);
}
