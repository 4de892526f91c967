//! Logging: lines for people on standard error, and the same lines for doors that tap the log.

use std::fmt::{self, Write};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use api::log::{LogLevel, LogLine, LogTap};
use api::log_levels::ChannelLevels;
use embedded::IdleCpu;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt as print;
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::log_writer::LogWriter;

/// The reader of SOFA files, which tells of every node of a file's trees as if an operator wanted to know. What is wrong
/// with a file is an error of ours.
const NOISY: &str = "sofar";

/// Changes what is printed and where lines are tapped, while the server runs.
#[derive(Clone)]
pub(crate) struct Logging {
    printed: Arc<AtomicU8>,
    writer: LogWriter,
    tap: Arc<OnceLock<Tap>>,
}

/// Where tapped lines go and what is printed in front of them.
struct Tap {
    log: LogTap,
    idle_cpu: IdleCpu,
    zone: TimeZone,
}

impl Logging {
    /// Sets up logging for the process.
    ///
    /// # Errors
    /// When something else has done so already.
    pub(crate) fn start(level: LogLevel) -> anyhow::Result<Self> {
        let printed = Arc::new(AtomicU8::new(level as u8));
        let tap = Arc::new(OnceLock::new());
        let filter = Printed {
            level: printed.clone(),
            tap: tap.clone(),
        };
        let writer = LogWriter::start(std::io::stderr())?;
        let printer = print::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(writer.clone())
            .with_filter(filter);
        let tapper = TapLayer { tap: tap.clone() }.with_filter(LevelFilter::DEBUG);
        tracing_subscriber::registry()
            .with(printer)
            .with(tapper)
            .with(filter_fn(|about| !about.target().starts_with(NOISY)))
            .try_init()?;
        Ok(Self {
            printed,
            writer,
            tap,
        })
    }

    /// Changes what is printed.
    pub(crate) fn print_up_to(&self, level: LogLevel) {
        self.printed.store(level as u8, Ordering::Relaxed);
    }

    /// Waits until what was printed so far can be read, but not for ever.
    pub(crate) fn flush(&self) {
        self.writer.flush();
    }

    /// From now on doors can tap the log. Only the first call counts.
    pub(crate) fn tap_into(&self, log: LogTap, idle_cpu: IdleCpu, zone: TimeZone) {
        let tap = Tap {
            log,
            idle_cpu,
            zone,
        };
        if self.tap.set(tap).is_err() {
            tracing::warn!("The log is tapped already");
        }
    }
}

/// Which lines are printed: those up to the server's level, and of a channel with a level of its own up to that.
struct Printed {
    level: Arc<AtomicU8>,
    tap: Arc<OnceLock<Tap>>,
}

impl Printed {
    /// The server's.
    fn level(&self) -> LevelFilter {
        filter(i16::from(self.level.load(Ordering::Relaxed)))
    }

    /// Those of channels, while one has its own.
    fn channels(&self) -> Option<&ChannelLevels> {
        let levels = self.tap.get()?.log.levels();
        levels.highest().map(|_| levels)
    }
}

impl<S> Filter<S> for Printed {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let wanted = |levels: &ChannelLevels| {
            let highest = levels.highest();
            highest.is_some_and(|highest| *metadata.level() <= filter(highest.into()))
        };
        *metadata.level() <= self.level() || self.channels().is_some_and(wanted)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let level = event.metadata().level();
        let Some(levels) = self.channels() else {
            return *level <= self.level();
        };
        let mut about = About::default();
        event.record(&mut about);
        let own = about.channel.and_then(|channel| levels.of(&channel));
        *level <= own.map_or_else(|| self.level(), |own| filter(own.into()))
    }

    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        // Both levels change while the server runs.
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

/// Eight levels onto five; nothing is as low as those below 0.
fn filter(level: i16) -> LevelFilter {
    match level {
        i16::MIN..=-1 => LevelFilter::OFF,
        0..=3 => LevelFilter::ERROR,
        4 => LevelFilter::WARN,
        5 | 6 => LevelFilter::INFO,
        7.. => LevelFilter::DEBUG,
    }
}

/// Five levels onto eight.
fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Err,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

const LEVELS: [LogLevel; 8] = [
    LogLevel::Console,
    LogLevel::Alert,
    LogLevel::Crit,
    LogLevel::Err,
    LogLevel::Warning,
    LogLevel::Notice,
    LogLevel::Info,
    LogLevel::Debug,
];

struct TapLayer {
    tap: Arc<OnceLock<Tap>>,
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for TapLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(tap) = self.tap.get() else { return };
        let metadata = event.metadata();
        let mut level = level_of(*metadata.level());
        // An error may turn out to be a client's own line of an even more severe level.
        let least = if level == LogLevel::Err {
            LogLevel::Console
        } else {
            level
        };
        if !tap.log.wants(least) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        // The `log` console command: the client's level and words.
        let mut words = fields.message;
        if let (Some(number), Some(text)) = (fields.level, fields.text) {
            level = LEVELS.get(number).copied().unwrap_or(level);
            words = text;
        }
        words.push_str(&fields.others);
        let file = metadata.file().unwrap_or_default();
        let file = Path::new(file)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let line = metadata.line().unwrap_or(0);
        let prefix = Prefix {
            tap,
            level,
            file: &file,
            line,
        };
        tap.log.publish(LogLine {
            level,
            function: metadata.module_path().unwrap_or_default().into(),
            channel: fields.channel.map(Arc::from),
            text: format!("{prefix} {words}\n").into(),
            file: file.as_ref().into(),
            line,
        });
    }
}

