//! The one writer: owns every channel, call, room and binding; takes inputs, returns effects.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use api::event::{ChannelEvent, Event, EventKind};
use api::time::Now;
use api::view::Counters;
use api::{Answer, ChannelId, CommandError, EventId, Origin, RequestId, Timestamp, Uuid, View};
use media::control::{LegId, MediaCommand, PeerId, PlayId, RecordId, WatchId};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use crate::channel::Live;
use crate::config::Config;
use crate::effect::Effect;
use crate::gateway::Gateways;
use crate::input::Input;
use crate::jobs::Jobs;
use crate::lamps::Subscriptions;
use crate::lifecycle::Stopping;
use crate::message::Messages;
use crate::next_hop::Lookups;
use crate::originate::{AttemptId, Originate, OriginateId};
use crate::parking::Lots;
use crate::queue::Queues;
use crate::rates::Rates;
use crate::registrar::Registrations;
use crate::registration_client::ClientRegistrations;
use crate::room::Rooms;
use crate::schedule::Tasks;
use crate::stage::Stages;
use crate::timers::{Deadline, Timers};
use crate::video_room::VideoRooms;
use crate::voicemail::Voicemail;
use crate::web::WebClients;
use crate::work::Work;

/// Most pieces of work one input may cause. More means a dialplan that loops without waiting.
const MAX_WORK: usize = 20_000;

/// The switch. Pure: no sockets, threads, clock; the same inputs give the same outputs.
pub struct Switch {
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) rng: StdRng,
    pub(crate) view: View,
    pub(crate) channels: HashMap<ChannelId, Live>,
    pub(crate) legs: HashMap<LegId, ChannelId>,
    pub(crate) plays: HashMap<PlayId, PlayOwner>,
    pub(crate) records: HashMap<RecordId, RecordOwner>,
    /// Whose sound is watched.
    pub(crate) watches: HashMap<WatchId, ChannelId>,
    pub(crate) sessions: HashMap<sip::event::SessionId, ChannelId>,
    pub(crate) sip: sip::Endpoint,
    pub(crate) authenticator: sip::auth::Authenticator,
    pub(crate) originates: HashMap<OriginateId, Originate>,
    /// Media legs being opened for calls that are no channels yet.
    pub(crate) opening: HashMap<LegId, AttemptId>,
    /// The same for the ports of their video.
    pub(crate) opening_lines: HashMap<PeerId, AttemptId>,
    pub(crate) registrations: Registrations,
    pub(crate) kept: crate::kept_tables::KeptState,
    pub(crate) file_jobs: Jobs,
    pub(crate) programs: Jobs,
    pub(crate) rooms: Rooms,
    pub(crate) stages: Stages,
    pub(crate) web: WebClients,
    pub(crate) video_rooms: VideoRooms,
    pub(crate) queues: Queues,
    pub(crate) lots: Lots,
    pub(crate) fifos: crate::fifo::Fifos,
    pub(crate) member_calls: crate::fifo::MemberCalls,
    pub(crate) mutexes: crate::mutexes::Mutexes,
    pub(crate) voicemail: Voicemail,
    pub(crate) messages: Messages,
    /// It was said that keys go where they can be read.
    pub(crate) told_of_readable_keys: bool,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) lookups: Lookups,
    pub(crate) client_registrations: ClientRegistrations,
    pub(crate) gateways: Gateways,
    pub(crate) tasks: Tasks,
    pub(crate) timers: Timers,
    pub(crate) work: VecDeque<Work>,
    pub(crate) serials: Serials,
    pub(crate) rates: Rates,
    pub(crate) idle_cpu: u64,
    pub(crate) stopping: Stopping,
    /// What commands changed about playbacks.
    pub(crate) plays_state: HashMap<PlayId, PlayState>,
    pub(crate) origin: Option<Origin>,
    view_dirty: bool,
    touched: HashSet<ChannelId>,
    events: Vec<Event>,
    effects: Vec<Effect>,
    last_event_at: Timestamp,
}

