//! The order of events of whole calls, as clients know it (event-socket.md §5.3 and recordings).

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "only a few events are looked at"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::call::{Originate, Then};
use api::dial::DialString;
use api::event::{ChannelEvent, Event, EventKind};
use api::time::Now;
use api::{Application, Command, Origin, RequestId, Timestamp, Uuid};
use jackfield_core as core;

use core::config::{Config, ProfileConfig};
use core::config_xml::{BUILT_IN_ROOT, Configuration, Globals, built_in};
use core::{Effect, Input, Switch};

struct World {
    switch: Switch,
    now: Now,
    events: Vec<Event>,
    effects: Vec<Effect>,
    next: u64,
}

impl World {
    fn new() -> Self {
        let xml = Configuration::load(&built_in(), BUILT_IN_ROOT.as_ref(), Globals::new()).unwrap();
        let now = Now {
            mono: Instant::now(),
            wall: Timestamp(1_795_229_950_000_000),
        };
        let profile = ProfileConfig {
            name: "internal".into(),
            sip: "127.0.0.1:5060".parse().unwrap(),
            tls: None,
            udp_flow: sip::transport::FlowId(1),
            rtp_ip: "127.0.0.1".parse().unwrap(),
            context: "public".into(),
            trust_loopback: true,
            auth_calls: true,
            domains: vec!["127.0.0.1".into()],
            codecs: vec!["PCMU".into(), "PCMA".into()],
            secure_media: None,
            max_expires_s: 3600,
            extensions: sip::Extensions::default(),
            gateways: Vec::new(),
        };
        let config = Config {
            node: api::NodeId(Uuid::from_u128(1)),
            hostname: "test".into(),
            profiles: vec![profile],
            outbound_proxy: None,
            max_sessions: 1000,
            sessions_per_second: 1000,
            heartbeat: Duration::from_secs(20),
            media_workers: 1,
            opus_complexity: 5,
            conferences: Default::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            recordings_dir: "/tmp".into(),
            voicemail: core::config::VoicemailConfig::default(),
            bindings: Vec::new(),
            tables: Some(jackfield_core::KeptTables::default()),
            access_lists: jackfield_core::config::AccessLists::default(),
            streams: Vec::new(),
            may_run_programs: false,
            layouts: jackfield_core::config::Layouts::default(),
            output: api::spatial::Output::OF_ROOMS,
            xml: Arc::new(xml),
        };
        let switch = Switch::new(config, now, [7; 32]);
        Self {
            switch,
            now,
            events: Vec::new(),
            effects: Vec::new(),
            next: 1,
        }
    }

    fn input(&mut self, input: Input) {
        self.switch.handle(self.now, input, &mut self.effects);
        if let Some((events, _)) = self.switch.take_publication() {
            self.events.extend(events);
        }
    }

