use api::command::call::BridgeChannels;
use api::command::channel::{LegChoice, Transfer};
use api::view::{AgentState, CallerState, QueueAgentState};

use super::*;

#[test]
fn a_caller_waits_with_music_until_an_agent_answers() {
    let mut center = Center::with(Strategy::RingAll);
    let caller = center.caller("ann");
    assert_eq!(center.in_line(), ["ann"]);
    assert_eq!(center.told(), ["QueueAdded", "joined ann", "count 1"]);
    center.agent("bob", "rings3");
    assert_eq!(
        center.told(),
        [
            "added bob",
            "PlaceAdded bob",
            "bob is Available",
            "in bob",
            "offered ann to bob"
        ]
    );
    assert_eq!(center.seen_agent("bob").state, AgentState::Receiving);
    assert_eq!(center.place("bob").state, QueueAgentState::Offering);
    assert_eq!(center.in_line(), ["ann"]);
    center.pass(4);
    let leg = center.leg("bob");
    assert_eq!(center.bridged(&caller), Some(leg.clone()));
    assert_eq!(center.in_line(), [""; 0]);
    assert_eq!(
        center.told(),
        ["left ann ANSWERED 1", "count 0", "bridged ann bob"]
    );
    assert_eq!(center.seen_agent("bob").state, AgentState::InQueueCall);
    assert_eq!(center.place("bob").state, QueueAgentState::ActiveInbound);
    let queue = center.rig.view.queues.get(QUEUE).unwrap().clone();
    assert_eq!(queue.callers[0].state, CallerState::Answered);
    assert_eq!(queue.calls_answered, 1);
    assert_eq!(center.var(&caller, "cc_agent").as_deref(), Some("bob"));
    assert_eq!(center.var(&leg, "cc_side").as_deref(), Some("agent"));
    let session = center.var(&leg, "cc_member_session_uuid");
    assert_eq!(session.as_deref(), Some(caller.as_str()));
    center.pass(7);
    center.hang_up(&leg);
    assert_eq!(center.told(), ["unbridged ann bob", "ended ann Terminated"]);
    // The caller goes on in their dialplan.
    assert_eq!(
        center.rig.channel(&caller).application.as_ref().unwrap().0,
        "park".into()
    );
    assert_eq!(center.var(&caller, "cc_cause").as_deref(), Some("answered"));
    let bob = center.seen_agent("bob");
    assert_eq!(bob.state, AgentState::Waiting);
    assert_eq!(
        (bob.statistics.calls_answered, bob.statistics.talk_time_s),
        (1, 8)
    );
    center.hang_up(&caller);
    center.pass(1);
    assert_eq!(center.rig.switch.census().queue_callers, 0);
    assert_eq!(center.rig.switch.census().plays, 0);
}

#[test]
fn a_caller_who_hangs_up_ends_the_agents_call_too() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "now");
    let caller = center.caller("ann");
    let leg = center.leg("bob");
    center.told();
    center.hang_up(&caller);
    assert_eq!(center.told(), ["unbridged ann bob", "ended ann Terminated"]);
    center.pass(1);
    assert!(!center.rig.switch.channels.contains_key(&leg));
    assert_eq!(center.seen_agent("bob").channel, None);
}

#[test]
fn a_caller_sent_elsewhere_while_he_talks_leaves_his_agent() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "now");
    let caller = center.caller("ann");
    center.told();
    let transfer = Transfer {
        channel: caller.clone(),
        leg: LegChoice::A,
        extension: "overflow".into(),
        dialplan: None,
        context: None,
    };
    center.rig.get(transfer).unwrap();
    assert_eq!(center.told(), ["unbridged ann bob", "ended ann Terminated"]);
    assert_eq!(center.bridged(&caller), None);
    assert_eq!(center.seen_agent("bob").state, AgentState::Waiting);
}

#[test]
fn an_agent_whose_call_fails_costs_the_caller_nothing() {
    let mut center = Center::with(Strategy::TopDown);
    center.agent("busy", "busy");
    center.agent("bob", "rings3");
    center.caller("ann");
    center.pass(1);
    center.caller("cid");
    assert_eq!(center.in_line(), ["ann", "cid"]);
    center.pass(5);
    assert_eq!(center.in_line(), ["cid"]);
    let told = center.told();
    assert!(
        told.contains(&"failed busy USER_BUSY".to_owned()),
        "{told:?}"
    );
    assert!(told.contains(&"bridged ann bob".to_owned()), "{told:?}");
}

