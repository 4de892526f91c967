use std::sync::Arc;

use api::command::call::{Originate, Then};
use api::command::channel::{Hangup, ReceiveDtmf};
use api::command::room::{
    ControlRoom, MemberTarget, RelateRule, RoomControl, SoundChange, StopPlaying, Toggle,
};
use api::dial::DialString;
use api::event::{Event, EventKind, RoomAction};
use api::id::MemberId;
use api::{Answer, Application, ChannelId, CommandError, ErrorKind, HangupCause, ObjectKind};
use media::control::{MediaCommand, MediaReport};

use crate::Input;
use crate::config_xml::{Configuration, Globals, TextFiles};
use crate::rig::{Rig, config};

/// Conference events with the size behind them and the member concerned.
fn room_events(event: &Event) -> Option<String> {
    let EventKind::Room(event) = &event.kind else {
        return None;
    };
    let size = event.room.members.len();
    let member = event
        .member
        .as_ref()
        .map(|member| format!(" #{}", member.id))
        .unwrap_or_default();
    let action = format!("{:?}", event.action);
    Some(format!("{action}{member} ({size})"))
}

fn enter(rig: &mut Rig, argument: &str) -> ChannelId {
    let originate = Originate {
        dial: DialString::parse("null/x").unwrap(),
        then: Then::Run(Application::new("conference", argument)),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    match rig.get(originate).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    }
}

fn control(rig: &mut Rig, action: RoomControl) -> Result<Vec<Arc<str>>, CommandError> {
    let answer = rig.get(ControlRoom {
        room: "3000".into(),
        action,
    })?;
    Ok(answer.try_into().unwrap())
}

fn texts(list: &[&str]) -> Vec<Arc<str>> {
    list.iter().map(|text| (*text).into()).collect()
}

fn hang_up(rig: &mut Rig, id: &ChannelId) {
    rig.get(Hangup {
        channel: id.clone(),
        cause: HangupCause::NormalClearing,
    })
    .unwrap();
}

/// A configuration whose conference profile has these parameters.
fn rig_with(params: &str) -> Rig {
    let mut files = TextFiles::new();
    files.insert(
        "/c/freeswitch.xml",
        format!(
            "<document><section name=\"configuration\"><configuration name=\"conference.conf\"><profiles>\
             <profile name=\"default\">{params}</profile></profiles></configuration></section></document>"
        ),
    );
    let xml = Configuration::load(&files, "/c/freeswitch.xml".as_ref(), Globals::new()).unwrap();
    Rig::with(crate::config::Config {
        xml: Arc::new(xml),
        ..config()
    })
}

