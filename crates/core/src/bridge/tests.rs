//! What the legs of a bridge know of each other and of their call, as recorded.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::call::Then;
use api::command::channel::{Execute, Hangup, QueuedAction};
use api::event::{ChannelEvent, EventKind};
use api::view::{Channel, OtherType, ProfileTimes};
use api::{Application, ChannelId, HangupCause};

use crate::rig::Rig;

fn bridge(rig: &mut Rig) -> (ChannelId, ChannelId) {
    let then = Then::Run(Application::new("bridge", "null/b"));
    let a = rig.originate("{origination_caller_id_name=Alice}null/a", then);
    let b = rig.channel(&a).bridged_to.clone().expect("a bridge");
    (a, b)
}

/// Where variables stand in the order clients see them.
fn order<'c>(channel: &'c Channel, names: &[&str]) -> Vec<&'c str> {
    let all = channel.variables.iter().map(|(name, _)| name);
    all.filter(|name| names.contains(name)).collect()
}

#[test]
fn what_runs_on_top_of_a_bridge_goes_on_to_its_end_when_the_other_leaves() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "m:^:bridge:null/b^set:after=1^park");
    let b = rig.channel(&a).bridged_to.clone().expect("a bridge");
    let action = QueuedAction::Run {
        name: "playback".into(),
        data: "long.wav".into(),
        loops: 1,
        event_uuid: None,
        event_uuid_name: None,
        hold_bleg: false,
        lead_frames: 0,
    };
    rig.get(Execute {
        channel: a.clone(),
        action,
        request: Vec::new(),
        body: None,
        event_lock: false,
        priority: false,
    })
    .unwrap();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel: b, cause }).unwrap();
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.channel(&a).variable("after"), None);
    assert_eq!(rig.switch.census().plays, 1);
    rig.finish_play();
    assert_eq!(rig.channel(&a).variable("after"), Some("1"));
}

#[test]
fn the_leg_that_was_made_never_learns_the_times_of_the_other() {
    let mut rig = Rig::new();
    let (a, b) = bridge(&mut rig);
    rig.pass(Duration::from_secs(1));
    let originator = rig.channel(&b).other.clone().unwrap();
    assert_eq!(originator.kind, OtherType::Originator);
    assert_eq!(originator.profile.times, ProfileTimes::default());
    assert_eq!(&*originator.profile.callee_id_name, "Alice");
    let originatee = rig.channel(&a).other.clone().unwrap();
    assert_eq!(originatee.kind, OtherType::Originatee);
    assert!(originatee.profile.times.answered.happened());
    assert!(!originatee.profile.times.bridged.happened());
}

#[test]
fn the_leg_belongs_to_the_call_until_the_bridge_ends() {
    let mut rig = Rig::new();
    let (a, b) = bridge(&mut rig);
    rig.get(Hangup {
        channel: a.clone(),
        cause: HangupCause::NormalClearing,
    })
    .unwrap();
    let calls: Vec<(&'static str, bool)> = rig
        .events
        .iter()
        .filter_map(|event| {
            let channel = event.channel.as_ref().filter(|c| c.id == b)?;
            let EventKind::Channel(kind) = &event.kind else {
                return None;
            };
            let name = match kind {
                ChannelEvent::Outgoing => "outgoing",
                ChannelEvent::Created => "created",
                ChannelEvent::HungUp => "hung up",
                ChannelEvent::HangupComplete => "complete",
                _ => return None,
            };
            Some((name, channel.call_id() == a.as_str()))
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("outgoing", false),
            ("created", true),
            ("hung up", true),
            ("complete", false)
        ]
    );
}

#[test]
fn variables_of_a_bridge_come_in_their_usual_order() {
    let mut rig = Rig::new();
    let (a, b) = bridge(&mut rig);
    let names = [
        "call_uuid",
        "originated_legs",
        "originate_disposition",
        "originate_causes",
        "bridge_uuid",
        "signal_bond",
        "last_sent_callee_id_name",
    ];
    assert_eq!(order(rig.channel(&a), &names), names);
    assert_eq!(
        order(rig.channel(&b), &names),
        [
            "call_uuid",
            "bridge_uuid",
            "signal_bond",
            "last_sent_callee_id_name"
        ]
    );
}
