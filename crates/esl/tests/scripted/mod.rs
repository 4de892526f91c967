//! A switch that answers as scripted, and a console in front of it.

#![allow(dead_code, reason = "every test file uses its own part")]

use api::cause::{Blame, HangupCause};
use api::command::message::Delivery;
use api::command::room::RoomControl;
use api::command::stage::Place;
use api::command::table::{ChangeAlias, ChangeKept};
use api::command::{Answer, Command};
use api::event::MediaBug;
use api::id::{AgentId, LotId, ParticipantId, QueueAgentId, QueueCallerId, QueueId, SeatId};
use api::spatial::{Controls, Layout, ParticipantKind, Pose};
use api::view::{
    Agent, AgentPatience, AgentState, AgentStatistics, AgentStatus, Alias, AnswerState, CallState,
    CallerProfile, CallerState, Channel, ChannelState, Codec, DeviceState, Direction, Directory,
    DirectoryUser, Domain, Extension, Fifo, FifoMember, FifoMemberSettings, FifoOrigin,
    FifoPartner, FifoParty, FifoStrategy, Gateway, GatewayPing, Group, Hangup, Lot, Mailbox,
    Member, ParkedCall, Participant, Queue, QueueAgent, QueueAgentState, QueueCaller,
    QueueSettings, Registration, Room, RoomFlags, RoomParameters, SipProfile, Stage, VoiceMessage,
};
use api::{
    BusLimits, Capabilities, ChannelId, CommandError, ErrorKind, NodeId, Origin, Seq, Timestamp,
    Uuid, Variables, View, pair,
};
use jackfield_esl::Server;
use jackfield_esl::command::api::Line;
use jackfield_esl::console::{BoxFuture, CallFiles, Console, Host};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
pub(crate) const UUID: &str = "800a033e-3489-41fd-91f6-f06f942ed1d9";
pub(crate) const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const NOW: Timestamp = Timestamp(1_737_453_600_000_000);

/// A host on which no time passes and jobs run when the test says so.
#[derive(Default)]
pub(crate) struct TestHost {
    pub(crate) jobs: Mutex<Vec<BoxFuture<'static, ()>>>,
    /// How often certificates were to be read.
    pub(crate) reloads: Mutex<u32>,
    pub(crate) runs_programs: bool,
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        NOW
    }
    fn new_uuid(&self) -> Uuid {
        Uuid::nil()
    }
    fn acl_allows(&self, address: IpAddr, list: &str) -> bool {
        address.is_loopback() && list == "loopback.auto"
    }
    fn reload_acl(&self) -> Result<(), String> {
        Ok(())
    }
    fn address_of(&self, name: String) -> BoxFuture<'static, Option<IpAddr>> {
        let known = (name == "localhost").then_some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
        Box::pin(std::future::ready(known))
    }
    fn file_exists(&self, path: String) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(path == "/etc/hosts"))
    }
    fn environment_variable(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }
    fn reload_certificates(&self) {
        *self.reloads.lock().expect("no test panics with the lock") += 1;
    }
    fn may_run_programs(&self) -> bool {
        self.runs_programs
    }
    fn run_program(&self, line: String) -> BoxFuture<'static, Vec<u8>> {
        let printed = line.strip_prefix("echo ").unwrap_or_default();
        Box::pin(std::future::ready(printed.as_bytes().to_vec()))
    }
    fn writes(&self, _: CallFiles) -> bool {
        self.runs_programs
    }
    fn rotate(&self, files: CallFiles) -> BoxFuture<'static, Result<(), String>> {
        let full = Err("No space left on device".to_owned());
        let rotated = if files == CallFiles::Csv {
            Ok(())
        } else {
            full
        };
        Box::pin(std::future::ready(rotated))
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
    fn spawn(&self, job: BoxFuture<'static, ()>) -> bool {
        self.jobs
            .lock()
            .expect("no test panics with the lock")
            .push(job);
        true
    }
    fn idle_cpu(&self) -> u32 {
        9850
    }
    fn log(&self, _: u8, _: &str) {}
}

