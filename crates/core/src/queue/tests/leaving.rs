use api::command::channel::ReceiveDtmf;
use api::command::queue::{EnableQueue, RemoveQueue};
use api::view::CallerState;

use super::*;

#[test]
fn a_caller_who_hangs_up_is_told_as_abandoned() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    let ann = center.caller("ann");
    center.caller("cid");
    center.told();
    center.pass(2);
    center.hang_up(&ann);
    assert_eq!(
        center.told(),
        [
            "failed bob ORIGINATOR_CANCEL",
            "left ann ABANDONED 1",
            "count 1",
            "ended ann BrokenOff",
            "offered cid to bob"
        ]
    );
    assert_eq!(center.in_line(), ["cid"]);
    let queue = center.rig.view.queues.get(QUEUE).unwrap().clone();
    assert_eq!(queue.calls_abandoned, 1);
    assert_eq!(queue.callers.last().unwrap().state, CallerState::Abandoned);
    center.pass(61);
    assert_eq!(center.rig.switch.census().queue_callers, 1);
}

#[test]
fn whoever_waits_too_long_goes_on_in_his_dialplan() {
    let mut center = Center::new();
    center.queue(|settings| settings.max_wait_s = 30);
    let ann = center.caller("ann");
    center.pass(20);
    let cid = center.caller("cid");
    center.pass(9);
    assert_eq!(center.in_line(), ["ann", "cid"]);
    center.told();
    center.pass(2);
    assert_eq!(
        center.told(),
        ["left ann TIMEOUT 1", "count 1", "ended ann TimedOut"]
    );
    assert_eq!(center.in_line(), ["cid"]);
    assert_eq!(
        center.rig.channel(&ann).application.as_ref().unwrap().0,
        "park".into()
    );
    assert_eq!(
        center.var(&ann, "cc_cancel_reason").as_deref(),
        Some("TIMEOUT")
    );
    assert_eq!(center.var(&ann, "cc_cause").as_deref(), Some("cancel"));
    assert_eq!(center.var(&cid, "cc_cause"), None);
}

#[test]
fn an_overflow_takes_those_who_wait_too_long() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.max_wait_s = 5;
        settings.overflow = Some("overflow XML default".into());
    });
    let ann = center.caller("ann");
    center.pass(6);
    let profile = center.rig.channel(&ann).profile.clone().unwrap();
    assert_eq!(&*profile.destination_number, "overflow");
    assert_eq!(
        center.rig.channel(&ann).application.as_ref().unwrap().0,
        "park".into()
    );
    assert_eq!(center.rig.switch.census().plays, 0);
}

#[test]
fn without_anybody_logged_in_the_wait_is_shorter() {
    let mut center = Center::new();
    center.queue(|settings| settings.max_wait_no_agent_s = 20);
    center.agent("bob", "rings9");
    center.status("bob", AgentStatus::OnBreak);
    let ann = center.caller("ann");
    center.pass(30);
    assert_eq!(center.in_line(), ["ann"]);
    center.status("bob", AgentStatus::LoggedOut);
    center.pass(19);
    assert_eq!(center.in_line(), ["ann"]);
    center.pass(2);
    assert_eq!(center.in_line(), [""; 0]);
    let reason = center.var(&ann, "cc_cancel_reason");
    assert_eq!(reason.as_deref(), Some("NO_AGENT_TIMEOUT"));
    // Nobody has been there for long: who comes now waits the shorter time only.
    center.caller("cid");
    center.pass(4);
    assert_eq!(center.in_line(), ["cid"]);
    center.pass(2);
    assert_eq!(center.in_line(), [""; 0]);
}

#[test]
fn a_key_lets_out_whoever_may() {
    let mut center = Center::with(Strategy::RingAll);
    let ann = center.caller_with("ann", ",cc_exit_keys=9#");
    let press = |center: &mut Center, digits: &str| {
        let press = ReceiveDtmf {
            channel: ann.clone(),
            digits: digits.into(),
        };
        center.rig.get(press).unwrap();
    };
    press(&mut center, "5");
    assert_eq!(center.in_line(), ["ann"]);
    press(&mut center, "9");
    assert_eq!(center.in_line(), [""; 0]);
    assert_eq!(center.var(&ann, "cc_exit_key").as_deref(), Some("9"));
    let reason = center.var(&ann, "cc_cancel_reason");
    assert_eq!(reason.as_deref(), Some("EXIT_WITH_KEY"));
}

#[test]
fn who_comes_back_in_time_has_his_place_again() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.abandoned_resume = true;
        settings.time_base = api::view::TimeBase::Queue;
    });
    let ann = center.caller_with("ann", ",origination_callee_id_number=201");
    center.pass(5);
    center.caller_with("cid", ",origination_callee_id_number=202");
    center.hang_up(&ann);
    center.pass(10);
    assert_eq!(center.in_line(), ["cid"]);
    center.told();
    center.caller_with("ann", ",origination_callee_id_number=201");
    assert_eq!(center.told(), ["resumed ann", "count 2"]);
    assert_eq!(center.in_line(), ["ann", "cid"]);
}

#[test]
fn a_closed_queue_lets_everybody_go_on() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    let ann = center.caller("ann");
    center.pass(1);
    let close = |enabled| EnableQueue {
        queue: QUEUE.into(),
        enabled,
    };
    center.rig.get(close(false)).unwrap();
    assert_eq!(center.in_line(), [""; 0]);
    assert_eq!(
        center.rig.channel(&ann).application.as_ref().unwrap().0,
        "park".into()
    );
    let cid = center.caller("cid");
    assert_eq!(
        center.rig.channel(&cid).application.as_ref().unwrap().0,
        "park".into()
    );
    center.rig.get(close(true)).unwrap();
    center.caller("eve");
    assert_eq!(center.in_line(), ["eve"]);
}

#[test]
fn a_removed_queue_leaves_nothing_behind() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    center.caller("ann");
    center.pass(1);
    center.told();
    let remove = RemoveQueue {
        queue: QUEUE.into(),
    };
    center.rig.get(remove).unwrap();
    assert_eq!(
        center.told(),
        [
            "failed bob ORIGINATOR_CANCEL",
            "left ann TRANSFERRED 1",
            "count 0",
            "ended ann BrokenOff",
            "out bob",
            "PlaceRemoved bob",
            "QueueRemoved"
        ]
    );
    assert!(center.rig.view.queues.is_empty());
    center.pass(20);
    let census = center.rig.switch.census();
    assert_eq!((census.queue_callers, census.queue_offers), (0, 0));
}
