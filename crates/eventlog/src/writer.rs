//! The one that appends.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::time::{Duration, Instant};

use crate::Settings;
use crate::log::{Counters, EventLog, Missed};
use crate::record::{GAP, MAX_PAYLOAD, Record, encode};
use crate::segment::{self, Counted, Segment};

/// Bytes collected before they are handed to the system, at most.
const BATCH: u64 = 1 << 20;

/// Memory kept for the next batch.
const KEPT: usize = 2 << 20;

/// How soon a disk that refused is tried again; meanwhile events are lost without asking it.
const RETRY: Duration = Duration::from_millis(200);

/// Appends to the log. What it is given becomes readable with [`Writer::commit`].
pub struct Writer {
    settings: Settings,
    log: EventLog,
    /// Of the last segment; `None` before the first record and after a failure.
    file: Option<File>,
    pending: Vec<u8>,
    /// Events in `pending`.
    records: u64,
    counted: Counted,
    /// The gap that is in front of them there.
    pending_gap: Option<Missed>,
    /// Time of the last of them.
    last_at: i64,
    /// The first and last number in `pending`, or passed over.
    first: Option<u64>,
    newest: u64,
    /// What was lost and stands nowhere yet.
    gap: Option<Missed>,
    failed: Option<Instant>,
    unsynced: bool,
    synced: Instant,
}