fn channel() -> Channel {
    let id = ChannelId::from_text(UUID).expect("a valid id");
    let codec = || {
        Some(Codec {
            name: "L16".into(),
            rate_hz: 8000,
            bit_rate: 128_000,
        })
    };
    let mut profile = CallerProfile::new(id.clone(), Direction::Outbound);
    profile.caller_id_name = "Alice".into();
    profile.caller_id_number = "1001".into();
    profile.destination_number = "9196".into();
    profile.times.created = NOW;
    let profile = Arc::new(profile);
    Channel {
        id,
        serial: 1,
        name: "loopback/9196-a".into(),
        direction: Direction::Outbound,
        state: ChannelState::Execute,
        next_state: ChannelState::Execute,
        call_state: CallState::Active,
        answer: AnswerState::Answered,
        hit_dialplan: true,
        external_id: None,
        read_codec: codec(),
        write_codec: codec(),
        profile: Some(profile.clone()),
        other: None,
        variables: [("foo", "bar"), ("arr", "ARRAY::x|:y")]
            .into_iter()
            .collect::<Variables>(),
        hangup: None,
        application: Some(("park".into(), "".into())),
        bridged_to: None,
        room: None,
        verbose_events: false,
        initial: Some(profile),
        sent_callee: None,
        bugs: vec![MediaBug {
            function: "displace".into(),
            target: "a&b.wav".into(),
        }],
    }
}

fn member(id: u32) -> Arc<Member> {
    Arc::new(Member {
        id: api::id::MemberId(id),
        channel: Arc::new(channel()),
        joined: NOW,
        last_talking: Timestamp::ZERO,
        can_hear: true,
        can_speak: true,
        talking: false,
        mute_detect: false,
        hold: false,
        moderator: false,
        ghost: false,
        end_conference: false,
        energy_level: 100,
        current_energy: 0,
        auto_energy: 0,
        max_energy: 0,
        automatic_gain: 0,
        volume_in: 0,
        volume_out: 0,
    })
}

fn room() -> Room {
    Room {
        id: api::id::RoomId(Uuid::nil()),
        name: "3000".into(),
        domain: "127.0.0.1".into(),
        profile: "default".into(),
        rate_hz: 8000,
        interval_ms: 20,
        created: NOW,
        flags: RoomFlags {
            answered: true,
            dynamic: true,
            ..RoomFlags::default()
        },
        pin: None,
        members: vec![member(1), member(2)],
        floor: Some(api::id::MemberId(1)),
        recordings: Vec::new(),
        relations: Vec::new(),
        variables: Variables::new(),
        enter_sound: Some("tone_stream://%(200,0,500)".into()),
        exit_sound: None,
        energy_level: 100,
        parameters: RoomParameters::default(),
    }
}

/// Two participants on the first two seats of the built-in circle.
fn stage() -> Stage {
    let layout = Arc::new(Layout::built_in());
    let participant = |id: i32, name: &str| {
        let seat = SeatId(id);
        Arc::new(Participant {
            id: ParticipantId(id),
            name: name.into(),
            kind: ParticipantKind::Regular,
            rate_hz: 48_000,
            channels: 1,
            seat: Some(seat),
            pose: layout.pose(seat, 0).expect("the circle has eight seats"),
            controls: Controls::default(),
            member: None,
            channel: None,
        })
    };
    Stage {
        number: api::id::RoomNumber(3000),
        name: "3000".into(),
        description: "".into(),
        participants: vec![participant(1, "Ana"), participant(2, "Bo")],
        layout,
        kept: false,
    }
}

fn registration() -> Registration {
    Registration {
        serial: 1,
        profile: "internal".into(),
        user: "1000".into(),
        domain: "127.0.0.1".into(),
        auth_user: "1000".into(),
        auth_realm: "127.0.0.1".into(),
        contact: "\"\" <sip:1000@127.0.0.1:5601>".into(),
        contact_uri: "sip:1000@127.0.0.1:5601".into(),
        call_id: "golden-1000".into(),
        user_agent: "golden/1.0".into(),
        source: "127.0.0.1:5601".parse().expect("an address"),
        transport: "udp",
        refreshed: NOW,
        expires: NOW.after(Duration::from_secs(359)),
    }
}

fn carrier() -> Gateway {
    Gateway {
        name: "carrier".into(),
        realm: "carrier.example".into(),
        username: "u1".into(),
        has_password: true,
        from: "sip:u1@carrier.example".into(),
        contact: "sip:gw+carrier@127.0.0.1:5060;gw=carrier".into(),
        extension: "u1".into(),
        uri: "sip:u1@carrier.example".into(),
        proxy: "sip:192.0.2.9:5070".into(),
        context: "public".into(),
        expires: Timestamp::ZERO,
        lifetime_s: 3600,
        ping: None,
        state: "FAIL_WAIT",
        is_up: false,
        retry: NOW.after(Duration::from_millis(29_500)),
        up_since: Timestamp::ZERO,
        calls_in: 7,
        failed_calls_in: 2,
        calls_out: 5,
        failed_calls_out: 1,
        inbound_variables: vec![("Area".into(), "030".into())],
        outbound_variables: vec![("Area".into(), "040".into()), ("tag".into(), "a&b".into())],
    }
}

