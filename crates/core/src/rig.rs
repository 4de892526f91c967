//! A switch in a test: virtual time, the built-in configuration, media that answers at once, phones that are SIP
//! endpoints of their own.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::call::{Originate, Then};
use api::command::channel::{LegChoice, Transfer};
use api::dial::DialString;
use api::event::{Event, EventKind, SystemEvent};
use api::time::Now;
use api::view::Channel;
use api::{
    Answer, Application, ChannelId, Command, CommandError, NodeId, Origin, RequestId, Timestamp,
    Uuid, View,
};
use media::control::{
    Direction, LegId, LegKind, LegStats, MediaCommand, MediaReport, PlayEnd, PlayId, RecordEnd,
    RecordId, RecordLength, RoomId,
};
use sip::message::parse_datagram;
use sip::transport::{Flow, FlowId, Transport};

use crate::config::{Config, ProfileConfig};
use crate::config_xml::{BUILT_IN_ROOT, Configuration, Globals, built_in};
use crate::{Effect, Input, Switch};

mod keeper;
mod names;
mod peers;
mod phone;
mod talk;

pub(crate) use keeper::Keeper;
pub(crate) use names::Names;
pub(crate) use peers::Peers;
pub(crate) use phone::Phone;
pub(crate) use talk::Talk;

/// Where the switch's SIP is bound.
pub(crate) const SIP: &str = "127.0.0.1:5060";
const UDP_FLOW: FlowId = FlowId(1);
/// What a played or recorded file has, at 8 kHz.
pub(crate) const LENGTH: RecordLength = RecordLength {
    samples: 3200,
    rate_hz: 8000,
};

pub(crate) struct Rig {
    pub(crate) switch: Switch,
    start: Instant,
    since: Duration,
    pub(crate) view: Arc<View>,
    pub(crate) events: Vec<Event>,
    pub(crate) commands: Vec<MediaCommand>,
    pub(crate) peers: Peers,
    pub(crate) answers: HashMap<u64, Result<Answer, CommandError>>,
    /// The switch said that the process may end.
    pub(crate) stopped: bool,
    /// Who keeps voicemail.
    pub(crate) keeper: Keeper,
    /// What was to be kept of bindings.
    pub(crate) notes: Vec<crate::BindingNote>,
    /// What was to be kept of `db` and `group`.
    pub(crate) table_notes: Vec<crate::TableNote>,
    /// What is to be done to the disk; tests say that it is.
    pub(crate) file_jobs: Vec<(u64, ChannelId, crate::FileJob)>,
    pub(crate) stream_jobs: Vec<crate::StreamJob>,
    /// What becomes of them.
    pub(crate) stream_outcome: crate::StreamOutcome,
    pub(crate) programs: Vec<(u64, ChannelId, Arc<str>)>,
    pub(crate) log_levels: Vec<(ChannelId, Option<i8>)>,
    /// What the DNS knows.
    pub(crate) names: Names,
    /// Names that were asked for.
    pub(crate) asked: Vec<(crate::LookupId, String)>,
    /// Media legs open when a test says so.
    pub(crate) slow_media: bool,
    opening: Vec<MediaReport>,
    transmits: Vec<sip::transport::Transmit>,
    plays: HashMap<PlayId, Option<RoomId>>,
    records: HashMap<RecordId, Option<RoomId>>,
    requests: u64,
}