/// Time, idle CPU, level and place (event-socket.md §1.7).
struct Prefix<'a> {
    tap: &'a Tap,
    level: LogLevel,
    file: &'a str,
    line: u32,
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = jiff::Timestamp::now().to_zoned(self.tap.zone.clone());
        let idle = self.tap.idle_cpu.centi_percent();
        write!(
            f,
            "{} {}.{:02}% [{}] {}:{}",
            now.strftime("%Y-%m-%d %H:%M:%S.%6f"),
            idle / 100,
            idle % 100,
            self.level.name(),
            self.file,
            self.line
        )
    }
}

/// The channel an event is about.
#[derive(Default)]
struct About {
    channel: Option<String>,
}

impl Visit for About {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "channel" {
            self.channel = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "channel" {
            self.channel = Some(value.to_owned());
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    channel: Option<String>,
    level: Option<usize>,
    text: Option<String>,
    /// ` name=value` for every other field.
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "channel" => self.channel = Some(format!("{value:?}")),
            name => {
                // Writing to a String does not fail.
                write!(self.others, " {name}={value:?}").ok();
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "channel" => self.channel = Some(value.to_owned()),
            "text" => self.text = Some(value.to_owned()),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "level" {
            self.level = usize::try_from(value).ok();
        } else {
            self.record_debug(field, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tapped(write: impl FnOnce()) -> Option<Arc<LogLine>> {
        let log = LogTap::new();
        let mut lines = log.subscribe(7, 7);
        let tap = Arc::new(OnceLock::new());
        let ready = tap.set(Tap {
            log,
            idle_cpu: IdleCpu::default(),
            zone: TimeZone::UTC,
        });
        assert!(ready.is_ok());
        let subscriber = tracing_subscriber::registry().with(TapLayer { tap });
        tracing::subscriber::with_default(subscriber, write);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let wait = std::time::Duration::from_millis(50);
        runtime.block_on(async { tokio::time::timeout(wait, lines.next()).await.ok()?.ok() })
    }

    #[test]
    fn a_line_has_the_form_clients_parse() {
        let line =
            tapped(|| tracing::warn!(channel = %"abc-1", code = 486, "Call refused")).unwrap();
        assert_eq!(line.level, LogLevel::Warning);
        assert_eq!(line.channel.as_deref(), Some("abc-1"));
        assert_eq!(&*line.file, "log_layer.rs");
        let (stamp, rest) = line.text.split_at(26);
        assert_eq!(
            (&stamp[4..5], &stamp[10..11], &stamp[19..20]),
            ("-", " ", ".")
        );
        let expected = format!(
            " 100.00% [WARNING] log_layer.rs:{} Call refused code=486\n",
            line.line
        );
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_channels_level_decides_what_is_printed() {
        #[derive(Clone, Default)]
        struct Paper(Arc<std::sync::Mutex<Vec<u8>>>);
        impl std::io::Write for Paper {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let log = LogTap::new();
        let tap = Arc::new(OnceLock::new());
        let server = Arc::new(AtomicU8::new(LogLevel::Info as u8));
        let ready = tap.set(Tap {
            log: log.clone(),
            idle_cpu: IdleCpu::default(),
            zone: TimeZone::UTC,
        });
        assert!(ready.is_ok());
        let paper = Paper::default();
        let writer = paper.clone();
        let printed = Printed {
            level: server.clone(),
            tap,
        };
        let layer = print::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .with_filter(printed);
        let subscriber = tracing_subscriber::registry().with(layer);
        let lines = |turn: &str| {
            for channel in ["loud", "quiet", "none", "other"] {
                tracing::error!(channel, "{turn} {channel} error");
                tracing::info!(channel = %channel, "{turn} {channel} info");
                tracing::debug!(channel = %channel, "{turn} {channel} debug");
            }
            tracing::debug!("{turn} server debug");
        };
        tracing::subscriber::with_default(subscriber, || {
            lines("before");
            for (channel, level) in [("loud", 7), ("quiet", 4), ("none", -1)] {
                log.levels().set(channel, Some(level));
            }
            lines("with");
            server.store(LogLevel::Warning as u8, Ordering::Relaxed);
            lines("lower");
            for channel in ["loud", "quiet", "none"] {
                log.levels().set(channel, None);
            }
            lines("after");
        });
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let said = |turn: &str| -> Vec<String> {
            let rest = text
                .lines()
                .filter_map(|line| line.split_once(&format!("{turn} ")));
            rest.map(|(_, rest)| rest.split(" channel=").next().unwrap().to_owned())
                .collect()
        };
        let pairs = |channels: &[&str], words: &[&str]| -> Vec<String> {
            let all = channels
                .iter()
                .flat_map(|c| words.iter().map(move |w| format!("{c} {w}")));
            all.collect()
        };
        let everybody = ["loud", "quiet", "none", "other"];
        assert_eq!(said("before"), pairs(&everybody, &["error", "info"]));
        let loud = pairs(&["loud"], &["error", "info", "debug"]);
        let quiet = pairs(&["quiet"], &["error"]);
        let other = pairs(&["other"], &["error", "info"]);
        assert_eq!(said("with"), [loud.clone(), quiet.clone(), other].concat());
        let other = pairs(&["other"], &["error"]);
        assert_eq!(said("lower"), [loud, quiet, other].concat());
        assert_eq!(said("after"), pairs(&everybody, &["error"]));
    }

    #[test]
    fn a_clients_line_keeps_its_level_and_words() {
        let line = tapped(|| {
            let level = 2_u8;
            let text = "from outside";
            tracing::error!(level, text, "Log line from a client");
        })
        .unwrap();
        assert_eq!(line.level, LogLevel::Crit);
        assert!(line.text.ends_with("from outside\n"), "{}", line.text);
    }
}
