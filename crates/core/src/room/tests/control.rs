//! Commands about members.

use super::*;

#[test]
fn members_are_switched_by_command_newest_first() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        enter(&mut rig, "3000");
    }
    rig.events.clear();
    let all = MemberTarget::All;
    assert_eq!(
        control(
            &mut rig,
            RoomControl::Mute {
                target: all.clone(),
                on: Toggle::On
            }
        ),
        Ok(texts(&["1", "2"]))
    );
    assert_eq!(rig.seen(room_events), ["Muted #2 (2)", "Muted #1 (2)"]);
    let toggled = control(
        &mut rig,
        RoomControl::Mute {
            target: MemberTarget::Last,
            on: Toggle::Toggle,
        },
    );
    assert_eq!(toggled, Ok(texts(&["2"])));
    assert_eq!(rig.seen(room_events), ["Unmuted #2 (2)"]);
    assert_eq!(
        control(
            &mut rig,
            RoomControl::VolumeIn {
                target: MemberTarget::Last,
                level: Some(99)
            }
        ),
        Ok(texts(&["4"]))
    );
    assert_eq!(
        control(
            &mut rig,
            RoomControl::Energy {
                target: MemberTarget::Last,
                level: Some(200)
            }
        ),
        Ok(texts(&["200"]))
    );
    assert_eq!(
        control(
            &mut rig,
            RoomControl::VolumeOut {
                target: MemberTarget::Last,
                level: None
            }
        ),
        Ok(texts(&["0"]))
    );
    assert_eq!(
        rig.seen(room_events),
        [
            "VolumeInSet { level: 4 } #2 (2)",
            "EnergySet { level: 200 } #2 (2)"
        ]
    );
    let settings = rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::SetMember { settings, .. } => Some(*settings),
        _ => None,
    });
    let settings = settings.unwrap();
    assert_eq!(
        (settings.energy, settings.mute, settings.gain_in_db),
        (200, false, 12.0)
    );
    // Recorded in conf-03: −1 is kept. To the mix it is 0, where everything is heard.
    let below = control(
        &mut rig,
        RoomControl::Energy {
            target: MemberTarget::Last,
            level: Some(-1),
        },
    );
    assert_eq!(below, Ok(texts(&["-1"])));
    let last = rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::SetMember { settings, .. } => Some(settings.energy),
        _ => None,
    });
    assert_eq!(last, Some(0));
    assert_eq!(rig.seen(room_events), ["EnergySet { level: -1 } #2 (2)"]);
    let gain = |rig: &mut Rig, level: Option<u16>| {
        let target = MemberTarget::Last;
        control(rig, RoomControl::AutomaticGain { target, level })
    };
    assert_eq!(gain(&mut rig, None), Ok(texts(&["0"])));
    assert_eq!(gain(&mut rig, Some(u16::MAX)), Ok(texts(&["32767"])));
    assert_eq!(gain(&mut rig, Some(1000)), Ok(texts(&["1000"])));
    let last = rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::SetMember { settings, .. } => Some(settings.automatic_gain),
        _ => None,
    });
    assert_eq!(last, Some(1000));
    assert_eq!(
        rig.seen(room_events),
        [
            "AutomaticGainSet { level: 32767 } #2 (2)",
            "AutomaticGainSet { level: 1000 } #2 (2)"
        ]
    );
    let target = MemberTarget::Last;
    let level = Some(500);
    let auto = control(&mut rig, RoomControl::AutoEnergy { target, level });
    assert_eq!(auto, Ok(texts(&["500"])));
    let (target, level) = (MemberTarget::Last, Some(u16::MAX));
    let max = control(&mut rig, RoomControl::MaxEnergy { target, level });
    assert_eq!(max, Ok(texts(&["32767"])));
    let last = rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::SetMember { settings, .. } => {
            Some((settings.auto_energy, settings.max_energy))
        }
        _ => None,
    });
    assert_eq!(last, Some((500, 32_767)));
    assert_eq!(
        rig.seen(room_events),
        [
            "AutoEnergySet { level: 500, energy: -1 } #2 (2)",
            "MaxEnergySet { level: 32767, mute_ms: 1000, frames: 5, energy: -1 } #2 (2)"
        ]
    );
    let hold = control(
        &mut rig,
        RoomControl::Hold {
            target: MemberTarget::Id(MemberId(1)),
            on: Toggle::On,
        },
    );
    assert_eq!(hold, Ok(texts(&["1"])));
    let missing = control(
        &mut rig,
        RoomControl::Deaf {
            target: MemberTarget::Id(MemberId(99)),
            on: Toggle::On,
        },
    );
    assert_eq!(
        missing.unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Member)
    );
    let by_variable = MemberTarget::Variable("conference_member_id".into(), "1".into());
    assert_eq!(
        control(
            &mut rig,
            RoomControl::Deaf {
                target: by_variable,
                on: Toggle::On
            }
        ),
        Ok(texts(&["1"]))
    );
    let elsewhere = rig.get(ControlRoom {
        room: "3001".into(),
        action: RoomControl::Lock(true),
    });
    assert_eq!(
        elsewhere.unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Room)
    );
}

