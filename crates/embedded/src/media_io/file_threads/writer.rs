//! The writing thread: opens recordings, empties their rings, completes their files.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use media::Answer;
use media::control::RecordId;
use media::file::wav::{self, Encoding};
use media::source::FrameSink;

use super::sink::RingSink;
use super::{FileCounters, WriteJob, path};
use crate::media_io::worker::{Delivery, Neighbour};

/// Sound kept per recording while the disk is slow, milliseconds.
const PATIENCE_MS: usize = 4000;
/// How often rings are emptied.
const EMPTY: Duration = Duration::from_millis(50);
/// Samples written in one go.
const BLOCK: usize = 4096;
/// Length written while a recording runs: should we die, players read to the end of the file.
const UNKNOWN_LENGTH: u64 = u64::MAX;

/// State of the writing thread.
pub(super) struct Writer {
    directory: PathBuf,
    workers: Vec<Neighbour>,
    counters: Arc<FileCounters>,
    jobs: Receiver<WriteJob>,
    open: HashMap<RecordId, Writing>,
}

/// A recording being written.
struct Writing {
    ring: rtrb::Consumer<i16>,
    broken: Arc<AtomicBool>,
    file: BufWriter<File>,
    rate_hz: u32,
    channels: u16,
    data_bytes: u64,
}

impl Writer {
    pub(super) fn new(
        directory: PathBuf,
        workers: Vec<Neighbour>,
        counters: Arc<FileCounters>,
        jobs: Receiver<WriteJob>,
    ) -> Self {
        Self {
            directory,
            workers,
            counters,
            jobs,
            open: HashMap::new(),
        }
    }

    /// Works until nobody can give it jobs any more; then completes what is open.
    pub(super) fn run(mut self) {
        let mut emptied = Instant::now();
        loop {
            match self
                .jobs
                .recv_timeout(EMPTY.saturating_sub(emptied.elapsed()))
            {
                Ok(WriteJob::Open {
                    worker,
                    record,
                    path,
                    rate_hz,
                    channels,
                    append,
                }) => {
                    let sink = self.open(record, &path, rate_hz, channels, append);
                    self.answer(worker, Answer::SinkOpened { record, sink });
                }
                Ok(WriteJob::Close {
                    worker,
                    record,
                    sink,
                }) => {
                    drop(sink);
                    let written = self.open.remove(&record);
                    let file_bytes = written.and_then(|w| w.complete(&self.counters));
                    self.answer(worker, Answer::SinkClosed { record, file_bytes });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if emptied.elapsed() >= EMPTY {
                for writing in self.open.values_mut() {
                    writing.empty(&self.counters);
                }
                emptied = Instant::now();
            }
        }
        for (_, writing) in self.open.drain() {
            writing.complete(&self.counters);
        }
    }

    fn open(
        &mut self,
        record: RecordId,
        name: &str,
        rate_hz: u32,
        channels: u16,
        append: bool,
    ) -> Option<Box<dyn FrameSink>> {
        let path = path::resolve(&self.directory, name);
        // Clients name a folder per day and never make it themselves.
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let opened = made.and_then(|()| create(&path, rate_hz, channels, append));
        let (file, data_bytes) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.counters.failures.add(1);
                tracing::warn!(%error, "A recording could not be opened");
                return None;
            }
        };
        let samples = rate_hz as usize * usize::from(channels) * PATIENCE_MS / 1000;
        let (producer, ring) = rtrb::RingBuffer::new(samples);
        let broken = Arc::new(AtomicBool::new(false));
        let writing = Writing {
            ring,
            broken: broken.clone(),
            file,
            rate_hz,
            channels,
            data_bytes,
        };
        self.open.insert(record, writing);
        let counters = self.counters.clone();
        Some(Box::new(RingSink::new(
            rate_hz, channels, producer, broken, counters,
        )))
    }

    fn answer(&self, worker: usize, answer: Answer) {
        let Some(worker) = self.workers.get(worker) else {
            return;
        };
        // A worker that has gone needs no answer.
        if worker.deliveries.send(Delivery::Answer(answer)).is_ok() {
            worker.wake();
        }
    }
}

impl Writing {
    /// Writes what the ring holds.
    fn empty(&mut self, counters: &FileCounters) {
        let mut samples = [0; BLOCK];
        let mut bytes = [0; BLOCK * 2];
        loop {
            let (taken, _) = self.ring.pop_partial_slice(&mut samples);
            let length = taken.len() * 2;
            if length == 0 {
                return;
            }
            for (pair, sample) in bytes.chunks_exact_mut(2).zip(taken.iter()) {
                pair.copy_from_slice(&sample.to_le_bytes());
            }
            if self.broken.load(Ordering::Relaxed) {
                continue;
            }
            match self.file.write_all(&bytes[..length]) {
                Ok(()) => {
                    self.data_bytes += length as u64;
                    counters.bytes_written.add(length as u64);
                }
                Err(error) => {
                    tracing::warn!(%error, "A recording could not be written");
                    self.broken.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// Writes the rest and the true length. The file's size in bytes, or `None` when not everything is in it.
    fn complete(mut self, counters: &FileCounters) -> Option<u64> {
        self.empty(counters);
        let header = wav::header(self.rate_hz, self.channels, self.data_bytes);
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&header))
            .and_then(|()| self.file.flush());
        if let Err(error) = &written {
            tracing::warn!(%error, "A recording could not be completed");
        }
        let intact = written.is_ok() && !self.broken.load(Ordering::Relaxed);
        intact.then(|| header.len() as u64 + self.data_bytes)
    }
}

/// Makes a file with a header, or opens one of the same format to be continued; says how many bytes
/// of samples it has.
fn create(
    path: &Path,
    rate_hz: u32,
    channels: u16,
    append: bool,
) -> io::Result<(BufWriter<File>, u64)> {
    if !path::is_wav(path) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "only .wav is recorded",
        ));
    }
    if append && path.exists() {
        return continue_file(path, rate_hz, channels);
    }
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&wav::header(rate_hz, channels, UNKNOWN_LENGTH))?;
    Ok((file, 0))
}

fn continue_file(path: &Path, rate_hz: u32, channels: u16) -> io::Result<(BufWriter<File>, u64)> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut head = vec![0; wav::HEADER_BYTES];
    file.read_exact(&mut head)?;
    let size = file.metadata()?.len();
    let ours = match wav::layout(&head) {
        Ok(Some(layout)) => {
            layout.rate_hz == rate_hz
                && layout.channels == channels
                && layout.encoding == Encoding::Signed16
                && layout.data_at == wav::HEADER_BYTES as u64
        }
        Ok(None) | Err(_) => false,
    };
    if !ours {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file to continue is of another kind",
        ));
    }
    let frame = u64::from(channels) * 2;
    let data_bytes = (size - wav::HEADER_BYTES as u64) / frame * frame;
    file.seek(SeekFrom::Start(wav::HEADER_BYTES as u64 + data_bytes))?;
    Ok((BufWriter::new(file), data_bytes))
}
