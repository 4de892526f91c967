//! A reader's place in the log. Reads what the writer has handed out, in pieces.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::log::{Missed, Shared};
use crate::record::{Decoded, GAP, decode};
use crate::segment::{self, Counted, Segment};

/// Bytes read at a time; a longer record is read alone.
const CHUNK: usize = 256 << 10;

/// One thing in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A record.
    Event {
        /// Its number.
        sequence: u64,
        /// When it happened, Unix microseconds.
        at: i64,
        /// As its writer chose.
        kind: u8,
        /// What its writer put in.
        payload: Vec<u8>,
    },
    /// Events that are not there, where they would be.
    Missed(Missed),
}

/// What was read in one go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// In order.
    pub entries: Vec<Entry>,
    /// There was nothing more when it was read.
    pub at_end: bool,
}

/// A place in the log. Reading blocks on the disk.
pub struct Cursor {
    shared: Arc<Shared>,
    /// Where it began: nothing up to here is given out.
    from: u64,
    position: u64,
    /// The last of what was told as missed before it stood in a segment.
    told: u64,
    open: Option<Open>,
    bytes: Vec<u8>,
}

struct Open {
    file: File,
    after: u64,
    offset: u64,
    /// Events and gaps before the next record.
    ordinal: u64,
    counted: Counted,
}

/// What the state says about where to read.
enum Place {
    /// In the open file up to there; whether it is the last one.
    Here {
        end: u64,
        last: bool,
    },
    Segment(Segment),
    Nowhere,
}

impl Cursor {
    pub(crate) fn new(shared: Arc<Shared>, position: u64) -> Self {
        Self {
            shared,
            from: position,
            position,
            told: position,
            open: None,
            bytes: Vec::new(),
        }
    }