/// Counters that give new things their numbers.
#[derive(Debug, Default)]
pub(crate) struct Serials {
    pub(crate) session: u64,
    pub(crate) leg: u64,
    pub(crate) peer: u64,
    pub(crate) play: u64,
    pub(crate) record: u64,
    pub(crate) watch: u64,
    pub(crate) originate: u64,
    pub(crate) wait: u64,
    pub(crate) control: u64,
    pub(crate) member: u32,
    pub(crate) room: u64,
    pub(crate) task: u32,
}

/// Who hears a playback.
#[derive(Clone, Debug)]
pub(crate) enum PlayOwner {
    /// An application of a channel.
    Channel(ChannelId),
    /// Those a channel talks to, or itself, in the place of something else.
    Displacing(ChannelId),
    /// A conference.
    Room(Arc<str>),
}

/// What `uuid_fileman` changed about a playback.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlayState {
    pub(crate) paused: bool,
    /// −4 to 4.
    pub(crate) volume: i32,
}

/// Whose recording it is.
#[derive(Clone, Debug)]
pub(crate) enum RecordOwner {
    /// A channel, beside its call.
    Channel(ChannelId),
    /// The `record` application of a channel.
    Application(ChannelId),
    /// A conference.
    Room(Arc<str>),
    /// A voicemail box; [`Voicemail`] knows which.
    Voicemail,
}

impl Switch {
    /// A switch with nothing in it. `seed` makes ids, tags and nonces unguessable; give each run a new one.
    pub fn new(config: Config, now: Now, seed: [u8; 32]) -> Self {
        let mut rng = StdRng::from_seed(seed);
        let mut sip_seed = [0; 32];
        rng.fill_bytes(&mut sip_seed);
        let mut auth_seed = [0; 32];
        rng.fill_bytes(&mut auth_seed);
        let mut view = View {
            counters: Counters {
                started: now.wall,
                ..Counters::default()
            },
            directory: Arc::new(crate::directory_view::directory(&config.xml.directory)),
            ..View::default()
        };
        view.layouts = config.layouts.all().into();
        view.default_layout = config.layouts.usual().clone();
        view.output = config.output;
        view.settings.max_sessions = config.max_sessions;
        view.settings.sessions_per_second = config.sessions_per_second;
        let sip = sip::Endpoint::new(crate::leg::endpoint_config(&config.profiles), sip_seed);
        let authenticator = sip::auth::Authenticator::new(auth_seed);
        let mut switch = Self {
            now,
            rng,
            view,
            channels: HashMap::new(),
            legs: HashMap::new(),
            plays: HashMap::new(),
            records: HashMap::new(),
            watches: HashMap::new(),
            sessions: HashMap::new(),
            sip,
            authenticator,
            originates: HashMap::new(),
            opening: HashMap::new(),
            opening_lines: HashMap::new(),
            registrations: Registrations::default(),
            kept: crate::kept_tables::KeptState::default(),
            file_jobs: Jobs::default(),
            programs: Jobs::default(),
            rooms: Rooms::default(),
            stages: Stages::default(),
            web: WebClients::default(),
            video_rooms: VideoRooms::default(),
            queues: Queues::default(),
            lots: Lots::default(),
            fifos: crate::fifo::Fifos::default(),
            member_calls: crate::fifo::MemberCalls::default(),
            mutexes: crate::mutexes::Mutexes::default(),
            voicemail: Voicemail::default(),
            messages: Messages::default(),
            told_of_readable_keys: false,
            subscriptions: Subscriptions::default(),
            lookups: Lookups::default(),
            client_registrations: ClientRegistrations::default(),
            gateways: Gateways::default(),
            tasks: Tasks::default(),
            timers: Timers::default(),
            work: VecDeque::new(),
            serials: Serials::default(),
            rates: Rates::new(now.mono),
            idle_cpu: 0,
            stopping: Stopping::No,
            plays_state: HashMap::new(),
            origin: None,
            // The first readers find what the configuration says, before anything happens.
            view_dirty: true,
            touched: HashSet::new(),
            events: Vec::new(),
            effects: Vec::new(),
            last_event_at: Timestamp::ZERO,
            config,
        };
        switch.set_static_globals();
        switch.publish_profiles();
        switch.add_gateways();
        switch.start_clockwork();
        // Before whoever looks at telephones.
        switch.start_registrations();
        switch.start_tables();
        switch.load_fifos();
        switch.start_queues();
        switch.start_voicemail();
        switch
    }