#[test]
fn all_ring_and_the_first_to_answer_has_the_call() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("slow", "rings9");
    center.agent("quick", "rings2");
    center.caller("ann");
    center.told();
    center.pass(3);
    let told = center.told();
    assert_eq!(
        told,
        [
            "failed slow LOSE_RACE",
            "left ann ANSWERED 1",
            "count 0",
            "bridged ann quick"
        ]
    );
    assert_eq!(center.seen_agent("slow").state, AgentState::Waiting);
    // Nothing that they did: they may be asked again at once.
    center.caller("cid");
    assert_eq!(center.offered(), ["cid to slow"]);
}

#[test]
fn who_came_first_is_served_first() {
    let mut center = Center::with(Strategy::LongestIdle);
    center.caller("ann");
    center.pass(2);
    center.caller("cid");
    center.pass(2);
    center.caller_with("vip", ",cc_base_score=100");
    assert_eq!(center.in_line(), ["vip", "ann", "cid"]);
    center.told();
    center.agent("bob", "now");
    assert_eq!(center.offered(), ["vip to bob"]);
}

#[test]
fn two_callers_and_two_agents_meet_one_to_one() {
    let mut center = Center::with(Strategy::LongestIdle);
    center.agent("bob", "rings2");
    center.agent("dan", "rings2");
    let ann = center.caller("ann");
    let cid = center.caller("cid");
    center.pass(3);
    assert_eq!(center.bridged(&ann), Some(center.leg("bob")));
    assert_eq!(center.bridged(&cid), Some(center.leg("dan")));
}

#[test]
fn a_queue_nobody_has_made_is_passed_by() {
    let mut center = Center::with(Strategy::RingAll);
    let caller = center
        .rig
        .originate("null/x", Then::Run(application("other")));
    // There is nothing left to do for the channel.
    assert!(
        !center
            .rig
            .switch
            .channels
            .get(&caller)
            .is_some_and(|live| live.is_up())
    );
}

#[test]
fn calls_are_recorded_where_the_template_says() {
    let mut center = Center::new();
    center.queue(|settings| settings.record_template = Some("/r/${cc_agent}.wav".into()));
    center.agent("bob", "now");
    let caller = center.caller("ann");
    let path = center.var(&caller, "cc_record_filename");
    assert_eq!(path.as_deref(), Some("/r/bob.wav"));
    assert_eq!(center.rig.switch.census().records, 1);
}

#[test]
fn a_program_may_take_callers_away() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    let ann = center.caller("ann");
    let other = center.rig.park("null/other");
    center.told();
    let connect = BridgeChannels {
        a: ann.clone(),
        b: other.clone(),
    };
    center.rig.get(connect).unwrap();
    assert_eq!(
        center.told(),
        [
            "failed bob ORIGINATOR_CANCEL",
            "left ann TRANSFERRED 1",
            "count 0",
            "ended ann BrokenOff"
        ]
    );
    assert_eq!(center.bridged(&ann), Some(other));
    // The same when they talk to an agent already.
    center.patience("bob", AgentPatience::default());
    let cid = center.caller("cid");
    center.pass(10);
    let leg = center.leg("bob");
    let third = center.rig.park("null/third");
    center.told();
    let connect = BridgeChannels {
        a: cid.clone(),
        b: third.clone(),
    };
    center.rig.get(connect).unwrap();
    assert_eq!(center.told(), ["unbridged cid bob", "ended cid Terminated"]);
    assert_eq!(center.bridged(&cid), Some(third));
    center.pass(1);
    assert!(!center.rig.switch.channels.contains_key(&leg));
}

#[test]
fn a_contact_that_says_it_was_given_up_is_not_called_without_end() {
    for cause in ["ORIGINATOR_CANCEL", "LOSE_RACE", "NONE"] {
        let mut center = Center::with(Strategy::RingAll);
        center.agent("bob", "now");
        let contact = format!("error/{cause}");
        center.put_agent("bob", &contact, AgentPatience::default());
        center.told();
        center.caller("ann");
        center.pass(12);
        let offered = center.offered().len();
        assert!((2..=4).contains(&offered), "{cause}: {offered}");
        assert_eq!(center.in_line(), ["ann"]);
    }
}
