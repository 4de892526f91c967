//! Streams of sound that everybody hears at the same place (`local_stream://…`): what is said of them, and who may change
//! them (event-socket.md §6.8). The shell has the streams themselves.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::command::server::{ControlStream, StreamAction};
use api::view::LocalStream;
use api::{CommandError, ErrorKind, ObjectKind, RequestId};
use roxmltree::{Document, Node};

use crate::Switch;
use crate::config_xml::Configuration;
use crate::effect::Effect;

/// Rates a stream may have, hertz: those phones and files have.
pub const STREAM_RATES: [u32; 7] = [8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000];
/// Longest silence between two files, milliseconds.
pub const MAX_INTERVAL_MS: u32 = 60_000;
/// Longest pause between two chimes, seconds.
pub const MAX_CHIME_S: u32 = 86_400;
/// More streams than anybody has.
const MAX_STREAMS: usize = 1_000;

/// What is said of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamSettings {
    /// What callers ask for: `moh`, or `moh/8000` for those who hear that rate.
    pub name: Arc<str>,
    /// A folder of files, or one file; relative ones lie where sounds do.
    pub path: PathBuf,
    /// The rate it is decoded at, hertz; one of [`STREAM_RATES`].
    pub rate_hz: u32,
    /// In another order in each round.
    pub shuffle: bool,
    /// Silence between two files, up to [`MAX_INTERVAL_MS`].
    pub interval_ms: u32,
    /// What the original takes its time from; here all have one clock. Only shown.
    pub timer: Arc<str>,
    /// Short files that break in, one after the other.
    pub chimes: Vec<PathBuf>,
    /// Time between two of them, up to [`MAX_CHIME_S`]; zero: none breaks in.
    pub chime_every: Duration,
    /// Longest time one of them is heard.
    pub chime_most: Option<Duration>,
}

impl StreamSettings {
    /// A stream of which only this is said.
    pub fn new(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.into(),
            path,
            rate_hz: 8000,
            shuffle: false,
            interval_ms: 20,
            timer: "soft".into(),
            chimes: Vec::new(),
            chime_every: Duration::ZERO,
            chime_most: None,
        }
    }
}

/// What the shell shall do with its streams.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamJob {
    /// Tells of all there are.
    Show,
    /// Begins one, unless it is there.
    Start(StreamSettings),
    /// Takes it away as soon as nobody hears it.
    Stop(Arc<str>),
    /// Takes what is said of it now: at the next file what can be heard by those who are there, the rest when nobody
    /// is.
    Reload(StreamSettings),
    /// Goes on with the next file.
    Next(Arc<str>),
}

/// What became of a [`StreamJob`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamOutcome {
    /// Of [`StreamJob::Show`]: all there are.
    Shown(Vec<LocalStream>),
    /// It is done, or will be when it can.
    Done,
    /// There is no such stream.
    Unknown,
    /// Too much waits for the disk.
    Busy,
}

/// Those of a `local_stream.conf`, in their order; what cannot be used is logged.
pub fn streams_of_xml(xml: &Configuration) -> Vec<StreamSettings> {
    let Some(module) = xml.module("local_stream.conf") else {
        return Vec::new();
    };
    let Ok(document) = Document::parse(&module.xml) else {
        return Vec::new();
    };
    let mut streams: Vec<StreamSettings> = Vec::new();
    for node in document.descendants() {
        if !node.has_tag_name("directory") || streams.len() == MAX_STREAMS {
            continue;
        }
        let text = |name: &str| node.attribute(name).filter(|text| !text.is_empty());
        let (Some(name), Some(path)) = (text("name"), text("path")) else {
            tracing::warn!("A stream without a name or path is left out");
            continue;
        };
        if streams.iter().any(|known| *known.name == *name) {
            tracing::warn!(
                stream = name,
                "A stream is there twice, the first one holds"
            );
            continue;
        }
        streams.push(of_node(node, name, path));
    }
    streams
}

fn of_node(node: Node<'_, '_>, name: &str, path: &str) -> StreamSettings {
    let mut stream = StreamSettings::new(name, PathBuf::from(path));
    for param in node.children().filter(|child| child.has_tag_name("param")) {
        let key = param.attribute("name").unwrap_or_default();
        let value = param.attribute("value").unwrap_or_default();
        if !take(&mut stream, key, value) {
            tracing::warn!(
                stream = name,
                param = key,
                value,
                "A setting of a stream has no effect"
            );
        }
    }
    stream
}

/// Takes a setting; false when it means nothing.
fn take(stream: &mut StreamSettings, key: &str, value: &str) -> bool {
    let value = value.trim();
    let seconds = || {
        let known = value.parse().ok().filter(|s| *s <= MAX_CHIME_S);
        known.map(|s: u32| Duration::from_secs(s.into()))
    };
    match key {
        "rate" => match value.parse().ok().filter(|hz| STREAM_RATES.contains(hz)) {
            Some(rate) => stream.rate_hz = rate,
            None => return false,
        },
        "shuffle" => stream.shuffle = matches!(value, "true" | "yes" | "on" | "1"),
        "interval" => match value.parse().ok().filter(|ms| *ms <= MAX_INTERVAL_MS) {
            Some(ms) => stream.interval_ms = ms,
            None => return false,
        },
        "timer-name" => stream.timer = value.into(),
        // All are heard by one ear.
        "channels" => return matches!(value, "1" | "2"),
        "chime-list" => {
            let names = value.split(',').map(str::trim);
            let names = names.filter(|name| !name.is_empty());
            stream.chimes = names.map(PathBuf::from).collect();
        }
        "chime-freq" => match seconds() {
            Some(every) => stream.chime_every = every,
            None => return false,
        },
        "chime-max" => match seconds() {
            Some(most) => stream.chime_most = (!most.is_zero()).then_some(most),
            None => return false,
        },
        _ => return false,
    }
    true
}

