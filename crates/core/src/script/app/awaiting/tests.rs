use std::time::Duration;

use api::command::channel::{Answer, Execute, QueuedAction};
use api::event::{ChannelEvent, EventKind};

use super::*;
use crate::rig::{Phone, Rig, Talk, config};
use crate::web::tests::foreign::phone_sdp;
use sip::transport::Transport;

fn has_gone_on(rig: &Rig, id: &ChannelId) -> bool {
    rig.channel(id).variable("gone_on") == Some("yes")
}

fn is_held_up(rig: &Rig, id: &ChannelId, application: &str) -> bool {
    let innermost = rig.switch.channels[id].script.runs.last();
    innermost.is_some_and(|run| &*run.ran.name == application) && !has_gone_on(rig, id)
}

fn execute(rig: &mut Rig, id: &ChannelId, name: &str, data: &str) {
    let action = QueuedAction::Run {
        name: name.into(),
        data: data.into(),
        loops: 1,
        event_uuid: None,
        event_uuid_name: None,
        hold_bleg: false,
        lead_frames: 0,
    };
    rig.get(Execute {
        channel: id.clone(),
        action,
        request: Vec::new(),
        body: None,
        event_lock: false,
        priority: false,
    })
    .unwrap();
}

const TAKES: &str = "mutex:k,set:gone_on=yes,park";

#[test]
fn a_key_goes_from_one_to_the_next_in_the_order_they_came() {
    let mut rig = Rig::new();
    let [a, b, c] = ["null/a", "null/b", "null/c"].map(|dial| rig.park(dial));
    rig.run(&a, "mutex:k on,mutex:k on,set:gone_on=yes,park");
    assert!(has_gone_on(&rig, &a), "asking twice is asking once");
    rig.run(&b, TAKES);
    rig.run(&c, TAKES);
    let other = rig.park("null/d");
    rig.run(&other, "mutex:another,mutex:k off,set:gone_on=yes,park");
    assert!(
        has_gone_on(&rig, &other),
        "keys have nothing to do with each other"
    );
    rig.pass(Duration::from_secs(3600));
    assert!(is_held_up(&rig, &b, "mutex") && is_held_up(&rig, &c, "mutex"));
    execute(&mut rig, &a, "mutex", "k off");
    assert!(has_gone_on(&rig, &b), "the first of the line has the key");
    assert!(is_held_up(&rig, &c, "mutex"));
    rig.run(&b, "hangup:NORMAL_CLEARING");
    assert!(has_gone_on(&rig, &c), "a hangup gives the key back");
    for id in [&a, &c, &other] {
        rig.run(id, "hangup:NORMAL_CLEARING");
    }
    assert_eq!(rig.switch.census().mutexes, 0);
    assert!(rig.switch.mutexes.of(&a).is_empty());
}

#[test]
fn who_goes_away_does_not_wait_any_more() {
    let mut rig = Rig::new();
    let [a, b, c, d] = ["null/a", "null/b", "null/c", "null/d"].map(|dial| rig.park(dial));
    rig.run(&a, TAKES);
    for id in [&b, &c, &d] {
        rig.run(id, TAKES);
    }
    rig.run(&b, "park");
    rig.run(&c, "hangup:NORMAL_CLEARING");
    rig.run(&a, "park");
    assert!(
        is_held_up(&rig, &d, "mutex"),
        "a transfer does not give a key back"
    );
    execute(&mut rig, &a, "mutex", "k off");
    assert!(has_gone_on(&rig, &d));
    assert!(!has_gone_on(&rig, &b));
}

#[test]
fn a_key_that_comes_while_something_else_runs_is_taken_behind_it() {
    let mut rig = Rig::new();
    let [a, b] = ["null/a", "null/b"].map(|dial| rig.park(dial));
    rig.run(&a, TAKES);
    rig.run(&b, TAKES);
    execute(&mut rig, &b, "sleep", "5000");
    assert!(is_held_up(&rig, &b, "sleep"));
    execute(&mut rig, &a, "mutex", "k off");
    assert!(is_held_up(&rig, &b, "sleep"));
    rig.pass(Duration::from_secs(6));
    assert!(has_gone_on(&rig, &b));
}

#[test]
fn a_place_in_the_line_outlives_a_second_wait_for_the_same_key() {
    let mut rig = Rig::new();
    let [a, b] = ["null/a", "null/b"].map(|dial| rig.park(dial));
    rig.run(&a, TAKES);
    rig.run(&b, TAKES);
    execute(&mut rig, &b, "mutex", "k");
    assert_eq!(rig.switch.channels[&b].script.runs.len(), 2);
    rig.switch.end_innermost(&b);
    execute(&mut rig, &a, "mutex", "k off");
    assert!(has_gone_on(&rig, &b));
}

#[test]
fn words_that_mean_nothing_take_no_key() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "mutex,mutex:k off,mutex:k perhaps,set:gone_on=yes,park");
    assert!(has_gone_on(&rig, &a));
    assert_eq!(rig.switch.census().mutexes, 0);
}

#[test]
fn a_caller_waits_until_somebody_answers_it() {
    let mut config = config();
    config.profiles[0].auth_calls = false;
    let mut rig = Rig::with(config);
    let mut phone = Phone::new("1001", "127.0.0.1:5601", Transport::Udp, 11);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let (from, to) = ("carol@192.0.2.7", "1001@127.0.0.1");
    Talk::calls(&mut rig, "192.0.2.7:5060", from, to, "", &phone_sdp("0"));
    let caller = rig.switch.channels.values().find(|live| {
        live.seen.answer != AnswerState::Answered
            && live.seen.direction == api::view::Direction::Inbound
    });
    let caller = caller.map(|live| live.seen.id.clone()).expect("a caller");
    rig.run(&caller, "wait_for_answer,set:gone_on=yes,park");
    rig.pass(Duration::from_secs(20));
    assert!(is_held_up(&rig, &caller, "wait_for_answer"));
    rig.events.clear();
    rig.get(Answer {
        channel: caller.clone(),
    })
    .unwrap();
    assert!(has_gone_on(&rig, &caller));
    let told = rig.seen(|event| {
        let EventKind::Channel(event) = &event.kind else {
            return None;
        };
        if matches!(event, ChannelEvent::Answered) {
            return Some("answered");
        }
        let waited = |ran: &api::event::RanApplication| &*ran.name == "wait_for_answer";
        matches!(event, ChannelEvent::ExecuteComplete { application, .. } if waited(application))
            .then_some("gone on")
    });
    assert_eq!(told, ["answered", "gone on"]);
    let answered = rig.park("null/a");
    rig.run(&answered, "wait_for_answer,set:gone_on=yes,park");
    assert!(has_gone_on(&rig, &answered));
}
