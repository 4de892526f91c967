use super::*;
use api::event::{
    ChannelEvent, CustomEvent, JobEvent, RanApplication, RoomAction, RoomEvent, SystemEvent,
};
use api::id::{ChannelId, EventId, JobId, MemberId, NodeId, RoomId, Seq, Uuid};
use api::view::{
    AnswerState, CallState, CallerProfile, Channel, ChannelState, Codec, Direction, Hangup, Member,
    OtherLeg, OtherType, Room, RoomFlags, RoomParameters,
};
use api::{Timestamp, Variables};
use std::sync::Arc;

mod queues;
mod voicemail;

pub(crate) fn server() -> Server {
    Server {
        core_uuid: "2f6f2b3e-6b1c-4a57-9d0d-0d6f4f3f9a10".into(),
        hostname: "pbx1".into(),
        switchname: "pbx1".into(),
        ipv4: "10.0.0.5".into(),
        ipv6: "::1".into(),
        version: "1.10.12-test".into(),
        zone: TimeZone::UTC,
    }
}

pub(crate) fn channel() -> Channel {
    let id = ChannelId::from_text("df9b9a45-efdf-4035-9f89-f3efd0f905e5").expect("a valid id");
    let l16 = || {
        Some(Codec {
            name: "L16".into(),
            rate_hz: 8000,
            bit_rate: 128_000,
        })
    };
    let mut profile = CallerProfile::new(id.clone(), Direction::Outbound);
    profile.dialplan = "xml".into();
    profile.destination_number = "9196".into();
    Channel {
        id,
        serial: 2,
        name: "loopback/9196-a".into(),
        direction: Direction::Outbound,
        state: ChannelState::Init,
        next_state: ChannelState::Routing,
        call_state: CallState::Down,
        answer: AnswerState::Ringing,
        hit_dialplan: false,
        external_id: None,
        read_codec: l16(),
        write_codec: l16(),
        profile: Some(Arc::new(profile)),
        other: None,
        variables: [("direction", "outbound"), ("list", "ARRAY::a|:b")]
            .into_iter()
            .collect::<Variables>(),
        hangup: None,
        application: None,
        bridged_to: None,
        room: None,
        verbose_events: false,
        initial: None,
        sent_callee: None,
        bugs: Vec::new(),
    }
}

fn event(kind: EventKind, channel: Option<Channel>) -> Event {
    let id = EventId {
        node: NodeId(Uuid::nil()),
        seq: Seq(512),
    };
    Event::new(
        id,
        Timestamp(1_737_453_600_123_456),
        kind,
        channel.map(Arc::new),
        None,
    )
}

/// Header names, core headers as one word.
fn shape(event: &Event) -> String {
    let all = headers(event, &server());
    let mut names: Vec<&str> = Vec::new();
    for header in all.iter() {
        let name = header.name.as_ref();
        let word = match name {
            "Event-Name" => name,
            _ if crate::command::sendevent::CORE_HEADERS.contains(&name) => "CORE",
            _ if name.starts_with("variable_") => "VARS",
            _ if name.starts_with("Caller-") => "CALLER",
            _ if name.starts_with("Other-Leg-") => "OTHERLEG",
            _ if name.starts_with("Channel-Read-Codec")
                || name.starts_with("Channel-Write-Codec") =>
            {
                "CODEC"
            }
            "Channel-State"
            | "Channel-Call-State"
            | "Channel-State-Number"
            | "Channel-Name"
            | "Unique-ID"
            | "Call-Direction"
            | "Presence-Call-Direction"
            | "Channel-HIT-Dialplan"
            | "Channel-Call-UUID"
            | "Answer-State" => "BASIC",
            other => other,
        };
        if names.last() != Some(&word) {
            names.push(word);
        }
    }
    names.join(" ")
}

fn of_channel(kind: ChannelEvent, channel: Channel) -> String {
    shape(&event(EventKind::Channel(kind), Some(channel)))
}

