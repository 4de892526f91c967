//! The two threads that touch disks: one fills the rings of playbacks, one empties those of
//! recordings. Media threads only ever touch the rings.

mod path;
mod playlist;
mod program;
mod prompt;
mod reader;
mod sink;
mod source;
mod stream_ring;
mod streams;
mod writer;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use media::Request;
use media::control::{PlayId, RecordId};
use media::file::FileName;
use media::source::{FrameSink, FrameSource};
use switch_core::{StreamJob, StreamOutcome};
use tokio::sync::oneshot;

use super::MediaConfig;
use super::counters::Counter;
use super::worker::Neighbour;

/// Jobs waiting for one of the threads; a worker keeps what does not fit.
const JOBS: usize = 1024;

/// What the file threads count.
#[derive(Debug, Default)]
pub struct FileCounters {
    /// Playbacks opened.
    pub opened: Counter,
    /// Playbacks and recordings that could not be opened.
    pub failures: Counter,
    /// Samples a playback needed before the disk had given them.
    pub starved_samples: Counter,
    /// Samples of recordings the disk was too slow for.
    pub dropped_samples: Counter,
    /// Bytes of sound written.
    pub bytes_written: Counter,
}

/// Something for the reading thread.
enum ReadJob {
    Open {
        worker: usize,
        play: PlayId,
        name: FileName,
        rate_hz: u32,
        repeats: Option<u32>,
    },
    /// A source that is no longer played; dropped there, where freeing memory harms nobody.
    Retire(Box<dyn FrameSource>),
    /// Something for the streams.
    Streams {
        job: StreamJob,
        answer: oneshot::Sender<StreamOutcome>,
    },
}

/// Something for the writing thread.
enum WriteJob {
    Open {
        worker: usize,
        record: RecordId,
        path: String,
        rate_hz: u32,
        channels: u16,
        append: bool,
    },
    Close {
        worker: usize,
        record: RecordId,
        sink: Box<dyn FrameSink>,
    },
}

/// A worker's way to the file threads.
#[derive(Clone)]
pub(super) struct FileJobs {
    reader: SyncSender<ReadJob>,
    writer: SyncSender<WriteJob>,
}

/// The running threads. Dropping it completes all files and joins them; no [`FileJobs`] may be left.
pub(super) struct FileThreads {
    jobs: Option<FileJobs>,
    threads: Vec<JoinHandle<()>>,
    counters: Arc<FileCounters>,
}

impl FileThreads {
    pub(super) fn start(config: &MediaConfig, workers: &[Neighbour]) -> io::Result<Self> {
        let counters = Arc::new(FileCounters::default());
        let (reader, read_jobs) = sync_channel(JOBS);
        let (writer, write_jobs) = sync_channel(JOBS);
        let reading = reader::Reader::new(
            config.sounds.clone(),
            workers.to_vec(),
            counters.clone(),
            read_jobs,
            config.streams.clone(),
        );
        let writing = writer::Writer::new(
            config.recordings.clone(),
            workers.to_vec(),
            counters.clone(),
            write_jobs,
        );
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let threads = vec![
            thread("media-read").spawn(move || reading.run())?,
            thread("media-write").spawn(move || writing.run())?,
        ];
        Ok(Self {
            jobs: Some(FileJobs { reader, writer }),
            threads,
            counters,
        })
    }

    pub(super) fn jobs(&self) -> FileJobs {
        self.jobs.clone().expect("taken only by drop")
    }

    pub(super) fn counters(&self) -> Arc<FileCounters> {
        self.counters.clone()
    }
}

impl Drop for FileThreads {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("A file thread had panicked");
            }
        }
    }
}

impl FileJobs {
    /// Gives an engine's wish to the thread it belongs to, or back when that is behind.
    pub(super) fn submit(&self, worker: usize, request: Request) -> Result<(), Request> {
        match request {
            Request::OpenSource {
                play,
                name,
                rate_hz,
                repeats,
            } => {
                let job = ReadJob::Open {
                    worker,
                    play,
                    name,
                    rate_hz,
                    repeats,
                };
                self.reader.try_send(job).or_else(|error| match error {
                    TrySendError::Full(ReadJob::Open {
                        play,
                        name,
                        rate_hz,
                        repeats,
                        ..
                    }) => Err(Request::OpenSource {
                        play,
                        name,
                        rate_hz,
                        repeats,
                    }),
                    TrySendError::Full(ReadJob::Retire(_) | ReadJob::Streams { .. })
                    | TrySendError::Disconnected(_) => Ok(()),
                })
            }
            Request::OpenSink {
                record,
                path,
                rate_hz,
                channels,
                append,
            } => {
                let job = WriteJob::Open {
                    worker,
                    record,
                    path,
                    rate_hz,
                    channels,
                    append,
                };
                self.write(job)
            }
            Request::CloseSink { record, sink } => self.write(WriteJob::Close {
                worker,
                record,
                sink,
            }),
            Request::Bind { .. } | Request::Connect { .. } | Request::Release { .. } => Ok(()),
        }
    }

    fn write(&self, job: WriteJob) -> Result<(), Request> {
        self.writer.try_send(job).or_else(|error| match error {
            TrySendError::Full(WriteJob::Open {
                record,
                path,
                rate_hz,
                channels,
                append,
                ..
            }) => Err(Request::OpenSink {
                record,
                path,
                rate_hz,
                channels,
                append,
            }),
            TrySendError::Full(WriteJob::Close { record, sink, .. }) => {
                Err(Request::CloseSink { record, sink })
            }
            TrySendError::Disconnected(_) => Ok(()),
        })
    }

    /// Does something with the streams. The answer comes when the reading thread gets to it, and never when that is behind.
    pub(super) fn streams(&self, job: StreamJob) -> oneshot::Receiver<StreamOutcome> {
        let (answer, outcome) = oneshot::channel();
        // Dropped with its sender, it is an answer too.
        self.reader.try_send(ReadJob::Streams { job, answer }).ok();
        outcome
    }

    /// Has a source dropped elsewhere; where that is behind, it is dropped here after all.
    pub(super) fn retire(&self, source: Box<dyn FrameSource>) {
        if let Err(error) = self.reader.try_send(ReadJob::Retire(source)) {
            drop(error);
        }
    }
}
