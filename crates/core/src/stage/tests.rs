//! Stages in a whole switch.

mod crowd;

use std::sync::Arc;

use api::command::call::{Originate, Then};
use api::command::channel::Hangup;
use api::command::room::{ControlRoom, MemberTarget, RoomControl, Toggle};
use api::command::stage::{
    AddParticipant, CreateStage, DestroyStage, FlushParticipant, PlaceParticipant,
    RemoveParticipant, RenameParticipant, SeatParticipant, SetControl, SetLayout,
};
use api::dial::DialString;
use api::event::{Event, EventKind, RoomAction};
use api::id::{LayoutId, ParticipantId, RoomNumber, SeatId};
use api::spatial::{Control, Heading, Layout, ParticipantKind, Position};
use api::view::Participant;
use api::{
    Answer, Application, ChannelId, Command, CommandError, ErrorKind, HangupCause, ObjectKind,
};
use media::control::MediaCommand;

use crate::config::Layouts;
use crate::rig::{Rig, config};

/// Events of stages, and the mutes of the conference among them.
fn stage_events(event: &Event) -> Option<String> {
    if let EventKind::Room(room) = &event.kind {
        let mute = matches!(room.action, RoomAction::Muted | RoomAction::Unmuted);
        return mute.then(|| format!("conference: {:?}", room.action));
    }
    let EventKind::Stage(stage) = &event.kind else {
        return None;
    };
    let who = stage.participant.as_ref();
    let who = who.map(|p| format!(" #{} seat {:?}", p.id, p.seat.map(|s| s.0)));
    Some(format!("{:?}{}", stage.action, who.unwrap_or_default()))
}

fn enter(rig: &mut Rig, argument: &str) -> ChannelId {
    let originate = Originate {
        dial: DialString::parse("null/x").unwrap(),
        then: Then::Run(Application::new("conference", argument)),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    let Ok(Answer::Channel(id)) = rig.get(originate) else {
        panic!("no channel");
    };
    id
}

fn hang_up(rig: &mut Rig, id: &ChannelId) {
    let channel = id.clone();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel, cause }).unwrap();
}

fn create(rig: &mut Rig, room: &str) -> Result<RoomNumber, CommandError> {
    create_numbered(rig, room, None)
}

fn create_numbered(
    rig: &mut Rig,
    room: &str,
    number: Option<i32>,
) -> Result<RoomNumber, CommandError> {
    rig.get(CreateStage {
        room: room.into(),
        number: number.map(RoomNumber),
        description: "".into(),
        layout: None,
    })
    .map(|answer| answer.try_into().unwrap())
}

fn add(rig: &mut Rig, room: &str, number: i32) -> Result<Answer, CommandError> {
    rig.get(AddParticipant {
        room: room.into(),
        participant: ParticipantId(number),
        name: "Ana".into(),
        kind: ParticipantKind::Regular,
        rate_hz: 48_000,
        channels: 1,
    })
}

fn sit(rig: &mut Rig, who: i32, seat: i32) -> Result<Answer, CommandError> {
    rig.get(SeatParticipant {
        room: "3000".into(),
        participant: ParticipantId(who),
        seat: SeatId(seat),
    })
}

fn set(
    rig: &mut Rig,
    who: Option<i32>,
    control: Control,
    value: i32,
) -> Result<Answer, CommandError> {
    rig.get(SetControl {
        room: "3000".into(),
        participant: who.map(ParticipantId),
        control,
        value,
    })
}

fn participant(rig: &Rig, room: &str, number: i32) -> Arc<Participant> {
    let stage = rig.view.stages.get(room).expect("a stage");
    stage
        .participant(ParticipantId(number))
        .expect("a participant")
        .clone()
}

fn open_layout() -> Layout {
    Layout {
        id: LayoutId(2),
        name: "open".into(),
        open: true,
        defaults: vec![(Control::Mixing3d, 1), (Control::Attenuation, 12)],
        seats: vec![
            Position { x: 0, y: 0, z: 50 },
            Position { x: 50, y: 0, z: 0 },
        ],
        ..Layout::built_in()
    }
}

fn two_layouts() -> Rig {
    let layouts = Layouts::new(vec![Layout::built_in(), open_layout()], LayoutId(1));
    Rig::with(crate::config::Config {
        layouts: layouts.unwrap(),
        ..config()
    })
}

