#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::call::Then;
use api::command::channel::Hangup;
use api::event::{ChannelEvent, EventKind};
use api::{Answer, Application, ChannelId, Event, HangupCause};

use crate::rig::Rig;

/// A channel that runs `pickup` as soon as it is there.
fn picks_up(rig: &mut Rig, group: &str) -> ChannelId {
    rig.originate(
        "{origination_caller_id_name=Carol,origination_caller_id_number=3}null/c",
        Then::Run(Application::new("pickup", group)),
    )
}

fn partner(rig: &Rig, id: &ChannelId) -> Option<ChannelId> {
    rig.channel(id).bridged_to.clone()
}

/// Names of channels that ended, with their causes.
fn ended(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Channel(ChannelEvent::HungUp) => {
            let channel = event.channel.as_ref()?;
            let cause = channel.hangup?.cause;
            Some(format!("{} {}", channel.name, cause.name()))
        }
        _ => None,
    }
}

#[test]
fn a_call_that_rings_for_a_group_is_taken_by_one_of_it() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "m:^:bridge:pickup/desk^set:after=1^park");
    assert_eq!(partner(&rig, &a), None);
    rig.events.clear();
    let c = picks_up(&mut rig, "desk");
    assert_eq!(partner(&rig, &a).as_ref(), Some(&c));
    assert_eq!(rig.seen(ended), ["pickup/desk LOSE_RACE"]);
    assert_eq!(
        rig.channel(&a).variable("originate_disposition"),
        Some("SUCCESS")
    );
    // It is the leg the caller's application waited for: behind it the dialplan goes on.
    let channel = c.clone();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel, cause }).unwrap();
    assert_eq!(rig.channel(&a).variable("after"), Some("1"));
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.switch.census().originates, 0);
}

#[test]
fn the_caller_hangs_up_on_who_took_the_call() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "bridge:pickup/desk");
    let c = picks_up(&mut rig, "desk");
    let channel = a.clone();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel, cause }).unwrap();
    assert!(!rig.switch.channels.get(&c).is_some_and(|live| live.is_up()));
}

#[test]
fn phones_that_rang_beside_it_lose_the_race() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(
        &a,
        "m:^:bridge:sofia/internal/1009@127.0.0.1:7777,pickup/desk",
    );
    let c = picks_up(&mut rig, "desk");
    assert_eq!(partner(&rig, &a).as_ref(), Some(&c));
    let mut causes = rig.seen(ended);
    causes.sort();
    assert_eq!(
        causes,
        [
            "pickup/desk LOSE_RACE",
            "sofia/internal/1009@127.0.0.1:7777 LOSE_RACE"
        ]
    );
}

#[test]
fn who_takes_what_a_program_originates_is_its_channel() {
    let mut rig = Rig::new();
    let request = rig.call("{origination_caller_id_number=77}pickup/desk");
    assert!(!rig.answers.contains_key(&request.0));
    let c = picks_up(&mut rig, "desk");
    match rig.answers.remove(&request.0) {
        Some(Ok(Answer::Channel(id))) => assert_eq!(id, c),
        other => panic!("{other:?}"),
    }
    let seen = rig.channel(&c);
    assert_eq!(
        seen.application.as_ref().map(|(name, _)| &**name),
        Some("park")
    );
    // As of a phone that was called.
    let profile = seen.profile.as_ref().unwrap();
    assert_eq!(
        (&*profile.caller_id_number, &*profile.callee_id_number),
        ("c", "77")
    );
}

#[test]
fn the_oldest_call_of_the_group_is_taken_and_no_other() {
    let mut rig = Rig::new();
    let calls = ["desk", "shop", "desk"].map(|group| {
        let a = rig.park("null/a");
        rig.run(&a, &format!("bridge:pickup/{group}"));
        a
    });
    for (group, taken) in [("desk", 0), ("desk", 2), ("shop", 1)] {
        let c = picks_up(&mut rig, group);
        assert_eq!(partner(&rig, &calls[taken]), Some(c), "{group}");
    }
}

#[test]
fn without_a_call_the_dialplan_goes_on() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "pickup:desk,pickup:,set:after=1,park");
    assert_eq!(rig.channel(&a).variable("after"), Some("1"));
}

#[test]
fn a_call_nobody_takes_ends_with_its_time() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "set:call_timeout=5,bridge:pickup/desk,set:after=1,park");
    rig.pass(Duration::from_secs(6));
    assert_eq!(
        rig.channel(&a).variable("originate_disposition"),
        Some("NO_ANSWER")
    );
    assert_eq!(rig.channel(&a).variable("after"), Some("1"));
}

#[test]
fn nobody_takes_their_own_call() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "bridge:pickup/desk");
    assert_eq!(rig.switch.leg_to_pick_up("desk", &a), None);
    let b = rig.park("null/b");
    assert!(rig.switch.leg_to_pick_up("desk", &b).is_some());
}