fn trunk() -> Gateway {
    Gateway {
        name: "trunk".into(),
        username: "".into(),
        has_password: false,
        ping: Some(GatewayPing {
            every_s: 25,
            next: NOW.after(Duration::from_secs(5)),
            took: Duration::from_micros(12_345),
            least: 1,
            count: 2,
            most: 3,
        }),
        expires: NOW.after(Duration::from_secs(60)),
        state: "REGED",
        is_up: true,
        up_since: Timestamp(NOW.0 - 90_000_000),
        ..carrier()
    }
}

fn view() -> View {
    let mut view = View {
        as_of: Seq(7),
        ..View::default()
    };
    let channel = channel();
    view.order.insert_mut(1, channel.id.clone());
    view.channels
        .insert_mut(channel.id.clone(), Arc::new(channel));
    view.rooms.insert_mut("3000".into(), Arc::new(room()));
    view.stages.insert_mut("3000".into(), Arc::new(stage()));
    view.output.quality = 3;
    let number = api::id::RoomNumber(3000);
    view.stage_names.insert_mut(number, "3000".into());
    queue(&mut view);
    voicemail(&mut view);
    view.registrations.insert_mut(1, Arc::new(registration()));
    view.globals.insert_mut("domain".into(), "127.0.0.1".into());
    view.counters.started = Timestamp(NOW.0 - 3_785_123_456);
    view.profiles = vec![SipProfile {
        name: "internal".into(),
        aliases: vec!["127.0.0.1".into()],
        sip_ip: "127.0.0.1".into(),
        sip_port: 5060,
        tls_port: None,
        rtp_ip: "127.0.0.1".into(),
        context: "public".into(),
        dialplan: "XML".into(),
        realm: "auto_from".into(),
        codecs: vec!["PCMU".into(), "PCMA".into()],
        gateways: Vec::new(),
        calls_in: 0,
        failed_calls_in: 0,
        calls_out: 0,
        failed_calls_out: 0,
    }]
    .into();
    view
}

/// Users with a box each, and messages in the first; a third has none.
fn voicemail(view: &mut View) {
    let user = |id: &str, params: &[(&str, &str)]| {
        let params = params.iter();
        Arc::new(DirectoryUser {
            id: id.into(),
            domain: "vm.test".into(),
            params: params
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            variables: vec![("callgroup".into(), "a \"b\" & c".into())],
            ..DirectoryUser::default()
        })
    };
    let users = vec![
        user("1005", &[("vm-enabled", "true")]),
        user("1006", &[("vm-enabled", "true"), ("vm-password", "2468")]),
        user("1007", &[("vm-enabled", "false")]),
    ];
    let index = users.iter().enumerate();
    let index = index.map(|(at, user)| (user.id.clone(), at)).collect();
    let domain = Domain {
        name: "vm.test".into(),
        users,
        index,
        groups: vec![Group {
            name: "desk".into(),
            users: vec!["1005".into()],
        }],
        variables: vec![("default_areacode".into(), "918".into())],
        ..Domain::default()
    };
    view.directory = Arc::new(Directory {
        domains: vec![domain],
    });
    let message = |id: &str, seconds: i64| VoiceMessage {
        id: id.into(),
        caller_name: "Ana & Bo".into(),
        caller_number: "1001".into(),
        left_at: Timestamp((1_737_453_540 + seconds) * 1_000_000),
        read_at: None,
        length_ms: 4_200,
        path: format!("/v/msg_{id}.wav").into(),
    };
    let read = VoiceMessage {
        caller_name: "".into(),
        caller_number: "1002".into(),
        read_at: Some(Timestamp(1_737_453_599_000_000)),
        length_ms: 20,
        ..message("m-2", 1)
    };
    let mailbox = Mailbox {
        name: Extension {
            user: "1005".into(),
            domain: "vm.test".into(),
        },
        messages: vec![Arc::new(message("m-1", 0)), Arc::new(read)],
    };
    view.mailboxes
        .insert_mut("1005@vm.test".into(), Arc::new(mailbox));
}

