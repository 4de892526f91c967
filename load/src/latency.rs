//! From `sendevent` on one connection to the event on another, on an otherwise idle server.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::event_client::EventClient;
use crate::server::Server;
use crate::spread::Spread;

pub(crate) async fn run(binary: &Path, samples: usize, rate: u64) -> Result<()> {
    println!("\n# jackfield-load latency --samples {samples} --rate {rate}");
    let server = Server::start(binary).await?;
    let mut reader = EventClient::connect(server.event_socket).await?;
    reader.command("event plain CUSTOM load::latency").await?;
    let mut writer = EventClient::connect(server.event_socket).await?;
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / rate.max(1)));
    let mut times = Vec::with_capacity(samples);
    for _ in 0..samples {
        pace.tick().await;
        let began = Instant::now();
        writer
            .send(b"sendevent CUSTOM\nEvent-Subclass: load::latency\n\n")
            .await?;
        reader.next().await?;
        times.push(began.elapsed());
        writer.next().await?;
    }
    println!(
        "sendevent to event on another connection: {}",
        Spread::of(times)
    );
    server.stop().await
}
