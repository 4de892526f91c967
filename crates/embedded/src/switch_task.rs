//! The one task that owns the switch: inputs in, effects out, in the order that keeps the guarantees.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api::time::Now;
use api::{Answer, BackendPort, ChannelId, CommandError, Request, RequestId, Responder, Timestamp};
use media::control::MediaReport;
use net::Programs;
use sip::resolve::Destination;
use switch_core::config_xml::ConfigError;
use switch_core::{
    BindingNote, Effect, FileJob, Input, LookupId, Reloaded, StreamJob, StreamOutcome, Switch,
    TableNote,
};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

use crate::budget::Budget;
use crate::config::{GatewaySource, XmlSource};
use crate::files;
use crate::media_io::MediaThreads;
use crate::resolver::DnsResolver;
use crate::sip_io::{SipInput, SipTransports};
use crate::voicemail::Keeper;
use crate::web_io::WebSide;
use crate::written_behind::NoteKeeper;

/// Inputs taken in one turn. More would delay answers and packets of the first.
const TURN: usize = 64;

/// Longest sleep; the switch's own clockwork is shorter, so this only covers a clock that jumped.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Time to the next attempt while orders wait for a media thread that is behind.
const RETRY: Duration = Duration::from_millis(5);

/// What the shell itself tells the switch.
pub(crate) const SHELL_INPUTS: usize = 64;

/// The switch and everything it is joined to.
pub(crate) struct SwitchTask {
    pub(crate) switch: Switch,
    pub(crate) port: BackendPort,
    pub(crate) sip: SipTransports,
    pub(crate) sip_inbox: mpsc::Receiver<SipInput>,
    pub(crate) media: MediaThreads,
    pub(crate) media_reports: mpsc::Receiver<MediaReport>,
    pub(crate) web: WebSide,
    pub(crate) dns: DnsResolver,
    /// XML, DNS, CPU and the wish to stop.
    pub(crate) shell: mpsc::Receiver<Input>,
    /// For tasks that answer an effect with an input.
    pub(crate) to_shell: mpsc::Sender<Input>,
    pub(crate) voicemail: Option<Keeper>,
    /// Let go with the task: what it said is complete then.
    pub(crate) bindings: Option<Arc<NoteKeeper<BindingNote>>>,
    /// As `bindings`.
    pub(crate) tables: Option<Arc<NoteKeeper<TableNote>>>,
    /// `None`: the switch asks for none.
    pub(crate) programs: Option<Programs>,
    pub(crate) xml: XmlSource,
    pub(crate) gateways: GatewaySource,
    /// Where relative names begin.
    pub(crate) recordings: PathBuf,
    pub(crate) tracker: TaskTracker,
    pub(crate) census: watch::Sender<switch_core::Census>,
}

/// What happens in a turn, kept to reuse its memory.
#[derive(Default)]
struct Turn {
    inputs: Vec<Input>,
    effects: Vec<Effect>,
    answers: Vec<(RequestId, Result<Answer, CommandError>)>,
    responders: HashMap<RequestId, Responder>,
    next_request: u64,
}

impl Turn {
    /// Remembers where a request is answered.
    fn take_request(&mut self, request: Request) {
        let (command, origin, responder) = request.into_parts();
        self.next_request += 1;
        let id = RequestId(self.next_request);
        self.responders.insert(id, responder);
        self.inputs.push(Input::Request {
            id,
            command,
            origin,
        });
    }
}

impl SwitchTask {
    /// Runs until the switch says that it has stopped, or nobody is left who could ask it anything.
    pub(crate) async fn run(mut self) {
        let mut turn = Turn::default();
        let mut budget = Budget::new();
        loop {
            if !self.wait(&mut turn).await {
                break;
            }
            self.gather(&mut turn);
            let effects = &mut turn.effects;
            for input in turn.inputs.drain(..) {
                let step = step_name(&input);
                let now = now();
                self.switch.handle(now, input, effects);
                budget.note(step, now.mono, Instant::now());
            }
            if let Some((events, view)) = self.switch.take_publication() {
                self.port.publisher.publish(events, view).await;
            }
            if self.carry_out(&mut turn) {
                self.media.flush();
                self.web.flush();
                break;
            }
            self.census.send_replace(self.switch.census());
        }
        self.sip.shutdown().await;
        let (media, web) = (self.media, self.web);
        // Dropping it waits for its threads, for the files they complete and for what browsers are still told.
        if tokio::task::spawn_blocking(move || drop((web, media)))
            .await
            .is_err()
        {
            tracing::error!("The media threads could not be stopped");
        }
    }

