//! Calls between pages and a telephone: set-up time, processor time and memory of the server between them.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;
use media::webrtc::Identity;
use tokio::task::JoinHandle;

use super::browser::{Browser, Heard, Voice};
use super::gateway::{Gateway, Which};
use super::phone::Phone;
use crate::spread::Spread;

/// How long audio of the last call is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Until everything that is needed once is there.
const WARM_UP: Duration = Duration::from_secs(4);

/// What pages talk with; the telephone always talks G.711.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageCodec {
    /// The same at both ends: packets are passed on.
    Pcmu,
    /// Opus in the page: the server codes anew, both ways.
    Opus,
}

/// One comparison.
pub(crate) struct Wanted {
    pub(crate) servers: Vec<Which>,
    pub(crate) calls: usize,
    pub(crate) seconds: u64,
    pub(crate) codec: PageCodec,
    pub(crate) address: IpAddr,
}

impl Wanted {
    /// A hundred calls through Jackfield.
    pub(crate) fn alone(codec: PageCodec) -> Self {
        Self {
            servers: vec![Which::Jackfield],
            calls: 100,
            seconds: 10,
            codec,
            address: IpAddr::from([127, 0, 0, 1]),
        }
    }
}

pub(crate) async fn run(binary: &Path, wanted: &Wanted) -> Result<()> {
    let codec = match wanted.codec {
        PageCodec::Pcmu => "pcmu",
        PageCodec::Opus => "opus",
    };
    println!(
        "\n# jackfield-load web-calls --calls {} --codec {} --seconds {}",
        wanted.calls, codec, wanted.seconds
    );
    let voice = Voice::new(wanted.codec);
    let identity = Identity::new().map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    for &which in &wanted.servers {
        if which == Which::Janus && wanted.codec == PageCodec::Opus {
            bail!("Janus passes packets on and codes nothing anew");
        }
        one_server(binary, wanted, which, &voice, &identity).await?;
    }
    Ok(())
}

/// Calls that stand.
#[derive(Default)]
struct Standing {
    heard: Vec<Arc<Heard>>,
    tasks: Vec<JoinHandle<()>>,
    /// From asking to the first audio.
    setup: Vec<Duration>,
}

impl Standing {
    /// One call more.
    async fn add(
        &mut self,
        gateway: &mut Gateway,
        wanted: &Wanted,
        voice: &Voice,
        identity: &Identity,
    ) -> Result<()> {
        let (browser, offer) = Browser::new(identity, wanted.address, voice).await?;
        let began = Instant::now();
        let answer = gateway.call(&offer).await?;
        let (heard, task) = browser.talk(&answer)?;
        self.tasks.push(task);
        while heard.first.get().is_none() {
            if let Some(why) = heard.ended.get() {
                bail!("a page lost its call: {why}");
            }
            if began.elapsed() > PATIENCE {
                bail!("a page hears nothing");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let first = heard.first.get().copied().unwrap_or(began);
        self.setup.push(first.saturating_duration_since(began));
        self.heard.push(heard);
        Ok(())
    }

    fn packets(&self) -> (usize, usize) {
        let count = |which: fn(&Heard) -> usize| self.heard.iter().map(|heard| which(heard)).sum();
        (
            count(|heard| heard.sent.load(Ordering::Relaxed)),
            count(|heard| heard.packets.load(Ordering::Relaxed)),
        )
    }
}

async fn one_server(
    binary: &Path,
    wanted: &Wanted,
    which: Which,
    voice: &Voice,
    identity: &Identity,
) -> Result<()> {
    let mut phone = Phone::new().await?;
    let mut gateway = Gateway::start(which, binary, wanted.address, &phone).await?;
    phone.start().await?;
    let mut standing = Standing::default();
    // What is there once must not count as a call's: rings that all calls share are touched for the first time as
    // they are filled, so the first half fills them.
    let half = wanted.calls / 2;
    for _ in 0..half {
        standing.add(&mut gateway, wanted, voice, identity).await?;
    }
    tokio::time::sleep(WARM_UP).await;
    let before = gateway.resident_bytes()?;
    for _ in half..wanted.calls {
        standing.add(&mut gateway, wanted, voice, identity).await?;
    }
    tokio::time::sleep(WARM_UP).await;
    let memory = (gateway.resident_bytes()? - before) / (wanted.calls - half) as f64;

    let (processor, began) = (gateway.processor_time()?, Instant::now());
    let (page, telephone) = (standing.packets(), phone.packets());
    tokio::time::sleep(Duration::from_secs(wanted.seconds)).await;
    let used = (gateway.processor_time()? - processor).as_secs_f64();
    let elapsed = began.elapsed().as_secs_f64();
    let (page_now, telephone_now) = (standing.packets(), phone.packets());
    let sent = (page_now.0 - page.0) + (telephone_now.0 - telephone.0);
    let came = (page_now.1 - page.1) + (telephone_now.1 - telephone.1);
    println!(
        "{:>9}: {} calls at {:.2} cores: {:.0} calls per core, {:.1} µs per packet, {sent} sent, {came} came out; \
         {:.0} kB per call; first audio {}",
        which.name(),
        wanted.calls,
        used / elapsed,
        wanted.calls as f64 * elapsed / used,
        used * 1e6 / sent as f64,
        memory / 1000.0,
        Spread::of(standing.setup.clone()),
    );
    for task in &standing.tasks {
        task.abort();
    }
    gateway.stop().await
}