impl Writer {
    /// Opens the log at Unix time `now` in microseconds, and mends what a death or a loss of power has left: what is
    /// behind the last good record is cut off.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(settings: Settings, now: i64) -> io::Result<(Self, EventLog)> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&settings.folder)?;
        let mut paths = segment::list(&settings.folder)?;
        let (mut segments, mut newest, mut ordinal, mut torn) = (VecDeque::new(), None, 0, 0);
        while let Some(path) = paths.pop() {
            let scanned = match newest {
                None => Segment::scan(path.clone())?,
                Some(_) => None,
            };
            let found = match scanned {
                Some(scanned) => {
                    torn += scanned.torn;
                    if scanned.torn > 0 {
                        let file = File::options().write(true).open(&path)?;
                        file.set_len(scanned.segment.bytes)?;
                    }
                    newest = Some(scanned.newest);
                    ordinal = scanned.segment.ordinal + scanned.records;
                    // An empty one says nothing but where it began.
                    (scanned.records > 0).then_some(scanned.segment)
                }
                None if newest.is_some() => Segment::open(path.clone())?,
                None => {
                    torn += fs::metadata(&path)?.len();
                    None
                }
            };
            match found {
                Some(segment) => segments.push_front(segment),
                None => fs::remove_file(&path)?,
            }
        }
        let newest = newest.unwrap_or_default();
        // What happened last in a segment happened before the next one was begun.
        let begun: Vec<i64> = segments.iter().skip(1).map(|s: &Segment| s.begun).collect();
        for (segment, next) in segments.iter_mut().zip(begun) {
            segment.last_at = next;
        }
        if torn > 0 {
            tracing::warn!(bytes = torn, "The end of the event log was not whole");
        }
        let log = EventLog::new(segments, newest, ordinal);
        Counters::add(&log.counters().torn_bytes, torn);
        // Later than anything any run has given out, even where the folder was lost, as long as there are fewer events
        // than microseconds and the clock does not go back by more than the server was down.
        log.shared
            .set_base(newest.max(u64::try_from(now).unwrap_or_default()));
        let writer = Self {
            settings,
            log: log.clone(),
            file: None,
            pending: Vec::new(),
            records: 0,
            counted: Counted(newest),
            pending_gap: None,
            last_at: now,
            first: None,
            newest,
            gap: None,
            failed: None,
            unsynced: false,
            synced: Instant::now(),
        };
        Ok((writer, log))
    }

    /// Numbers of this run are above `floor`, whatever the folder and the clock say. Before the first event.
    pub fn begin_above(&mut self, floor: u64) {
        let base = self.log.shared.base();
        self.log.shared.set_base(base.max(floor));
    }

    /// The number of what comes next is above this.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Everything up to `sequence` that was not appended is nobody's business.
    pub fn pass_to(&mut self, sequence: u64) {
        if sequence > self.newest {
            self.first.get_or_insert(self.newest + 1);
            self.newest = sequence;
        }
    }

    /// Appends a record of the event `sequence`, which is not below that of the last one; several of different kinds may have
    /// the same number. One that is too long to be kept becomes a gap.
    pub fn append(&mut self, sequence: u64, at: i64, kind: u8, payload: &[u8]) {
        if payload.len() > MAX_PAYLOAD {
            self.lose(Missed {
                first: sequence,
                last: sequence,
                count: 1,
            });
            return;
        }
        // No more than a segment, so that the log keeps to its size; and all records of a number before it is announced.
        let enough = self.settings.segment_bytes().min(BATCH);
        if sequence > self.newest && self.pending.len() as u64 >= enough {
            self.commit();
        }
        self.write_gap(at);
        self.pass_to(sequence);
        self.first.get_or_insert(sequence);
        // Clocks may go back.
        self.last_at = self.last_at.max(at);
        self.records += self.counted.add(kind, sequence);
        encode(
            &mut self.pending,
            Record {
                sequence,
                at,
                kind,
                payload,
            },
        );
    }

    /// These events are not to be had: readers are told so where they would be.
    pub fn lose(&mut self, missed: Missed) {
        self.commit();
        self.note_gap(missed);
        self.pass_to(missed.last);
        self.write_gap(self.last_at);
        self.commit();
    }

    fn note_gap(&mut self, missed: Missed) {
        let counters = self.log.counters();
        Counters::add(&counters.lost, missed.count);
        if self.gap.is_none() {
            Counters::add(&counters.gaps, 1);
        }
        self.gap = Some(joined(self.gap, missed));
    }

    /// The gap so far, in front of what comes after it.
    fn write_gap(&mut self, at: i64) {
        if let Some(gap) = self.gap.filter(|_| self.may_try()) {
            self.gap = None;
            self.pending_gap = Some(gap);
            let record = Record {
                sequence: self.newest,
                at,
                kind: GAP,
                payload: &gap.payload(),
            };
            encode(&mut self.pending, record);
        }
    }

    fn may_try(&self) -> bool {
        self.failed.is_none_or(|at| at.elapsed() >= RETRY)
    }

    /// Hands what was appended to the operating system, and lets readers have it. Whatever the disk says, the log goes on:
    /// what it does not take becomes a gap.
    pub fn commit(&mut self) {
        if self.first.is_none() && self.pending.is_empty() {
            return;
        }
        let written = if self.pending.is_empty() {
            Ok(())
        } else if self.may_try() {
            self.write()
        } else {
            Err(io::ErrorKind::StorageFull.into())
        };
        match written {
            Ok(()) => self.written(),
            Err(error) => self.refused(&error),
        }
        self.pending.clear();
        // A burst of long events does not stay.
        self.pending.shrink_to(KEPT);
        (self.records, self.first, self.pending_gap) = (0, None, None);
        {
            let mut state = self.log.shared.state();
            (state.newest, state.gap) = (self.newest, self.gap);
        }
        self.log.shared.publish(self.newest);
        if self.unsynced && self.synced.elapsed() >= self.settings.sync {
            self.sync();
        }
    }

    fn write(&mut self) -> io::Result<()> {
        self.make_room()?;
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        file.write_all(&self.pending)
    }

    fn written(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        if self.failed.take().is_some() {
            tracing::info!("The event log is written again");
        }
        self.unsynced = true;
        let counters = self.log.counters();
        let records = self.records + u64::from(self.pending_gap.is_some());
        Counters::add(&counters.records, records);
        Counters::add(&counters.bytes, self.pending.len() as u64);
        let mut state = self.log.shared.state();
        // Readers may have it a moment before it is announced: it is written.
        state.ordinal += records;
        if let Some(segment) = state.segments.back_mut() {
            segment.bytes += self.pending.len() as u64;
            segment.last_at = self.last_at;
        }
    }

    fn refused(&mut self, error: &io::Error) {
        if self.failed.is_none() {
            tracing::error!(%error, "The event log cannot be written; events are left out");
        }
        if self.may_try() {
            Counters::add(&self.log.counters().failures, 1);
            self.failed = Some(Instant::now());
        }
        // A segment whose end is uncertain is not gone on with.
        if let Some(file) = self.file.take() {
            let bytes = self.log.shared.state().segments.back().map(|s| s.bytes);
            if bytes.is_none_or(|bytes| file.set_len(bytes).is_err()) {
                tracing::warn!("A piece of a record stays at the end of a segment");
            }
        }
        let unwritten = self.pending_gap.take();
        if self.records > 0 {
            self.gap = self.gap.or(unwritten);
            self.note_gap(Missed {
                first: self.first.unwrap_or(self.newest),
                last: self.newest,
                count: self.records,
            });
        } else {
            self.gap = unwritten.or(self.gap);
        }
    }

    /// Begins a new segment when the last one is full or old, and drops those that are too many or too old.
    fn make_room(&mut self) -> io::Result<()> {
        let adding = self.pending.len() as u64;
        let full = {
            let state = self.log.shared.state();
            let age = |segment: &Segment| self.last_at.saturating_sub(segment.begun);
            state.segments.back().is_none_or(|last| {
                last.bytes > segment::HEAD
                    && (last.bytes + adding > self.settings.segment_bytes()
                        || age(last) > micros(self.settings.segment_age()))
            })
        };
        if full && self.unsynced {
            self.sync();
        }
        if full {
            // It may go now, as the others.
            self.file = None;
        }
        self.drop_oldest(adding);
        if self.file.is_some() {
            return Ok(());
        }
        let (after, ordinal) = {
            let state = self.log.shared.state();
            (state.newest, state.ordinal)
        };
        let (segment, file) = Segment::create(&self.settings.folder, after, ordinal, self.last_at)?;
        let mut state = self.log.shared.state();
        // After a failure there may be one of the same name that holds nothing.
        if state
            .segments
            .back()
            .is_some_and(|last| last.path == segment.path)
        {
            state.segments.pop_back();
        }
        state.segments.push_back(segment);
        drop(state);
        self.file = Some(file);
        Ok(())
    }

    /// Drops whole segments from the front; the last one stays.
    fn drop_oldest(&mut self, adding: u64) {
        loop {
            let mut state = self.log.shared.state();
            let total: u64 = state.segments.iter().map(|s| s.bytes).sum::<u64>() + adding;
            let Some(oldest) = state.segments.front() else {
                return;
            };
            let age = self.last_at.saturating_sub(oldest.last_at);
            let goes = total > self.settings.max_bytes.max(Settings::LEAST_BYTES)
                || age > micros(self.settings.max_age);
            let is_last = state.segments.len() == 1;
            if !goes || is_last && self.file.is_some() {
                return;
            }
            let gone = state.segments.pop_front();
            drop(state);
            // Whoever reads it still has it open.
            if let Some(Err(error)) = gone.map(|gone| fs::remove_file(gone.path)) {
                tracing::warn!(%error, "An old segment of the event log cannot be removed");
            }
        }
    }

    /// Forgets what is too old at Unix time `now` in microseconds, and forces to the disk what waits for it. To be called now
    /// and then when there is nothing to write.
    pub fn rest(&mut self, now: i64) {
        if self.unsynced && self.synced.elapsed() >= self.settings.sync {
            self.sync();
        }
        self.last_at = self.last_at.max(now);
        self.write_gap(self.last_at);
        self.commit();
        let old = {
            let state = self.log.shared.state();
            let last = state.segments.back();
            last.is_some_and(|s| now.saturating_sub(s.last_at) > micros(self.settings.max_age))
        };
        if old {
            // Nothing is kept of a server nothing has happened at for so long.
            self.file = None;
        }
        self.drop_oldest(0);
    }

    /// Forces what was written to the disk itself.
    pub fn sync(&mut self) {
        if let Some(Err(error)) = self.file.as_ref().map(File::sync_data) {
            tracing::warn!(%error, "The event log cannot be forced to the disk");
        }
        self.unsynced = false;
        self.synced = Instant::now();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commit();
        self.sync();
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn joined(gap: Option<Missed>, more: Missed) -> Missed {
    gap.map_or(more, |gap| Missed {
        first: gap.first.min(more.first),
        last: gap.last.max(more.last),
        count: gap.count + more.count,
    })
}