    /// Waits for the first input of a turn; false when there will be none any more.
    async fn wait(&mut self, turn: &mut Turn) -> bool {
        let (media, web) = (self.media.flush(), self.web.flush());
        let sleep = if media || web { RETRY } else { LONGEST_SLEEP };
        let latest = Instant::now() + sleep;
        let deadline = self
            .switch
            .next_deadline()
            .map_or(latest, |at| at.min(latest));
        tokio::select! {
            request = self.port.requests.recv() => match request {
                Some(request) => turn.take_request(request),
                // Every handle is gone, so nobody could even ask for a stop.
                None => return false,
            },
            Some(input) = self.sip_inbox.recv() => turn.inputs.push(of_sip(input)),
            Some(report) = self.media_reports.recv() => {
                self.web.notice(&report);
                turn.inputs.push(Input::Media(report));
            }
            Some(report) = self.web.recv() => turn.inputs.push(Input::Web(report)),
            Some(input) = self.shell.recv() => turn.inputs.push(input),
            () = tokio::time::sleep_until(deadline.into()) => turn.inputs.push(Input::Tick),
        }
        true
    }

    /// Takes what else is there, one from each source in turn so that none starves, up to a full turn.
    fn gather(&mut self, turn: &mut Turn) {
        let mut found = true;
        while found && turn.inputs.len() < TURN {
            found = false;
            if let Ok(input) = self.shell.try_recv() {
                turn.inputs.push(input);
                found = true;
            }
            if let Ok(report) = self.media_reports.try_recv() {
                self.web.notice(&report);
                turn.inputs.push(Input::Media(report));
                found = true;
            }
            if let Some(report) = self.web.try_recv() {
                turn.inputs.push(Input::Web(report));
                found = true;
            }
            if let Ok(input) = self.sip_inbox.try_recv() {
                turn.inputs.push(of_sip(input));
                found = true;
            }
            if let Ok(request) = self.port.requests.try_recv() {
                turn.take_request(request);
                found = true;
            }
        }
    }

    /// Carries out what was decided, after its events were published: answers first, then SIP, then media, then the
    /// WebRTC peers. True when the process may end.
    fn carry_out(&mut self, turn: &mut Turn) -> bool {
        let mut stop = false;
        let mut orders = Vec::new();
        let mut messages = Vec::new();
        let mut peers = Vec::new();
        for effect in turn.effects.drain(..) {
            match effect {
                Effect::Answer { id, answer } => turn.answers.push((id, answer)),
                Effect::Sip(transmit) => messages.push(transmit),
                Effect::Media { worker, command } => orders.push((worker, command)),
                Effect::Web(command) => peers.push(command),
                Effect::Resolve { id, destination } => self.resolve(id, destination),
                Effect::ReloadXml { request } => self.reload(request),
                Effect::Voicemail(job) => {
                    let keeper = self.voicemail.get_or_insert_with(Keeper::nobody);
                    keeper.submit(job, &self.to_shell);
                }
                Effect::Binding(note) => {
                    if let Some(keeper) = &self.bindings {
                        keeper.submit(note);
                    }
                }
                Effect::Table(note) => {
                    if let Some(keeper) = &self.tables {
                        keeper.submit(note);
                    }
                }
                Effect::LogLevel { channel, level } => {
                    self.port
                        .publisher
                        .log_levels()
                        .set(channel.as_str(), level);
                }
                Effect::Files {
                    number,
                    channel,
                    job,
                } => self.change_files(number, channel, job),
                Effect::Streams { request, job } => self.change_streams(request, job),
                Effect::Program {
                    number,
                    channel,
                    line,
                } => self.run_program(number, channel, &line),
                Effect::Stop => stop = true,
            }
        }
        let as_of = self.switch.as_of();
        for (id, answer) in turn.answers.drain(..) {
            match turn.responders.remove(&id) {
                Some(responder) => responder.send(answer, as_of),
                None => tracing::error!(request = id.0, "The switch answered a request twice"),
            }
        }
        for transmit in messages {
            self.sip.transmit(transmit);
        }
        for (worker, command) in orders {
            if let Err(error) = self.media.post(worker, command) {
                tracing::error!(%error, worker, "A media order is lost");
            }
        }
        // Behind those to the media threads, so that a leg is there before its peer speaks.
        for command in peers {
            self.web.post(command);
        }
        stop
    }

    /// Asks the DNS beside everything else. As many can be under way as the switch has lookups.
    fn resolve(&self, id: LookupId, destination: Destination) {
        let (dns, shell) = (self.dns.clone(), self.to_shell.clone());
        self.tracker.spawn(async move {
            let result = dns.find(destination).await;
            // A switch that has stopped calls nobody.
            shell.send(Input::Resolved { id, result }).await.ok();
        });
    }

