//! Configuration objects: how fast they are made and read, and how soon a server with many is there again.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinSet;

use super::Requests;
use crate::server::Server;
use crate::spread::Spread;

/// Reads of REST resources per second, among that many extensions.
pub(crate) async fn reads(
    binary: &Path,
    extensions: usize,
    seconds: u64,
    connections: usize,
) -> Result<()> {
    println!(
        "\n# jackfield-load panel-reads --extensions {extensions} --seconds {seconds} --connections {connections}"
    );
    let server = Server::start(binary).await?;
    fill(&server, extensions, connections).await?;
    let length = Duration::from_secs(seconds);
    let processor = server.processor_time()?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let address = server.panel;
        tasks.spawn(
            async move { read_for(address, length, connection, connections, extensions).await },
        );
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done.context("joining a reader")??);
    }
    let took = began.elapsed();
    let cores = (server.processor_time()? - processor).as_secs_f64() / took.as_secs_f64();
    println!(
        "one of {extensions} extensions by its number: {:.0} reads/s over {connections} connections, server {cores:.2} cores, {}",
        times.len() as f64 / took.as_secs_f64(),
        Spread::of(times)
    );
    let mut requests = Requests::connect(server.panel).await?;
    let mut times = Vec::new();
    let mut size = 0;
    for _ in 0..10 {
        let began = Instant::now();
        size = requests
            .get("live/coreServers/getByName/default/extensions")
            .await?
            .len();
        times.push(began.elapsed());
    }
    println!("all of them, {size} bytes: {}", Spread::of(times));
    server.stop().await
}

async fn read_for(
    address: SocketAddr,
    length: Duration,
    first: usize,
    step: usize,
    extensions: usize,
) -> Result<Vec<Duration>> {
    let mut requests = Requests::connect(address).await?;
    let mut times = Vec::new();
    let mut number = first;
    let until = Instant::now() + length;
    while Instant::now() < until {
        let began = Instant::now();
        let path = format!(
            "live/coreServers/getByName/default/extensions/getByName/{}",
            number_of(number % extensions)
        );
        requests.get(&path).await?;
        times.push(began.elapsed());
        number += step;
    }
    Ok(times)
}

/// From the start of the process until a server that has kept that many objects answers for the last of them.
pub(crate) async fn start_up(binary: &Path, objects: usize, runs: usize) -> Result<()> {
    println!("\n# jackfield-load panel-start --objects {objects} --runs {runs}");
    let mut server = Server::start(binary).await?;
    let began = Instant::now();
    fill(&server, objects, 32).await?;
    println!(
        "made by POST over 32 connections, each answered when it was on the disk: {:.0} objects/s",
        objects as f64 / began.elapsed().as_secs_f64()
    );
    let mut times = Vec::new();
    for _ in 0..runs {
        let opened = server.again(binary).await?;
        let asked = Instant::now();
        let path = format!(
            "live/coreServers/getByName/default/extensions/getByName/{}",
            number_of(objects - 1)
        );
        Requests::connect(server.panel).await?.get(&path).await?;
        times.push(opened + asked.elapsed());
    }
    println!(
        "from the start of the process to the first answer about {objects} objects: {}; {:.0} MB resident; load average {}",
        Spread::of(times),
        server.resident_bytes()? / 1e6,
        crate::machine::load_average(),
    );
    server.stop().await
}

pub(super) fn number_of(extension: usize) -> usize {
    100_000 + extension
}

/// Makes that many extensions.
pub(super) async fn fill(server: &Server, extensions: usize, connections: usize) -> Result<()> {
    let core = Requests::connect(server.panel).await?.core().await?;
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let (address, core) = (server.panel, core.clone());
        tasks.spawn(async move {
            let mut requests = Requests::connect(address).await?;
            for extension in (connection..extensions).step_by(connections) {
                let number = number_of(extension);
                let new = format!(
                    r#"{{"extension":"{number}","displayName":"Extension {number}","peer":"SIP/{number}","autoAnswer":false}}"#
                );
                let path = format!("config/asterisk/{core}/extensions/");
                let reply = requests.ask("POST", &path, &new).await?;
                if reply.status != 204 {
                    let said = String::from_utf8_lossy(&reply.body).into_owned();
                    bail!("extension {number}: {} {said}", reply.status);
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("joining a writer")??;
    }
    Ok(())
}