    /// Takes one input; what is to be done is appended to `effects`, what happened waits in
    /// [`Switch::take_publication`]. Publish first, then carry the effects out.
    pub fn handle(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        self.now = now;
        self.fire_timers();
        match input {
            Input::Request {
                id,
                command,
                origin,
            } => {
                self.origin = Some(origin);
                self.request(id, command);
                self.run_work();
                self.origin = None;
            }
            Input::Sip { flow, message } => self.sip.handle_message(now.mono, &flow, message),
            Input::FlowClosed(flow) => {
                self.sip.handle_flow_closed(now.mono, flow);
                self.flow_closed(flow);
            }
            Input::SipFailed(transmit) => self.sip.handle_transmit_failed(now.mono, &transmit),
            Input::Media(report) => self.media_report(report),
            Input::Web(report) => self.web_report(report),
            Input::Resolved { id, result } => self.resolved(id, result),
            Input::Tick => {}
            Input::XmlLoaded { request, result } => self.xml_loaded(request, result),
            Input::GatewaysRead(lists) => self.gateways_read(lists),
            Input::StreamsDone { request, outcome } => self.streams_done(request, outcome),
            Input::VoicemailDone { number, result } => self.voicemail_done(number, result),
            Input::VoicemailCopied { number, length_ms } => {
                self.voicemail_copied(number, length_ms);
            }
            Input::VoicemailFound(found) => self.voicemail_found(found),
            Input::BindingsFound(found) => self.bindings_found(found),
            Input::TablesFound(found) => self.tables_found(found),
            Input::FilesDone {
                number,
                channel,
                result,
            } => self.file_job_done(number, &channel, result),
            Input::ProgramEnded { number, channel } => self.program_ended(number, &channel),
            Input::IdleCpu(micro_percent) => self.idle_cpu = micro_percent,
            Input::Shutdown => self.begin_shutdown(),
        }
        self.run_work();
        self.tend_queues();
        self.tell_watchers();
        self.check_drained();
        effects.append(&mut self.effects);
    }

    /// When [`Input::Tick`] is due at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.timers.next(), self.sip.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The events since the last call and the view after them; `None` when nothing changed.
    pub fn take_publication(&mut self) -> Option<(Vec<Event>, Arc<View>)> {
        if self.events.is_empty()
            && self.touched.is_empty()
            && !std::mem::take(&mut self.view_dirty)
        {
            return None;
        }
        for id in std::mem::take(&mut self.touched) {
            match self.channels.get(&id) {
                Some(live) => {
                    if self.view.channels.get(&id).is_none() {
                        self.view.order.insert_mut(live.seen.serial, id.clone());
                    }
                    self.view.channels.insert_mut(id, live.seen.clone());
                }
                None => {
                    if let Some(gone) = self.view.channels.get(&id) {
                        let serial = gone.serial;
                        self.view.order.remove_mut(&serial);
                    }
                    self.view.channels.remove_mut(&id);
                }
            }
        }
        Some((
            std::mem::take(&mut self.events),
            Arc::new(self.view.clone()),
        ))
    }

    /// The position of the last event.
    pub fn as_of(&self) -> api::Seq {
        self.view.as_of
    }

