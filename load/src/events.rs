//! Fan-out: one publisher, many readers in one task, every event counted at every reader.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::event_client::EventClient;
use crate::server::Server;

/// Events published and not yet read by the slowest reader: far below any queue's end.
const WINDOW: usize = 2_000;

/// Requests written at once.
const BURST: usize = 50;

/// Body that makes a plain event about 0.7 kB long on the wire.
const BODY_BYTES: usize = 96;

/// One run per number of clients.
pub(crate) async fn run(
    binary: &Path,
    clients: &[usize],
    format: &str,
    tls: bool,
    seconds: u64,
) -> Result<()> {
    println!(
        "\n# jackfield-load events --clients {} --format {format}{} --seconds {seconds}",
        clients
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(","),
        if tls { " --tls" } else { "" }
    );
    for &count in clients {
        one(binary, count, format, tls, Duration::from_secs(seconds)).await?;
    }
    Ok(())
}

async fn one(binary: &Path, count: usize, format: &str, tls: bool, length: Duration) -> Result<()> {
    let server = Server::start(binary).await?;
    let mut readers = Vec::new();
    for _ in 0..count {
        let mut reader = if tls {
            EventClient::connect_secure(server.event_socket_tls).await?
        } else {
            EventClient::connect(server.event_socket).await?
        };
        reader
            .command(&format!("event {format} CUSTOM load::event"))
            .await?;
        readers.push(reader);
    }
    let mut publisher = EventClient::connect(server.event_socket).await?;
    let request = format!(
        "sendevent CUSTOM\nEvent-Subclass: load::event\nContent-Length: {BODY_BYTES}\n\n{}",
        "x".repeat(BODY_BYTES)
    );
    // The first event says how long one is on the wire.
    publisher.send(request.as_bytes()).await?;
    publisher.next().await?;
    let mut size = 0;
    for reader in &mut readers {
        let frame = reader.next().await?;
        size = frame.head.len() + frame.body.len();
    }

    let (counts, progress): (Vec<_>, Vec<_>) = (0..count).map(|_| watch::channel(0_usize)).unzip();
    let mut tasks = JoinSet::new();
    for (mut reader, seen) in readers.into_iter().zip(counts) {
        tasks.spawn(async move {
            loop {
                match reader.count_frames().await {
                    Ok(frames) => seen.send_modify(|sum| *sum += frames),
                    Err(error) => return error,
                }
            }
        });
    }
    let burst = request.repeat(BURST);
    let processor = server.processor_time()?;
    let began = Instant::now();
    let mut published = 0;
    let mut answered = 0;
    let slowest = || {
        progress
            .iter()
            .map(|seen| *seen.borrow())
            .min()
            .unwrap_or(0)
    };
    while began.elapsed() < length {
        if published - slowest() < WINDOW {
            publisher.send(burst.as_bytes()).await?;
            published += BURST;
        } else if let Ok(Some(error)) =
            tokio::time::timeout(Duration::from_micros(200), tasks.join_next()).await
        {
            bail!(
                "a reader lost its connection: {:#}",
                error.context("joining a reader")?
            );
        }
        while answered + BURST <= published {
            answered += publisher.count_frames().await?;
        }
    }
    while slowest() < published {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if began.elapsed() > length * 3 {
            bail!(
                "{} of {published} events arrived at the slowest reader",
                slowest()
            );
        }
    }
    let took = began.elapsed();
    let cores = (server.processor_time()? - processor).as_secs_f64() / took.as_secs_f64();
    let deliveries = (published * count) as f64 / took.as_secs_f64();
    println!(
        "{count:>4} clients: {deliveries:>10.0} deliveries/s of {size} B ({:.0} published/s), server {cores:.2} cores",
        published as f64 / took.as_secs_f64()
    );
    tasks.shutdown().await;
    drop(publisher);
    server.stop().await
}
