//! The stream of log lines a door can pass on (event-socket.md §1.7), apart from events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// Severity with the numbers clients use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "each variant is the level of that name")]
pub enum LogLevel {
    Console = 0,
    Alert = 1,
    Crit = 2,
    Err = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
}

impl LogLine {
    /// About how much memory it holds on to, bytes.
    fn weight(&self) -> usize {
        let channel = self.channel.as_ref().map_or(0, |channel| channel.len());
        128 + self.file.len() + self.function.len() + channel + self.text.len()
    }
}

impl LogLevel {
    /// The name in a printed line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "CONSOLE",
            Self::Alert => "ALERT",
            Self::Crit => "CRIT",
            Self::Err => "ERR",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Severity.
    pub level: LogLevel,
    /// Source file.
    pub file: Arc<str>,
    /// Module or function.
    pub function: Arc<str>,
    /// Line in that file.
    pub line: u32,
    /// The channel it speaks of, if any.
    pub channel: Option<Arc<str>>,
    /// The text with time stamp and level, ending in LF.
    pub text: Arc<str>,
}

/// Lines one reader may fall behind before it is ended.
pub const LOG_QUEUE_LINES: usize = 100_000;

/// Bytes of lines one reader may fall behind before it is ended; lines can be long.
pub const LOG_QUEUE_BYTES: usize = 64 << 20;

struct Reader {
    level: u8,
    state: Mutex<ReaderState>,
    wake: Notify,
}

#[derive(Default)]
struct ReaderState {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    overrun: bool,
}

/// Where the logger hands lines in and doors tap them. Cloning shares.
#[derive(Clone, Default)]
pub struct LogTap {
    readers: Arc<Mutex<Vec<Weak<Reader>>>>,
    lines: Arc<AtomicU64>,
}

impl LogTap {
    /// A tap nobody reads yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether anybody would see a line of this level; lets the logger skip formatting.
    pub fn wants(&self, level: LogLevel) -> bool {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers
            .iter()
            .filter_map(Weak::upgrade)
            .any(|r| level as u8 <= r.level)
    }

    /// Hands a line to all readers of its level. Never blocks on a reader: one whose queue is full is ended.
    pub fn publish(&self, line: LogLine) {
        self.lines.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(line);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|weak| {
            let Some(reader) = weak.upgrade() else {
                return false;
            };
            if line.level as u8 > reader.level {
                return true;
            }
            let mut state = reader.state.lock().unwrap_or_else(PoisonError::into_inner);
            let weight = line.weight();
            let full = state.lines.len() >= LOG_QUEUE_LINES
                || state.bytes.saturating_add(weight) > LOG_QUEUE_BYTES;
            if full {
                state.overrun = true;
            } else {
                state.bytes += weight;
                state.lines.push_back(line.clone());
            }
            let ended = state.overrun;
            drop(state);
            reader.wake.notify_one();
            !ended
        });
    }

    /// Starts reading lines of `level` and below (more severe).
    pub fn subscribe(&self, level: u8) -> LogSubscription {
        let reader = Arc::new(Reader {
            level,
            state: Mutex::default(),
            wake: Notify::new(),
        });
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&reader));
        LogSubscription { reader }
    }
}

/// A reader's end of a [`LogTap`]; dropping it unsubscribes.
pub struct LogSubscription {
    reader: Arc<Reader>,
}

/// The reader fell more than [`LOG_QUEUE_LINES`] or [`LOG_QUEUE_BYTES`] behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogOverrun;

impl LogSubscription {
    /// The next line. Cancel-safe.
    ///
    /// # Errors
    /// [`LogOverrun`] once the queue was full; queued lines are given out first.
    pub async fn next(&mut self) -> Result<Arc<LogLine>, LogOverrun> {
        loop {
            {
                let mut state = self
                    .reader
                    .state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if let Some(line) = state.lines.pop_front() {
                    state.bytes -= line.weight();
                    return Ok(line);
                }
                if state.overrun {
                    return Err(LogOverrun);
                }
            }
            self.reader.wake.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_lines_end_a_reader_before_they_are_many() {
        let tap = LogTap::new();
        let mut reader = tap.subscribe(7);
        let line = LogLine {
            level: LogLevel::Info,
            file: "a.rs".into(),
            function: "f".into(),
            line: 1,
            channel: None,
            text: "x".repeat(1 << 20).into(),
        };
        for _ in 0..50 {
            tap.publish(line.clone());
            reader.next().await.unwrap();
        }
        for _ in 0..200 {
            tap.publish(line.clone());
        }
        let mut kept = 0;
        while reader.next().await.is_ok() {
            kept += 1;
        }
        assert_eq!(kept, 63, "as many as fit");
    }
}
