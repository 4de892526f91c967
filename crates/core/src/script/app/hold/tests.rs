#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::channel::{Execute, Hangup, QueuedAction, ReceiveDtmf};
use api::{ChannelId, HangupCause};
use media::control::MediaCommand;

use crate::rig::Rig;

/// Two bridged channels.
fn bridged(rig: &mut Rig) -> (ChannelId, ChannelId) {
    let a = rig.park("null/a");
    rig.run(&a, "m:^:bridge:null/b^set:after=1^park");
    let b = rig.channel(&a).bridged_to.clone();
    (a, b.expect("they are bridged"))
}

fn soft_hold(rig: &mut Rig, id: &ChannelId, data: &str) {
    rig.get(Execute {
        channel: id.clone(),
        action: QueuedAction::Run {
            name: "soft_hold".into(),
            data: data.into(),
            loops: 1,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        },
        request: Vec::new(),
        body: None,
        event_lock: false,
        priority: false,
    })
    .unwrap();
}

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    let channel = id.clone();
    let digits = digits.into();
    rig.get(ReceiveDtmf { channel, digits }).unwrap();
}

fn hang_up(rig: &mut Rig, id: &ChannelId) {
    let channel = id.clone();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel, cause }).unwrap();
    rig.pass(Duration::from_secs(1));
}

/// What is played to a channel since the orders were cleared.
fn heard(rig: &Rig, id: &ChannelId) -> Vec<String> {
    let own = rig.leg_of(id);
    let file = |command: &MediaCommand| match command {
        MediaCommand::Play { leg, file, .. } if *leg == own => Some(file.clone()),
        _ => None,
    };
    rig.commands.iter().filter_map(file).collect()
}

#[test]
fn both_hear_music_until_the_key_is_pressed() {
    for (data, own, theirs) in [
        ("3 a.wav b.wav", "a.wav", "b.wav"),
        ("3 a.wav", "a.wav", "local_stream://moh"),
        ("3", "local_stream://moh", "local_stream://moh"),
        ("3 silence b.wav", "silence_stream://-1", "b.wav"),
    ] {
        let mut rig = Rig::new();
        let (a, b) = bridged(&mut rig);
        rig.commands.clear();
        soft_hold(&mut rig, &a, data);
        assert_eq!(heard(&rig, &a), [own], "{data}");
        assert_eq!(heard(&rig, &b), [theirs], "{data}");
        press(&mut rig, &a, "12");
        press(&mut rig, &b, "3");
        assert_eq!(
            rig.switch.census().plays,
            2,
            "another key, or that of the other"
        );
        press(&mut rig, &a, "3");
        assert_eq!(rig.switch.census().plays, 0);
        assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&b));
        hang_up(&mut rig, &b);
        assert_eq!(rig.channel(&a).variable("after"), Some("1"));
    }
}

#[test]
fn it_ends_when_the_partner_is_gone() {
    let mut rig = Rig::new();
    let (a, b) = bridged(&mut rig);
    soft_hold(&mut rig, &a, "3");
    hang_up(&mut rig, &b);
    assert_eq!(rig.channel(&a).variable("after"), Some("1"));
    assert_eq!(rig.switch.census().plays, 0);
    let runs = &rig.switch.channels[&a].script.runs;
    assert_eq!(
        runs.iter().map(|run| &*run.ran.name).collect::<Vec<_>>(),
        ["park"]
    );
}

#[test]
fn it_ends_with_whoever_put_the_other_on_hold() {
    for held_is_a in [false, true] {
        let mut rig = Rig::new();
        let (a, b) = bridged(&mut rig);
        let (holder, held) = if held_is_a { (&b, &a) } else { (&a, &b) };
        soft_hold(&mut rig, holder, "3");
        hang_up(&mut rig, holder);
        assert_eq!(rig.switch.census().plays, 0);
        let up = rig
            .switch
            .channels
            .get(held)
            .is_some_and(|live| live.is_up());
        assert_eq!(up, held_is_a);
    }
}

#[test]
fn without_a_call_or_a_key_there_is_nothing_to_hold() {
    let mut rig = Rig::new();
    let (a, _) = bridged(&mut rig);
    rig.commands.clear();
    for data in ["", "x", "12 a.wav"] {
        soft_hold(&mut rig, &a, data);
    }
    let c = rig.park("null/c");
    soft_hold(&mut rig, &c, "3");
    assert_eq!(rig.switch.census().plays, 0);
}