#[test]
fn a_created_channel_as_recorded() {
    // golden stream-01-loopback-park-plain
    let created = event(EventKind::Channel(ChannelEvent::Created), Some(channel()));
    assert_eq!(shape(&created), "Event-Name CORE BASIC CODEC CALLER VARS");
    let all = headers(&created, &server());
    assert_eq!(all.get("Channel-State-Number").as_deref(), Some("2"));
    assert_eq!(all.get("Channel-HIT-Dialplan").as_deref(), Some("false"));
    assert_eq!(
        all.get("Event-Date-GMT").as_deref(),
        Some("Tue, 21 Jan 2025 10:00:00 GMT")
    );
    assert_eq!(all.get("variable_list").as_deref(), Some("ARRAY::a|:b"));
    assert!(all.get("Caller-Caller-ID-Name").is_none());
    assert_eq!(
        all.get("Caller-Channel-Answered-Time").as_deref(),
        Some("0")
    );
}

#[test]
fn the_shapes_of_the_recordings() {
    // golden stream-01, stream-03, stream-05
    let mut bare = channel();
    bare.profile = None;
    assert_eq!(
        of_channel(ChannelEvent::CodecSet { read: true }, bare.clone()),
        "Event-Name CORE BASIC CODEC channel-read-codec-name channel-read-codec-rate channel-read-codec-bit-rate"
    );
    assert_eq!(
        of_channel(ChannelEvent::CodecSet { read: false }, bare),
        "Event-Name CORE BASIC CODEC Channel-Write-codec-bit-rate"
    );
    assert_eq!(
        of_channel(ChannelEvent::StateChanged, channel()),
        "Event-Name CORE BASIC CODEC CALLER"
    );
    assert_eq!(
        of_channel(
            ChannelEvent::CallStateChanged {
                from: CallState::Down
            },
            channel()
        ),
        "Event-Name CORE Original-Channel-Call-State Channel-Call-State-Number BASIC CODEC CALLER"
    );
    let mut down = channel();
    down.hangup = Some(Hangup {
        cause: api::HangupCause::UserBusy,
        blame: api::cause::Blame::Unknown,
    });
    assert_eq!(
        of_channel(ChannelEvent::HangupComplete, down),
        "Event-Name CORE Hangup-Cause BASIC Hangup-Cause CODEC CALLER VARS"
    );
    let application = RanApplication {
        name: "park".into(),
        data: "".into(),
        uuid: "u".into(),
        uuid_name: None,
    };
    assert_eq!(
        of_channel(
            ChannelEvent::ExecuteComplete {
                application,
                response: "_none_".into()
            },
            channel()
        ),
        "Event-Name CORE BASIC CODEC CALLER VARS Application Application-Response Application-UUID"
    );
    let mut bridged = channel();
    let profile = Arc::new(CallerProfile::new(bridged.id.clone(), Direction::Outbound));
    bridged.other = Some(OtherLeg {
        kind: OtherType::Originatee,
        profile,
    });
    let kind = ChannelEvent::Bridged {
        a: bridged.id.clone(),
        b: Arc::new(channel()),
    };
    assert_eq!(
        of_channel(kind, bridged),
        "Event-Name CORE Bridge-A-Unique-ID Bridge-B-Unique-ID BASIC CODEC CALLER Other-Type OTHERLEG VARS"
    );
}

#[test]
fn verbose_channels_say_everything() {
    let mut verbose = channel();
    verbose.verbose_events = true;
    assert!(of_channel(ChannelEvent::StateChanged, verbose).ends_with("CALLER VARS"));
}

#[test]
fn a_job_with_and_without_output() {
    // golden bgapi-01-plain
    let mut job = JobEvent {
        job: JobId("same".into()),
        owner: None,
        command: "echo".into(),
        argument: Some("x".into()),
        output: Some("x".into()),
    };
    let all = headers(
        &event(EventKind::Job(Box::new(job.clone())), None),
        &server(),
    );
    assert_eq!(all.body(), Some(&b"x"[..]));
    job.output = None;
    job.argument = None;
    let silent = event(EventKind::Job(Box::new(job)), None);
    assert_eq!(shape(&silent), "Event-Name CORE Job-UUID Job-Command");
    assert_eq!(headers(&silent, &server()).body(), Some(&b""[..]));
}