#[test]
fn a_room_lives_from_its_first_member_to_its_last() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000@default");
    assert_eq!(
        rig.seen(room_events),
        [
            "Created (0)",
            "MemberAdded #1 (1)",
            "FloorChanged { old: None, new: Some(MemberId(1)) } #1 (1)"
        ]
    );
    let bob = enter(&mut rig, "3000");
    assert_eq!(rig.seen(room_events), ["MemberAdded #2 (2)"]);
    let room = rig.view.rooms.get("3000").unwrap().clone();
    assert_eq!(
        (&*room.name, &*room.profile, &*room.domain, room.rate_hz),
        ("3000", "default", "127.0.0.1", 8000)
    );
    let channel = rig.view.channel(bob.as_str()).unwrap();
    assert_eq!(channel.room.as_deref(), Some("3000"));
    assert_eq!(
        (
            channel.variable("conference_name"),
            channel.variable("conference_member_id")
        ),
        (Some("3000"), Some("2"))
    );
    assert_eq!(
        channel.variable("conference_uuid"),
        Some(room.id.to_string().as_str())
    );
    hang_up(&mut rig, &alice);
    assert_eq!(
        rig.seen(room_events),
        [
            "FloorChanged { old: None, new: None } (2)",
            "MemberRemoved #1 (1)",
            "FloorChanged { old: None, new: Some(MemberId(2)) } #2 (1)",
        ]
    );
    hang_up(&mut rig, &bob);
    assert_eq!(
        rig.seen(room_events),
        [
            "FloorChanged { old: None, new: None } (1)",
            "MemberRemoved #2 (0)",
            "Destroyed (0)"
        ]
    );
    assert!(rig.view.rooms.is_empty());
    assert_eq!(
        (rig.switch.census().rooms, rig.switch.census().channels),
        (0, 0)
    );
    assert!(rig.switch.rooms.places.is_empty());
    let count = |wanted: fn(&MediaCommand) -> bool| {
        rig.commands
            .iter()
            .filter(|command| wanted(command))
            .count()
    };
    assert_eq!(count(|c| matches!(c, MediaCommand::OpenRoom { .. })), 1);
    assert_eq!(count(|c| matches!(c, MediaCommand::JoinRoom { .. })), 2);
    assert_eq!(count(|c| matches!(c, MediaCommand::LeaveRoom { .. })), 2);
    assert_eq!(count(|c| matches!(c, MediaCommand::CloseRoom { .. })), 1);
}

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
fn the_floor_is_given_taken_and_held() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    let bob = enter(&mut rig, "3000");
    rig.events.clear();
    let floor = |rig: &mut Rig, member| {
        control(
            rig,
            RoomControl::Floor {
                member: MemberId(member),
            },
        )
    };
    assert_eq!(floor(&mut rig, 2), Ok(texts(&["1"])), "held by 1");
    assert_eq!(floor(&mut rig, 1), Ok(Vec::new()), "given back");
    assert_eq!(floor(&mut rig, 2), Ok(texts(&["2"])));
    assert_eq!(
        rig.seen(room_events),
        [
            "FloorChanged { old: Some(MemberId(1)), new: None } (2)",
            "FloorChanged { old: None, new: Some(MemberId(2)) } #2 (2)",
        ]
    );
    let mix = media::control::RoomId(1);
    let talk = |rig: &mut Rig, id: &ChannelId, on| {
        let leg = rig.leg_of(id);
        rig.feed(Input::Media(MediaReport::Talking {
            room: mix,
            leg,
            on,
            energy: 6393,
        }));
    };
    talk(&mut rig, &alice, true);
    assert_eq!(
        rig.seen(room_events),
        [
            "FloorChanged { old: Some(MemberId(2)), new: Some(MemberId(1)) } #1 (2)",
            "TalkingStarted #1 (2)"
        ]
    );
    talk(&mut rig, &bob, true);
    talk(&mut rig, &alice, false);
    assert_eq!(
        rig.seen(room_events),
        ["TalkingStarted #2 (2)", "TalkingStopped #1 (2)"]
    );
    let member = rig
        .view
        .rooms
        .get("3000")
        .unwrap()
        .member(MemberId(2))
        .unwrap()
        .clone();
    assert!(member.talking && member.current_energy == 6393 && member.last_talking.happened());
    // Muted, it is not heard to talk; unmuted while it talks, it is.
    control(
        &mut rig,
        RoomControl::Mute {
            target: MemberTarget::Last,
            on: Toggle::On,
        },
    )
    .unwrap();
    control(
        &mut rig,
        RoomControl::Mute {
            target: MemberTarget::Last,
            on: Toggle::Off,
        },
    )
    .unwrap();
    assert_eq!(
        rig.seen(room_events),
        [
            "Muted #2 (2)",
            "TalkingStopped #2 (2)",
            "Unmuted #2 (2)",
            "TalkingStarted #2 (2)"
        ]
    );
}

/// Recorded in stream-11: 0, 0, 9, 3, #.
#[test]
fn keys_do_what_was_recorded() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    rig.events.clear();
    for digits in ["0", "0", "9", "3", "#"] {
        rig.get(ReceiveDtmf {
            channel: alice.clone(),
            digits: digits.into(),
        })
        .unwrap();
    }
    assert_eq!(
        rig.seen(room_events),
        [
            "Muted #1 (1)",
            "Unmuted #1 (1)",
            "EnergyStepped { level: 300 } #1 (1)",
            "VolumeStepped { level: 1 } #1 (1)",
            "FloorChanged { old: None, new: None } (1)",
            "MemberRemoved #1 (0)",
            "Destroyed (0)",
        ]
    );
}