#[test]
fn a_kicked_member_hears_why_and_goes() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    let bob = enter(&mut rig, "3000");
    rig.events.clear();
    let kick = RoomControl::Kick {
        target: MemberTarget::Last,
        sound: Some("bye.wav".into()),
    };
    assert_eq!(control(&mut rig, kick), Ok(texts(&["2"])));
    assert_eq!(rig.seen(room_events), ["Kicked #2 (2)"]);
    rig.finish_play();
    assert_eq!(rig.seen(room_events), ["MemberRemoved #2 (1)"]);
    assert!(
        rig.view.channel(bob.as_str()).is_none(),
        "its dialplan has no more"
    );
    assert_eq!(
        control(
            &mut rig,
            RoomControl::HangUp {
                target: MemberTarget::All
            }
        ),
        Ok(texts(&["1"]))
    );
    assert_eq!(rig.seen(room_events)[0], "HungUp #1 (1)");
    assert_eq!(rig.switch.census().rooms, 0);
}

#[test]
fn a_member_moves_to_another_room() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    rig.events.clear();
    let moved = control(
        &mut rig,
        RoomControl::Transfer {
            to: "4000".into(),
            member: MemberId(1),
        },
    );
    assert_eq!(moved, Ok(texts(&["1"])));
    assert_eq!(
        rig.seen(room_events),
        [
            "Transferred { from: \"3000\", to: \"4000\" } #1 (2)",
            "FloorChanged { old: None, new: None } (2)",
            "MemberRemoved #1 (1)",
            "FloorChanged { old: None, new: Some(MemberId(2)) } #2 (1)",
            "Created (0)",
            "MemberAdded #3 (1)",
            "FloorChanged { old: None, new: Some(MemberId(3)) } #3 (1)",
        ]
    );
    assert_eq!(
        rig.view.channel(alice.as_str()).unwrap().room.as_deref(),
        Some("4000")
    );
    hang_up(&mut rig, &alice);
    assert_eq!(rig.view.rooms.size(), 1);
}

#[test]
fn calling_into_a_room_answers_when_it_is_decided() {
    let mut rig = Rig::new();
    let dial = |rig: &mut Rig, text: &str, background: Option<&str>| {
        let action = RoomControl::Dial {
            dial: DialString::parse(text).unwrap(),
            caller_id_number: None,
            caller_id_name: None,
            background: background.map(|job| api::JobId(job.into())),
        };
        control(rig, action)
    };
    let busy = dial(&mut rig, "error/USER_BUSY", None).unwrap_err();
    assert_eq!(
        (busy.kind, busy.cause),
        (ErrorKind::CallFailed, Some(HangupCause::UserBusy))
    );
    assert!(dial(&mut rig, "null/x", None).is_ok());
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 1);
    rig.events.clear();
    dial(&mut rig, "null/y", Some("job")).unwrap();
    let results = |event: &Event| match &event.kind {
        EventKind::Room(event) => match &event.action {
            RoomAction::DialResult { cause, .. } => Some(cause.name().to_owned()),
            _ => None,
        },
        _ => None,
    };
    assert_eq!(rig.seen(results), ["SUCCESS"]);
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 2);
    dial(&mut rig, "error/NO_ANSWER", Some("job2")).unwrap();
    assert_eq!(rig.seen(results), ["NO_ANSWER"]);
}