    /// Everything up to here was read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Reads on, about a quarter of a mebibyte. What cannot be read because the disk has changed it is told as missed.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(&mut self) -> io::Result<Batch> {
        let mut batch = Batch::default();
        while batch.entries.is_empty() && !batch.at_end {
            self.step(&mut batch)?;
        }
        Ok(batch)
    }

    fn step(&mut self, batch: &mut Batch) -> io::Result<()> {
        let (place, newest, gap) = self.place();
        match place {
            Place::Here { end, last } => {
                let read = self.read_here(end, batch)?;
                if read {
                    return Ok(());
                }
                if last {
                    self.end(newest, gap, batch);
                } else {
                    self.go_on(batch)?;
                }
            }
            Place::Segment(segment) => self.enter(&segment, batch)?,
            Place::Nowhere => self.end(newest, gap, batch),
        }
        Ok(())
    }

    /// There is nothing more, and what is lost and not noted yet will not come.
    fn end(&mut self, newest: u64, gap: Option<Missed>, batch: &mut Batch) {
        self.position = self.position.max(newest);
        batch.at_end = true;
        if let Some(gap) = gap.filter(|gap| gap.last > self.told) {
            self.tell(gap, batch);
        }
    }

    fn tell(&mut self, missed: Missed, batch: &mut Batch) {
        batch.entries.push(Entry::Missed(Missed {
            first: missed.first.max(self.told + 1),
            ..missed
        }));
        self.told = missed.last;
    }

    fn place(&self) -> (Place, u64, Option<Missed>) {
        let state = self.shared.state();
        let place = match &self.open {
            Some(open) => {
                let here = state.segments.iter().find(|s| s.after == open.after);
                let last = state.segments.back().map(|s| s.after);
                match here {
                    Some(segment) => Place::Here {
                        end: segment.bytes,
                        last: last == Some(open.after),
                    },
                    // It was dropped meanwhile and will not grow any more.
                    None => Place::Here {
                        end: open.file.metadata().map_or(0, |is| is.len()),
                        last: false,
                    },
                }
            }
            None => {
                let at = state.segments.partition_point(|s| s.after <= self.position);
                let found = state.segments.get(at.saturating_sub(1));
                found.map_or(Place::Nowhere, |s| Place::Segment(s.clone()))
            }
        };
        (place, state.newest, state.gap)
    }

    /// The segment behind the open one.
    fn go_on(&mut self, batch: &mut Batch) -> io::Result<()> {
        let after = self.open.as_ref().map_or(0, |open| open.after);
        let next = {
            let state = self.shared.state();
            state.segments.iter().find(|s| s.after > after).cloned()
        };
        match next {
            Some(segment) => self.enter(&segment, batch),
            None => {
                self.open = None;
                Ok(())
            }
        }
    }

    fn enter(&mut self, segment: &Segment, batch: &mut Batch) -> io::Result<()> {
        let file = match File::open(&segment.path) {
            Ok(file) => file,
            // Dropped a moment ago: the state knows by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.open = None;
                let known = self.shared.state().segments.contains(segment);
                return if known { Err(error) } else { Ok(()) };
            }
            Err(error) => return Err(error),
        };
        let known = self.open.as_ref().map(|open| open.ordinal);
        let lacking = known.map_or(0, |ordinal| segment.ordinal.saturating_sub(ordinal));
        if self.position < segment.after && (known.is_none() || lacking > 0) {
            batch.entries.push(Entry::Missed(Missed {
                first: self.position + 1,
                last: segment.after,
                count: lacking,
            }));
        }
        self.position = self.position.max(segment.after);
        self.open = Some(Open {
            file,
            after: segment.after,
            offset: segment::HEAD,
            ordinal: segment.ordinal,
            counted: Counted(segment.after),
        });
        Ok(())
    }

    /// Whether anything was there to be read.
    fn read_here(&mut self, end: u64, batch: &mut Batch) -> io::Result<bool> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        if open.offset >= end {
            return Ok(false);
        }
        let (mut wanted, mut gaps) = (CHUNK, None);
        loop {
            segment::read_at(&open.file, &mut self.bytes, open.offset, end, wanted)?;
            let mut at = 0;
            let stopped = loop {
                match self.bytes.get(at..).map_or(Decoded::Partial(0), decode) {
                    Decoded::Record(record, taken) => {
                        at += taken;
                        open.ordinal += open.counted.add(record.kind, record.sequence);
                        if record.kind == GAP {
                            gaps = Missed::of_payload(record.payload);
                            break Some(0);
                        }
                        self.position = self.position.max(record.sequence);
                        if record.sequence > self.from {
                            batch.entries.push(Entry::Event {
                                sequence: record.sequence,
                                at: record.at,
                                kind: record.kind,
                                payload: record.payload.to_vec(),
                            });
                        }
                    }
                    Decoded::Partial(needed) => break Some(needed),
                    Decoded::Damaged => break None,
                }
            };
            open.offset += at as u64;
            match stopped {
                None => {
                    tracing::error!(offset = open.offset, "A record of the event log is damaged");
                    self.skip_damage(batch);
                    return Ok(true);
                }
                Some(needed) if at == 0 && open.offset < end => {
                    if needed as u64 > end - open.offset {
                        // What a disk that refused left behind.
                        open.offset = end;
                        return Ok(true);
                    }
                    wanted = needed;
                }
                Some(_) => {
                    if let Some(gap) = gaps.filter(|gap: &Missed| gap.last > self.told) {
                        self.tell(gap, batch);
                    }
                    return Ok(true);
                }
            }
        }
    }

    /// The rest of the segment is lost, as far as it is written now.
    fn skip_damage(&mut self, batch: &mut Batch) {
        let Some(open) = &mut self.open else {
            return;
        };
        let state = self.shared.state();
        let next = state.segments.iter().find(|s| s.after > open.after);
        let (last, ordinal) = next.map_or((state.newest, state.ordinal), |s| (s.after, s.ordinal));
        let here = state.segments.iter().find(|s| s.after == open.after);
        // That of a dropped segment is not known to the state; then all of it is passed over.
        open.offset = here.map_or(u64::MAX, |segment| segment.bytes);
        let count = ordinal.saturating_sub(open.ordinal);
        open.ordinal = ordinal;
        drop(state);
        if count > 0 {
            batch.entries.push(Entry::Missed(Missed {
                first: self.position + 1,
                last,
                count,
            }));
        }
        self.position = self.position.max(last);
    }
}
