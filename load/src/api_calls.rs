//! `api create_uuid`: the smallest command there is, so what is measured is the way to it.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::event_client::EventClient;
use crate::server::Server;
use crate::spread::Spread;

/// Commands in flight when pipelined.
const IN_FLIGHT: usize = 50;

pub(crate) async fn run(binary: &Path, commands: usize) -> Result<()> {
    println!("\n# jackfield-load api --commands {commands}");
    let server = Server::start(binary).await?;
    let mut client = EventClient::connect(server.event_socket).await?;
    let mut times = Vec::with_capacity(commands);
    let all = Instant::now();
    for _ in 0..commands {
        let began = Instant::now();
        client.send(b"api create_uuid\n\n").await?;
        client.next().await?;
        times.push(began.elapsed());
    }
    let rate = commands as f64 / all.elapsed().as_secs_f64();
    println!("one at a time: {rate:.0}/s, {}", Spread::of(times));

    let burst = "api create_uuid\n\n".repeat(IN_FLIGHT);
    let began = Instant::now();
    let mut answered = 0;
    let mut asked = 0;
    while answered < commands {
        if asked - answered < IN_FLIGHT {
            client.send(burst.as_bytes()).await?;
            asked += IN_FLIGHT;
        }
        answered += client.count_frames().await?;
    }
    let rate = answered as f64 / began.elapsed().as_secs_f64();
    println!(
        "{IN_FLIGHT} to {} in flight: {rate:.0}/s",
        2 * IN_FLIGHT - 1
    );
    drop(client);
    server.stop().await
}