    /// What is alive inside, for tests and metrics.
    pub fn census(&self) -> Census {
        Census {
            channels: self.channels.len(),
            legs: self.legs.len(),
            plays: self.plays.len(),
            records: self.records.len(),
            sip_sessions: self.sessions.len(),
            originates: self.originates.len(),
            rooms: self.rooms.len(),
            stages: self.stages.len(),
            timers: self.timers.len(),
            registrations: self.view.registrations.size(),
            web_clients: self.web.len(),
            web_peers: self.web.peers.len() + self.video_rooms.peers(),
            video_rooms: self.video_rooms.len(),
            messages: self.messages.len(),
            subscriptions: self.subscriptions.len(),
            lookups: self.lookups.len(),
            client_registrations: self.client_registrations.len(),
            queue_callers: self.queues.callers(),
            queue_offers: self.queues.offers(),
            voicemail_jobs: self.voicemail.len(),
            mutexes: self.mutexes.len(),
        }
    }

    fn fire_timers(&mut self) {
        let now = self.now.mono;
        if self.sip.poll_timeout().is_some_and(|at| at <= now) {
            self.sip.handle_timeout(now);
        }
        while let Some(deadline) = self.timers.pop(now) {
            self.deadline(deadline);
            self.run_work();
        }
    }

    fn deadline(&mut self, deadline: Deadline) {
        match deadline {
            Deadline::Heartbeat => self.heartbeat(),
            Deadline::Second => self.second_passed(),
            Deadline::Application(id, wait) => self.application_timeout(&id, wait),
            Deadline::Digits(id, wait) => self.digits_over(&id, wait),
            Deadline::Messages(id) => self.work.push_back(Work::Messages(id)),
            Deadline::Originate(id) => self.originate_timeout(id),
            Deadline::Leg(attempt) => self.leg_timeout(attempt),
            Deadline::Task(id) => self.task_due(id),
            Deadline::SessionHeartbeat(id) => self.session_heartbeat(&id),
            Deadline::RoomEnds(mix) => self.room_ends(mix),
            Deadline::Registrations => self.expire_registrations(),
            Deadline::Drain => self.drain_over(),
            Deadline::WebUpdate(id, time) => self.page_is_silent(&id, time),
            Deadline::WebClient(client) => self.refresh_web_client(client),
            Deadline::Gateway(id) => self.gateway_due(id),
            Deadline::ClientRegistration(id) => self.client_registration_due(id),
            Deadline::Message(id) => self.message_is_not_kept(id),
            Deadline::Subscription(id) => self.subscription_due(id),
            Deadline::Displaced(play) => self.displaced_long_enough(play),
            Deadline::Tone(watch) => self.tone_window_over(watch),
            Deadline::Fifo(name) => self.fifo_wakes(&name),
        }
    }

    /// Does what is left to do, SIP's own output included, until nothing is.
    pub(crate) fn run_work(&mut self) {
        for _ in 0..MAX_WORK {
            if let Some(event) = self.sip.poll_event() {
                self.sip_event(event);
                continue;
            }
            if let Some(work) = self.work.pop_front() {
                self.do_work(work);
                continue;
            }
            while let Some(transmit) = self.sip.poll_transmit() {
                self.effects.push(Effect::Sip(transmit));
            }
            return;
        }
        tracing::error!("One input caused too much work; the rest waits for the next");
    }

    fn do_work(&mut self, work: Work) {
        match work {
            Work::StartEnd(id) => self.start_end(&id),
            Work::RouteInbound(id) => self.route_inbound(&id),
            Work::Hunt(id) => self.hunt(&id),
            Work::Continue(id) => self.continue_script(&id),
            Work::Messages(id) => {
                self.run_messages(&id);
            }
            Work::Finish(id) => self.finish(&id),
            Work::Destroy(id) => self.destroy(&id),
            Work::Judge(id) => self.judge_originate(id),
            Work::MediaReady(id) => self.media_ready(&id),
            Work::EndParticipation(id) => self.end_participation(&id),
            Work::Fifo(name) => {
                self.serve_fifo(&name);
                self.call_members(&name);
            }
            Work::Lamp(registration) => self.light_lamp_of(registration),
        }
    }

