//! Whatever happens in whatever order: nobody is lost, nobody is served twice, and nothing is left behind.

use std::collections::HashSet;

use api::command::channel::ReceiveDtmf;
use api::command::queue::{EnableQueue, RemoveAgent};
use api::view::{AgentState, CallerState, QueueAgentState};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const NUMBERS: [&str; 6] = ["now", "rings2", "rings7", "busy", "rejects", "nobody"];

/// What holds after every step.
fn check(center: &mut Center, seed: u64, step: u32) {
    let at = format!("seed {seed}, step {step}");
    let queue = center
        .rig
        .view
        .queues
        .get(QUEUE)
        .cloned()
        .expect("the queue");
    let mut channels = HashSet::new();
    for caller in &queue.callers {
        let live = center.rig.switch.channels.get(&caller.channel);
        let up = live.is_some_and(|live| live.is_up());
        match caller.state {
            CallerState::Waiting | CallerState::Trying | CallerState::Answered => {
                assert!(up, "{at}: a caller without a channel");
                assert!(
                    channels.insert(caller.channel.clone()),
                    "{at}: a caller twice"
                );
            }
            CallerState::Abandoned => assert!(!up, "{at}: a lively ghost"),
        }
        match caller.state {
            CallerState::Waiting | CallerState::Trying => {
                assert!(center.rig.switch.is_in_line(&caller.channel), "{at}");
            }
            CallerState::Answered => {
                assert!(center.rig.switch.is_served(&caller.channel), "{at}");
                assert!(
                    center.bridged(&caller.channel).is_some(),
                    "{at}: served by nobody"
                );
            }
            CallerState::Abandoned => {}
        }
    }
    let ids: Vec<ChannelId> = center.rig.switch.channels.keys().cloned().collect();
    for id in ids {
        let queued = center.rig.switch.is_in_line(&id) || center.rig.switch.is_served(&id);
        assert_eq!(queued, channels.contains(&id), "{at}: {id} is lost");
    }
    let agents = &center.rig.view.agents;
    let receiving = agents.values().filter(|a| a.state == AgentState::Receiving);
    let offers = center.rig.switch.census().queue_offers;
    assert_eq!(receiving.count(), offers, "{at}: offers");
    let talking = agents
        .values()
        .filter(|a| a.state == AgentState::InQueueCall);
    let served = queue.callers.iter();
    let served = served.filter(|caller| {
        let agent = caller.agent.as_deref().and_then(|name| agents.get(name));
        caller.state == CallerState::Answered && agent.is_some()
    });
    assert_eq!(talking.count(), served.count(), "{at}: talks");
    for place in &queue.agents {
        let agent = agents.get(&place.agent).expect("an agent");
        let expected = match agent.state {
            AgentState::Receiving => place.state == QueueAgentState::Offering,
            AgentState::InQueueCall => place.state == QueueAgentState::ActiveInbound,
            AgentState::Idle | AgentState::Waiting => {
                matches!(
                    place.state,
                    QueueAgentState::Ready | QueueAgentState::NoAnswer
                )
            }
        };
        assert!(expected, "{at}: {} is {:?}", place.agent, place.state);
    }
}

/// Calls answered, and callers who went without an agent.
fn live(seed: u64) -> (u64, u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let strategy = Strategy::ALL[rng.random_range(0..Strategy::ALL.len())];
    let mut center = Center::new();
    center.queue(|settings| {
        settings.strategy = strategy;
        settings.max_wait_s = rng.random_range(0..40);
        settings.abandoned_resume = rng.random();
        settings.wrap_up_s = rng.random_range(0..4);
        settings.ring_progressively_delay_s = 2;
        settings.tier_rules.apply = rng.random();
        settings.tier_rules.wait_s = 3;
    });
    let mut made = 0;
    let mut callers: Vec<ChannelId> = Vec::new();
    for step in 0..150 {
        callers.retain(|id| {
            center
                .rig
                .switch
                .channels
                .get(id)
                .is_some_and(|live| live.is_up())
        });
        let one = |rng: &mut StdRng, callers: &[ChannelId]| {
            (!callers.is_empty()).then(|| callers[rng.random_range(0..callers.len())].clone())
        };
        let names: Vec<Arc<str>> = center.rig.view.agents.keys().cloned().collect();
        let agent = (!names.is_empty()).then(|| names[rng.random_range(0..names.len())].clone());
        match rng.random_range(0..12) {
            0..=2 if callers.len() < 12 => {
                made += 1;
                let number = rng.random_range(1..6);
                let extra = format!(",origination_callee_id_number={number},cc_exit_keys=9");
                callers.push(center.caller_with(&format!("c{made}"), &extra));
            }
            3 => {
                if let Some(id) = one(&mut rng, &callers) {
                    center.hang_up(&id);
                }
            }
            4 => {
                if let Some(leg) = agent.and_then(|name| center.seen_agent(&name).channel.clone()) {
                    center.hang_up(&leg);
                }
            }
            5 | 6 => {
                if let Some(name) = agent {
                    let all = AgentStatus::ALL;
                    center.status(&name, all[rng.random_range(0..all.len())]);
                }
            }
            7 if names.len() < 6 => {
                made += 1;
                let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
                let level = rng.random_range(1..4);
                center.agent_at(&format!("a{made}"), number, level);
            }
            8 if rng.random_ratio(1, 4) => {
                if let Some(agent) = agent {
                    center
                        .rig
                        .get(RemoveAgent { agent })
                        .expect("the agent exists");
                }
            }
            9 if rng.random_ratio(1, 6) => {
                for enabled in [false, true] {
                    let queue = QUEUE.into();
                    let change = EnableQueue { queue, enabled };
                    center.rig.get(change).expect("it exists");
                }
            }
            10 => {
                if let Some(channel) = one(&mut rng, &callers) {
                    let digits = "9".into();
                    let press = ReceiveDtmf { channel, digits };
                    center.rig.get(press).expect("the caller is there");
                }
            }
            _ => center.pass(rng.random_range(1..5)),
        }
        check(&mut center, seed, step);
    }
    for id in callers {
        if center
            .rig
            .switch
            .channels
            .get(&id)
            .is_some_and(|live| live.is_up())
        {
            center.hang_up(&id);
        }
    }
    center.pass(120);
    check(&mut center, seed, u32::MAX);
    let census = center.rig.switch.census();
    let left = (
        census.queue_callers,
        census.queue_offers,
        census.plays,
        census.originates,
    );
    assert_eq!(left, (0, 0, 0, 0), "seed {seed}: something is left");
    let queue = center.rig.view.queues.get(QUEUE).expect("the queue");
    (queue.calls_answered, queue.calls_abandoned)
}

#[test]
fn nobody_is_lost_whatever_happens() {
    let (mut answered, mut abandoned) = (0, 0);
    for seed in 0..25 {
        let counts = live(seed);
        answered += counts.0;
        abandoned += counts.1;
    }
    // Much has happened: what holds did not hold for want of callers.
    assert!(answered > 100 && abandoned > 100, "{answered}, {abandoned}");
}
