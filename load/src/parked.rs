//! Parked legs: what each keeps in memory, and what idle ones cost.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::event_client::EventClient;
use crate::server::{SMALL_REPLAY, Server};
use crate::sip_agent::{Caller, socket};

/// How long idle legs are watched.
const WATCHED: Duration = Duration::from_secs(5);

pub(crate) async fn run(binary: &Path, legs: usize) -> Result<()> {
    println!("\n# jackfield-load parked --legs {legs}");
    for (kind, dial, per_call) in [("null", "null/x", 1), ("loopback", "loopback/9196", 2)] {
        let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
        let mut console = EventClient::connect(server.event_socket).await?;
        // A few calls first: what is allocated once must not count as a leg's.
        originate(&mut console, dial, 20).await?;
        console.command("api hupall").await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = (server.resident_bytes()?, server.threads()?);
        originate(&mut console, dial, legs.div_ceil(per_call)).await?;
        report(&server, kind, legs, before).await?;
        // An orderly end would wait for the calls.
        console.command("api hupall").await?;
        server.stop().await?;
    }
    let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
    let mut caller = Caller::new(Arc::new(socket().await?), server.sip, "1000", 9)?;
    caller
        .run("5000", 20, 50, Some(Duration::from_millis(100)))
        .await?;
    let mut caller = Caller::new(Arc::new(socket().await?), server.sip, "1000", 9)?;
    let before = (server.resident_bytes()?, server.threads()?);
    let answered = caller.run("5000", legs, 100, None).await?;
    if answered.failed > 0 {
        bail!("{} of {legs} calls were not answered", answered.failed);
    }
    report(&server, "sip", legs, before).await?;
    caller.leave_all().await?;
    server.stop().await
}

async fn originate(console: &mut EventClient, dial: &str, calls: usize) -> Result<()> {
    for _ in 0..calls {
        console
            .command(&format!("api originate {dial} &park()"))
            .await?;
    }
    Ok(())
}

async fn report(server: &Server, kind: &str, legs: usize, before: (f64, usize)) -> Result<()> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (memory, threads) = (server.resident_bytes()?, server.threads()?);
    let processor = server.processor_time()?;
    tokio::time::sleep(WATCHED).await;
    let idle = (server.processor_time()? - processor).as_secs_f64() / WATCHED.as_secs_f64();
    println!(
        "{kind:>9}: {legs} legs, {:.1} kB of resident memory each, {} threads more, {:.1} % of a core while idle",
        (memory - before.0) / 1000.0 / legs as f64,
        threads.saturating_sub(before.1),
        idle * 100.0
    );
    Ok(())
}
