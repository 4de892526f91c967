use api::view::TierRules;

use super::*;

/// Three agents who each ring for two seconds and are not there.
fn three(strategy: Strategy) -> Center {
    let mut center = Center::with(strategy);
    for name in ["a1", "a2", "a3"] {
        center.agent(name, "now");
    }
    center
}

/// A caller who is served, and hangs up after so many seconds. Who served them.
fn serve(center: &mut Center, seconds: u64) -> String {
    center.told();
    let caller = center.caller("x");
    let offered = center.offered();
    assert_eq!(offered.len(), 1, "{offered:?}");
    center.pass(seconds);
    center.hang_up(&caller);
    center.pass(1);
    offered[0].rsplit(' ').next().expect("a name").to_owned()
}

#[test]
fn longest_idle() {
    let mut center = three(Strategy::LongestIdle);
    let order: Vec<_> = (0..4).map(|_| serve(&mut center, 3)).collect();
    assert_eq!(order, ["a1", "a2", "a3", "a1"]);
}

#[test]
fn round_robin_goes_on_after_the_last_one() {
    let mut center = three(Strategy::RoundRobin);
    let order: Vec<_> = (0..4).map(|_| serve(&mut center, 3)).collect();
    assert_eq!(order, ["a1", "a2", "a3", "a1"]);
}

#[test]
fn top_down_and_sequentially_begin_at_the_top() {
    for strategy in [Strategy::TopDown, Strategy::Sequentially] {
        let mut center = three(strategy);
        let order: Vec<_> = (0..3).map(|_| serve(&mut center, 3)).collect();
        assert_eq!(order, ["a1", "a1", "a1"], "{strategy}");
    }
}

#[test]
fn least_talk_time() {
    let mut center = three(Strategy::LeastTalkTime);
    let order: Vec<_> = [9, 2, 5, 1]
        .into_iter()
        .map(|span| serve(&mut center, span))
        .collect();
    assert_eq!(order, ["a1", "a2", "a3", "a2"]);
}

#[test]
fn fewest_calls() {
    let mut center = three(Strategy::FewestCalls);
    let order: Vec<_> = [9, 2, 5, 1]
        .into_iter()
        .map(|span| serve(&mut center, span))
        .collect();
    assert_eq!(order, ["a1", "a2", "a3", "a1"]);
}

#[test]
fn by_chance_everybody_has_a_turn() {
    let mut center = three(Strategy::Random);
    let mut turns: Vec<_> = (0..30).map(|_| serve(&mut center, 1)).collect();
    turns.sort_unstable();
    turns.dedup();
    assert_eq!(turns, ["a1", "a2", "a3"]);
}

#[test]
fn top_down_goes_on_to_the_next_when_one_does_not_answer() {
    let mut center = Center::with(Strategy::TopDown);
    for (name, number) in [("a1", "busy"), ("a2", "rejects"), ("a3", "rings9")] {
        center.agent(name, number);
    }
    center.told();
    center.caller("x");
    assert_eq!(center.offered(), ["x to a1", "x to a2", "x to a3"]);
}

#[test]
fn progressively_those_asked_before_go_on_ringing() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.strategy = Strategy::RingProgressively;
        settings.ring_progressively_delay_s = 5;
    });
    for name in ["a1", "a2", "a3"] {
        center.agent(name, "rings30");
    }
    center.told();
    center.caller("x");
    assert_eq!(center.offered(), ["x to a1"]);
    center.pass(4);
    assert_eq!(center.offered(), [""; 0]);
    center.pass(2);
    assert_eq!(center.offered(), ["x to a2"]);
    center.pass(5);
    assert_eq!(center.offered(), ["x to a3"]);
    assert_eq!(center.rig.switch.census().queue_offers, 3);
}

#[test]
fn lower_levels_come_first() {
    for strategy in [
        Strategy::LongestIdle,
        Strategy::RoundRobin,
        Strategy::TopDown,
        Strategy::LeastTalkTime,
        Strategy::FewestCalls,
        Strategy::Sequentially,
        Strategy::Random,
    ] {
        let mut center = Center::with(strategy);
        center.agent_at("second", "now", 2);
        center.agent_at("first", "now", 1);
        for _ in 0..3 {
            assert_eq!(serve(&mut center, 2), "first", "{strategy}");
        }
        center.caller("x");
        center.told();
        center.caller("y");
        assert_eq!(center.offered(), ["y to second"], "{strategy}");
    }
}

#[test]
fn with_tier_rules_higher_levels_have_to_be_waited_for() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.strategy = Strategy::RingAll;
        settings.tier_rules = TierRules {
            apply: true,
            wait_s: 10,
            multiply_level: true,
            no_agent_no_wait: true,
        };
    });
    for (name, level) in [("a1", 1), ("a2", 2), ("a3", 3)] {
        center.agent_at(name, "rings60", level);
    }
    center.told();
    center.caller("x");
    assert_eq!(center.offered(), ["x to a1"]);
    center.pass(9);
    assert_eq!(center.offered(), [""; 0]);
    center.pass(2);
    assert_eq!(center.offered(), ["x to a2"]);
    center.pass(10);
    assert_eq!(center.offered(), ["x to a3"]);
}

#[test]
fn levels_without_agents_cost_no_time() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.tier_rules = TierRules {
            apply: true,
            wait_s: 10,
            multiply_level: true,
            no_agent_no_wait: true,
        };
    });
    center.agent_at("a1", "rings60", 1);
    center.agent_at("a2", "rings60", 2);
    center.status("a1", AgentStatus::LoggedOut);
    center.told();
    center.caller("x");
    assert_eq!(center.offered(), ["x to a2"]);
}