#[test]
fn files_play_one_after_the_other_and_missing_ones_are_named() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    rig.events.clear();
    let play = |rig: &mut Rig, file: &str, asynchronous| {
        control(
            rig,
            RoomControl::Play {
                file: file.into(),
                member: None,
                asynchronous,
            },
        )
    };
    assert_eq!(
        play(&mut rig, "missing.wav", false).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::File)
    );
    assert_eq!(rig.seen(room_events), Vec::<String>::new());
    assert_eq!(play(&mut rig, "a.wav", false), Ok(Vec::new()));
    assert_eq!(play(&mut rig, "b.wav", false), Ok(Vec::new()));
    assert_eq!(
        rig.seen(room_events),
        ["FilePlaying { file: \"a.wav\", asynchronous: false } (1)"]
    );
    assert_eq!(
        control(&mut rig, RoomControl::PausePlaying { member: None }),
        Ok(texts(&["paused"]))
    );
    assert_eq!(
        control(&mut rig, RoomControl::PausePlaying { member: None }),
        Ok(texts(&["playing"]))
    );
    rig.finish_play();
    assert_eq!(
        rig.seen(room_events),
        [
            "FilePlayed { file: \"a.wav\", asynchronous: false, failed: false, samples: 3200, rate_hz: 8000 } (1)",
            "FilePlaying { file: \"b.wav\", asynchronous: false } (1)",
        ]
    );
    assert_eq!(play(&mut rig, "c.wav", true), Ok(Vec::new()));
    let stop = |rig: &mut Rig, which| {
        control(
            rig,
            RoomControl::StopPlaying {
                which,
                member: None,
            },
        )
    };
    assert_eq!(stop(&mut rig, StopPlaying::Asynchronous), Ok(texts(&["1"])));
    assert_eq!(stop(&mut rig, StopPlaying::Current), Ok(texts(&["1"])));
    assert_eq!(stop(&mut rig, StopPlaying::All), Ok(texts(&["0"])));
    assert!(rig.switch.rooms.files.is_empty());
}

#[test]
fn recordings_end_before_the_room_does() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    rig.events.clear();
    let record =
        |rig: &mut Rig, path: &str| control(rig, RoomControl::Record { path: path.into() });
    assert_eq!(record(&mut rig, "/r/a.wav"), Ok(Vec::new()));
    assert_eq!(
        record(&mut rig, "/r/a.wav").unwrap_err().kind,
        ErrorKind::AlreadyExists(ObjectKind::Recording)
    );
    control(
        &mut rig,
        RoomControl::PauseRecording {
            path: "/r/a.wav".into(),
            pause: true,
        },
    )
    .unwrap();
    assert!(rig.view.rooms.get("3000").unwrap().recordings[0].paused);
    assert_eq!(
        control(
            &mut rig,
            RoomControl::StopRecording {
                path: Some("/r/a.wav".into())
            }
        ),
        Ok(texts(&["1"]))
    );
    let again = control(
        &mut rig,
        RoomControl::StopRecording {
            path: Some("/r/a.wav".into()),
        },
    );
    assert_eq!(
        again.unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Recording)
    );
    assert_eq!(
        control(&mut rig, RoomControl::StopRecording { path: None }),
        Ok(texts(&["0"]))
    );
    assert_eq!(
        rig.seen(room_events),
        [
            "RecordingStarted { path: \"/r/a.wav\", failed: false } (1)",
            "RecordingPaused { path: \"/r/a.wav\", others: false } (1)",
            "RecordingStopped { path: \"/r/a.wav\", others: false, samples: 3200, rate_hz: 8000 } (1)",
        ]
    );
    record(&mut rig, "/missing/b.wav").unwrap();
    assert_eq!(
        rig.seen(room_events),
        ["RecordingStarted { path: \"/missing/b.wav\", failed: true } (1)"]
    );
    record(&mut rig, "/r/c.wav").unwrap();
    rig.events.clear();
    hang_up(&mut rig, &alice);
    let last = rig.seen(room_events);
    assert_eq!(
        last[last.len() - 2..],
        [
            "RecordingStopped { path: \"/r/c.wav\", others: false, samples: 3200, rate_hz: 8000 } (0)",
            "Destroyed (0)"
        ]
    );
    assert!(rig.switch.rooms.recordings.is_empty() && rig.switch.census().records == 0);
}

#[test]
fn the_door_asks_for_the_pin_three_times() {
    let mut rig = Rig::new();
    let host = enter(&mut rig, "3000+1234");
    let guest = enter(&mut rig, "3000");
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().members.len(),
        1,
        "the guest waits at the door"
    );
    let press = |rig: &mut Rig, digits: &str| {
        rig.get(ReceiveDtmf {
            channel: guest.clone(),
            digits: digits.into(),
        })
        .unwrap();
    };
    press(&mut rig, "9999");
    press(&mut rig, "12#");
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 1);
    press(&mut rig, "1234");
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 2);
    let other = enter(&mut rig, "3000");
    for _ in 0..3 {
        rig.get(ReceiveDtmf {
            channel: other.clone(),
            digits: "0000".into(),
        })
        .unwrap();
    }
    assert!(
        rig.view.channel(other.as_str()).is_none(),
        "turned away, and its dialplan has no more"
    );
    enter(&mut rig, "3000+1234");
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().members.len(),
        3,
        "who brings the PIN along is not asked"
    );
    control(&mut rig, RoomControl::Pin(None)).unwrap();
    assert_eq!(rig.view.rooms.get("3000").unwrap().pin, None);
    hang_up(&mut rig, &host);
}