impl Switch {
    /// What is said of the stream of that name now; our own file goes before the XML.
    fn stream_settings(&self, name: &str) -> Result<StreamSettings, CommandError> {
        let own = self.config.streams.iter().cloned();
        let mut all = own.chain(streams_of_xml(&self.config.xml));
        all.find(|known| *known.name == *name)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Stream))
    }

    pub(crate) fn list_streams(&mut self, request: RequestId) {
        self.effect(Effect::Streams {
            request,
            job: StreamJob::Show,
        });
    }

    pub(crate) fn control_stream(&mut self, request: RequestId, command: ControlStream) {
        let name = command.name;
        let job = match command.action {
            StreamAction::Start => self.stream_settings(&name).map(StreamJob::Start),
            StreamAction::Reload => self.stream_settings(&name).map(StreamJob::Reload),
            StreamAction::Stop => Ok(StreamJob::Stop(name)),
            StreamAction::Next => Ok(StreamJob::Next(name)),
        };
        match job {
            Ok(job) => self.effect(Effect::Streams { request, job }),
            Err(error) => self.refuse(request, error),
        }
    }

    /// The shell has done it, or has not.
    pub(crate) fn streams_done(&mut self, request: RequestId, outcome: StreamOutcome) {
        match outcome {
            StreamOutcome::Shown(streams) => self.answer(request, Ok(streams)),
            StreamOutcome::Done => self.answer(request, Ok(())),
            StreamOutcome::Unknown => {
                self.refuse(request, CommandError::not_found(ObjectKind::Stream));
            }
            StreamOutcome::Busy => {
                let why = "the disk is too slow";
                self.refuse(request, CommandError::new(ErrorKind::Unavailable, why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use api::Answer;
    use api::command::server::ListStreams;

    use super::*;
    use crate::rig::Rig;

    const XML: &str = r#"<document><section name="configuration"><configuration name="local_stream.conf">
        <directory name="default" path="/music/8000">
            <param name="rate" value="8000"/><param name="shuffle" value="true"/>
            <param name="channels" value="1"/><param name="interval" value="40"/>
            <param name="timer-name" value="soft"/>
            <param name="chime-list" value="a.wav, b.wav"/><param name="chime-freq" value="30"/>
            <param name="chime-max" value="500"/>
        </directory>
        <directory name="moh/16000" path="music"><param name="rate" value="16000"/></directory>
        <directory name="moh/16000" path="elsewhere"/>
        <directory name="nowhere"/>
        <directory name="odd" path="x"><param name="rate" value="7"/><param name="interval" value="-1"/></directory>
    </configuration></section></document>"#;

    fn configuration() -> Configuration {
        let mut files = crate::config_xml::TextFiles::new();
        files.insert("/freeswitch.xml", XML);
        let globals = crate::config_xml::Globals::new();
        Configuration::load(&files, std::path::Path::new("/freeswitch.xml"), globals).unwrap()
    }

    #[test]
    fn streams_are_read_as_users_of_the_original_write_them() {
        let music = StreamSettings {
            shuffle: true,
            interval_ms: 40,
            chimes: vec!["a.wav".into(), "b.wav".into()],
            chime_every: Duration::from_secs(30),
            chime_most: Some(Duration::from_secs(500)),
            ..StreamSettings::new("default", "/music/8000".into())
        };
        let wide = StreamSettings {
            rate_hz: 16_000,
            ..StreamSettings::new("moh/16000", "music".into())
        };
        let odd = StreamSettings::new("odd", "x".into());
        assert_eq!(streams_of_xml(&configuration()), [music, wide, odd]);
    }

    #[test]
    fn commands_say_what_the_configuration_says_now() {
        let mut rig = Rig::new();
        let control = |rig: &mut Rig, name: &str, action| {
            let name = name.into();
            rig.get(ControlStream { name, action })
        };
        let unknown = CommandError::not_found(ObjectKind::Stream);
        assert_eq!(
            control(&mut rig, "late", StreamAction::Start),
            Err(unknown.clone())
        );
        rig.switch.config.streams = vec![StreamSettings::new("late", "/late.wav".into())];
        rig.stream_outcome = StreamOutcome::Done;
        assert_eq!(
            control(&mut rig, "late", StreamAction::Start),
            Ok(Answer::Unit(()))
        );
        rig.stream_outcome = StreamOutcome::Unknown;
        assert_eq!(control(&mut rig, "late", StreamAction::Next), Err(unknown));
        let jobs: Vec<_> = std::mem::take(&mut rig.stream_jobs);
        let late = StreamSettings::new("late", "/late.wav".into());
        assert_eq!(
            jobs,
            [StreamJob::Start(late), StreamJob::Next("late".into())]
        );
        rig.stream_outcome = StreamOutcome::Shown(Vec::new());
        assert_eq!(rig.get(ListStreams), Ok(Answer::Streams(Vec::new())));
    }
}
