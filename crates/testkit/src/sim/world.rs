//! Switch, media, phones and the wire between them, under one clock.

mod video_rooms;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::web::{EndWebCall, PlaceWebCall, RegisterWebClient};
use api::event::{ChannelEvent, Event, EventKind};
use api::id::{LayoutId, WebClientId};
use api::spatial::Layout;
use api::time::Now;
use api::{
    Answer, ChannelId, Command, CommandError, NodeId, Origin, RequestId, Timestamp, Uuid, View,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sip::transport::{Flow, FlowId, Transport};
use switch_core::config::{Config, Layouts, ProfileConfig};
use switch_core::config_xml::{BUILT_IN_ROOT, Configuration, Globals, built_in};
use switch_core::{Effect, Input, Switch, VoicemailJob, VoicemailWork};

use super::browser::Browser;
use super::peers::Peers;
use super::phone::Phone;
use super::shell::MediaShell;
use super::wire::{Datagram, Weather, Wire};

/// One frame of audio.
const TICK: Duration = Duration::from_millis(20);
/// The switch's UDP socket.
const UDP: FlowId = FlowId(1);

/// A switch with the built-in configuration, and whatever is done to it.
pub struct World {
    /// The machine under test.
    pub switch: Switch,
    /// Phones, in the order they were added.
    pub phones: Vec<Phone>,
    /// Pages, in the order they were added.
    pub browsers: Vec<Browser>,
    /// The newest view.
    pub view: Arc<View>,
    /// Every event, in order.
    pub events: Vec<Event>,
    /// For choices of the test itself.
    pub rng: StdRng,
    now: Now,
    start: Instant,
    media: MediaShell,
    wire: Wire,
    peers: Peers,
    server: SocketAddr,
    next_tick: Instant,
    next_request: u64,
    answers: HashMap<RequestId, Result<Answer, CommandError>>,
    effects: Vec<Effect>,
}

impl World {
    /// A world that does the same again with the same seed.
    ///
    /// # Panics
    /// When the built-in configuration is broken.
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self::with_layouts(seed, weather, Layouts::default())
    }

    /// One whose rooms have these layouts; new ones get the first.
    ///
    /// # Panics
    /// When there are none, or the built-in configuration is broken.
    pub fn furnished(seed: u64, weather: Weather, layouts: Vec<Layout>) -> Self {
        let usual = layouts.first().map_or(LayoutId(1), |layout| layout.id);
        let layouts = Layouts::new(layouts, usual)
            .unwrap_or_else(|| panic!("layouts have seats and numbers of their own"));
        Self::with_layouts(seed, weather, layouts)
    }

    fn with_layouts(seed: u64, weather: Weather, layouts: Layouts) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let globals = Globals::new();
        let xml = Configuration::load(&built_in(), BUILT_IN_ROOT.as_ref(), globals)
            .unwrap_or_else(|errors| panic!("built-in configuration loads: {errors:?}"));
        let start = Instant::now();
        let now = Now {
            mono: start,
            wall: Timestamp(1_795_000_000_000_000),
        };
        let server = SocketAddr::from(([127, 0, 0, 1], 5060));
        let profile = ProfileConfig {
            name: "internal".into(),
            sip: server,
            tls: None,
            udp_flow: UDP,
            rtp_ip: server.ip(),
            context: "public".into(),
            trust_loopback: false,
            auth_calls: true,
            domains: vec!["127.0.0.1".into()],
            codecs: vec!["PCMU".into(), "PCMA".into()],
            secure_media: None,
            max_expires_s: 3600,
            extensions: sip::Extensions::default(),
            gateways: Vec::new(),
        };
        let config = Config {
            node: NodeId(Uuid::from_u128(u128::from(seed) + 1)),
            hostname: "sim".into(),
            profiles: vec![profile],
            outbound_proxy: None,
            max_sessions: 5000,
            sessions_per_second: 5000,
            heartbeat: Duration::from_secs(20),
            media_workers: 1,
            opus_complexity: 5,
            conferences: Default::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            recordings_dir: "/recordings".into(),
            layouts,
            output: api::spatial::Output::OF_ROOMS,
            voicemail: switch_core::config::VoicemailConfig::default(),
            bindings: Vec::new(),
            tables: Some(switch_core::KeptTables::default()),
            access_lists: switch_core::config::AccessLists::default(),
            streams: Vec::new(),
            may_run_programs: false,
            xml: Arc::new(xml),
        };
        let mut switch = Switch::new(config, now, rng.random());
        let view = switch
            .take_publication()
            .map_or_else(Arc::default, |(_, view)| view);
        Self {
            switch,
            phones: Vec::new(),
            browsers: Vec::new(),
            view,
            events: Vec::new(),
            now,
            start,
            media: MediaShell::new(start, rng.random()),
            wire: Wire::new(weather),
            peers: Peers::default(),
            server,
            next_tick: start + TICK,
            next_request: 1,
            answers: HashMap::new(),
            effects: Vec::new(),
            rng,
        }
    }

    /// Virtual time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.now.mono - self.start
    }

    /// Now, for calls of phones.
    pub fn now(&self) -> Instant {
        self.now.mono
    }

    /// Changes what the network does.
    pub fn set_weather(&mut self, weather: Weather) {
        self.wire.weather = weather;
    }

    /// Adds a phone of a built-in user; its index.
    pub fn add_phone(&mut self, user: &str) -> usize {
        let index = self.phones.len();
        let last = u8::try_from(index + 10).unwrap_or(250);
        let address = SocketAddr::from(([127, 0, 1, last], 5060));
        let seed = self.rng.random();
        self.phones
            .push(Phone::new(user, "1234", address, self.server, seed));
        index
    }

    /// Adds a page of a built-in user and registers it; its index.
    ///
    /// # Panics
    /// When the switch does not take it.
    pub fn add_browser(&mut self, user: &str) -> usize {
        let index = self.browsers.len();
        let client = WebClientId(index as u64 + 1);
        let browser = Browser::new(client, user);
        let introduction = browser.introduction("127.0.0.1", "1234");
        self.browsers.push(browser);
        for command in [
            Command::from(introduction),
            Command::from(RegisterWebClient {
                client,
                contact_parameters: Vec::new(),
            }),
        ] {
            let request = self.ask(command);
            assert!(matches!(self.answer(request), Some(Ok(_))));
        }
        index
    }

    /// A page calls a number.
    pub fn browser_calls(&mut self, index: usize, number: &str, offer: &str) -> Option<ChannelId> {
        let client = self.browsers[index].client;
        let request = self.ask(PlaceWebCall {
            client,
            to: format!("{number}@127.0.0.1").into(),
            offer: offer.into(),
            headers: vec![("X-Page".into(), "yes".into())],
        });
        match self.answer(request) {
            Some(Ok(Answer::Channel(id))) => Some(id),
            Some(_) | None => None,
        }
    }

    /// A page ends a call of its own, whatever state it is in.
    pub fn browser_hangs_up(&mut self, channel: &ChannelId) {
        self.ask(EndWebCall {
            channel: channel.clone(),
            refuse_with: 486,
        });
    }

    /// Lets ICE fail for every so many peers.
    pub fn fail_peers(&mut self, every: Option<u64>) {
        self.peers.failing = every;
    }

    /// How often the video of two pages was linked.
    pub fn video_links(&self) -> usize {
        self.peers.links
    }

    /// Asks the switch for something. The answer may come later: see [`World::answer`].
    pub fn ask(&mut self, command: impl Into<Command>) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.input(Input::Request {
            id,
            command: command.into(),
            origin: Origin::internal("sim"),
        });
        id
    }

    /// The answer to a request, once there is one.
    pub fn answer(&mut self, id: RequestId) -> Option<Result<Answer, CommandError>> {
        self.answers.remove(&id)
    }

    /// Samples recorded into a file.
    pub fn recorded(&self, path: &str) -> Vec<i16> {
        let file = self.media.files.get(path);
        file.map(|samples| {
            samples
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clone()
        })
        .unwrap_or_default()
    }

    /// Legs alive in the media engine.
    pub fn media_legs(&self) -> usize {
        self.media.engine.leg_count()
    }

    /// Nothing at all is alive in the media engine.
    pub fn media_is_empty(&self) -> bool {
        self.media.engine.is_empty()
    }

    fn input(&mut self, input: Input) {
        self.switch.handle(self.now, input, &mut self.effects);
        if let Some((events, view)) = self.switch.take_publication() {
            for event in &events {
                if let EventKind::VideoRoom(event) = &event.kind {
                    for page in &mut self.browsers {
                        page.hear(self.now.mono, event);
                    }
                }
                if let EventKind::Web(event) = &event.kind
                    && let Some(page) = self.browsers.iter_mut().find(|b| b.client == event.client)
                {
                    page.tell(self.now.mono, &event.kind);
                }
            }
            self.events.extend(events);
            self.view = view;
        }
        let (mut sent, mut unknown, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let (mut done, mut ended) = (Vec::new(), Vec::new());
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Answer { id, answer } => {
                    self.answers.insert(id, answer);
                }
                Effect::Sip(transmit) => sent.push(Datagram {
                    from: self.server,
                    to: transmit.target.remote,
                    bytes: transmit.bytes.to_vec(),
                }),
                Effect::Media { command, .. } => self.media.command(self.now.mono, command),
                Effect::Web(command) => self.peers.command(self.now.mono, command),
                // Nobody in this world has a name.
                Effect::Resolve { id, .. } => unknown.push(id),
                // A disk that never fails, and files of no length.
                Effect::Voicemail(job) => kept.push(job),
                // And that has nothing to do with files.
                Effect::Files {
                    number, channel, ..
                } => done.push((number, channel)),
                // And has no programs.
                Effect::Program {
                    number, channel, ..
                } => ended.push((number, channel)),
                // Nobody starts this world again, or asks for its streams.
                Effect::Binding(_)
                | Effect::Table(_)
                | Effect::ReloadXml { .. }
                | Effect::Streams { .. }
                | Effect::LogLevel { .. }
                | Effect::Stop => {}
            }
        }
        self.transmit(&sent);
        self.serve_media();
        for id in unknown {
            let result = Err("no such name".into());
            self.input(Input::Resolved { id, result });
        }
        for VoicemailJob { number, work } in kept {
            self.input(match work {
                VoicemailWork::Copy { .. } => Input::VoicemailCopied {
                    number,
                    length_ms: 0,
                },
                VoicemailWork::Keep { .. }
                | VoicemailWork::Mark { .. }
                | VoicemailWork::Delete { .. }
                | VoicemailWork::Greet { .. }
                | VoicemailWork::Discard { .. }
                | VoicemailWork::Look { .. } => Input::VoicemailDone {
                    number,
                    result: Ok(()),
                },
            });
        }
        for (number, channel) in ended {
            self.input(Input::ProgramEnded { number, channel });
        }
        for (number, channel) in done {
            let result = Ok(());
            self.input(Input::FilesDone {
                number,
                channel,
                result,
            });
        }
    }

    fn transmit(&mut self, datagrams: &[Datagram]) {
        for datagram in datagrams {
            self.wire.send(self.now.mono, &mut self.rng, datagram);
        }
    }

    /// Reports of the engine become inputs of the switch.
    fn serve_media(&mut self) {
        let (mut sent, mut reports) = (Vec::new(), Vec::new());
        self.media.drain(&mut sent, &mut reports);
        self.transmit(&sent);
        for report in reports {
            self.input(Input::Media(report));
        }
    }

    /// Lets `span` pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.advance(at);
            self.moment();
        }
        self.advance(end);
    }

    fn advance(&mut self, at: Instant) {
        let span = at.saturating_duration_since(self.now.mono);
        self.now = Now {
            mono: self.now.mono + span,
            wall: self.now.wall.after(span),
        };
    }

    fn next_moment(&self) -> Option<Instant> {
        let phones = self.phones.iter().filter_map(Phone::next_deadline);
        // An engine without legs has nothing to say and is not woken.
        let tick = (!self.media.engine.is_empty()).then_some(self.next_tick.max(self.now.mono));
        phones
            .chain(self.switch.next_deadline())
            .chain(self.wire.next())
            .chain(self.peers.next())
            .chain(self.browsers.iter().filter_map(Browser::next))
            .chain(tick)
            .min()
    }

    fn moment(&mut self) {
        let now = self.now.mono;
        while let Some(datagram) = self.wire.arrived(now) {
            self.deliver(&datagram);
        }
        if self.switch.next_deadline().is_some_and(|at| at <= now) {
            self.input(Input::Tick);
        }
        while let Some(report) = self.peers.due(now) {
            self.input(Input::Web(report));
        }
        for index in 0..self.browsers.len() {
            for command in self.browsers[index].due(now) {
                // The call may be over by now; the page does not care.
                self.ask(command);
            }
        }
        if self.next_tick <= now {
            self.next_tick = now + TICK;
            let mut said = Vec::new();
            for phone in &mut self.phones {
                phone.talk(&mut said);
            }
            self.transmit(&said);
            for (leg, packet) in self.peers.hum() {
                self.media.receive_from_peer(now, leg, packet);
            }
            self.media.tick(now);
            self.serve_media();
        }
        self.run_phones();
    }

    /// Lets phones say what they have to say.
    pub fn run_phones(&mut self) {
        let mut sent = Vec::new();
        for phone in &mut self.phones {
            phone.run(self.now.mono, &mut sent);
        }
        self.transmit(&sent);
    }

    fn deliver(&mut self, datagram: &Datagram) {
        if datagram.to == self.server {
            let flow = Flow {
                id: UDP,
                transport: Transport::Udp,
                local: self.server,
                remote: datagram.from,
            };
            if let Ok(message) =
                sip::message::parse_datagram(bytes::Bytes::copy_from_slice(&datagram.bytes))
            {
                self.input(Input::Sip { flow, message });
            }
            return;
        }
        if self.media.receive(self.now.mono, datagram) {
            self.serve_media();
            return;
        }
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.owns(datagram.to)) {
            phone.receive(self.now.mono, datagram);
        }
    }

    /// Checks what must be true of any history: the order has no gap, time does not go back, every channel that was
    /// made ends exactly once and nothing is heard of it afterwards.
    ///
    /// # Panics
    /// When it is not.
    pub fn check_history(&self) {
        let mut lives: HashMap<&ChannelId, bool> = HashMap::new();
        let mut last = (0, Timestamp::ZERO);
        for event in &self.events {
            assert_eq!(event.id.seq.0, last.0 + 1, "events have no gap");
            assert!(event.at >= last.1, "time does not go back");
            last = (event.id.seq.0, event.at);
            let EventKind::Channel(kind) = &event.kind else {
                continue;
            };
            let Some(channel) = &event.channel else {
                panic!("a channel event has its channel")
            };
            let over = lives.entry(&channel.id).or_insert(false);
            let is_last_state = matches!(kind, ChannelEvent::StateChanged)
                && channel.state == api::view::ChannelState::Destroy;
            assert!(
                !*over || is_last_state,
                "nothing is heard of {} after its end: {kind:?}",
                channel.name
            );
            if matches!(kind, ChannelEvent::Destroyed) {
                *over = true;
            }
        }
        let alive: Vec<_> = lives
            .iter()
            .filter(|(id, over)| !**over && self.view.channels.get(*id).is_none())
            .collect();
        assert!(
            alive.is_empty(),
            "every channel that is gone was destroyed: {alive:?}"
        );
    }

    /// Checks that nothing is left of anything.
    ///
    /// # Panics
    /// When something leaks.
    pub fn check_empty(&self) {
        let census = self.switch.census();
        let left = (
            census.channels,
            census.legs,
            census.plays,
            census.records,
            census.sip_sessions,
            census.originates,
            census.rooms + census.video_rooms,
            census.web_peers,
            census.messages,
        );
        assert_eq!(
            left,
            (0, 0, 0, 0, 0, 0, 0, 0, 0),
            "channels, legs, plays, records, sessions, originates, rooms, peers, messages"
        );
        assert_eq!(self.peers.len(), 0, "every peer was closed");
        for browser in &self.browsers {
            assert!(
                browser.calls.is_empty() && browser.seats.is_empty(),
                "page {} was told of every end",
                browser.user
            );
        }
        assert!(
            self.media_is_empty(),
            "the media engine is empty, it has {} legs",
            self.media_legs()
        );
        assert_eq!(self.view.channels.size(), 0, "the view is empty");
        assert!(self.view.order.is_empty(), "the view's order is empty");
    }
}