/// A queue with an agent and a caller, and somebody who is parked.
fn queue(view: &mut View) {
    let agent = Agent {
        id: AgentId(Uuid::from_u128(3)),
        name: "1000@default".into(),
        display_name: "Bob".into(),
        contact: "[leg_timeout=10]user/1000".into(),
        extension: None,
        dynamic: false,
        status: AgentStatus::Available,
        pause_reason: None,
        state: AgentState::Waiting,
        device: DeviceState::Unknown,
        patience: AgentPatience {
            max_no_answer: 3,
            wrap_up_s: 10,
            reject_delay_s: 11,
            busy_delay_s: 60,
            no_answer_delay_s: 0,
        },
        statistics: AgentStatistics {
            calls_answered: 7,
            talk_time_s: 301,
            last_status_change: Timestamp(NOW.0 - 100_000_000),
            ..AgentStatistics::default()
        },
        channel: None,
    };
    let place = QueueAgent {
        id: QueueAgentId(Uuid::from_u128(4)),
        agent: agent.name.clone(),
        level: 1,
        position: 2,
        dynamic: false,
        logged_in: true,
        paused: false,
        pause_reason: None,
        state: QueueAgentState::Ready,
    };
    let channel = ChannelId::from_text(UUID).expect("a valid id");
    let caller = QueueCaller {
        id: QueueCallerId(Uuid::from_u128(5)),
        channel: channel.clone(),
        caller_name: "Ana".into(),
        caller_number: "1001".into(),
        call_began: Timestamp(NOW.0 - 10_000_000),
        joined_at: Timestamp(NOW.0 - 5_000_000),
        rejoined_at: Timestamp::ZERO,
        answered_at: Timestamp::ZERO,
        abandoned_at: Timestamp::ZERO,
        base_score: 100,
        state: CallerState::Waiting,
        position: 1,
        agent: None,
    };
    let name: Arc<str> = "support@default".into();
    let queue = Queue {
        id: QueueId(Uuid::from_u128(2)),
        name: name.clone(),
        settings: Arc::new(QueueSettings {
            music: "local_stream://moh".into(),
            ..QueueSettings::named(&name)
        }),
        enabled: true,
        configured: true,
        callers: vec![Arc::new(caller)],
        agents: vec![Arc::new(place)],
        calls_answered: 2,
        calls_abandoned: 1,
    };
    view.agents.insert_mut(agent.name.clone(), Arc::new(agent));
    view.queues.insert_mut(name, Arc::new(queue));
    let parked = ParkedCall {
        slot: "6001".into(),
        channel,
        since: NOW,
        until: Timestamp::ZERO,
    };
    let lot = Lot {
        id: LotId(Uuid::from_u128(6)),
        name: "valet_lot".into(),
        kept: false,
        parked: vec![Arc::new(parked)],
    };
    view.lots.insert_mut(lot.name.clone(), Arc::new(lot));
    add_tables(view);
    add_fifos(view);
}

/// One with two callers, of whom one talks with the consumer, and an empty one of the configuration.
fn add_fifos(view: &mut View) {
    let party = |channel: &str, number: &str, partner: Option<&str>| FifoParty {
        channel: ChannelId::from_text(channel).expect("a valid id"),
        name: format!("<{number}>").into(),
        number: number.into(),
        priority: 0,
        since: NOW,
        partner: partner.map(|channel| FifoPartner {
            channel: ChannelId::from_text(channel).expect("a valid id"),
            talks_since: Some(NOW),
        }),
    };
    let busy = Fifo {
        name: "sales".into(),
        importance: 3,
        origin: FifoOrigin::Used,
        callers: vec![party("a", "1", Some("c")), party("b", "2", None)],
        consumers: vec![party("c", "3", Some("a"))],
        members: Vec::new(),
        strategy: FifoStrategy::RingAll,
    };
    let member = |dial: &str, is_kept: bool| FifoMember {
        dial: dial.into(),
        settings: FifoMemberSettings {
            simultaneous: 2,
            ring_s: 30,
            lag_s: 5,
            takes_calls: true,
            expires: is_kept.then_some(NOW),
        },
        is_kept,
        ringing: u32::from(is_kept),
        talking: 1,
        answered: 4,
        failed: 3,
        rests_until: if is_kept { NOW } else { Timestamp::ZERO },
    };
    let called = Fifo {
        name: "called".into(),
        importance: 0,
        origin: FifoOrigin::Used,
        callers: vec![party(UUID, "4", None)],
        consumers: Vec::new(),
        members: vec![
            member("user/1000", false),
            member("{a=\"b\"}user/1001", true),
        ],
        strategy: FifoStrategy::Enterprise,
    };
    let empty = Fifo {
        name: "cool_fifo@127.0.0.1".into(),
        importance: 0,
        origin: FifoOrigin::Configured,
        callers: Vec::new(),
        consumers: Vec::new(),
        members: Vec::new(),
        strategy: FifoStrategy::RingAll,
    };
    for fifo in [busy, called, empty] {
        view.fifos.insert_mut(fifo.name.clone(), Arc::new(fifo));
    }
}

