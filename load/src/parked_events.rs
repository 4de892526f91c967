//! Parked channels that tell all their variables every second, to somebody who listens to everything: what it costs, and
//! that nothing is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::watch;

use crate::event_client::EventClient;
use crate::server::{SMALL_REPLAY, Server};

/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What comes with the time, and not with what a channel does.
const BEAT: &str = "SESSION_HEARTBEAT";

/// What is sent when all channels have ended.
const LAST: &str = "CUSTOM";

/// Variables a channel has beside its own.
const ADDED: usize = 20;

pub(crate) async fn run(binary: &Path, legs: usize, seconds: u64) -> Result<()> {
    println!("\n# jackfield-load parked-events --legs {legs} --seconds {seconds}");
    for (kind, dial) in [("null", "null/x"), ("loopback", "loopback/5000")] {
        one(binary, kind, dial, legs, seconds).await?;
    }
    Ok(())
}

async fn one(binary: &Path, kind: &str, dial: &str, legs: usize, seconds: u64) -> Result<()> {
    let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
    let mut console = EventClient::connect(server.event_socket).await?;
    let added: String = (0..ADDED).map(|n| format!(",load_{n}=value_{n}")).collect();
    let request = format!(
        "api originate {{verbose_events=true,enable_heartbeat_events=1{added}}}{dial} &park()"
    );
    // What is allocated once must not count as a channel's.
    for _ in 0..20.min(legs) {
        console.command(&request).await?;
    }
    console.command("api hupall").await?;
    while !console
        .command("api show channels count")
        .await?
        .contains("\n0 total.")
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut listener = EventClient::connect(server.event_socket).await?;
    listener.command("event plain all").await?;
    let (count, mut told) = watch::channel(Told::default());
    let listening = tokio::spawn(async move { listen(listener, &count).await });
    let memory = server.resident_bytes()?;
    for _ in 0..legs {
        console.command(&request).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let each = (server.resident_bytes()? - memory) / 1000.0 / legs as f64;
    let (processor, began, before) = (server.processor_time()?, Instant::now(), *told.borrow());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let cores =
        (server.processor_time()? - processor).as_secs_f64() / began.elapsed().as_secs_f64();
    let after = *told.borrow();
    let (events, bytes) = (after.events - before.events, after.bytes - before.bytes);
    // Every channel says that it is destroyed, after everything else it has to say.
    let channels = console.command("api show channels count").await?;
    let channels: usize = channels
        .lines()
        .find_map(|line| line.strip_suffix(" total."))
        .context("channels are counted")?
        .parse()?;
    console.command("api hupall").await?;
    let mut lost_listener = false;
    for (all, what) in [
        (channels, "the end of every channel"),
        // What comes with an end comes before this.
        (channels + 1, "the last event of all"),
    ] {
        let told = told.wait_for(|told| told.ends == all);
        let told = tokio::time::timeout(PATIENCE, told).await;
        lost_listener |= told
            .with_context(|| format!("waiting for {what}"))?
            .is_err();
        if all == channels {
            console
                .command(&format!("sendevent {LAST}\nEvent-Subclass: load::last"))
                .await?;
        }
    }
    drop(told);
    let lives = listening.await.context("joining the listener")??;
    if lost_listener {
        bail!("the listener ended early");
    }
    println!(
        "{kind:>9}: {channels} channels, {each:.1} kB of resident memory per parked one and its other leg; {:.0} events/s of \
         {:.0} B, {cores:.2} cores; {}",
        events as f64 / began.elapsed().as_secs_f64(),
        bytes as f64 / events.max(1) as f64,
        judged(&lives)?
    );
    server.stop().await
}

/// What the listener has been told so far.
#[derive(Clone, Copy, Default)]
struct Told {
    events: usize,
    bytes: usize,
    /// Of channels, and [`LAST`].
    ends: usize,
}

/// One channel, as the listener was told of it.
#[derive(Default)]
struct Life {
    /// Names of its events without its beats, in their order.
    names: Vec<String>,
    /// When it beat, microseconds.
    beats: Vec<u64>,
}

/// Until nobody wants to know any more.
async fn listen(
    mut listener: EventClient,
    count: &watch::Sender<Told>,
) -> Result<BTreeMap<String, Life>> {
    let mut lives = BTreeMap::<String, Life>::new();
    loop {
        let frame = tokio::select! {
            () = count.closed() => return Ok(lives),
            frame = listener.next() => frame?,
        };
        let text = String::from_utf8_lossy(frame.body);
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let name = field("Event-Name: ").context("an event has a name")?;
        if let Some(channel) = field("Unique-ID: ") {
            let life = lives.entry(channel.to_owned()).or_default();
            if name == BEAT {
                let last = format!("variable_load_{}: ", ADDED - 1);
                field(&last).context("a beat tells all variables")?;
                let at = field("Event-Date-Timestamp: ").context("an event has a time")?;
                life.beats.push(at.parse()?);
            } else {
                life.names.push(name.to_owned());
            }
        }
        count.send_modify(|told| {
            told.events += 1;
            told.bytes += frame.head.len() + frame.body.len();
            told.ends += usize::from(name == "CHANNEL_DESTROY" || name == LAST);
        });
    }
}

/// Channels that did the same were to be told of in the same words: whose life lacks an event or has one twice stands out.
fn judged(lives: &BTreeMap<String, Life>) -> Result<String> {
    let mut kinds = BTreeMap::<&[String], usize>::new();
    for life in lives.values() {
        *kinds.entry(&life.names).or_default() += 1;
    }
    let legs: Vec<usize> = kinds.values().copied().collect();
    let late: usize = lives
        .values()
        .flat_map(|life| life.beats.windows(2))
        .filter(|pair| pair[1].abs_diff(pair[0]) > 1_500_000)
        .count();
    let beats: usize = lives.values().map(|life| life.beats.len()).sum();
    let ordinary = legs
        .iter()
        .all(|count| *count == lives.len() || count * 2 == lives.len());
    if !ordinary {
        let words: Vec<String> = kinds
            .iter()
            .map(|(names, count)| format!("{count} times {names:?}"))
            .collect();
        bail!("channels were not all told of alike: {}", words.join("; "));
    }
    Ok(format!(
        "all channels told of alike, {} events each; {beats} beats, {late} of them later than 1.5 s",
        kinds
            .keys()
            .map(|names| names.len().to_string())
            .collect::<Vec<_>>()
            .join(" and ")
    ))
}
