//! The shell of the media engines: threads with a clock of their own, sockets, files.
//!
//! [`MediaThreads`] is the switch's end: it posts orders and gets reports. Behind it run N workers,
//! plain threads that own an engine, its legs' sockets and a 20 ms clock each, and two threads that
//! touch disks. Workers wait for nobody; the switch never waits for a worker.

mod clock;
mod counters;
mod ears;
mod file_threads;
pub(crate) mod mailbox;
pub(crate) mod port_pool;
mod programs;
pub(crate) mod sockets;
pub(crate) mod web_lane;
mod worker;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use media::EngineConfig;
use media::control::{LegId, MediaCommand, MediaReport};
use mio::{Poll, Token, Waker};
use switch_core::{StreamJob, StreamOutcome, StreamSettings};
use tokio::sync::{mpsc, oneshot};

pub use counters::{Counter, WorkerCounters};
pub use ears::{BadEars, Ears, SpatialConfig};
pub use file_threads::FileCounters;
pub use mailbox::Stalled;

use file_threads::FileThreads;
use mailbox::{Order, OrderSender, ReportLane};
use port_pool::PortPool;
use web_lane::WebEnd;
use worker::{Neighbour, Worker, WorkerParts};

/// Reports on their way to the switch. When it is full, each worker keeps its own.
const REPORTS: usize = 4096;
/// Answers of file threads, and legs of other workers, on their way to a worker.
const DELIVERIES: usize = 1024;

/// How media runs on this machine.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Media threads; `None` = one, which carries a few thousand legs. With more, legs that are to meet in a
    /// bridge or a room must be opened on the same one or moved there ([`MediaThreads::move_leg`]).
    pub workers: Option<usize>,
    /// Ports for RTP and RTCP; only whole pairs (even, odd) inside are used.
    pub port_range: RangeInclusive<u16>,
    /// How long a closed call's ports rest.
    pub drain: Duration,
    /// Where relative paths of playbacks begin.
    pub sounds: PathBuf,
    /// Where relative paths of recordings begin; directories below it are made.
    pub recordings: PathBuf,
    /// Beginning of the engines' randomness; `None` = from the system.
    pub seed: Option<u64>,
    /// Streams of sound, as they are at the start.
    pub streams: Vec<StreamSettings>,
    /// How rooms in three dimensions are rendered.
    pub spatial: SpatialConfig,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            workers: None,
            port_range: 16_384..=32_768,
            drain: Duration::from_secs(30),
            sounds: PathBuf::from("sounds"),
            recordings: PathBuf::from("recordings"),
            seed: None,
            streams: Vec::new(),
            spatial: SpatialConfig::default(),
        }
    }
}

/// The running media threads. Dropping it stops and joins them.
pub struct MediaThreads {
    orders: Vec<OrderSender<Order>>,
    counters: Vec<Arc<WorkerCounters>>,
    threads: Vec<JoinHandle<()>>,
    files: Option<FileThreads>,
    pool: PortPool,
    stop: Arc<AtomicBool>,
}

impl MediaThreads {
    /// Starts the threads; reports come from the receiver, in order for each worker.
    ///
    /// # Errors
    /// When the system gives no thread or no poll.
    pub fn start(config: MediaConfig) -> io::Result<(Self, mpsc::Receiver<MediaReport>)> {
        let (threads, reports, _) = Self::start_with(config, None)?;
        Ok((threads, reports))
    }