#[test]
fn a_conference_has_a_stage_while_it_runs() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000@default");
    assert_eq!(
        rig.seen(stage_events),
        ["Created", "Added #1 seat Some(1)", "Seated #1 seat Some(1)"]
    );
    let stage = rig.view.stage_numbered(RoomNumber(3000)).unwrap().clone();
    assert_eq!(
        (&*stage.name, stage.kept, &*stage.layout.name),
        ("3000", false, "default")
    );
    let seen = participant(&rig, "3000", 1);
    assert_eq!(seen.channel.as_ref(), Some(&alice));
    assert_eq!(seen.pose.heading.azimuth, 180);
    assert!(rig.commands.iter().any(|command| matches!(
        command,
        MediaCommand::Place { place, .. } if place.position_cm == [0, 0, 110] && place.azimuth_deg == 180
    )));
    let bob = enter(&mut rig, "sales");
    assert!(rig.view.stage_numbered(RoomNumber(1_000_000_000)).is_some());
    hang_up(&mut rig, &bob);
    rig.seen(stage_events);
    hang_up(&mut rig, &alice);
    assert_eq!(
        rig.seen(stage_events),
        ["Removed #1 seat Some(1)", "Destroyed"]
    );
    assert!(rig.view.stages.is_empty() && rig.view.stage_names.is_empty());
    assert_eq!(rig.switch.census().stages, 0);
}

#[test]
fn a_stage_made_by_a_client_outlives_its_conference() {
    let mut rig = Rig::new();
    assert_eq!(create(&mut rig, "3000"), Ok(RoomNumber(3000)));
    let again = create(&mut rig, "3000").unwrap_err();
    assert_eq!(again.kind, ErrorKind::AlreadyExists(ObjectKind::Room));
    add(&mut rig, "3000", 1).unwrap();
    let again = add(&mut rig, "3000", 1).unwrap_err();
    assert_eq!(again.kind, ErrorKind::AlreadyExists(ObjectKind::Member));
    rig.seen(stage_events);
    // The member's number is one that nobody there has.
    let alice = enter(&mut rig, "3000");
    assert_eq!(
        rig.seen(stage_events),
        ["Added #2 seat Some(2)", "Seated #2 seat Some(2)"]
    );
    hang_up(&mut rig, &alice);
    assert_eq!(rig.seen(stage_events), ["Removed #2 seat Some(2)"]);
    enter(&mut rig, "3000");
    rig.seen(stage_events);
    rig.get(DestroyStage {
        room: "3000".into(),
    })
    .unwrap();
    assert_eq!(
        rig.seen(stage_events),
        [
            "Removed #1 seat Some(1)",
            "Removed #3 seat Some(2)",
            "Destroyed"
        ]
    );
    assert!(rig.view.rooms.is_empty() && rig.view.stages.is_empty());
    let gone = rig
        .get(DestroyStage {
            room: "3000".into(),
        })
        .unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound(ObjectKind::Room));
    assert_eq!(create(&mut rig, "3000"), Ok(RoomNumber(3000)));
}

#[test]
fn seats_are_given_shared_and_refused() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    rig.seen(stage_events);
    sit(&mut rig, 2, 2).unwrap();
    assert_eq!(rig.seen(stage_events), [""; 0]);
    sit(&mut rig, 2, 1).unwrap();
    assert_eq!(rig.seen(stage_events), ["Seated #2 seat Some(9)"]);
    assert_eq!(participant(&rig, "3000", 2).pose.position.z, 120);
    let none = sit(&mut rig, 2, 9).unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotFound(ObjectKind::Seat));
    let nobody = sit(&mut rig, 7, 1).unwrap_err();
    assert_eq!(nobody.kind, ErrorKind::NotFound(ObjectKind::Member));
    assert_eq!(participant(&rig, "3000", 2).seat, Some(SeatId(9)));
    let by_hand = PlaceParticipant {
        room: "3000".into(),
        participant: ParticipantId(2),
        position: Position::default(),
        heading: None,
    };
    assert_eq!(rig.get(by_hand).unwrap_err().kind, ErrorKind::InvalidState);
}

