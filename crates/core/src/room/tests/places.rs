//! Where members are heard from, by commands of the conference.

use api::event::StageAction;
use api::id::ParticipantId;
use api::spatial::{Control, Position};
use api::view::Participant;

use super::*;

fn participant(rig: &Rig, number: i32) -> Arc<Participant> {
    let stage = rig.view.stages.get("3000").expect("a stage");
    let found = stage.participant(ParticipantId(number));
    found.expect("a participant").clone()
}

/// What clients that arrange rooms are told.
fn stage_events(event: &Event) -> Option<String> {
    let EventKind::Stage(event) = &event.kind else {
        return None;
    };
    let who = event.participant.as_ref().map_or(0, |p| p.id.0);
    match event.action {
        StageAction::Placed | StageAction::Seated | StageAction::AllControlsSet { .. } => {
            Some(format!("{:?} #{who}", event.action))
        }
        _ => None,
    }
}

fn position(rig: &mut Rig, target: MemberTarget, position: Option<Position>) -> Vec<Arc<str>> {
    control(rig, RoomControl::Position { target, position }).unwrap()
}

#[test]
fn members_are_put_where_a_script_says_and_everybody_is_told() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        enter(&mut rig, "3000");
    }
    rig.events.clear();
    rig.commands.clear();
    let left = Position {
        x: -100,
        y: 0,
        z: 0,
    };
    let last = MemberTarget::Last;
    assert_eq!(
        position(&mut rig, last.clone(), Some(left)),
        texts(&["-100:0:0"])
    );
    assert_eq!(rig.seen(stage_events), ["Placed #2"]);
    let placed = participant(&rig, 2);
    assert_eq!((placed.seat, placed.pose.position), (None, left));
    assert_eq!(placed.pose.heading.azimuth, 90, "it looks at the centre");
    let told = rig.commands.iter().find_map(|command| match command {
        MediaCommand::Place { place, .. } => Some((place.position_cm, place.azimuth_deg)),
        _ => None,
    });
    assert_eq!(told, Some(([-100, 0, 0], 90)));
    assert_eq!(
        position(&mut rig, MemberTarget::All, None),
        texts(&["0:0:110", "-100:0:0"])
    );
    // To where it is already: nothing to tell.
    position(&mut rig, last.clone(), Some(left));
    assert_eq!(rig.seen(stage_events), [""; 0]);
    let near = Position { x: 0, y: 0, z: 5 };
    position(&mut rig, last, Some(near));
    let expected = format!("PositionSet {{ position: {near:?} }} #2 (2)");
    assert_eq!(rig.seen(room_events), [expected]);
    let nobody = RoomControl::Position {
        target: MemberTarget::Id(MemberId(9)),
        position: Some(near),
    };
    let missing = control(&mut rig, nobody).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound(ObjectKind::Member));
}

#[test]
fn a_conference_arranges_those_who_are_there_and_those_who_come() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        enter(&mut rig, "3000");
    }
    let away = Position { x: 900, y: 0, z: 0 };
    position(&mut rig, MemberTarget::Last, Some(away));
    rig.events.clear();
    control(&mut rig, RoomControl::Arrange(true)).unwrap();
    let three_d = |value| format!("AllControlsSet {{ control: Mixing3d, value: {value} }} #0");
    assert_eq!(rig.seen(stage_events), ["Seated #2".to_owned(), three_d(1)]);
    let seat = |rig: &Rig, who| participant(rig, who).seat.map(|seat| seat.0);
    assert_eq!((seat(&rig, 1), seat(&rig, 2)), (Some(1), Some(2)));
    enter(&mut rig, "3000");
    for (who, on) in [(3, true), (1, true)] {
        let controls = participant(&rig, who).controls;
        assert_eq!(controls.is_on(Control::Mixing3d), on, "{who}");
    }
    rig.events.clear();
    control(&mut rig, RoomControl::Arrange(false)).unwrap();
    assert_eq!(rig.seen(stage_events), [three_d(0)]);
    enter(&mut rig, "3000");
    assert!(!participant(&rig, 4).controls.is_on(Control::Mixing3d));
}

#[test]
fn a_recording_with_two_channels_stands_in_the_middle_until_a_client_wants_otherwise() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    rig.commands.clear();
    let record = |path: &str, stereo| RoomControl::Record {
        path: path.into(),
        stereo,
    };
    control(&mut rig, record("/r/wide.wav", true)).unwrap();
    control(&mut rig, record("/r/narrow.wav", false)).unwrap();
    let opened: Vec<bool> = rig
        .commands
        .iter()
        .filter_map(|command| match command {
            MediaCommand::RoomRecord { stereo, .. } => Some(*stereo),
            _ => None,
        })
        .collect();
    assert_eq!(opened, [true, false]);
    let views = |rig: &mut Rig| -> Vec<_> {
        let views = rig.commands.iter().filter_map(|command| match command {
            MediaCommand::RecordFrom {
                place, controls, ..
            } => Some((place.position_cm, place.azimuth_deg, controls.mixing_3d)),
            _ => None,
        });
        let views = views.collect();
        rig.commands.clear();
        views
    };
    assert_eq!(views(&mut rig).last(), Some(&([0, 0, 0], 0, true)));
    let number = 1_000_000_000;
    let wide = participant(&rig, number);
    assert_eq!(
        (&*wide.name, wide.channels, wide.seat),
        ("recorder", 2, None)
    );
    assert_eq!(participant(&rig, number + 1).channels, 1);
    // It is a participant: a client seats it and changes how it listens.
    let seat = |who| api::command::stage::SeatParticipant {
        room: "3000".into(),
        participant: ParticipantId(who),
        seat: api::id::SeatId(3),
    };
    rig.get(seat(number)).unwrap();
    assert_eq!(views(&mut rig), [([110, 0, 0], -90, true)]);
    rig.get(api::command::stage::SetControl {
        room: "3000".into(),
        participant: Some(ParticipantId(number)),
        control: Control::Mixing3d,
        value: 0,
    })
    .unwrap();
    assert_eq!(views(&mut rig), [([110, 0, 0], -90, false)]);
    rig.get(seat(number + 1)).unwrap();
    assert_eq!(views(&mut rig), [], "one channel has no sides");
}

#[test]
fn a_profile_may_let_everybody_hear_from_their_seats() {
    let mut rig = rig_with("<param name=\"conference-flags\" value=\"auto-3d-position\"/>");
    enter(&mut rig, "3000");
    assert!(participant(&rig, 1).controls.is_on(Control::Mixing3d));
    enter(&mut rig, "3000");
    let (first, second) = (participant(&rig, 1), participant(&rig, 2));
    assert!(second.controls.is_on(Control::Mixing3d));
    assert_ne!(first.seat, second.seat);
    let mut plain = Rig::new();
    enter(&mut plain, "3000");
    assert!(!participant(&plain, 1).controls.is_on(Control::Mixing3d));
}