    /// On a thread that may block. There are never more than the switch allows.
    fn change_files(&self, number: u64, channel: ChannelId, job: FileJob) {
        let (folder, shell) = (self.recordings.clone(), self.to_shell.clone());
        self.tracker.spawn(async move {
            let done = tokio::task::spawn_blocking(move || files::change(&folder, &job)).await;
            let result = match done {
                Ok(result) => result.map_err(|error| error.to_string().into()),
                Err(error) => Err(error.to_string().into()),
            };
            let done = Input::FilesDone {
                number,
                channel,
                result,
            };
            // A switch that has stopped has no channels.
            shell.send(done).await.ok();
        });
    }

    /// Beside everything else: the thread that has the streams may be waiting for its disk.
    fn change_streams(&self, request: RequestId, job: StreamJob) {
        let (outcome, shell) = (self.media.streams(job), self.to_shell.clone());
        self.tracker.spawn(async move {
            let outcome = match outcome {
                Some(outcome) => outcome.await.unwrap_or(StreamOutcome::Busy),
                None => StreamOutcome::Busy,
            };
            // A switch that has stopped answers nobody.
            let done = Input::StreamsDone { request, outcome };
            shell.send(done).await.ok();
        });
    }

    /// There are never more than the switch allows, and fewer run at one time.
    fn run_program(&self, number: u64, channel: ChannelId, line: &str) {
        let (programs, line) = (self.programs.clone(), line.to_owned());
        let shell = self.to_shell.clone();
        self.tracker.spawn(async move {
            if let Some(programs) = programs {
                // Nobody asked for what it prints.
                programs.run(line).await;
            }
            // A switch that has stopped has no channels.
            shell
                .send(Input::ProgramEnded { number, channel })
                .await
                .ok();
        });
    }

    /// Reads the configuration on a thread that may block.
    fn reload(&self, request: RequestId) {
        let (xml, shell) = (self.xml.clone(), self.to_shell.clone());
        let gateways = self.gateways.clone();
        self.tracker.spawn(async move {
            let load = move || {
                let configuration = xml.load()?;
                let gateways = gateways.read(&configuration);
                Ok::<_, Vec<ConfigError>>((configuration, gateways))
            };
            let loaded = tokio::task::spawn_blocking(load).await;
            let result = match loaded {
                Ok(Ok((configuration, gateways))) => {
                    for warning in &configuration.warnings {
                        tracing::warn!(%warning, "XML configuration");
                    }
                    Ok(Reloaded {
                        configuration: Box::new(configuration),
                        gateways,
                    })
                }
                Ok(Err(errors)) => {
                    for error in &errors {
                        tracing::error!(%error, "XML configuration");
                    }
                    Err(errors.first().map_or_else(String::new, ToString::to_string))
                }
                Err(error) => Err(error.to_string()),
            };
            // A switch that has stopped needs no configuration.
            shell.send(Input::XmlLoaded { request, result }).await.ok();
        });
    }
}

fn of_sip(input: SipInput) -> Input {
    match input {
        SipInput::Message { flow, message } => Input::Sip { flow, message },
        SipInput::FlowClosed(flow) => Input::FlowClosed(flow),
        SipInput::TransmitFailed(transmit) => Input::SipFailed(transmit),
    }
}

/// What a step was about, for metrics and complaints.
fn step_name(input: &Input) -> &'static str {
    match input {
        Input::Request { command, .. } => command.name(),
        Input::Sip { .. } => "SIP",
        Input::FlowClosed(_) => "FlowClosed",
        Input::SipFailed(_) => "SipFailed",
        Input::Media(_) => "Media",
        Input::Web(_) => "Web",
        Input::Resolved { .. } => "Resolved",
        Input::Tick => "Tick",
        Input::XmlLoaded { .. } => "XmlLoaded",
        Input::StreamsDone { .. } => "StreamsDone",
        Input::GatewaysRead(_) => "GatewaysRead",
        Input::VoicemailDone { .. } => "VoicemailDone",
        Input::VoicemailCopied { .. } => "VoicemailCopied",
        Input::VoicemailFound(_) => "VoicemailFound",
        Input::BindingsFound(_) => "BindingsFound",
        Input::TablesFound(_) => "TablesFound",
        Input::FilesDone { .. } => "FilesDone",
        Input::ProgramEnded { .. } => "ProgramEnded",
        Input::IdleCpu(_) => "IdleCpu",
        Input::Shutdown => "Shutdown",
    }
}

/// The two clocks, read together.
pub(crate) fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        mono: Instant::now(),
        wall: Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
    }
}