/// Values of `db`, a group, aliases, and what `complete` has put in.
fn add_tables(view: &mut View) {
    for (realm, name, value) in [("r", "k", "v"), ("r", "k2", "a/b"), ("s", "k", "1")] {
        let key = (realm.into(), name.into());
        view.tables.db.insert_mut(key, value.into());
    }
    let members: [Arc<str>; 2] = ["user/1001".into(), "user/1000".into()];
    view.tables.groups.insert_mut("g".into(), members.into());
    for (alias, command, is_sticky) in [("ll", "show channels", false), ("st", "status", true)] {
        let command = command.into();
        let found = Alias { command, is_sticky };
        view.tables.aliases.insert_mut(alias.into(), found);
    }
    let words: [Arc<str>; 2] = ["mine".into(), "own".into()];
    view.tables.completions.insert_mut(words.into());
}

/// What the scripted switch says: everything works, but `error/CAUSE` cannot be called.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all others answer with nothing"
)]
fn answer(command: &Command) -> Result<Answer, CommandError> {
    match command {
        Command::Originate(originate) => {
            let leg = originate
                .dial
                .legs()
                .next()
                .expect("a dial string has a leg");
            match HangupCause::parse(&leg.address).filter(|_| &*leg.endpoint == "error") {
                Some(cause) => Err(CommandError::call_failed(cause)),
                None => Ok(Answer::Channel(
                    ChannelId::from_text(UUID).expect("a valid id"),
                )),
            }
        }
        Command::HangupAll(_) | Command::FlushRegistrations(_) => Ok(Answer::Count(1)),
        Command::ControlGateway(control) => match control.gateway.as_deref() {
            None => Ok(Answer::Count(2)),
            Some("carrier" | "trunk") => Ok(Answer::Count(1)),
            Some(_) => Err(CommandError::not_found(api::ObjectKind::Gateway)),
        },
        Command::Unschedule(_) => Ok(Answer::Count(0)),
        Command::Schedule(_) => Ok(Answer::Task(api::id::TaskId(4))),
        Command::ReloadXml(_) => Ok(Answer::Text("Success".into())),
        Command::Expand(expand) => Ok(Answer::Text(
            expand.text.replace("${domain}", "127.0.0.1").into(),
        )),
        Command::RemoveQueueAgent(_) => Err(CommandError::not_found(api::ObjectKind::Agent)),
        Command::PutAgent(_) => Ok(Answer::Agent(AgentId(Uuid::nil()))),
        Command::LoadQueue(_) => Ok(Answer::Queue(QueueId(Uuid::nil()))),
        Command::PutQueueAgent(_) => Ok(Answer::QueueAgent(QueueAgentId(Uuid::nil()))),
        Command::LoadQueueAgents(_) => Ok(Answer::Count(1)),
        Command::GroupCall(_) => Err(CommandError::not_found(api::ObjectKind::User)),
        Command::SendChat(chat) => Ok(Answer::Delivery(Delivery {
            code: if chat.to.starts_with("9999") {
                404
            } else {
                200
            },
            phrase: "".into(),
        })),
        Command::ChangeKept(ChangeKept::InsertValue { value, .. }) if value.is_empty() => Err(
            CommandError::new(ErrorKind::LimitReached, "the disk is small today"),
        ),
        Command::ChangeAlias(ChangeAlias::Set { alias, .. }) if &**alias == "full" => Err(
            CommandError::new(ErrorKind::LimitReached, "there are too many"),
        ),
        Command::MarkVoiceMessage(_) => Ok(Answer::Bool(true)),
        Command::FindGreeting(c) => match c.profile.as_deref() {
            None | Some("default") => Ok(Answer::Text("/v/greeting.wav".into())),
            Some(_) => Err(CommandError::new(
                ErrorKind::NotSupported,
                "no such profile",
            )),
        },
        Command::ControlRoom(control) => Ok(Answer::Texts(match &control.action {
            RoomControl::PlayStatus { member: None } => {
                vec!["4000".into(), "tone_stream://%(1,0,1)".into()]
            }
            RoomControl::PlayStatus { member: Some(_) } | RoomControl::PlayVolume { .. } => {
                return Err(CommandError::not_found(api::ObjectKind::File));
            }
            RoomControl::SeekPlaying { ms, relative, .. } => {
                vec![format!("{ms} {relative}").into()]
            }
            _ => vec!["1".into()],
        })),
        Command::Displace(displace) if displace.path.contains("missing") => {
            Err(CommandError::new(ErrorKind::InvalidState, "no such file"))
        }
        Command::SendText(_) => Err(CommandError::new(
            ErrorKind::NotSupported,
            "the channel is no SIP phone",
        )),
        Command::ControlPlayback(_) => Err(CommandError::new(
            ErrorKind::InvalidState,
            "nothing is played",
        )),
        Command::SeatParticipant(_) | Command::PlaceParticipant(_) => {
            let (seat, pose) = (None, Pose::default());
            Ok(Answer::Place(Place { seat, pose }))
        }
        _ => Ok(Answer::Unit(())),
    }
}