    /// As [`MediaThreads::start`], with a lane from each worker to the thread of the WebRTC peers, which is
    /// woken by `web`. The other ends of the lanes stand in the order of the workers.
    pub(crate) fn start_with(
        config: MediaConfig,
        web: Option<&Arc<Waker>>,
    ) -> io::Result<(Self, mpsc::Receiver<MediaReport>, Vec<WebEnd>)> {
        let count = config.workers.unwrap_or(1).max(1);
        let (reports, receiver) = mpsc::channel(REPORTS);
        let stop = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let wall = SystemTime::now();
        let seed = config.seed.unwrap_or_else(system_seed);

        let pool = PortPool::new(config.port_range.clone(), config.drain, seed);

        let mut polls = Vec::new();
        let mut neighbours = Vec::new();
        let mut deliveries = Vec::new();
        for _ in 0..count {
            let poll = Poll::new()?;
            let waker = Arc::new(Waker::new(poll.registry(), Token(0))?);
            let (sender, receiver) = sync_channel(DELIVERIES);
            neighbours.push(Neighbour {
                deliveries: sender,
                waker,
            });
            deliveries.push(receiver);
            polls.push(poll);
        }
        let files = FileThreads::start(&config, &neighbours)?;
        let mut threads = Self {
            orders: Vec::new(),
            counters: Vec::new(),
            threads: Vec::new(),
            files: None,
            pool: pool.clone(),
            stop: stop.clone(),
        };
        let mut web_ends = Vec::new();
        for (index, (poll, deliveries)) in polls.into_iter().zip(deliveries).enumerate() {
            let (sender, orders) = mailbox::orders(neighbours[index].waker.clone());
            let counters = Arc::new(WorkerCounters::default());
            let lane = web.map(|web| {
                let (own, other) = web_lane::lane(neighbours[index].waker.clone(), web.clone());
                web_ends.push(other);
                own
            });
            let worker = Worker::new(WorkerParts {
                index,
                poll,
                pool: pool.clone(),
                orders,
                lane,
                deliveries,
                neighbours: neighbours.clone(),
                files: files.jobs(),
                reports: ReportLane::new(reports.clone(), counters.clone()),
                counters: counters.clone(),
                engine: EngineConfig {
                    started,
                    wall,
                    seed: seed.wrapping_add(index as u64),
                },
                stop: stop.clone(),
            })?;
            let name = format!("media-{index}");
            threads.threads.push(
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || worker.run())?,
            );
            threads.orders.push(sender);
            threads.counters.push(counters);
        }
        let spatial = config.spatial.clone();
        std::thread::Builder::new()
            .name("ears".to_owned())
            .spawn(move || ears::equip(spatial, neighbours))?;
        threads.files = Some(files);
        Ok((threads, receiver, web_ends))
    }

    /// The ports for RTP, which the video of phones takes from too.
    pub(crate) fn ports(&self) -> PortPool {
        self.pool.clone()
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.orders.len()
    }

    /// Posts a command to a worker, behind all earlier ones. It goes with the next
    /// [`MediaThreads::flush`], so that a worker is woken once for all that was posted.
    ///
    /// # Errors
    /// [`Stalled`] when the worker has stopped taking orders, or there is no such worker.
    pub fn post(&mut self, worker: usize, command: MediaCommand) -> Result<(), Stalled> {
        self.orders
            .get_mut(worker)
            .ok_or(Stalled)?
            .post(Order::Command(command))
    }

    /// Moves a leg, with its sockets, playbacks and recordings, to another worker; it leaves its
    /// bridge or room. Ends with the report `Moved`; until that comes, no command may be posted about
    /// the leg. A leg that ended in the meantime is not reported.
    ///
    /// # Errors
    /// As [`MediaThreads::post`].
    pub fn move_leg(&mut self, leg: LegId, from: usize, to: usize) -> Result<(), Stalled> {
        if to >= self.orders.len() {
            return Err(Stalled);
        }
        self.orders
            .get_mut(from)
            .ok_or(Stalled)?
            .post(Order::Move { leg, to })
    }

    /// Sends what was posted. Never waits: says whether a worker is so far behind that some is kept;
    /// call again soon then.
    pub fn flush(&mut self) -> bool {
        self.orders
            .iter_mut()
            .map(OrderSender::flush)
            .sum::<usize>()
            > 0
    }

    /// Does something with the streams of sound; an answer that does not come means that the disk is behind.
    pub(crate) fn streams(&self, job: StreamJob) -> Option<oneshot::Receiver<StreamOutcome>> {
        self.files.as_ref().map(|files| files.jobs().streams(job))
    }

    /// Counters of each worker.
    #[must_use]
    pub fn counters(&self) -> &[Arc<WorkerCounters>] {
        &self.counters
    }

    /// Counters of the file threads.
    #[must_use]
    pub fn file_counters(&self) -> Option<Arc<FileCounters>> {
        self.files.as_ref().map(FileThreads::counters)
    }

    /// Port pairs in no call.
    #[must_use]
    pub fn available_ports(&self) -> usize {
        self.pool.available()
    }
}

impl Drop for MediaThreads {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.orders.iter().for_each(OrderSender::wake);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("A media thread had panicked");
            }
        }
        // Workers are gone, so nothing is left for the file threads but to complete their files.
        drop(self.files.take());
    }
}

/// Sixty-four unpredictable bits: the standard library keys its hashers from the system's randomness.
fn system_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it waits for"
)]
mod tests;