    /// Fires a channel event with the channel as it is now.
    pub(crate) fn emit(&mut self, id: &ChannelId, event: ChannelEvent) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        // The list of what is attached follows what clients are told about it.
        if let ChannelEvent::MediaBugStarted(bug) = &event {
            live.seen_mut().bugs.push(bug.clone());
        } else if let ChannelEvent::MediaBugStopped(bug) = &event {
            let bugs = &mut live.seen_mut().bugs;
            if let Some(at) = bugs.iter().position(|one| one == bug) {
                bugs.remove(at);
            }
        }
        let seen = live.seen.clone();
        self.touched.insert(id.clone());
        self.queues.channel_changed(id);
        self.subscriptions.watched.channel_changed(id);
        self.publish(EventKind::Channel(event), Some(seen));
    }

    /// Fires any event.
    pub(crate) fn publish(&mut self, kind: EventKind, channel: Option<Arc<api::view::Channel>>) {
        self.view.as_of = self.view.as_of.next();
        self.last_event_at = self.last_event_at.max(self.now.wall);
        let id = EventId {
            node: self.config.node,
            seq: self.view.as_of,
        };
        self.events.push(Event::new(
            id,
            self.last_event_at,
            kind,
            channel,
            self.origin.clone(),
        ));
    }

    /// The channel's picture in the view is to be renewed.
    pub(crate) fn touch(&mut self, id: &ChannelId) {
        self.queues.channel_changed(id);
        self.subscriptions.watched.channel_changed(id);
        if !self.touched.contains(id) {
            self.touched.insert(id.clone());
        }
    }

    /// Something in the view changed without an event.
    pub(crate) fn view_changed(&mut self) {
        self.view_dirty = true;
    }

    /// Answers a request.
    pub(crate) fn answer(
        &mut self,
        id: RequestId,
        answer: Result<impl Into<Answer>, CommandError>,
    ) {
        self.effects.push(Effect::Answer {
            id,
            answer: answer.map(Into::into),
        });
    }

    /// Refuses a request.
    pub(crate) fn refuse(&mut self, id: RequestId, error: CommandError) {
        self.effects.push(Effect::Answer {
            id,
            answer: Err(error),
        });
    }

    /// Orders something of a media thread.
    pub(crate) fn media(&mut self, worker: usize, command: MediaCommand) {
        self.effects.push(Effect::Media { worker, command });
    }

    /// Orders something about a channel's leg, when it has one.
    pub(crate) fn media_of(&mut self, id: &ChannelId, command: impl FnOnce(LegId) -> MediaCommand) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let (worker, leg) = (live.media.worker, live.media.id);
        self.media(worker, command(leg));
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// A random UUID, version 4.
    pub(crate) fn new_uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid::from_bytes(bytes)
    }

    /// Now, in the configured time zone.
    pub(crate) fn local_time(&self) -> jiff::Zoned {
        to_zoned(self.now.wall, &self.config.time_zone)
    }

    /// `2025-01-21 10:00:00`, local.
    pub(crate) fn local_stamp(&self, at: Timestamp) -> String {
        to_zoned(at, &self.config.time_zone)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

fn to_zoned(at: Timestamp, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone())
}

/// What is alive in a switch. All zero (but timers) when it is idle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "fields count the things of the same name")]
pub struct Census {
    pub channels: usize,
    pub legs: usize,
    pub plays: usize,
    pub records: usize,
    pub sip_sessions: usize,
    pub originates: usize,
    pub rooms: usize,
    pub stages: usize,
    pub timers: usize,
    pub registrations: usize,
    pub web_clients: usize,
    pub web_peers: usize,
    pub video_rooms: usize,
    pub messages: usize,
    pub subscriptions: usize,
    pub lookups: usize,
    pub client_registrations: usize,
    pub queue_callers: usize,
    pub queue_offers: usize,
    pub voicemail_jobs: usize,
    pub mutexes: usize,
}
