//! Rooms with many participants, and several rooms at once.

use super::*;

/// The list of participants clients were told of last is the one that is kept.
fn is_shared(rig: &Rig, room: &str) -> bool {
    let kept = &rig.switch.stages.all[room].seen;
    Arc::ptr_eq(kept, rig.view.stages.get(room).unwrap())
}

/// Lists of thousands are not copied by commands that change nothing in them, and are changed all at once.
#[test]
fn looking_at_somebody_copies_no_list() {
    let mut rig = two_layouts();
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    assert!(is_shared(&rig, "3000"), "it came");
    let number = rig.view.stages.get("3000").unwrap().participants[0].id.0;
    set(&mut rig, Some(number), Control::Whisper, 0).unwrap();
    set(&mut rig, None, Control::Whisper, 0).unwrap();
    sit(&mut rig, number, 1).unwrap();
    let participant = ParticipantId(number);
    let room: Arc<str> = "3000".into();
    rig.get(FlushParticipant {
        room: room.clone(),
        participant,
    })
    .unwrap();
    rig.get(RenameParticipant {
        room: room.clone(),
        participant,
        name: "".into(),
    })
    .unwrap();
    assert!(is_shared(&rig, "3000"), "nothing was changed");
    set(&mut rig, Some(number), Control::Whisper, 5).unwrap();
    assert!(is_shared(&rig, "3000"), "the mix was told");
    let layout = LayoutId(2);
    rig.get(SetLayout { room, layout }).unwrap();
    assert!(is_shared(&rig, "3000"), "everybody sits elsewhere");
}

#[test]
fn the_layout_a_room_has_is_not_set_again() {
    let mut rig = two_layouts();
    enter(&mut rig, "3000");
    sit(&mut rig, 1, 5).unwrap();
    rig.seen(stage_events);
    let layout = |id| SetLayout {
        room: "3000".into(),
        layout: LayoutId(id),
    };
    rig.get(layout(1)).unwrap();
    assert_eq!(rig.seen(stage_events), [""; 0]);
    assert_eq!(participant(&rig, "3000", 1).seat, Some(SeatId(5)));
    rig.get(layout(2)).unwrap();
    assert_eq!(rig.seen(stage_events)[0], "LayoutSet");
    rig.get(layout(2)).unwrap();
    assert_eq!(rig.seen(stage_events), [""; 0]);
}

/// The first recording of every conference has the same number.
#[test]
fn a_participant_is_no_recording_of_another_room() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    rig.get(ControlRoom {
        room: "3000".into(),
        action: RoomControl::Record {
            path: "/tmp/a.wav".into(),
            stereo: false,
        },
    })
    .unwrap();
    let number = 1_000_000_000;
    assert_eq!(&*participant(&rig, "3000", number).name, "recorder");
    create(&mut rig, "4000").unwrap();
    add(&mut rig, "4000", number).unwrap();
    let remove = |room: &str| RemoveParticipant {
        room: room.into(),
        participant: ParticipantId(number),
    };
    assert_eq!(rig.get(remove("4000")), Ok(Answer::Unit(())));
    let refused = rig.get(remove("3000")).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidState);
}

#[test]
fn why_a_room_cannot_be_made_is_said() {
    let mut rig = Rig::new();
    create_numbered(&mut rig, "7", Some(5)).unwrap();
    create_numbered(&mut rig, "sales", Some(12)).unwrap();
    let mut why = |name: &str, number| {
        let error = create_numbered(&mut rig, name, number).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists(ObjectKind::Room));
        error.detail.into_string()
    };
    assert_eq!(why("other", Some(5)), "room 5 exists");
    assert_eq!(why("sales", None), "room sales exists");
    // Number 7 is nobody's, and a room called so is there all the same.
    assert_eq!(
        why("7", Some(7)),
        "a room named 7 exists: it has the number 5"
    );
    assert_eq!(
        why("sales", Some(6)),
        "a room named sales exists: it has the number 12"
    );
}
