//! Rooms in a whole switch.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod control;
mod door;
mod files;
mod habits;
mod parameters;
mod places;

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
fn the_conference_ends_with_the_member_that_ends_it() {
    let mut rig = Rig::new();
    let chair = enter(&mut rig, "3000+flags{endconf|moderator}");
    let guest = enter(&mut rig, "3000");
    hang_up(&mut rig, &chair);
    assert!(rig.view.rooms.is_empty());
    assert!(rig.view.channel(guest.as_str()).is_none());
    assert_eq!(rig.switch.census().rooms, 0);
}