    fn ask(
        &mut self,
        command: impl Into<Command>,
    ) -> Option<Result<api::Answer, api::CommandError>> {
        let id = RequestId(self.next);
        self.next += 1;
        self.input(Input::Request {
            id,
            command: command.into(),
            origin: Origin::internal("test"),
        });
        let at = self
            .effects
            .iter()
            .position(|e| matches!(e, Effect::Answer { id: got, .. } if *got == id))?;
        match self.effects.remove(at) {
            Effect::Answer { answer, .. } => Some(answer),
            _ => None,
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some(at) = self.switch.next_deadline().filter(|at| *at <= end) {
            self.advance_to(at);
            self.input(Input::Tick);
        }
        self.advance_to(end);
        self.input(Input::Tick);
    }

    fn advance_to(&mut self, at: Instant) {
        let span = at.saturating_duration_since(self.now.mono);
        self.now = Now {
            mono: self.now.mono + span,
            wall: self.now.wall.after(span),
        };
    }

    fn lines(&mut self) -> Vec<String> {
        self.events
            .drain(..)
            .filter_map(|event| line(&event))
            .collect()
    }
}

fn line(event: &Event) -> Option<String> {
    let EventKind::Channel(kind) = &event.kind else {
        return None;
    };
    let channel = event.channel.as_ref().unwrap();
    let name = match kind {
        ChannelEvent::StateChanged => "STATE".to_owned(),
        ChannelEvent::CallStateChanged { .. } => "CALLSTATE".to_owned(),
        ChannelEvent::Executed(app) => format!("EXECUTE {}", app.name),
        ChannelEvent::ExecuteComplete {
            application,
            response,
        } => format!("COMPLETE {} {response}", application.name),
        ChannelEvent::Bridged { .. } => "BRIDGE".into(),
        ChannelEvent::Unbridged { .. } => "UNBRIDGE".into(),
        other => format!("{other:?}")
            .split([' ', '{', '('])
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    let state = channel.state.name().trim_start_matches("CS_");
    Some(format!(
        "{} {name} {state} {} {}",
        channel.name,
        channel.next_state.number(),
        channel.call_state
    ))
}

fn originate(dial: &str, then: &str) -> Originate {
    Originate {
        dial: DialString::parse(dial).unwrap(),
        then: Then::Run(Application::parse_ampersand(then).unwrap()),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    }
}

fn channel(answer: Option<Result<api::Answer, api::CommandError>>) -> api::ChannelId {
    match answer {
        Some(Ok(api::Answer::Channel(id))) => id,
        other => panic!("not a channel: {other:?}"),
    }
}

fn expect(got: &[String], want: &str) {
    let want: Vec<&str> = want
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let got: Vec<&str> = got.iter().map(String::as_str).collect();
    assert_eq!(got, want, "\n--- got\n{}\n", got.join("\n"));
}

#[test]
fn the_smallest_call() {
    let mut world = World::new();
    let id = channel(world.ask(originate("null/x", "&park()")));
    world.ask(api::command::channel::Hangup {
        channel: id,
        cause: api::HangupCause::NormalClearing,
    });
    expect(
        &world.lines(),
        "null/x CodecSet NONE 0 DOWN
         null/x CodecSet NONE 0 DOWN
         null/x Outgoing NONE 1 DOWN
         null/x STATE INIT 1 DOWN
         null/x Created INIT 2 DOWN
         null/x Originated INIT 2 DOWN
         null/x STATE ROUTING 2 DOWN
         null/x STATE CONSUME_MEDIA 7 DOWN
         null/x Answered CONSUME_MEDIA 7 DOWN
         null/x CALLSTATE CONSUME_MEDIA 7 ACTIVE
         null/x Updated CONSUME_MEDIA 7 ACTIVE
         null/x STATE EXECUTE 4 ACTIVE
         null/x EXECUTE park EXECUTE 4 ACTIVE
         null/x Parked EXECUTE 4 ACTIVE
         null/x HungUp EXECUTE 10 ACTIVE
         null/x Unparked EXECUTE 10 ACTIVE
         null/x COMPLETE park _none_ EXECUTE 10 ACTIVE
         null/x STATE HANGUP 10 ACTIVE
         null/x CALLSTATE HANGUP 10 HANGUP
         null/x STATE REPORTING 11 HANGUP
         null/x HangupComplete REPORTING 11 HANGUP
         null/x Destroyed REPORTING 12 HANGUP
         null/x STATE DESTROY 12 HANGUP",
    );
    world.pass(Duration::from_secs(70));
    let census = world.switch.census();
    assert_eq!((census.channels, census.legs, census.originates), (0, 0, 0));
}

#[test]
fn loopback_and_its_other_half() {
    let mut world = World::new();
    let id = channel(world.ask(originate("loopback/9196", "&park()")));
    let lines = world.lines();
    expect(
        &lines,
        "loopback/9196-a CodecSet NONE 0 DOWN
         loopback/9196-a CodecSet NONE 0 DOWN
         loopback/9196-a Outgoing NONE 1 DOWN
         loopback/9196-a STATE INIT 1 DOWN
         loopback/9196-b CodecSet NONE 0 DOWN
         loopback/9196-b CodecSet NONE 0 DOWN
         loopback/9196-a Created INIT 2 DOWN
         loopback/9196-a Originated INIT 2 DOWN
         loopback/9196-a STATE ROUTING 2 DOWN
         loopback/9196-a STATE CONSUME_MEDIA 7 DOWN
         loopback/9196-b STATE INIT 1 DOWN
         loopback/9196-b Created INIT 2 DOWN
         loopback/9196-b CALLSTATE ROUTING 2 RINGING
         loopback/9196-b STATE ROUTING 2 RINGING
         loopback/9196-b STATE EXECUTE 4 RINGING
         loopback/9196-b EXECUTE answer EXECUTE 4 RINGING
         loopback/9196-a Answered CONSUME_MEDIA 7 DOWN
         loopback/9196-a CALLSTATE CONSUME_MEDIA 7 ACTIVE
         loopback/9196-a Updated CONSUME_MEDIA 7 ACTIVE
         loopback/9196-a STATE EXECUTE 4 ACTIVE
         loopback/9196-b Answered EXECUTE 4 RINGING
         loopback/9196-b CALLSTATE EXECUTE 4 ACTIVE
         loopback/9196-b COMPLETE answer _none_ EXECUTE 4 ACTIVE
         loopback/9196-b EXECUTE echo EXECUTE 4 ACTIVE
         loopback/9196-a EXECUTE park EXECUTE 4 ACTIVE
         loopback/9196-a Parked EXECUTE 4 ACTIVE",
    );
    world.ask(api::command::channel::Hangup {
        channel: id,
        cause: api::HangupCause::NormalClearing,
    });
    let lines = world.lines();
    assert_eq!(
        lines.iter().filter(|l| l.contains("Destroyed")).count(),
        2,
        "{lines:#?}"
    );
    assert_eq!(world.switch.census().channels, 0);
}

#[test]
fn a_bridge_of_two() {
    let mut world = World::new();
    let id = channel(world.ask(originate("null/a", "&bridge(null/b)")));
    let lines = world.lines();
    expect(
        &lines[11..],
        "null/a STATE EXECUTE 4 ACTIVE
         null/a EXECUTE bridge EXECUTE 4 ACTIVE
         null/a CALLSTATE EXECUTE 4 RING_WAIT
         null/b CodecSet NONE 0 DOWN
         null/b CodecSet NONE 0 DOWN
         null/b Outgoing NONE 1 DOWN
         null/b STATE INIT 1 DOWN
         null/b Created INIT 2 DOWN
         null/b Originated INIT 2 DOWN
         null/b STATE ROUTING 2 DOWN
         null/b STATE CONSUME_MEDIA 7 DOWN
         null/b Answered CONSUME_MEDIA 7 DOWN
         null/b CALLSTATE CONSUME_MEDIA 7 ACTIVE
         null/a CALLSTATE EXECUTE 4 ACTIVE
         null/a BRIDGE EXECUTE 4 ACTIVE
         null/b STATE EXCHANGE_MEDIA 5 ACTIVE",
    );
    world.ask(api::command::channel::Hangup {
        channel: id,
        cause: api::HangupCause::NormalClearing,
    });
    let lines = world.lines();
    assert_eq!(world.switch.census().channels, 0, "{lines:#?}");
}

#[test]
fn uuid_bridge_of_two_parked() {
    let mut world = World::new();
    let a = channel(world.ask(originate("null/x", "&park()")));
    let b = channel(world.ask(originate("null/y", "&park()")));
    world.lines();
    world.ask(api::command::call::BridgeChannels { a: a.clone(), b });
    expect(
        &world.lines(),
        "null/x Unparked EXECUTE 8 ACTIVE
         null/x COMPLETE park _none_ EXECUTE 8 ACTIVE
         null/x STATE HIBERNATE 8 ACTIVE
         null/x STATE RESET 9 ACTIVE
         null/x STATE SOFT_EXECUTE 3 ACTIVE
         null/y Unparked EXECUTE 8 ACTIVE
         null/y COMPLETE park _none_ EXECUTE 8 ACTIVE
         null/y STATE HIBERNATE 8 ACTIVE
         null/y STATE RESET 9 ACTIVE
         null/y STATE SOFT_EXECUTE 3 ACTIVE
         null/x EXECUTE uuid_bridge SOFT_EXECUTE 3 ACTIVE
         null/y EXECUTE uuid_bridge SOFT_EXECUTE 3 ACTIVE
         null/x BRIDGE SOFT_EXECUTE 3 ACTIVE
         null/y STATE EXCHANGE_MEDIA 5 ACTIVE",
    );
    world.ask(api::command::channel::Hangup {
        channel: a,
        cause: api::HangupCause::NormalClearing,
    });
    assert_eq!(world.switch.census().channels, 0);
}

#[test]
fn failures_say_why() {
    let mut world = World::new();
    let mut fails = |dial: &str, cause: api::HangupCause| {
        let answer = world.ask(originate(dial, "&park()"));
        assert_eq!(
            answer.map(|a| a.map_err(|e| e.cause)),
            Some(Err(Some(cause))),
            "{dial}"
        );
    };
    fails("error/USER_BUSY", api::HangupCause::UserBusy);
    fails("foo/bar", api::HangupCause::ChanNotImplemented);
    fails("user/9999", api::HangupCause::SubscriberAbsent);
    fails("user/1000", api::HangupCause::UserNotRegistered);
    fails("sofia/gateway/nosuch/1", api::HangupCause::InvalidGateway);
    fails(
        "loopback/9196/nosuchcontext",
        api::HangupCause::NoRouteDestination,
    );
}

#[test]
fn nobody_answers() {
    let mut world = World::new();
    assert_eq!(
        world.ask(originate(
            "{originate_timeout=2,ignore_early_media=true}loopback/9180",
            "&park()"
        )),
        None
    );
    world.pass(Duration::from_secs(3));
    let answer = world.effects.iter().find_map(|e| match e {
        Effect::Answer { answer, .. } => Some(answer.clone()),
        _ => None,
    });
    assert_eq!(
        answer.map(|a| a.map_err(|e| e.cause)),
        Some(Err(Some(api::HangupCause::NoAnswer)))
    );
    assert_eq!(world.switch.census().channels, 0);
}

#[test]
fn a_leg_without_a_gateway_ends_before_it_begins() {
    let mut world = World::new();
    world.ask(originate("sofia/gateway/nosuch/1", "&park()"));
    expect(&world.lines(), "N/A Destroyed NONE 0 DOWN");
    assert_eq!(world.switch.census().channels, 0);
    world.ask(originate("user/9999", "&park()"));
    expect(&world.lines(), "");
}

#[test]
fn a_loopback_shows_its_context_and_the_part_written_last() {
    let mut world = World::new();
    world.ask(originate("loopback/9196/nosuchcontext", "&park()"));
    let profile = world.events[2].channel.clone().unwrap().profile.clone();
    let profile = profile.unwrap();
    assert_eq!(
        (
            &*profile.destination_number,
            &*profile.callee_id_number,
            &*profile.context
        ),
        ("9196", "nosuchcontext", "nosuchcontext")
    );
}
