use api::view::{AgentState, QueueAgentState};

use super::*;

#[test]
fn after_a_call_an_agent_has_his_rest() {
    let mut center = Center::with(Strategy::LongestIdle);
    center.agent("bob", "now");
    center.patience(
        "bob",
        AgentPatience {
            wrap_up_s: 10,
            ..AgentPatience::default()
        },
    );
    let ann = center.caller("ann");
    center.pass(5);
    center.hang_up(&ann);
    center.caller("cid");
    center.told();
    center.pass(9);
    assert_eq!(center.offered(), [""; 0]);
    assert_eq!(center.in_line(), ["cid"]);
    center.pass(2);
    assert_eq!(center.offered(), ["cid to bob"]);
}

#[test]
fn the_queues_own_rest_counts_when_it_is_longer() {
    let mut center = Center::new();
    center.queue(|settings| settings.wrap_up_s = 20);
    center.agent("bob", "now");
    let ann = center.caller("ann");
    center.hang_up(&ann);
    center.caller("cid");
    center.told();
    center.pass(19);
    assert_eq!(center.offered(), [""; 0]);
    center.pass(2);
    assert_eq!(center.offered(), ["cid to bob"]);
}

/// Seconds until an agent who gets no call is asked again.
fn asked_again_after(number: &str, patience: AgentPatience) -> u64 {
    let mut center = Center::with(Strategy::LongestIdle);
    center.agent("bob", number);
    center.patience("bob", patience);
    center.caller("ann");
    assert_eq!(center.offered(), ["ann to bob"]);
    for second in 1..200 {
        center.pass(1);
        if !center.offered().is_empty() {
            assert_eq!(center.in_line(), ["ann"]);
            return second;
        }
    }
    panic!("the agent is never asked again");
}

#[test]
fn each_refusal_has_its_own_delay() {
    let patience = AgentPatience {
        reject_delay_s: 10,
        busy_delay_s: 60,
        no_answer_delay_s: 25,
        ..AgentPatience::default()
    };
    let near = |seconds: u64, expected: u64| (expected..=expected + 1).contains(&seconds);
    assert!(near(asked_again_after("rejects", patience), 10));
    assert!(near(asked_again_after("busy", patience), 60));
    // Nobody is there: they are not called in vain every second.
    assert!(near(
        asked_again_after("nobody", AgentPatience::default()),
        5
    ));
    assert!(near(asked_again_after("busy", AgentPatience::default()), 1));
}

#[test]
fn who_does_not_answer_too_often_is_on_break() {
    let mut center = Center::with(Strategy::LongestIdle);
    center.put_agent(
        "bob",
        "[leg_timeout=5]loopback/rings60/default",
        AgentPatience {
            max_no_answer: 2,
            no_answer_delay_s: 3,
            ..AgentPatience::default()
        },
    );
    let put = PutQueueAgent {
        queue: QUEUE.into(),
        agent: "bob".into(),
        level: None,
        position: None,
        new: None,
    };
    center.rig.get(put).unwrap();
    center.status("bob", AgentStatus::Available);
    center.caller("ann");
    center.told();
    center.pass(6);
    assert_eq!(center.told(), ["failed bob NO_ANSWER"]);
    assert_eq!(center.place("bob").state, QueueAgentState::NoAnswer);
    assert_eq!(center.seen_agent("bob").statistics.no_answers, 1);
    center.pass(10);
    assert_eq!(
        center.told(),
        [
            "offered ann to bob",
            "failed bob NO_ANSWER",
            "bob answers too little",
            "bob is On Break",
            "paused bob"
        ]
    );
    center.pass(60);
    assert_eq!(center.told(), [""; 0]);
    assert_eq!(center.in_line(), ["ann"]);
    center.status("bob", AgentStatus::Available);
    assert_eq!(center.seen_agent("bob").statistics.no_answers, 0);
    assert_eq!(center.offered(), ["ann to bob"]);
}

#[test]
fn on_demand_means_one_call() {
    let mut center = Center::with(Strategy::LongestIdle);
    center.agent("bob", "now");
    center.status("bob", AgentStatus::AvailableOnDemand);
    let ann = center.caller("ann");
    center.pass(2);
    center.hang_up(&ann);
    assert_eq!(center.seen_agent("bob").status, AgentStatus::OnBreak);
    assert_eq!(center.seen_agent("bob").state, AgentState::Waiting);
    center.told();
    center.caller("cid");
    center.pass(5);
    assert_eq!(center.offered(), [""; 0]);
}