#[test]
fn custom_events_of_clients_and_of_dialplans() {
    // golden sendevent-01, stream-40-event-app
    let mut custom = CustomEvent {
        name: "CUSTOM".into(),
        subclass: Some("my::event".into()),
        headers: vec![
            ("Command".into(), "sendevent CUSTOM".into()),
            ("Foo".into(), "bar".into()),
        ],
        body: None,
        from_client: true,
    };
    let sent = event(EventKind::Custom(Box::new(custom.clone())), None);
    assert_eq!(shape(&sent), "Event-Subclass Command Foo Event-Name CORE");
    assert_eq!(
        (name(&sent), subclass(&sent)),
        (Some(EventName::Custom), Some("my::event"))
    );
    custom.from_client = false;
    custom.headers = vec![
        ("Event-Name".into(), "CUSTOM".into()),
        ("foo".into(), "bar".into()),
    ];
    let fired = event(EventKind::Custom(Box::new(custom)), Some(channel()));
    assert_eq!(
        shape(&fired),
        "Event-Subclass CORE Event-Name foo BASIC CODEC CALLER VARS"
    );
}

#[test]
fn conference_events_as_recorded() {
    // golden stream-09-conference-plain
    let member = Member {
        id: MemberId(1),
        channel: Arc::new(channel()),
        joined: Timestamp(1),
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
    };
    let room = Room {
        id: RoomId(Uuid::nil()),
        name: "3000".into(),
        domain: "127.0.0.1".into(),
        profile: "default".into(),
        rate_hz: 8000,
        interval_ms: 20,
        created: Timestamp(1),
        flags: RoomFlags::default(),
        pin: None,
        members: vec![Arc::new(member.clone())],
        floor: Some(MemberId(1)),
        recordings: Vec::new(),
        relations: Vec::new(),
        variables: Variables::new(),
        enter_sound: None,
        exit_sound: None,
        energy_level: 100,
        parameters: RoomParameters::default(),
    };
    let make = |action: RoomAction, with_member: bool| {
        let member = with_member.then(|| Arc::new(member.clone()));
        let kind = RoomEvent {
            room: Arc::new(room.clone()),
            member,
            action,
        };
        shape(&event(
            EventKind::Room(Box::new(kind)),
            with_member.then(channel),
        ))
    };
    let conference = "Conference-Name Conference-Domain Conference-Size Conference-Ghosts \
                      Conference-Profile-Name Conference-Unique-ID";
    let of_member = "Floor BASIC CODEC CALLER Video Hear See Speak Talking Mute-Detect Hold Member-ID Member-Type \
                     Member-Ghost Energy-Level Current-Energy";
    let front = format!("Event-Subclass Event-Name CORE {conference}");
    assert_eq!(make(RoomAction::Created, false), format!("{front} Action"));
    assert_eq!(
        make(RoomAction::MemberAdded, true),
        format!("{front} {of_member} Action")
    );
    assert_eq!(
        make(
            RoomAction::FloorChanged {
                old: None,
                new: Some(MemberId(1))
            },
            true
        ),
        format!("{front} Action Old-ID {conference} {of_member} New-ID")
    );
    assert_eq!(
        make(
            RoomAction::FilePlayed {
                file: "f".into(),
                asynchronous: true,
                failed: false,
                samples: 9920,
                rate_hz: 8000
            },
            false
        ),
        format!("{front} seconds milliseconds samples Action File Async")
    );
    assert_eq!(
        make(
            RoomAction::FilePlaying {
                file: "f".into(),
                asynchronous: false,
                failed: true
            },
            false
        ),
        format!("{front} Action File Async Error")
    );
    assert_eq!(
        make(
            RoomAction::RecordingStopped {
                path: "p".into(),
                others: false,
                samples: 5600,
                rate_hz: 8000,
                file_bytes: 11_244
            },
            false
        ),
        format!(
            "{front} Action Path Other-Recordings Samples-Out Samplerate Milliseconds-Elapsed Record-File-Size"
        )
    );
}

