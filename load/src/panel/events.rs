//! Events of the panel's door: many clients, each with its filter, and what each of them ought to have been told.

mod crowd;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::crowd::{Subscriber, Wanted, crowd};
use super::objects::{fill, number_of};
use crate::event_client::EventClient;
use crate::server::Server;
use crate::spread::Spread;

/// Agents of queues, each with an extension of his own.
const AGENTS: usize = 1000;

/// Agents in one queue.
const QUEUE: usize = 10;

/// Causes begun together.
const BURST: usize = 10;

/// What becomes of a cause: one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Penalty(usize),
    LogOut,
    LogIn,
}

impl Told {
    fn kind(self) -> &'static str {
        match self {
            Self::Penalty(_) => "agentPenalty",
            Self::LogOut => "agentLogout",
            Self::LogIn => "agentLogin",
        }
    }
}

/// Which agent a cause is about, and what it does to him: another penalty, logged out, another penalty, logged in.
fn cause(number: usize) -> (usize, Told) {
    // Every agent once in a round, neighbours far from each other.
    let agent = number * 389 % AGENTS;
    let told = match number / AGENTS % 4 {
        1 => Told::LogOut,
        3 => Told::LogIn,
        _ => Told::Penalty(number + 2),
    };
    (agent, told)
}

fn command(number: usize) -> String {
    let (agent, told) = cause(number);
    let name = number_of(agent);
    let change = match told {
        Told::Penalty(level) => format!("tier set level {} {name} {level}", queue_of(agent)),
        Told::LogOut => format!("agent set status {name} 'Logged Out'"),
        Told::LogIn => format!("agent set status {name} Available"),
    };
    format!("api callcenter_config {change}\n\n")
}

fn queue_of(agent: usize) -> String {
    format!("q{}", agent / QUEUE)
}

/// Events delivered to that many clients, at `rate` events of the switch per second.
pub(crate) async fn events(
    binary: &Path,
    subscribers: usize,
    rate: usize,
    seconds: u64,
    runs: usize,
) -> Result<()> {
    println!(
        "\n# jackfield-load panel-events --subscribers {subscribers} --rate {rate} --seconds {seconds} --runs {runs}"
    );
    for _ in 0..runs {
        one(binary, subscribers, rate, seconds).await?;
    }
    Ok(())
}

async fn one(binary: &Path, subscribers: usize, rate: usize, seconds: u64) -> Result<()> {
    let server = Server::start_with(
        binary,
        "[xml]\nroot = \"freeswitch.xml\"\n",
        &[("freeswitch.xml", queues()?)],
    )
    .await?;
    fill(&server, AGENTS, 16).await?;
    let causes = rate * usize::try_from(seconds)?;
    let limit = Duration::from_secs(seconds * 4 + 30);
    let (all_done, done) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut wanted = Vec::new();
    for (number, filter) in crowd(subscribers).into_iter().enumerate() {
        let expected: Vec<usize> = (0..causes)
            .filter(|number| filter.wants(cause(*number)))
            .collect();
        let subscriber = Subscriber::connect(server.panel, &filter).await?;
        let (count, done) = (expected.len(), done.clone());
        tasks.spawn(async move {
            let heard = tokio::time::timeout(limit, subscriber.hear(count, done)).await;
            (number, heard)
        });
        wanted.push((filter, expected));
    }
    let processor = server.processor_time()?;
    let began = Instant::now();
    let sent = cause_all(&server, causes, rate).await?;
    let produced = began.elapsed();
    all_done.send_replace(true);
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (number, heard) = done.context("joining a subscriber")?;
        let (filter, expected) = &wanted[number];
        let heard = heard
            .with_context(|| format!("{filter:?} was not told {} events", expected.len()))?
            .with_context(|| format!("{filter:?}"))?;
        times.extend(judged(filter, expected, heard, &sent)?);
    }
    let took = began.elapsed();
    let used = (server.processor_time()? - processor).as_secs_f64();
    let delivered = times.len() as f64;
    println!(
        "{subscribers} subscribers, {:.0} events/s: {:.0} delivered/s, {} in all, each to whom it concerns and to nobody else; \
         server {:.2} cores, {:.1} µs per delivery; {}; load average {}",
        causes as f64 / produced.as_secs_f64(),
        delivered / took.as_secs_f64(),
        times.len(),
        used / took.as_secs_f64(),
        used * 1e6 / delivered,
        Spread::of(times),
        crate::machine::load_average(),
    );
    server.stop().await
}

/// Causes everything at that pace, each of which must be done. Gives when each was asked for.
async fn cause_all(server: &Server, causes: usize, rate: usize) -> Result<Vec<Instant>> {
    let mut console = EventClient::connect(server.event_socket).await?;
    let mut sent = Vec::with_capacity(causes);
    let turn = Duration::from_secs_f64(BURST as f64 / rate as f64);
    let mut pace = tokio::time::interval(turn);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while sent.len() < causes {
        pace.tick().await;
        let burst = BURST.min(causes - sent.len());
        let text: String = (sent.len()..sent.len() + burst).map(command).collect();
        let now = Instant::now();
        console.send(text.as_bytes()).await?;
        sent.resize(sent.len() + burst, now);
        for _ in 0..burst {
            let answer = console.next().await?;
            if !answer.body.starts_with(b"+OK") {
                bail!("a change was answered with {}", answer.text());
            }
        }
    }
    Ok(sent)
}

/// How long each took, when it is exactly what was expected, in that order.
fn judged(
    filter: &Wanted,
    expected: &[usize],
    heard: Vec<(Instant, crowd::Line)>,
    sent: &[Instant],
) -> Result<Vec<Duration>> {
    if heard.len() != expected.len() {
        bail!(
            "{filter:?} was told {} events instead of {}",
            heard.len(),
            expected.len()
        );
    }
    let mut times = Vec::with_capacity(heard.len());
    for ((at, line), number) in heard.into_iter().zip(expected) {
        let (agent, told) = cause(*number);
        let is_it = line.kind().as_deref() == Some(told.kind())
            && line.extension() == Some(number_of(agent))
            && match told {
                Told::Penalty(level) => line.penalty() == Some(level),
                Told::LogIn | Told::LogOut => true,
            };
        if !is_it {
            bail!("{filter:?} was told {line} instead of {told:?} of agent {agent}");
        }
        let sent = sent.get(*number).context("a cause has its time")?;
        times.push(at.saturating_duration_since(*sent));
    }
    Ok(times)
}

/// The queues and their agents, who are logged in.
fn queues() -> Result<String> {
    let (mut queues, mut agents, mut tiers) = (String::new(), String::new(), String::new());
    for queue in 0..AGENTS / QUEUE {
        writeln!(queues, "<queue name=\"q{queue}\"/>")?;
    }
    for agent in 0..AGENTS {
        let (name, queue) = (number_of(agent), queue_of(agent));
        writeln!(
            agents,
            "<agent name=\"{name}\" contact=\"user/{name}@127.0.0.1\" status=\"Available\"/>"
        )?;
        writeln!(
            tiers,
            "<tier queue=\"{queue}\" agent=\"{name}\" level=\"1\" position=\"1\"/>"
        )?;
    }
    Ok(format!(
        "<document type=\"freeswitch/xml\">\n<section name=\"configuration\"><configuration name=\"callcenter.conf\">\n\
         <queues>\n{queues}</queues>\n<agents>\n{agents}</agents>\n<tiers>\n{tiers}</tiers>\n</configuration></section>\n\
         <section name=\"directory\"><domain name=\"127.0.0.1\"/></section>\n</document>\n"
    ))
}