#[test]
fn another_layout_seats_everybody_anew_and_makes_its_settings() {
    let mut rig = two_layouts();
    for _ in 0..3 {
        enter(&mut rig, "3000");
    }
    sit(&mut rig, 1, 5).unwrap();
    rig.seen(stage_events);
    let layout = |id| SetLayout {
        room: "3000".into(),
        layout: LayoutId(id),
    };
    assert_eq!(
        rig.get(layout(7)).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Layout)
    );
    rig.commands.clear();
    rig.get(layout(2)).unwrap();
    assert_eq!(
        rig.seen(stage_events),
        [
            "LayoutSet",
            "Seated #2 seat Some(1)",
            "Seated #3 seat Some(2)",
            "Seated #1 seat Some(3)",
            "AllControlsSet { control: Mixing3d, value: 1 }",
            "AllControlsSet { control: Attenuation, value: 12 }",
        ]
    );
    let told = |command: &&MediaCommand| matches!(command, MediaCommand::SetControls { controls, .. } if controls.mixing_3d);
    assert_eq!(rig.commands.iter().filter(told).count(), 6);
    let place = |heading| PlaceParticipant {
        room: "3000".into(),
        participant: ParticipantId(1),
        position: Position { x: 1, y: 2, z: 3 },
        heading,
    };
    rig.get(place(Heading::new(10, 20))).unwrap();
    rig.get(place(None)).unwrap();
    assert_eq!(rig.seen(stage_events), ["Placed #1 seat None"]);
    // Whoever comes is set as the layout says, and told so.
    enter(&mut rig, "3000");
    assert_eq!(
        rig.seen(stage_events),
        [
            "Added #4 seat Some(3)",
            "Seated #4 seat Some(3)",
            "ControlSet { control: Mixing3d, value: 1 } #4 seat Some(3)",
            "ControlSet { control: Attenuation, value: 12 } #4 seat Some(3)",
        ]
    );
    sit(&mut rig, 1, 2).unwrap();
    assert_eq!(rig.seen(stage_events), ["Seated #1 seat Some(4)"]);
}

#[test]
fn controls_are_set_once_for_one_or_all() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    rig.seen(stage_events);
    set(&mut rig, Some(1), Control::Whisper, 5).unwrap();
    set(&mut rig, Some(1), Control::Whisper, 5).unwrap();
    assert_eq!(
        rig.seen(stage_events),
        ["ControlSet { control: Whisper, value: 5 } #1 seat Some(1)"]
    );
    set(&mut rig, None, Control::Whisper, 5).unwrap();
    set(&mut rig, None, Control::Whisper, 5).unwrap();
    assert_eq!(
        rig.seen(stage_events),
        ["AllControlsSet { control: Whisper, value: 5 }"]
    );
    for who in [None, Some(1)] {
        let refused = set(&mut rig, who, Control::Whisper, 101).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidArgument("value"));
    }
    assert_eq!(
        participant(&rig, "3000", 2).controls.get(Control::Whisper),
        5
    );
}

#[test]
fn a_mute_is_one_mute_whoever_asks() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    enter(&mut rig, "3000+flags{mute}");
    assert!(participant(&rig, "3000", 2).controls.is_on(Control::Mute));
    rig.seen(stage_events);
    set(&mut rig, Some(1), Control::Mute, 1).unwrap();
    assert_eq!(
        rig.seen(stage_events),
        [
            "ControlSet { control: Mute, value: 1 } #1 seat Some(1)",
            "conference: Muted"
        ]
    );
    assert!(!rig.view.rooms.get("3000").unwrap().members[0].can_speak);
    let unmute = RoomControl::Mute {
        target: MemberTarget::All,
        on: Toggle::Off,
    };
    rig.get(ControlRoom {
        room: "3000".into(),
        action: unmute,
    })
    .unwrap();
    assert_eq!(
        rig.seen(stage_events),
        [
            "conference: Unmuted",
            "ControlSet { control: Mute, value: 0 } #2 seat Some(2)",
            "conference: Unmuted",
            "ControlSet { control: Mute, value: 0 } #1 seat Some(1)",
        ]
    );
    set(&mut rig, None, Control::Mute, 1).unwrap();
    assert_eq!(
        rig.seen(stage_events),
        [
            "AllControlsSet { control: Mute, value: 1 }",
            "conference: Muted",
            "conference: Muted"
        ]
    );
}