/// What most tests need.
pub(crate) fn config() -> Config {
    let xml = Configuration::load(&built_in(), BUILT_IN_ROOT.as_ref(), Globals::new())
        .expect("the built-in configuration loads");
    Config {
        node: NodeId(Uuid::from_u128(7)),
        hostname: "rig".into(),
        profiles: vec![ProfileConfig {
            name: "internal".into(),
            sip: SIP.parse().expect("an address"),
            tls: None,
            udp_flow: UDP_FLOW,
            rtp_ip: "127.0.0.1".parse().expect("an address"),
            context: "public".into(),
            trust_loopback: false,
            auth_calls: true,
            domains: vec!["127.0.0.1".into()],
            codecs: vec!["PCMU".into(), "PCMA".into()],
            secure_media: None,
            max_expires_s: 3600,
            extensions: sip::Extensions::default(),
            gateways: Vec::new(),
        }],
        outbound_proxy: None,
        max_sessions: 100,
        sessions_per_second: 100,
        heartbeat: Duration::from_secs(20),
        media_workers: 1,
        opus_complexity: 5,
        conferences: BTreeMap::new(),
        time_zone: jiff::tz::TimeZone::UTC,
        recordings_dir: "/recordings".into(),
        layouts: crate::config::Layouts::default(),
        output: api::spatial::Output::OF_ROOMS,
        voicemail: crate::config::VoicemailConfig::default(),
        bindings: Vec::new(),
        tables: Some(crate::KeptTables::default()),
        access_lists: crate::config::AccessLists::default(),
        streams: Vec::new(),
        may_run_programs: false,
        xml: Arc::new(xml),
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: Config) -> Self {
        let start = Instant::now();
        let switch = Switch::new(config, now_at(start, Duration::ZERO), [3; 32]);
        Self {
            switch,
            start,
            since: Duration::ZERO,
            view: Arc::default(),
            events: Vec::new(),
            commands: Vec::new(),
            peers: Peers::default(),
            answers: HashMap::new(),
            stopped: false,
            keeper: Keeper::default(),
            notes: Vec::new(),
            table_notes: Vec::new(),
            file_jobs: Vec::new(),
            stream_jobs: Vec::new(),
            stream_outcome: crate::StreamOutcome::Done,
            programs: Vec::new(),
            log_levels: Vec::new(),
            names: Names::default(),
            asked: Vec::new(),
            slow_media: false,
            opening: Vec::new(),
            transmits: Vec::new(),
            plays: HashMap::new(),
            records: HashMap::new(),
            requests: 0,
        }
    }

    pub(crate) fn now(&self) -> Now {
        now_at(self.start, self.since)
    }

    /// One input with everything that follows at the same moment.
    pub(crate) fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while !inputs.is_empty() {
            let mut effects = Vec::new();
            for input in inputs.drain(..) {
                self.switch.handle(self.now(), input, &mut effects);
            }
            if let Some((events, view)) = self.switch.take_publication() {
                self.events.extend(events);
                self.view = view;
            }
            for effect in effects {
                match effect {
                    Effect::Answer { id, answer } => drop(self.answers.insert(id.0, answer)),
                    Effect::Sip(transmit) => self.transmits.push(transmit),
                    Effect::Media { command, .. } => {
                        inputs.extend(self.react(&command).into_iter().map(Input::Media));
                        self.commands.push(command);
                    }
                    Effect::Web(command) => {
                        inputs.extend(self.peers.react(&command).into_iter().map(Input::Web));
                        self.peers.commands.push(command);
                    }
                    Effect::Resolve { id, destination } => {
                        self.asked.push((id, destination.to_string()));
                        if let Some(result) = self.names.answer(&destination) {
                            inputs.push(Input::Resolved { id, result });
                        }
                    }
                    Effect::Stop => self.stopped = true,
                    Effect::ReloadXml { .. } => {}
                    Effect::Streams { request, job } => {
                        self.stream_jobs.push(job);
                        let outcome = self.stream_outcome.clone();
                        inputs.push(Input::StreamsDone { request, outcome });
                    }
                    Effect::Program {
                        number,
                        channel,
                        line,
                    } => self.programs.push((number, channel, line)),
                    Effect::LogLevel { channel, level } => self.log_levels.push((channel, level)),
                    Effect::Binding(note) => self.notes.push(note),
                    Effect::Table(note) => self.table_notes.push(note),
                    Effect::Files {
                        number,
                        channel,
                        job,
                    } => self.file_jobs.push((number, channel, job)),
                    Effect::Voicemail(job) => {
                        if let Some(result) = self.keeper.take_job(&job) {
                            let number = job.number;
                            inputs.push(Input::VoicemailDone { number, result });
                        }
                    }
                }
            }
        }
    }

    /// What media reports to an order. Files are open at once, unless their name says they are missing, and play on
    /// until a test ends them.
    fn react(&mut self, command: &MediaCommand) -> Vec<MediaReport> {
        let zero = RecordLength::default();
        match command {
            MediaCommand::OpenLeg { leg, kind } => {
                let port = 20_000 + u16::try_from(leg.0 * 2).unwrap_or(0);
                let local = match kind {
                    LegKind::Rtp { bind } => Some(((*bind, port).into(), (*bind, port + 1).into())),
                    LegKind::Null { .. }
                    | LegKind::Pair { .. }
                    | LegKind::Web
                    | LegKind::Unicast { .. } => None,
                };
                let opened = MediaReport::Opened {
                    leg: *leg,
                    local,
                    ssrc: local.map(|_| 0x1234),
                };
                if self.slow_media {
                    self.opening.push(opened);
                    return Vec::new();
                }
                vec![opened]
            }
            MediaCommand::CloseLeg { leg } => vec![MediaReport::Closed {
                leg: *leg,
                stats: LegStats::default(),
            }],
            MediaCommand::Play { play, file, .. }
            | MediaCommand::Displace { play, file, .. }
            | MediaCommand::RoomPlay { play, file, .. }
                if file.contains("missing") =>
            {
                vec![MediaReport::PlayDone {
                    play: *play,
                    end: PlayEnd::NotFound,
                    length: zero,
                }]
            }
            MediaCommand::Play { play, .. } | MediaCommand::Displace { play, .. } => {
                self.plays.insert(*play, None);
                vec![MediaReport::PlayStarted { play: *play }]
            }
            MediaCommand::RoomPlay { play, room, .. } => {
                self.plays.insert(*play, Some(*room));
                vec![MediaReport::PlayStarted { play: *play }]
            }
            MediaCommand::StopPlay { play } if self.plays.remove(play).is_some() => {
                vec![MediaReport::PlayDone {
                    play: *play,
                    end: PlayEnd::Stopped,
                    length: LENGTH,
                }]
            }
            MediaCommand::RoomRecord { record, file, .. }
            | MediaCommand::Record { record, file, .. }
                if file.contains("missing") =>
            {
                vec![record_done(*record, RecordEnd::Failed)]
            }
            MediaCommand::RoomRecord { record, room, .. } => {
                self.records.insert(*record, Some(*room));
                vec![MediaReport::RecordStarted { record: *record }]
            }
            MediaCommand::Record { record, .. } => {
                self.records.insert(*record, None);
                vec![MediaReport::RecordStarted { record: *record }]
            }
            MediaCommand::StopRecord { record } if self.records.remove(record).is_some() => {
                vec![record_done(*record, RecordEnd::Stopped)]
            }
            MediaCommand::CloseRoom { room } => {
                let mut out = Vec::new();
                self.plays.retain(|play, of| {
                    let ends = *of == Some(*room);
                    if ends {
                        out.push(MediaReport::PlayDone {
                            play: *play,
                            end: PlayEnd::Stopped,
                            length: LENGTH,
                        });
                    }
                    !ends
                });
                self.records.retain(|record, of| {
                    let ends = *of == Some(*room);
                    if ends {
                        out.push(record_done(*record, RecordEnd::Stopped));
                    }
                    !ends
                });
                out
            }
            _ => Vec::new(),
        }
    }

    /// The media legs that were wanted have opened.
    pub(crate) fn open_media(&mut self) {
        for opened in std::mem::take(&mut self.opening) {
            self.feed(Input::Media(opened));
        }
    }

    /// The file played last is through.
    pub(crate) fn finish_play(&mut self) {
        let play = *self.plays.keys().min().expect("a file plays");
        self.plays.remove(&play);
        self.feed(Input::Media(MediaReport::PlayDone {
            play,
            end: PlayEnd::Finished,
            length: LENGTH,
        }));
    }

    pub(crate) fn ask(&mut self, command: impl Into<Command>) -> RequestId {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.feed(Input::Request {
            id,
            command: command.into(),
            origin: Origin::internal("rig"),
        });
        id
    }

    /// Asks for something that is answered at once.
    pub(crate) fn get(&mut self, command: impl Into<Command>) -> Result<Answer, CommandError> {
        let id = self.ask(command);
        self.answers.remove(&id.0).expect("an answer at once")
    }

    /// Begins to call somebody; the channel is to be parked.
    pub(crate) fn call(&mut self, dial: &str) -> RequestId {
        self.ask(originate(dial, Then::Run(Application::new("park", ""))))
    }

    /// Calls somebody who answers at once.
    pub(crate) fn originate(&mut self, dial: &str, then: Then) -> ChannelId {
        match self.get(originate(dial, then)) {
            Ok(Answer::Channel(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Calls somebody and parks the channel.
    pub(crate) fn park(&mut self, dial: &str) -> ChannelId {
        self.originate(dial, Then::Run(Application::new("park", "")))
    }

    /// Sends a channel to a list of applications.
    pub(crate) fn run(&mut self, id: &ChannelId, applications: &str) {
        self.get(Transfer {
            channel: id.clone(),
            leg: LegChoice::A,
            extension: applications.into(),
            dialplan: Some("inline".into()),
            context: None,
        })
        .expect("the channel lives");
    }

    /// Which ways media was set to go, since the orders were cleared.
    pub(crate) fn directions(&self) -> Vec<Direction> {
        let direction = |command: &MediaCommand| match command {
            MediaCommand::SetRemote { spec, .. } => Some(spec.direction),
            _ => None,
        };
        self.commands.iter().filter_map(direction).collect()
    }

    /// What clients see of a channel now.
    pub(crate) fn channel(&self, id: &ChannelId) -> &Channel {
        &self
            .switch
            .channels
            .get(id)
            .expect("the channel lives")
            .seen
    }

    /// What the switch wanted sent since the last call.
    pub(crate) fn sent(&mut self) -> Vec<sip::transport::Transmit> {
        std::mem::take(&mut self.transmits)
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.since + span;
        while let Some(next) = self
            .switch
            .next_deadline()
            .map(|at| at.saturating_duration_since(self.start))
        {
            if next > end {
                break;
            }
            self.since = next.max(self.since);
            self.feed(Input::Tick);
        }
        self.since = end;
        self.feed(Input::Tick);
    }

    /// What `pick` makes of the events since the last call; most make a word or two of them.
    pub(crate) fn seen<T>(&mut self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        std::mem::take(&mut self.events)
            .iter()
            .filter_map(pick)
            .collect()
    }

    /// What was sent by SIP since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<sip::message::Message> {
        std::mem::take(&mut self.transmits)
            .into_iter()
            .map(|transmit| parse_datagram(transmit.bytes).expect("the switch's own message"))
            .collect()
    }

    /// A SIP message comes from somewhere.
    pub(crate) fn receive(&mut self, from: &str, text: &str) {
        let flow = Flow {
            id: UDP_FLOW,
            transport: Transport::Udp,
            local: SIP.parse().expect("an address"),
            remote: from.parse().expect("an address"),
        };
        let message =
            parse_datagram(bytes::Bytes::copy_from_slice(text.as_bytes())).expect("a message");
        self.feed(Input::Sip { flow, message });
    }

    pub(crate) fn leg_of(&self, id: &ChannelId) -> LegId {
        self.switch
            .channels
            .get(id)
            .expect("the channel lives")
            .media
            .id
    }
}

fn originate(dial: &str, then: Then) -> Originate {
    Originate {
        dial: DialString::parse(dial).expect("a dial string"),
        then,
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    }
}

fn record_done(record: RecordId, end: RecordEnd) -> MediaReport {
    MediaReport::RecordDone {
        record,
        end,
        length: LENGTH,
        heard: true,
        dropped: 0,
        file_bytes: 6444,
    }
}

fn now_at(start: Instant, since: Duration) -> Now {
    Now {
        mono: start + since,
        wall: Timestamp(1_795_229_351_000_000).after(since),
    }
}

/// Tasks and heartbeats, by the names clients know.
pub(crate) fn clockwork(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::System(SystemEvent::Heartbeat(_)) => Some("HEARTBEAT".into()),
        EventKind::System(SystemEvent::Task { task, what, run }) => Some(format!(
            "{what:?} {} {}{}",
            task.id,
            task.description,
            run.as_deref()
                .map(|r| format!(" runs {r}"))
                .unwrap_or_default()
        )),
        _ => None,
    }
}
