//! The stream of log lines a door can pass on (event-socket.md §1.7), apart from events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

use crate::log_levels::ChannelLevels;

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

/// A level by name (any case) or number: -1 none, 0 to 63; a negative number is 0, more than 64 is 63, 64 is no level
/// (event-socket.md §2.13).
pub fn level_of(word: &str) -> Option<i8> {
    const NAMES: [&str; 9] = [
        "DISABLE", "CONSOLE", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG",
    ];
    let named = NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(word));
    if let Some(place) = named {
        return i8::try_from(place).ok().map(|place| place - 1);
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() < word.len() {
        return Some(0);
    }
    // What is too long to be read is above all levels.
    match digits.parse::<u64>().unwrap_or(u64::MAX) {
        64 => None,
        number => i8::try_from(number.min(63)).ok(),
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
    /// Beyond this no channel's own level leads.
    most: u8,
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
    levels: ChannelLevels,
}

impl Reader {
    /// Whether a line is for it; `own` is the level of the channel the line is about, if that has one.
    fn takes(&self, level: LogLevel, own: Option<i8>) -> bool {
        let level = level as u8;
        match own {
            Some(own) => level <= self.most && i16::from(level) <= i16::from(own),
            None => level <= self.level,
        }
    }
}

impl LogTap {
    /// A tap nobody reads yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The levels of single channels.
    pub fn levels(&self) -> &ChannelLevels {
        &self.levels
    }

    /// Whether anybody might see a line of this level; lets the logger skip formatting.
    pub fn wants(&self, level: LogLevel) -> bool {
        let highest = self.levels.highest();
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().filter_map(Weak::upgrade).any(|reader| {
            reader.takes(level, None) || highest.is_some_and(|own| reader.takes(level, Some(own)))
        })
    }

    /// Hands a line to all readers of its level; where it is about a channel that has one of its own, to those who may
    /// have that much. Never blocks on a reader: one whose queue is full is ended.
    pub fn publish(&self, line: LogLine) {
        self.lines.fetch_add(1, Ordering::Relaxed);
        let own = line
            .channel
            .as_deref()
            .and_then(|channel| self.levels.of(channel));
        let line = Arc::new(line);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|weak| {
            let Some(reader) = weak.upgrade() else {
                return false;
            };
            if !reader.takes(line.level, own) {
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

    /// Starts reading lines of `level` and below (more severe), and of channels with a level of their own up to that, but
    /// nothing above `most`.
    pub fn subscribe(&self, level: u8, most: u8) -> LogSubscription {
        let reader = Arc::new(Reader {
            level,
            most,
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

    #[test]
    fn levels_by_name_and_number() {
        for (word, level) in [
            ("disable", Some(-1)),
            ("CONSOLE", Some(0)),
            ("Debug", Some(7)),
            ("9", Some(9)),
            ("-1", Some(0)),
            ("64", None),
            ("99999999999999999999", Some(63)),
            ("error", None),
            ("", None),
            ("-", None),
            ("7x", None),
        ] {
            assert_eq!(level_of(word), level, "{word}");
        }
    }

    #[tokio::test]
    async fn a_channels_level_stands_in_the_place_of_the_readers() {
        let tap = LogTap::new();
        let (mut low, mut limited, mut high) = (
            tap.subscribe(4, 7),
            tap.subscribe(4, 6),
            tap.subscribe(7, 7),
        );
        tap.levels().set("loud", Some(7));
        tap.levels().set("quiet", Some(4));
        for channel in ["loud", "quiet", "other"] {
            for level in [LogLevel::Warning, LogLevel::Info, LogLevel::Debug] {
                tap.publish(LogLine {
                    level,
                    file: "a.rs".into(),
                    function: "f".into(),
                    line: 1,
                    channel: Some(channel.into()),
                    text: format!("{channel} {}", level as u8).into(),
                });
            }
        }
        for (reader, expected) in [
            (
                &mut low,
                &["loud 4", "loud 6", "loud 7", "quiet 4", "other 4"][..],
            ),
            (&mut limited, &["loud 4", "loud 6", "quiet 4", "other 4"]),
            (
                &mut high,
                &[
                    "loud 4", "loud 6", "loud 7", "quiet 4", "other 4", "other 6", "other 7",
                ],
            ),
        ] {
            for expected in expected {
                assert_eq!(&*reader.next().await.unwrap().text, *expected);
            }
            assert!(reader.reader.state.lock().unwrap().lines.is_empty());
        }
    }

    #[test]
    fn a_channels_level_makes_lines_wanted() {
        let tap = LogTap::new();
        tap.levels().set("a", Some(7));
        assert!(!tap.wants(LogLevel::Debug), "nobody reads");
        let _reader = tap.subscribe(4, 6);
        assert!(tap.wants(LogLevel::Info));
        assert!(!tap.wants(LogLevel::Debug), "nobody may have it");
        tap.levels().set("a", None);
        assert!(!tap.wants(LogLevel::Info));
    }

    #[tokio::test]
    async fn long_lines_end_a_reader_before_they_are_many() {
        let tap = LogTap::new();
        let mut reader = tap.subscribe(7, 7);
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
