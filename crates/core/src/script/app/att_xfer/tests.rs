use std::time::Duration;

use api::command::call::Then;
use api::command::channel::{Hangup, ReceiveDtmf};
use api::{Application, ChannelId, HangupCause};
use media::control::{MediaCommand, Whisper};

use crate::rig::Rig;

/// A call, and somebody one side of it consults: who hands it on, its partner, the third.
fn consulting(by_a: bool) -> (Rig, [ChannelId; 3]) {
    let mut rig = Rig::new();
    let bridge = Then::Run(Application::new("bridge", "null/b"));
    let a = rig.originate("{hold_music=/moh.wav}null/a", bridge);
    let b = partner(&rig, &a).expect("a bridge");
    rig.switch.set_var(&b, "hold_music", "/moh.wav");
    let (own, other) = if by_a { (a, b) } else { (b, a) };
    consult(&mut rig, &own, "null/c");
    let third = partner(&rig, &own).expect("somebody is consulted");
    assert_ne!(third, other);
    (rig, [own, other, third])
}

fn consult(rig: &mut Rig, id: &ChannelId, dial: &str) {
    use api::command::channel::{Execute, QueuedAction};
    let action = QueuedAction::Run {
        name: "att_xfer".into(),
        data: dial.into(),
        loops: 1,
        event_uuid: None,
        event_uuid_name: None,
        hold_bleg: false,
        lead_frames: 0,
    };
    let execute = Execute {
        channel: id.clone(),
        action,
        request: Vec::new(),
        body: None,
        event_lock: false,
        priority: false,
    };
    rig.get(execute).unwrap();
}

fn partner(rig: &Rig, id: &ChannelId) -> Option<ChannelId> {
    rig.view.channels.get(id)?.bridged_to.clone()
}

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    let (channel, digits) = (id.clone(), digits.into());
    rig.get(ReceiveDtmf { channel, digits }).unwrap();
}

fn hang_up(rig: &mut Rig, id: &ChannelId) {
    let (channel, cause) = (id.clone(), HangupCause::NormalClearing);
    rig.get(Hangup { channel, cause }).unwrap();
}

fn is_there(rig: &Rig, id: &ChannelId) -> bool {
    rig.view.channels.contains_key(id)
}

/// Files being played: the music of whoever waits.
fn plays(rig: &Rig) -> usize {
    rig.switch.census().plays
}

#[test]
fn who_hangs_up_hands_the_call_on() {
    for by_a in [true, false] {
        for key in [false, true] {
            let (mut rig, [own, other, third]) = consulting(by_a);
            assert_eq!(partner(&rig, &other), None);
            assert_eq!(plays(&rig), 1, "who waits hears music");
            if key {
                press(&mut rig, &own, "*");
            } else {
                hang_up(&mut rig, &own);
            }
            assert!(!is_there(&rig, &own));
            assert_eq!(partner(&rig, &other), Some(third.clone()), "{by_a}");
            assert_eq!(plays(&rig), 0);
            hang_up(&mut rig, &third);
            assert!(rig.view.channels.is_empty(), "{by_a}");
        }
    }
}

#[test]
fn the_call_goes_on_when_the_third_does_not_want_it_or_is_not_wanted() {
    for by_a in [true, false] {
        for key in [false, true] {
            let (mut rig, [own, other, third]) = consulting(by_a);
            if key {
                press(&mut rig, &own, "#");
            } else {
                hang_up(&mut rig, &third);
            }
            assert!(!is_there(&rig, &third));
            assert_eq!(partner(&rig, &own), Some(other.clone()), "{by_a}");
            assert_eq!(partner(&rig, &other), Some(own.clone()));
            assert_eq!(plays(&rig), 0);
            hang_up(&mut rig, &other);
            rig.pass(Duration::from_secs(1));
            assert!(rig.view.channels.is_empty(), "{by_a}");
        }
    }
}

#[test]
fn nobody_is_there_to_be_consulted() {
    let mut rig = Rig::new();
    let bridge = Then::Run(Application::new("bridge", "null/b"));
    let a = rig.originate("null/a", bridge);
    let b = partner(&rig, &a);
    consult(&mut rig, &a, "error/USER_BUSY");
    assert_eq!(partner(&rig, &a), b);
    let disposition = rig.channel(&a).variable("originate_disposition");
    assert_eq!(disposition, Some("USER_BUSY"));
    // Without a call there is nothing to hand on.
    let c = rig.park("null/c");
    consult(&mut rig, &c, "null/d");
    assert_eq!(rig.view.channels.size(), 3);
}

#[test]
fn three_talk_and_the_call_is_handed_on_when_one_leaves() {
    for by_a in [true, false] {
        let (mut rig, [own, other, third]) = consulting(by_a);
        rig.commands.clear();
        press(&mut rig, &own, "0");
        assert_eq!(partner(&rig, &other), Some(third.clone()), "{by_a}");
        let (leg, of) = (rig.leg_of(&own), Some(rig.leg_of(&other)));
        let whisper = Whisper {
            to_leg: true,
            to_other: true,
        };
        assert!(
            rig.commands
                .contains(&MediaCommand::Eavesdrop { leg, of, whisper })
        );
        hang_up(&mut rig, &own);
        assert_eq!(partner(&rig, &other), Some(third.clone()), "{by_a}");
        hang_up(&mut rig, &other);
        assert!(rig.view.channels.is_empty(), "{by_a}");
    }
}

#[test]
fn who_talks_with_two_is_not_left_behind() {
    for by_a in [true, false] {
        let (mut rig, [own, other, third]) = consulting(by_a);
        press(&mut rig, &own, "0");
        hang_up(&mut rig, &third);
        assert!(!is_there(&rig, &other));
        assert!(!is_there(&rig, &own), "{by_a}");
    }
}

#[test]
fn a_partner_that_does_not_wait_ends_its_call_alone() {
    for by_a in [true, false] {
        let (mut rig, [own, other, third]) = consulting(by_a);
        hang_up(&mut rig, &other);
        assert_eq!(partner(&rig, &own), Some(third.clone()), "they talk on");
        hang_up(&mut rig, &third);
        assert!(rig.view.channels.is_empty(), "{by_a}");
    }
}

#[test]
fn keys_are_named_by_variables() {
    let (mut rig, [own, other, third]) = consulting(true);
    rig.switch.set_var(&own, "attxfer_cancel_key", "7");
    press(&mut rig, &own, "#");
    assert_eq!(partner(&rig, &own), Some(third));
    press(&mut rig, &own, "7");
    assert_eq!(partner(&rig, &own), Some(other));
}