#[test]
fn frames_are_encoded_once() {
    let reload = event(EventKind::System(SystemEvent::XmlReloaded), None);
    let first = event_frame(&reload, Format::Plain, &server());
    let second = event_frame(&reload, Format::Plain, &server());
    assert_eq!(first.as_ptr(), second.as_ptr());
    assert!(first.starts_with(b"Content-Length: "));
    assert!(first.ends_with(b"Event-Sequence: 512\n\n"));
}

#[test]
fn what_clients_never_see_has_no_name() {
    let due = SystemEvent::ConsoleLineDue {
        line: "status".into(),
        channel: None,
    };
    assert_eq!(name(&event(EventKind::System(due), None)), None);
}

#[test]
fn a_message_and_what_only_pages_are_told() {
    let message = api::event::MessageEvent {
        from: api::event::WebParty {
            uri: "1000@10.0.0.5".into(),
            display_name: "Ali\"ce".into(),
        },
        verified: true,
        sender: None,
        source: "192.0.2.1:5060".parse().expect("an address"),
        to: "1001@10.0.0.5".into(),
        clients: Vec::new(),
        awaited: None,
        call: None,
        content_type: "text/plain".into(),
        headers: Vec::new(),
        body: b"Lunch?\n".as_slice().into(),
    };
    let message = event(EventKind::Message(Box::new(message)), None);
    assert_eq!(name(&message), Some(EventName::Message));
    assert_eq!(
        shape(&message),
        "Event-Name CORE proto to_proto from from_user from_host to_user to_host from_sip_ip \
         from_sip_port to type from_full"
    );
    let all = headers(&message, &server());
    for (header, value) in [
        ("Event-Name", "MESSAGE"),
        ("from_user", "1000"),
        ("to_host", "10.0.0.5"),
        ("from_sip_port", "5060"),
        ("from_full", "\"Alice\" <sip:1000@10.0.0.5>"),
    ] {
        assert_eq!(all.get(header).as_deref(), Some(value), "{header}");
    }
    assert_eq!(all.body(), Some(&b"Lunch?\n"[..]));
    let told = api::event::WebEvent {
        client: api::id::WebClientId(1),
        kind: api::event::WebEventKind::Registered,
    };
    assert_eq!(
        name(&event(EventKind::Web(Box::new(told)), None)),
        None,
        "nobody but its door sees it"
    );
}

/// event-socket.md §5.2
#[test]
fn gateways_as_documented() {
    use api::event::{AccountEvent, GatewayState};

    let told = |kind: AccountEvent| event(EventKind::Account(Box::new(kind)), None);
    let state = GatewayState {
        gateway: "carrier".into(),
        state: "FAILED",
        is_up: false,
        server: Some("192.0.2.9:5070".parse().expect("an address")),
        response: Some((403, "Go away".into())),
    };
    let refused = told(AccountEvent::Gateway(state.clone()));
    assert_eq!(name(&refused), Some(EventName::Custom));
    assert_eq!(
        shape(&refused),
        "Event-Subclass Event-Name CORE Gateway State Ping-Status Register-Network-IP \
         Register-Network-Port Phrase Status"
    );
    let all = headers(&refused, &server());
    for (header, value) in [
        ("Event-Subclass", "sofia::gateway_state"),
        ("Gateway", "carrier"),
        ("State", "FAILED"),
        ("Ping-Status", "DOWN"),
        ("Register-Network-IP", "192.0.2.9"),
        ("Register-Network-Port", "5070"),
        ("Phrase", "Go away"),
        ("Status", "403"),
    ] {
        assert_eq!(all.get(header).as_deref(), Some(value), "{header}");
    }
    let began = told(AccountEvent::Gateway(GatewayState {
        state: "NOREG",
        is_up: true,
        server: None,
        response: None,
        ..state
    }));
    assert_eq!(
        shape(&began),
        "Event-Subclass Event-Name CORE Gateway State Ping-Status"
    );
    let (profile, gateway) = ("external".into(), "carrier".into());
    let added = told(AccountEvent::GatewayAdded { profile, gateway });
    assert_eq!(
        shape(&added),
        "Event-Subclass Event-Name CORE profile-name Gateway"
    );
    let (profile, gateway) = ("external".into(), "carrier".into());
    let deleted = headers(
        &told(AccountEvent::GatewayDeleted { profile, gateway }),
        &server(),
    );
    assert_eq!(
        deleted.get("Event-Subclass").as_deref(),
        Some("sofia::gateway_delete")
    );
}