#[test]
fn a_recording_is_a_participant_that_listens() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    rig.seen(stage_events);
    let record = |rig: &mut Rig| {
        let action = RoomControl::Record {
            path: "/tmp/a.wav".into(),
            stereo: false,
        };
        rig.get(ControlRoom {
            room: "3000".into(),
            action,
        })
        .unwrap();
    };
    record(&mut rig);
    let number = 1_000_000_000;
    let seen = participant(&rig, "3000", number);
    assert_eq!(
        (&*seen.name, seen.kind),
        ("recorder", ParticipantKind::ListenerOnly)
    );
    let remove = RemoveParticipant {
        room: "3000".into(),
        participant: ParticipantId(number),
    };
    assert_eq!(rig.get(remove).unwrap_err().kind, ErrorKind::InvalidState);
    let action = RoomControl::StopRecording { path: None };
    rig.get(ControlRoom {
        room: "3000".into(),
        action,
    })
    .unwrap();
    rig.seen(stage_events);
    record(&mut rig);
    hang_up(&mut rig, &alice);
    assert_eq!(
        rig.seen(stage_events),
        [
            "Added #1000000000 seat Some(2)",
            "Seated #1000000000 seat Some(2)",
            "Removed #1 seat Some(1)",
            "Removed #1000000000 seat Some(2)",
            "Destroyed",
        ]
    );
}

#[test]
fn names_kinds_and_texts_are_checked() {
    let mut rig = Rig::new();
    let long = "x".repeat(257);
    for name in ["", " a", "a\n", long.as_str()] {
        assert_eq!(
            create(&mut rig, name).unwrap_err().kind,
            ErrorKind::InvalidArgument("name")
        );
    }
    create(&mut rig, "007").unwrap();
    // The number 7 is taken by another name.
    assert_eq!(create(&mut rig, "7"), Ok(RoomNumber(1_000_000_000)));
    add(&mut rig, "7", -4).unwrap();
    let named = |name: &str| RenameParticipant {
        room: "7".into(),
        participant: ParticipantId(-4),
        name: name.into(),
    };
    rig.seen(stage_events);
    rig.get(named("Ana")).unwrap();
    rig.get(named("Bo")).unwrap();
    assert_eq!(rig.seen(stage_events), ["Renamed #-4 seat Some(1)"]);
    assert_eq!(
        rig.get(named(&"x".repeat(2001))).unwrap_err().kind,
        ErrorKind::InvalidArgument("name")
    );
    for (rate_hz, channels, argument) in [(44_100, 1, "rate"), (8000, 3, "channels")] {
        let odd = AddParticipant {
            room: "7".into(),
            participant: ParticipantId(5),
            name: "".into(),
            kind: ParticipantKind::SourceOnly,
            rate_hz,
            channels,
        };
        assert_eq!(
            rig.get(odd).unwrap_err().kind,
            ErrorKind::InvalidArgument(argument)
        );
    }
    let commands: [Command; 2] = [
        FlushParticipant {
            room: "7".into(),
            participant: ParticipantId(9),
        }
        .into(),
        FlushParticipant {
            room: "8".into(),
            participant: ParticipantId(-4),
        }
        .into(),
    ];
    for (command, object) in commands
        .into_iter()
        .zip([ObjectKind::Member, ObjectKind::Room])
    {
        assert_eq!(
            rig.get(command).unwrap_err().kind,
            ErrorKind::NotFound(object)
        );
    }
}

#[test]
fn a_room_may_have_another_number_than_its_name() {
    let mut rig = Rig::new();
    assert_eq!(
        create_numbered(&mut rig, "sales", Some(12)),
        Ok(RoomNumber(12))
    );
    let taken = ErrorKind::AlreadyExists(ObjectKind::Room);
    for (name, number) in [("support", Some(12)), ("sales", Some(13))] {
        let error = create_numbered(&mut rig, name, number).unwrap_err();
        assert_eq!(error.kind, taken, "{name}");
    }
    // The conference of that name is the room, and its number is taken for others.
    enter(&mut rig, "sales@default");
    let stage = rig.view.stage_numbered(RoomNumber(12)).unwrap();
    assert_eq!((&*stage.name, stage.participants.len()), ("sales", 1));
    assert_eq!(create(&mut rig, "12"), Ok(RoomNumber(1_000_000_000)));
}
