//! The reading thread: opens playbacks and keeps their rings filled.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use media::Answer;
use media::control::{PlayEnd, PlayId};
use media::file::{Chain, FileName, Part};
use media::source::FrameSource;
use switch_core::StreamSettings;

use super::program::Program;
use super::source::{RingSource, SourceState};
use super::streams::Streams;
use super::{FileCounters, ReadJob};
use crate::media_io::worker::{Delivery, Neighbour};

/// Sound kept ready per playback, milliseconds: a disk may be that slow once in a while.
const READY_MS: usize = 2000;
/// How often rings are topped up.
const TOP_UP: Duration = Duration::from_millis(50);
/// Samples read for one ring before the next has its turn.
const BLOCK: usize = 4096;

/// State of the reading thread.
pub(super) struct Reader {
    directory: PathBuf,
    workers: Vec<Neighbour>,
    counters: Arc<FileCounters>,
    jobs: Receiver<ReadJob>,
    open: Vec<Reading>,
    streams: Streams,
}

/// A playback being read.
struct Reading {
    ring: rtrb::Producer<i16>,
    state: Arc<SourceState>,
    program: Program,
    seeks_done: u32,
}

impl Reader {
    pub(super) fn new(
        directory: PathBuf,
        workers: Vec<Neighbour>,
        counters: Arc<FileCounters>,
        jobs: Receiver<ReadJob>,
        streams: Vec<StreamSettings>,
    ) -> Self {
        Self {
            streams: Streams::new(&directory, streams, counters.clone()),
            directory,
            workers,
            counters,
            jobs,
            open: Vec::new(),
        }
    }

    /// Works until nobody can give it jobs any more.
    pub(super) fn run(mut self) {
        let mut filled = Instant::now();
        loop {
            match self
                .jobs
                .recv_timeout(TOP_UP.saturating_sub(filled.elapsed()))
            {
                Ok(ReadJob::Open {
                    worker,
                    play,
                    name,
                    rate_hz,
                    repeats,
                }) => {
                    self.open(worker, play, name, rate_hz, repeats);
                }
                Ok(ReadJob::Retire(source)) => drop(source),
                Ok(ReadJob::Streams { job, answer }) => {
                    let outcome = self.streams.carry_out(job, Instant::now());
                    // Who asked may have stopped waiting.
                    answer.send(outcome).ok();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if filled.elapsed() >= TOP_UP {
                // One that is no longer listened to is closed.
                self.open
                    .retain_mut(|reading| !reading.ring.is_abandoned() && reading.fill());
                filled = Instant::now();
                self.streams.top_up(filled);
            }
        }
    }

    fn open(
        &mut self,
        worker: usize,
        play: PlayId,
        name: FileName,
        rate_hz: u32,
        repeats: Option<u32>,
    ) {
        let result = self.source(name, rate_hz, repeats);
        match &result {
            Ok(_) => self.counters.opened.add(1),
            Err(PlayEnd::NotFound | PlayEnd::Failed | PlayEnd::Finished | PlayEnd::Stopped) => {
                self.counters.failures.add(1);
            }
        }
        let Some(worker) = self.workers.get(worker) else {
            return;
        };
        let answer = Delivery::Answer(Answer::SourceOpened { play, result });
        // A worker that has gone needs no answer.
        if worker.deliveries.send(answer).is_ok() {
            worker.wake();
        }
    }

    /// What plays a name. Where a stream is one of several, each part is read by itself, so that none is read ahead of what
    /// everybody hears.
    fn source(
        &mut self,
        name: FileName,
        rate_hz: u32,
        repeats: Option<u32>,
    ) -> Result<Box<dyn FrameSource>, PlayEnd> {
        let is_stream = |part: &Part| matches!(part, Part::LocalStream { .. });
        if !name.parts.iter().any(is_stream) {
            let program = Program::open(&self.directory, name, rate_hz, repeats)?;
            return Ok(self.begin(program, rate_hz));
        }
        let mut sources: Vec<Box<dyn FrameSource>> = Vec::new();
        for (at, part) in name.parts.into_iter().enumerate() {
            if let Part::LocalStream { name, limit_ms } = part {
                let now = Instant::now();
                let source = self.streams.listen(&name, rate_hz, limit_ms, now);
                sources.push(Box::new(source));
                continue;
            }
            let alone = FileName {
                parameters: Vec::new(),
                parts: vec![part],
            };
            match Program::open(&self.directory, alone, rate_hz, Some(0)) {
                Ok(program) => sources.push(self.begin(program, rate_hz)),
                Err(end) if at == 0 => return Err(end),
                // Later parts that are missing are passed over, as ever.
                Err(_) => {}
            }
        }
        match Chain::repeated(sources, repeats) {
            Some(chain) => Ok(Box::new(chain)),
            None => Err(PlayEnd::Failed),
        }
    }

    fn begin(&mut self, program: Program, rate_hz: u32) -> Box<dyn FrameSource> {
        let (ring, consumer) = rtrb::RingBuffer::new(rate_hz as usize * READY_MS / 1000);
        let state = Arc::new(SourceState::default());
        let mut reading = Reading {
            ring,
            state: state.clone(),
            program,
            seeks_done: 0,
        };
        reading.fill();
        // One that ended already stays: its listener may still go back to the beginning.
        self.open.push(reading);
        Box::new(RingSource::new(
            rate_hz,
            consumer,
            state,
            self.counters.clone(),
        ))
    }
}

impl Reading {
    /// Fills the ring as far as there is room; `false` when nothing will ever follow.
    fn fill(&mut self) -> bool {
        let asked = self.state.seeks_asked.load(Ordering::Acquire);
        if asked != self.seeks_done {
            if self.ring.slots() < self.ring.buffer().capacity() {
                return true; // the listener throws the old samples away first
            }
            self.program
                .seek(self.state.seek_to.load(Ordering::Relaxed));
            self.state.ended.store(false, Ordering::Relaxed);
            self.seeks_done = asked;
            self.state.seeks_done.store(asked, Ordering::Release);
        }
        while !self.state.ended.load(Ordering::Relaxed) {
            let mut block = [0; BLOCK];
            let room = self.ring.slots().min(BLOCK);
            if room == 0 {
                break;
            }
            let given = self.program.read(&mut block[..room]);
            if self
                .ring
                .push_entire_slice(&block[..given.samples])
                .is_err()
            {
                tracing::error!("The ring of a playback lost the room it had");
                return false;
            }
            if given.ended {
                self.state.ended.store(true, Ordering::Release);
            }
        }
        true
    }
}