/// event-manager.md §12.4
#[test]
fn rooms_with_places_as_documented() {
    use api::event::{StageAction, StageEvent, StagePlace};
    use api::id::{ParticipantId, RoomNumber, SeatId};
    use api::spatial::{Control, Controls, Layout, ParticipantKind};
    use api::view::Participant;

    let layout = Arc::new(Layout::built_in());
    let seat = SeatId(1);
    let participant = Arc::new(Participant {
        id: ParticipantId(3),
        name: "Ana".into(),
        kind: ParticipantKind::Regular,
        rate_hz: 48_000,
        channels: 1,
        seat: Some(seat),
        pose: layout.pose(seat, 0).unwrap(),
        controls: Controls::default(),
        member: None,
        channel: None,
    });
    let stage = StagePlace {
        number: RoomNumber(12),
        name: "12".into(),
        layout,
    };
    let told = |action: StageAction, about_one: bool| {
        let (stage, participant) = (stage.clone(), about_one.then(|| participant.clone()));
        let kind = StageEvent {
            stage,
            participant,
            action,
        };
        let event = event(EventKind::Stage(Box::new(kind)), None);
        assert_eq!(subclass(&event), Some("immersitech::maintenance"));
        let all = headers(&event, &server());
        let own: Vec<String> = all
            .iter()
            .skip_while(|header| header.name != "Action")
            .map(|header| format!("{}: {}", header.name, header.text()))
            .collect();
        (name(&event), own.join(", "))
    };
    let (control, value) = (Control::Mute, 1);
    let cases = [
        (StageAction::Created, false, "create-room, Room-Id: 12"),
        (StageAction::Destroyed, false, "destroy-room, Room-Id: 12"),
        (
            StageAction::Added,
            true,
            "add-participant, Room-Id: 12, Participant-Id: 3, Participant-Name: Ana, Participant-Num-Channels: 1, Participant-Sampling-Rate: 48000, Participant-Type: 1",
        ),
        (
            StageAction::Removed,
            true,
            "remove-participant, Room-Id: 12, Participant-Id: 3",
        ),
        (
            StageAction::Seated,
            true,
            "set-participant-seat, Room-Id: 12, Participant-Id: 3, Seat-Id: 1, Seat-Position-X: 0, Seat-Position-Y: 0, Seat-Position-Z: 110, Seat-Heading-Azimuth: 180, Seat-Heading-Elevation: 0",
        ),
        (
            StageAction::Placed,
            true,
            "set-participant-position, Room-Id: 12, Participant-Id: 3, Position-X: 0, Position-Y: 0, Position-Z: 110, Heading-Azimuth: 180, Heading-Elevation: 0",
        ),
        (
            StageAction::ControlSet { control, value },
            true,
            "set-participant-state, Room-Id: 12, State-Id: 2, State: 1, Participant-Id: 3",
        ),
        (
            StageAction::AllControlsSet { control, value },
            false,
            "set-all-participants-state, Room-Id: 12, State-Id: 2, State: 1",
        ),
        (
            StageAction::LayoutSet,
            false,
            "change-room-config, Room-Id: 12, Room-Config-Id: 1",
        ),
    ];
    for (action, about_one, expected) in cases {
        let expected = format!("Action: immersitech-{expected}");
        assert_eq!(told(action, about_one), (Some(EventName::Custom), expected));
    }
    assert_eq!(told(StageAction::Renamed, true).0, None);
}