/// A console, its host, and the commands the switch was given.
pub(crate) struct Bench {
    pub(crate) console: Console,
    pub(crate) host: Arc<TestHost>,
    pub(crate) asked: Arc<Mutex<Vec<Command>>>,
}

pub(crate) async fn bench() -> Bench {
    bench_on(view(), TestHost::default()).await
}

/// The same with gateways: `carrier` refused us, `trunk` is asked whether it is there.
pub(crate) async fn bench_with_gateways() -> Bench {
    let mut view = view();
    let mut profiles = view.profiles.to_vec();
    profiles[0].gateways = vec![Arc::new(carrier()), Arc::new(trunk())];
    view.profiles = profiles.into();
    bench_on(view, TestHost::default()).await
}

/// The same while the channel hangs up.
pub(crate) async fn bench_hanging_up() -> Bench {
    let mut view = view();
    let mut ending = channel();
    ending.hangup = Some(Hangup {
        cause: HangupCause::NormalClearing,
        blame: Blame::Ours,
    });
    view.channels
        .insert_mut(ending.id.clone(), Arc::new(ending));
    bench_on(view, TestHost::default()).await
}

/// The same on such a host.
pub(crate) async fn bench_of(host: TestHost) -> Bench {
    bench_on(view(), host).await
}

async fn bench_on(view: View, host: TestHost) -> Bench {
    let capabilities = Capabilities {
        node: NodeId(Uuid::nil()),
        applications: Vec::new().into(),
        endpoints: vec!["loopback", "sofia"].into(),
        codecs: vec!["PCMU"].into(),
    };
    let (switch, mut port, dispatcher) = pair(capabilities, BusLimits::default(), view);
    tokio::spawn(dispatcher.run());
    let asked: Arc<Mutex<Vec<Command>>> = Arc::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        while let Some(request) = port.requests.recv().await {
            let (command, _, responder) = request.into_parts();
            responder.send(answer(&command), Seq(7));
            seen.lock()
                .expect("no test panics with the lock")
                .push(command);
        }
    });
    let host = Arc::new(host);
    let server = Server {
        core_uuid: "2f6f2b3e-6b1c-4a57-9d0d-0d6f4f3f9a10".into(),
        hostname: "pbx1".into(),
        switchname: "pbx1".into(),
        ipv4: "10.0.0.5".into(),
        ipv6: "::1".into(),
        version: "1.10.12-test 64bit".into(),
        zone: jiff::tz::TimeZone::UTC,
    };
    let console = Console {
        switch,
        server: Arc::new(server),
        host: host.clone(),
        origin: Origin::internal("test"),
    };
    Bench {
        console,
        host,
        asked,
    }
}

pub(crate) async fn check(cases: &[(&str, &str)]) {
    check_at(&bench().await, cases).await;
}

pub(crate) async fn check_at(bench: &Bench, cases: &[(&str, &str)]) {
    for (line, wanted) in cases {
        let line = line.replace("{u}", UUID).replace("{0}", NOBODY);
        let wanted = wanted.replace("{u}", UUID).replace("{0}", NOBODY);
        assert_eq!(
            bench.console.execute(&Line::parse(&line)).await.text,
            wanted,
            "api {line}"
        );
    }
}
