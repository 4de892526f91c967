//! `bgapi originate` at a given rate, whether the server keeps up or not: every job is to be heard of, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::task::JoinHandle;

use crate::event_client::EventClient;
use crate::server::{SMALL_REPLAY, Server};
use crate::spread::Spread;

/// How long the last jobs may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often requests that are due are written.
const TICK: Duration = Duration::from_millis(1);

/// Jobs before anything is counted.
const WARM_UP: usize = 50;

/// What is asked for.
pub(crate) struct Wanted {
    /// Jobs per second.
    pub(crate) rate: usize,
    pub(crate) seconds: usize,
    /// The dial string.
    pub(crate) dial: String,
    /// What an answered channel does, as the last word of `originate`.
    pub(crate) then: String,
}

impl Wanted {
    /// What stands in docs/performance.md.
    pub(crate) fn ordinary() -> Self {
        Self {
            rate: 1000,
            seconds: 10,
            dial: "loopback/9196".to_owned(),
            then: "&hangup()".to_owned(),
        }
    }
}

pub(crate) async fn run(binary: &Path, wanted: &Wanted) -> Result<()> {
    let Wanted {
        rate,
        seconds,
        dial,
        then,
    } = wanted;
    println!(
        "\n# jackfield-load originates --rate {rate} --seconds {seconds} --dial {dial} --then '{then}'"
    );
    let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
    let warm = WARM_UP.min(rate * seconds);
    offer(&server, wanted, warm).await?;
    let processor = server.processor_time()?;
    let memory = server.resident_bytes()?;
    let began = Instant::now();
    let heard = offer(&server, wanted, rate * seconds).await?;
    let took = began.elapsed();
    let used = server.processor_time()? - processor;
    let jobs = rate * seconds;
    println!(
        "{jobs} offered in {seconds} s, {} heard of, none twice, {} lost, {} refused; {:.0}/s until the last, {:.2} cores, \
         {:.2} ms of processor each, {:.1} MB more resident",
        heard.times.len(),
        jobs - heard.times.len(),
        heard.refused.values().sum::<usize>(),
        jobs as f64 / took.as_secs_f64(),
        used.as_secs_f64() / took.as_secs_f64(),
        used.as_secs_f64() * 1000.0 / jobs as f64,
        (server.resident_bytes()? - memory) / 1e6,
    );
    println!(
        "from when each was due to its BACKGROUND_JOB: {}",
        Spread::of(heard.times)
    );
    for (words, count) in &heard.refused {
        println!("{count} times {words:?}");
    }
    server.hang_up_all().await?;
    server.stop().await
}

/// The jobs that were heard of.
struct Heard {
    /// From when the request was due.
    times: Vec<Duration>,
    /// Answers that begin with `-ERR`.
    refused: BTreeMap<String, usize>,
}

/// Requests leave when they are due, and are not held back by answers: what a slow server owes shows in its times.
async fn offer(server: &Server, wanted: &Wanted, jobs: usize) -> Result<Heard> {
    let mut reader = EventClient::connect(server.event_socket).await?;
    reader.command("event plain BACKGROUND_JOB").await?;
    let mut writer = EventClient::connect(server.event_socket).await?;
    let began = Instant::now();
    let apart = Duration::from_secs(1).div_f64(wanted.rate.max(1) as f64);
    let heard: JoinHandle<Result<Heard>> = tokio::spawn(listen(reader, jobs, began, apart));
    let mut ticks = tokio::time::interval(TICK);
    let (mut sent, mut answered) = (0, 0);
    let mut burst = String::new();
    while answered < jobs {
        tokio::select! {
            _ = ticks.tick(), if sent < jobs => {
                burst.clear();
                while sent < jobs && began.elapsed() >= apart * u32::try_from(sent)? {
                    burst += &format!("bgapi originate {} {}\nJob-UUID: {sent}\n\n", wanted.dial, wanted.then);
                    sent += 1;
                }
                writer.send(burst.as_bytes()).await?;
            }
            frames = writer.count_frames() => answered += frames?,
        }
    }
    heard.await.context("joining the reader")?
}

/// Ends when all have come, or none for a while.
async fn listen(
    mut reader: EventClient,
    jobs: usize,
    began: Instant,
    apart: Duration,
) -> Result<Heard> {
    let mut seen = vec![false; jobs];
    let mut heard = Heard {
        times: Vec::with_capacity(jobs),
        refused: BTreeMap::new(),
    };
    while heard.times.len() < jobs {
        let Ok(frame) = tokio::time::timeout(PATIENCE, reader.next()).await else {
            return Ok(heard);
        };
        let frame = frame?;
        let now = began.elapsed();
        let text = std::str::from_utf8(frame.body).context("an event is text")?;
        let (head, answer) = text.split_once("\n\n").context("an event has an end")?;
        let number = head
            .lines()
            .find_map(|line| line.strip_prefix("Job-UUID: "))
            .context("a job has a number")?
            .parse::<usize>()
            .context("the number of a job is ours")?;
        let first = seen.get_mut(number).context("a job nobody asked for")?;
        if std::mem::replace(first, true) {
            bail!("job {number} was told of twice");
        }
        heard
            .times
            .push(now.saturating_sub(apart * u32::try_from(number)?));
        if !answer.starts_with("+OK") {
            *heard.refused.entry(answer.trim().to_owned()).or_default() += 1;
        }
    }
    Ok(heard)
}