/// The mix keeps so many and no more, and nothing that is not heard is said to be set.
/// Members are found by their numbers, so they have to stay in the order of them.
#[test]
fn two_thousand_members_are_muted_at_once() {
    const MEMBERS: u32 = 2000;
    let mut rig = Rig::with(crate::config::Config {
        max_sessions: MEMBERS.into(),
        sessions_per_second: u64::from(MEMBERS) + 2,
        ..config()
    });
    let channels: Vec<_> = (0..MEMBERS).map(|_| enter(&mut rig, "3000")).collect();
    for gone in [0, 700, 1998] {
        hang_up(&mut rig, &channels[gone]);
    }
    let moved = RoomControl::Transfer {
        to: "4000".into(),
        member: MemberId(5),
    };
    control(&mut rig, moved).unwrap();
    let left: Vec<u32> = (1..=MEMBERS)
        .filter(|id| ![1, 701, 1999, 5].contains(id))
        .collect();
    rig.events.clear();
    let told = rig.commands.len();
    let answer = control(
        &mut rig,
        RoomControl::Mute {
            target: MemberTarget::All,
            on: Toggle::On,
        },
    );
    let texts: Vec<Arc<str>> = left.iter().map(|id| id.to_string().into()).collect();
    assert_eq!(answer, Ok(texts));
    let events = rig.seen(room_events);
    let newest_first = left.iter().rev();
    let expected: Vec<_> = newest_first
        .map(|id| format!("Muted #{id} (1996)"))
        .collect();
    assert_eq!(events, expected);
    let told = &rig.commands[told..];
    let muted = |command: &&MediaCommand| matches!(command, MediaCommand::SetMember { settings, .. } if settings.mute);
    assert_eq!(told.iter().filter(muted).count(), left.len());
    let room = rig.view.rooms.get("3000").unwrap();
    assert!(room.members.is_sorted_by_key(|member| member.id));
    for (at, id) in left.iter().enumerate() {
        let id = MemberId(*id);
        assert_eq!(room.place_of(id), Some(at));
        assert!(!room.member(id).unwrap().can_speak);
    }
    for gone in [0, 1, 5, 701, 1999, 2001] {
        assert!(room.member(MemberId(gone)).is_none());
    }
    let floor = RoomControl::Floor {
        member: MemberId(5),
    };
    let refused = control(&mut rig, floor).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound(ObjectKind::Member));
}

#[test]
fn one_relationship_too_many_is_refused() {
    use api::view::Relation;
    const MEMBERS: u32 = 65;
    let mut rig = Rig::new();
    for _ in 0..MEMBERS {
        enter(&mut rig, "3000");
    }
    let mut relate = |member, other, rule| {
        let (member, other) = (MemberId(member), MemberId(other));
        let action = RoomControl::Relate {
            member,
            other,
            rule,
        };
        let told = rig.commands.len();
        let done = control(&mut rig, action).map_err(|error| error.kind);
        (done.map(|_| ()), rig.commands.len() - told)
    };
    let pairs = (1..=MEMBERS).flat_map(|one| (1..=MEMBERS).map(move |other| (one, other)));
    let mut pairs = pairs.filter(|(one, other)| one != other);
    for (one, other) in pairs.by_ref().take(Relation::MAX) {
        assert_eq!(relate(one, other, RelateRule::NoHear), (Ok(()), 1));
    }
    let (one, other) = pairs.next().unwrap();
    let limit = Err(ErrorKind::LimitReached);
    assert_eq!(relate(one, other, RelateRule::NoHear), (limit, 0));
    assert_eq!(
        relate(1, 2, RelateRule::NoSpeak),
        (Ok(()), 1),
        "another rule"
    );
    assert_eq!(relate(1, 2, RelateRule::Clear), (Ok(()), 1));
    assert_eq!(relate(one, other, RelateRule::NoHear), (Ok(()), 1));
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().relations.len(),
        Relation::MAX
    );
}
