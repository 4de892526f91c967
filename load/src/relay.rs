//! Audio between two phones that speak the same codec: packets in, the same packets out.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::server::Server;
use crate::sip_agent::{Callee, Caller, register, socket};

/// RTP header and 20 ms of G.711.
const PACKET_BYTES: usize = 172;

/// Groups of calls whose packets are sent at different times.
const PHASES: u32 = 10;

pub(crate) async fn run(binary: &Path, calls: usize, seconds: u64) -> Result<()> {
    println!("\n# jackfield-load relay --calls {calls} --seconds {seconds}");
    let server = Server::start(binary).await?;
    let caller_audio = Arc::new(socket().await?);
    let callee_audio = Arc::new(socket().await?);
    let callee_socket = Arc::new(socket().await?);
    let address = callee_socket.local_addr()?;
    register(&callee_socket, server.sip, "1001", address).await?;
    let mut callee = Callee::start(callee_socket, callee_audio.local_addr()?.port()).await?;
    let mut caller = Caller::new(
        Arc::new(socket().await?),
        server.sip,
        "1000",
        caller_audio.local_addr()?.port(),
    )?;
    let report = caller.run("1001", calls, 50, None).await?;
    if report.failed > 0 {
        bail!("{} of {calls} calls were not answered", report.failed);
    }
    let caller_ports = caller.far_ports();
    let mut callee_ports = Vec::new();
    while let Ok(port) = callee.far_ports.try_recv() {
        callee_ports.push(port);
    }
    if callee_ports.len() != calls {
        bail!(
            "{} legs reached the callee, {calls} were called",
            callee_ports.len()
        );
    }
    let received = Arc::new(AtomicUsize::new(0));
    let counters =
        [&caller_audio, &callee_audio].map(|audio| count(Arc::clone(audio), Arc::clone(&received)));

    let mut sent = 0;
    // Every phone has a phase of its own; here they share a few, so that packets do not come in one burst.
    let mut pace = tokio::time::interval(Duration::from_millis(20) / PHASES);
    let warm_up = 50 * u64::from(PHASES);
    let ticks = seconds * 50 * u64::from(PHASES);
    let mut start = (Duration::ZERO, Instant::now(), 0, 0);
    for tick in 0..warm_up + ticks {
        pace.tick().await;
        if tick == warm_up {
            start = (
                server.processor_time()?,
                Instant::now(),
                sent,
                received.load(Ordering::Relaxed),
            );
        }
        sent += send(&caller_audio, &caller_ports, tick).await?;
        sent += send(&callee_audio, &callee_ports, tick).await?;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (processor_before, began, sent_before, received_before) = start;
    let used = server.processor_time()? - processor_before;
    let packets = sent - sent_before;
    let came_out = received.load(Ordering::Relaxed) - received_before;
    println!(
        "{calls} calls, {:.0} packets/s in, {packets} sent, {came_out} came out: {:.2} µs of processor per packet",
        packets as f64 / began.elapsed().as_secs_f64(),
        used.as_secs_f64() * 1e6 / packets as f64
    );
    for counter in counters {
        counter.abort();
    }
    caller.leave_all().await?;
    drop(callee);
    server.stop().await
}

/// One packet to every far end whose phase it is.
async fn send(audio: &UdpSocket, ports: &[u16], tick: u64) -> Result<usize> {
    let (round, phase) = (tick / u64::from(PHASES), tick % u64::from(PHASES));
    let mut packet = [0xff; PACKET_BYTES];
    packet[..2].copy_from_slice(&[0x80, 0]);
    packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(round as u32 * 160).to_be_bytes());
    let mut sent = 0;
    for port in ports.iter().skip(phase as usize).step_by(PHASES as usize) {
        packet[8..12].copy_from_slice(&u32::from(*port).to_be_bytes());
        let far = SocketAddr::from(([127, 0, 0, 1], *port));
        audio.send_to(&packet, far).await.context("sending audio")?;
        sent += 1;
    }
    Ok(sent)
}

fn count(audio: Arc<UdpSocket>, received: Arc<AtomicUsize>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut bytes = [0; 2048];
        while audio.recv(&mut bytes).await.is_ok() {
            received.fetch_add(1, Ordering::Relaxed);
        }
    })
}