#[test]
fn locked_rooms_and_rooms_only_to_be_joined_turn_callers_away() {
    let mut rig = Rig::new();
    let early = enter(&mut rig, "3000+flags{join-only}");
    assert!(rig.view.channel(early.as_str()).is_none() && rig.view.rooms.is_empty());
    enter(&mut rig, "3000");
    control(&mut rig, RoomControl::Lock(true)).unwrap();
    let late = enter(&mut rig, "3000");
    assert!(rig.view.channel(late.as_str()).is_none());
    control(&mut rig, RoomControl::Lock(false)).unwrap();
    enter(&mut rig, "3000+flags{join-only|mute|ghost}");
    let room = rig.view.rooms.get("3000").unwrap();
    assert_eq!(room.members.len(), 2);
    assert!(room.members[1].ghost && !room.members[1].can_speak);
}

#[test]
fn the_conference_ends_with_the_member_that_ends_it() {
    let mut rig = Rig::new();
    let chair = enter(&mut rig, "3000+flags{endconf|moderator}");
    let guest = enter(&mut rig, "3000");
    hang_up(&mut rig, &chair);
    assert!(rig.view.rooms.is_empty());
    assert!(rig.view.channel(guest.as_str()).is_none());
    assert_eq!(rig.switch.census().rooms, 0);
}

#[test]
fn a_room_that_waits_for_its_moderator_is_silent() {
    let mut rig = rig_with("<param name=\"conference-flags\" value=\"wait-mod\"/>");
    enter(&mut rig, "3000");
    let last_settings = |rig: &Rig| {
        rig.commands
            .iter()
            .rev()
            .find_map(|command| match command {
                MediaCommand::SetMember { settings, leg, .. }
                | MediaCommand::JoinRoom { settings, leg, .. } => {
                    (leg.0 == 1).then_some((settings.mute, settings.deaf))
                }
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(last_settings(&rig), (true, true));
    assert!(rig.view.rooms.get("3000").unwrap().flags.wait_mod);
    enter(&mut rig, "3000+flags{moderator}");
    assert_eq!(last_settings(&rig), (false, false));
    assert!(!rig.view.rooms.get("3000").unwrap().flags.wait_mod);
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
fn rules_sounds_and_variables_are_kept() {
    let mut rig = rig_with(
        "<param name=\"enter-sound\" value=\"in.wav\"/><param name=\"moh-sound\" value=\"music.wav\"/>",
    );
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    let played: Vec<String> = rig
        .seen(room_events)
        .into_iter()
        .filter(|event| event.contains("File"))
        .collect();
    assert_eq!(
        played,
        [
            "FilePlayed { file: \"music.wav\", asynchronous: true, failed: false, samples: 3200, rate_hz: 8000 } (2)"
        ],
        "the music ends when the second one comes"
    );
    let relate = |rig: &mut Rig, rule| {
        control(
            rig,
            RoomControl::Relate {
                member: MemberId(1),
                other: MemberId(2),
                rule,
            },
        )
    };
    relate(&mut rig, RelateRule::NoHear).unwrap();
    let rules = |rig: &Rig| rig.view.rooms.get("3000").unwrap().relations.clone();
    assert!(rules(&rig)[0].nohear && !rules(&rig)[0].nospeak);
    relate(&mut rig, RelateRule::Clear).unwrap();
    assert!(rules(&rig).is_empty());
    control(
        &mut rig,
        RoomControl::SetVariable {
            name: "topic".into(),
            value: "x".into(),
        },
    )
    .unwrap();
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().variables.text("topic"),
        Some("x")
    );
    rig.events.clear();
    control(&mut rig, RoomControl::EnterSound(SoundChange::Off)).unwrap();
    control(
        &mut rig,
        RoomControl::ExitSound(SoundChange::File("out.wav".into())),
    )
    .unwrap();
    assert_eq!(
        rig.seen(room_events),
        [
            "EnterSoundSwitched { on: false } (2)",
            "ExitSoundChanged { file: \"out.wav\" } (2)"
        ]
    );
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
