//! Bridged calls, signalling only: caller → server → registered callee, digest included, no audio.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::server::Server;
use crate::sip_agent::{Callee, Caller, register, socket};
use crate::spread::Spread;

/// How long a call stands.
const HOLD: Duration = Duration::from_millis(500);

/// The discard port: nobody listens, nothing is sent.
const NO_AUDIO: u16 = 9;

pub(crate) async fn run(binary: &Path, calls: usize, rate: u64) -> Result<()> {
    println!("\n# jackfield-load calls --calls {calls} --rate {rate}");
    let server = Server::start(binary).await?;
    let callee_socket = Arc::new(socket().await?);
    let address = callee_socket.local_addr()?;
    register(&callee_socket, server.sip, "1001", address).await?;
    let callee = Callee::start(callee_socket, NO_AUDIO).await?;
    let mut caller = Caller::new(Arc::new(socket().await?), server.sip, "1000", NO_AUDIO)?;
    caller.run("1001", 20, 20, Some(HOLD)).await?;
    let mut caller = Caller::new(Arc::new(socket().await?), server.sip, "1000", NO_AUDIO)?;

    let processor = server.processor_time()?;
    let began = Instant::now();
    let report = caller.run("1001", calls, rate, Some(HOLD)).await?;
    let took = began.elapsed();
    let used = server.processor_time()? - processor;
    println!(
        "{} of {calls} calls bridged and ended, {} failed, {:.0}/s: {:.2} ms of processor per call; set-up {}",
        report.ended,
        report.failed,
        calls as f64 / took.as_secs_f64(),
        used.as_secs_f64() * 1000.0 / calls as f64,
        Spread::of(report.setup)
    );
    drop(callee);
    server.stop().await
}
