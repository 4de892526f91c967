//! Conferences in Opus: processor time, lateness and memory of the server that mixes, beside AudioBridge of Janus.

mod audience;
mod bridge;
mod heard;
mod tally;
mod voice;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use audience::Audience;
use bridge::Bridge;
use heard::Heard;
use tally::{Figures, summary};

pub(crate) use bridge::Mixer;

/// Until everything that is needed once is there, and jitter buffers have settled.
const WARM_UP: Duration = Duration::from_secs(3);

/// One comparison.
pub(crate) struct Wanted {
    /// Which servers, in this order, time and again.
    pub(crate) mixers: Vec<Mixer>,
    pub(crate) members: usize,
    /// How many of them talk; the others send nothing.
    pub(crate) talkers: usize,
    /// Length of a measurement.
    pub(crate) seconds: u64,
    /// Measurements of each server.
    pub(crate) runs: usize,
}

impl Wanted {
    /// One measurement of Jackfield.
    pub(crate) fn alone(members: usize, talkers: usize) -> Self {
        Self {
            mixers: vec![Mixer::Jackfield],
            members,
            talkers,
            seconds: 15,
            runs: 1,
        }
    }
}

pub(crate) async fn run(binary: &Path, wanted: &Wanted) -> Result<()> {
    if wanted.members < 2 || wanted.talkers > wanted.members || wanted.runs == 0 {
        bail!("at least two members, of whom some may talk, and one run");
    }
    println!(
        "\n# jackfield-load rooms --members {} --talkers {} --seconds {} --runs {}",
        wanted.members, wanted.talkers, wanted.seconds, wanted.runs
    );
    println!("load average at the start: {}", load_average());
    let mut figures = Vec::new();
    for _ in 0..wanted.runs {
        for &mixer in &wanted.mixers {
            let found = one(binary, wanted, mixer).await?;
            println!("{found}");
            figures.push(found);
        }
    }
    println!("load average at the end: {}", load_average());
    print!("{}", summary(&wanted.mixers, &figures));
    Ok(())
}

async fn one(binary: &Path, wanted: &Wanted, mixer: Mixer) -> Result<Figures> {
    let audience = Audience::new(wanted.talkers)?;
    let mut bridge = Bridge::start(binary, mixer, audience.port()).await?;
    // What is there once must not count as a member's, so half of them are there before memory is looked at.
    let half = wanted.members / 2;
    audience.admit(&bridge.join(half).await?);
    tokio::time::sleep(WARM_UP).await;
    let before = bridge.process().resident_bytes()?;
    audience.admit(&bridge.join(wanted.members - half).await?);
    tokio::time::sleep(WARM_UP).await;
    let memory = (bridge.process().resident_bytes()? - before) / (wanted.members - half) as f64;

    let account_before = bridge.account().await?;
    let (processor, began) = (bridge.process().processor_time()?, Instant::now());
    audience.listen(true);
    tokio::time::sleep(Duration::from_secs(wanted.seconds)).await;
    audience.listen(false);
    let used = bridge.process().processor_time()? - processor;
    let elapsed = began.elapsed();
    let account = bridge.account().await?.since(&account_before);
    let heard: Heard = audience.leave();
    bridge.stop().await?;
    Figures::new(wanted, mixer, (used, elapsed), memory, &heard, account)
}

/// One, five and fifteen minutes.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
