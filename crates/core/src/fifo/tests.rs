use std::time::Duration;

use api::command::channel::ReceiveDtmf;

use super::*;
use crate::rig::Rig;

fn is(rig: &Rig, id: &ChannelId, name: &str) -> Option<String> {
    rig.channel(id).variable(name).map(str::to_owned)
}

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    let (channel, digits) = (id.clone(), digits.into());
    rig.get(ReceiveDtmf { channel, digits }).unwrap();
}

/// What was told since the last time, with whose channel.
fn told(rig: &mut Rig) -> Vec<(ChannelId, FifoAction)> {
    rig.seen(|event| {
        let EventKind::Fifo(kind) = &event.kind else {
            return None;
        };
        let channel = event.channel.as_ref()?;
        Some((channel.id.clone(), kind.action.clone()))
    })
}

fn fifo(rig: &Rig, name: &str) -> Option<Arc<Fifo>> {
    rig.view.fifos.get(name).cloned()
}

fn popped(caller: &ChannelId, number: &str) -> FifoAction {
    FifoAction::ConsumerPopped {
        caller: caller.clone(),
        name: "Outbound Call".into(),
        number: number.into(),
    }
}

#[test]
fn who_waited_longest_is_taken_first_and_the_consumer_stays() {
    let mut rig = Rig::new();
    let (a, b, agent) = (rig.park("null/a"), rig.park("null/b"), rig.park("null/c"));
    rig.run(&a, "fifo:q in,set:after=yes,park");
    rig.run(&b, "fifo:q in,park");
    assert_eq!(is(&rig, &b, "fifo_position").as_deref(), Some("2"));
    assert_eq!(is(&rig, &b, "fifo_status").as_deref(), Some("WAITING"));
    assert_eq!(
        told(&mut rig),
        [
            (a.clone(), FifoAction::Pushed { priority: 0 }),
            (b.clone(), FifoAction::Pushed { priority: 0 })
        ]
    );
    rig.run(&agent, "fifo:q out wait,set:after=yes,park");
    assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&agent));
    assert_eq!(rig.channel(&b).bridged_to, None);
    assert_eq!(is(&rig, &a, "fifo_status").as_deref(), Some("TALKING"));
    assert_eq!(is(&rig, &agent, "fifo_target").as_deref(), Some(a.as_str()));
    assert_eq!(
        told(&mut rig),
        [
            (agent.clone(), FifoAction::ConsumerStarted),
            (agent.clone(), popped(&a, "a")),
            (a.clone(), FifoAction::CallerPopped),
            (agent.clone(), FifoAction::ConsumerBridged(true)),
            (a.clone(), FifoAction::CallerBridged(true)),
        ]
    );
    let seen = fifo(&rig, "q").unwrap();
    assert_eq!((seen.callers.len(), seen.waiting().count()), (2, 1));
    // The consumer ends the talk: the caller goes on, the next one is there.
    press(&mut rig, &agent, "*");
    assert_eq!(is(&rig, &a, "after").as_deref(), Some("yes"));
    assert_eq!(is(&rig, &a, "fifo_status").as_deref(), Some("DONE"));
    assert_eq!(rig.channel(&b).bridged_to.as_ref(), Some(&agent));
    assert_eq!(
        told(&mut rig),
        [
            (agent.clone(), FifoAction::ConsumerBridged(false)),
            (a.clone(), FifoAction::CallerBridged(false)),
            (agent.clone(), FifoAction::ConsumerReturned),
            (agent.clone(), popped(&b, "b")),
            (b.clone(), FifoAction::CallerPopped),
            (agent.clone(), FifoAction::ConsumerBridged(true)),
            (b.clone(), FifoAction::CallerBridged(true)),
        ]
    );
    // The caller hangs up: the consumer waits for the next one.
    rig.run(&b, "hangup");
    assert!(rig.view.channels.get(&b).is_none());
    assert_eq!(is(&rig, &agent, "after"), None);
    assert_eq!(
        told(&mut rig),
        [
            (agent.clone(), FifoAction::ConsumerBridged(false)),
            (b, FifoAction::CallerBridged(false)),
            (agent.clone(), FifoAction::ConsumerReturned),
        ]
    );
    let seen = fifo(&rig, "q").unwrap();
    assert_eq!((seen.callers.len(), seen.consumers.len()), (0, 1));
    rig.run(&agent, "hangup");
    assert_eq!(told(&mut rig), [(agent, FifoAction::ConsumerStopped)]);
    assert_eq!(fifo(&rig, "q"), None, "nobody is there");
}

#[test]
fn a_consumer_goes_with_a_talk_and_the_caller_goes_on() {
    let mut rig = Rig::new();
    let (a, agent) = (rig.park("null/a"), rig.park("null/b"));
    rig.run(&a, "fifo:q in,set:after=yes,park");
    rig.run(&agent, "fifo:q out,park");
    assert!(rig.channel(&a).bridged_to.is_some());
    rig.run(&agent, "hangup");
    assert_eq!(is(&rig, &a, "after").as_deref(), Some("yes"));
    assert_eq!(fifo(&rig, "q"), None);
}

#[test]
fn who_does_not_wait_goes_on() {
    let mut rig = Rig::new();
    let (a, agent) = (rig.park("null/a"), rig.park("null/b"));
    rig.run(&agent, "fifo:q out nowait,set:after=1,park");
    assert_eq!(is(&rig, &agent, "after").as_deref(), Some("1"));
    assert_eq!(told(&mut rig), []);
    rig.run(&a, "fifo:q in,park");
    rig.run(&agent, "fifo:q out nowait,set:after=2,park");
    assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&agent));
    rig.run(&a, "hangup");
    assert_eq!(is(&rig, &agent, "after").as_deref(), Some("2"));
    assert_eq!(fifo(&rig, "q"), None);
}

#[test]
fn announcements_are_heard_before_the_talk() {
    let mut rig = Rig::new();
    let (a, agent) = (rig.park("null/a"), rig.park("null/b"));
    rig.run(&a, "fifo:q in caller.wav music.wav,park");
    rig.run(&agent, "fifo:q out wait consumer.wav undef,park");
    assert_eq!(rig.channel(&a).bridged_to, None);
    let seen = fifo(&rig, "q").unwrap();
    assert_eq!(seen.waiting().count(), 0, "somebody is there");
    rig.finish_play();
    rig.finish_play();
    assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&agent));
}

#[test]
fn who_hangs_up_during_an_announcement_leaves_the_other_one_waiting() {
    let mut rig = Rig::new();
    let (a, agent) = (rig.park("null/a"), rig.park("null/b"));
    rig.run(&a, "fifo:q in caller.wav,park");
    rig.run(&agent, "fifo:q out wait,park");
    rig.run(&agent, "hangup");
    let seen = fifo(&rig, "q").unwrap();
    assert_eq!((seen.waiting().count(), seen.consumers.len()), (1, 0));
    let agent = rig.park("null/c");
    rig.run(&agent, "fifo:q out wait,park");
    rig.run(&a, "hangup");
    let seen = fifo(&rig, "q").unwrap();
    assert_eq!((seen.callers.len(), seen.consumers.len()), (0, 1));
    assert!(seen.consumers[0].waits());
    let told = told(&mut rig);
    assert!(told.contains(&(a, FifoAction::Aborted)), "{told:?}");
}

#[test]
fn a_caller_gives_up_by_time_or_by_key() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "set:fifo_orbit_exten=5000:3,fifo:q in,park");
    rig.pass(Duration::from_secs(2));
    assert_eq!(is(&rig, &a, "fifo_status").as_deref(), Some("WAITING"));
    rig.pass(Duration::from_secs(2));
    assert_eq!(is(&rig, &a, "fifo_status").as_deref(), Some("TIMEOUT"));
    let profile = rig.channel(&a).profile.clone().unwrap();
    assert_eq!(&*profile.destination_number, "5000");
    let told = told(&mut rig);
    let told: Vec<_> = told.into_iter().map(|(_, action)| action).collect();
    assert_eq!(
        told,
        [FifoAction::Pushed { priority: 0 }, FifoAction::TimedOut]
    );
    let b = rig.park("null/b");
    rig.run(
        &b,
        "set:fifo_caller_exit_key=12,fifo:q in,set:after=yes,park",
    );
    press(&mut rig, &b, "3");
    assert_eq!(is(&rig, &b, "after"), None);
    press(&mut rig, &b, "2");
    assert_eq!(is(&rig, &b, "after").as_deref(), Some("yes"));
    assert_eq!(is(&rig, &b, "fifo_status").as_deref(), Some("ABORTED"));
    assert_eq!(fifo(&rig, "q"), None);
}

#[test]
fn fifos_of_the_configuration_stay() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let there = fifo(&rig, "manual_calls").unwrap();
    assert_eq!(there.origin, FifoOrigin::BuiltIn);
    rig.run(&a, "fifo:manual_calls!7 in,park");
    rig.run(&a, "hangup");
    let there = fifo(&rig, "manual_calls").unwrap();
    assert_eq!((there.callers.len(), there.importance), (0, 7));
}

#[test]
fn who_is_more_urgent_is_served_first_and_consumers_choose() {
    let mut rig = Rig::new();
    let [late, usual, urgent, other] =
        ["a", "b", "c", "d"].map(|name| rig.park(&format!("null/{name}")));
    rig.run(&late, "set:fifo_priority=7,fifo:q in,park");
    rig.run(&usual, "fifo:q in,park");
    rig.run(&urgent, "set:fifo_priority=1,fifo:q in,park");
    // Nothing beyond 10 is a priority.
    rig.run(&other, "set:fifo_priority=11,fifo:q in,park");
    let seen = fifo(&rig, "q").unwrap();
    let order: Vec<_> = seen.callers.iter().map(|one| one.channel.clone()).collect();
    assert_eq!(
        order,
        [urgent.clone(), usual.clone(), other.clone(), late.clone()]
    );
    assert_eq!(is(&rig, &urgent, "fifo_position").as_deref(), Some("1"));
    assert_eq!(is(&rig, &urgent, "fifo_priority").as_deref(), Some("1"));
    assert_eq!(is(&rig, &other, "fifo_priority").as_deref(), Some("0"));
    let pushed = told(&mut rig);
    assert!(
        pushed.contains(&(urgent.clone(), FifoAction::Pushed { priority: 1 })),
        "{pushed:?}"
    );
    // One who takes 7 and then 5, one who takes nobody of these, one who takes all.
    let [picky, idle, agent] = ["e", "f", "g"].map(|name| rig.park(&format!("null/{name}")));
    rig.run(&picky, "set:fifo_pop_order='7\\,5',fifo:q out wait,park");
    assert_eq!(rig.channel(&late).bridged_to.as_ref(), Some(&picky));
    rig.run(
        &idle,
        "set:fifo_pop_order=3,fifo:q out nowait,set:after=yes,park",
    );
    assert_eq!(is(&rig, &idle, "after").as_deref(), Some("yes"));
    rig.run(&agent, "fifo:q out wait,park");
    assert_eq!(rig.channel(&urgent).bridged_to.as_ref(), Some(&agent));
    rig.run(&late, "hangup");
    assert_eq!(rig.channel(&usual).bridged_to.as_ref(), Some(&picky));
}

#[test]
fn a_consumer_serves_several_fifos_and_is_in_one_while_they_talk() {
    let mut rig = Rig::new();
    let [a, b, c, agent] = ["a", "b", "c", "d"].map(|name| rig.park(&format!("null/{name}")));
    rig.run(&a, "fifo:second in,park");
    rig.pass(Duration::from_secs(1));
    rig.run(&b, "fifo:first in,park");
    rig.run(&c, "fifo:first in,park");
    let consumers = |rig: &Rig, name: &str| fifo(rig, name).map_or(0, |one| one.consumers.len());
    rig.run(
        &agent,
        "fifo:first\\,second\\,third out wait,set:after=yes,park",
    );
    assert_eq!(
        rig.channel(&a).bridged_to.as_ref(),
        Some(&agent),
        "the longest wait"
    );
    let counts = ["first", "second", "third"].map(|name| consumers(&rig, name));
    assert_eq!(counts, [0, 1, 0]);
    rig.run(&a, "hangup");
    assert_eq!(rig.channel(&b).bridged_to.as_ref(), Some(&agent));
    press(&mut rig, &agent, "*");
    assert_eq!(rig.channel(&c).bridged_to.as_ref(), Some(&agent));
    rig.run(&c, "hangup");
    let counts = ["first", "second", "third"].map(|name| consumers(&rig, name));
    assert_eq!(counts, [1, 1, 1]);
    let d = rig.park("null/e");
    rig.run(&d, "fifo:third in,park");
    assert_eq!(rig.channel(&d).bridged_to.as_ref(), Some(&agent));
    told(&mut rig);
    rig.run(&agent, "hangup");
    let stopped = told(&mut rig).into_iter();
    let stopped = stopped.filter(|(_, action)| *action == FifoAction::ConsumerStopped);
    assert_eq!(stopped.count(), 3);
    for name in ["first", "second", "third"] {
        assert_eq!(fifo(&rig, name), None, "{name}");
    }
}

#[test]
fn with_more_ppl_the_fullest_fifo_is_served_first() {
    let mut rig = Rig::new();
    let [a, b, c, agent] = ["a", "b", "c", "d"].map(|name| rig.park(&format!("null/{name}")));
    rig.run(&a, "fifo:long in,park");
    rig.pass(Duration::from_secs(1));
    rig.run(&b, "fifo:full in,park");
    rig.run(&c, "fifo:full in,park");
    rig.run(
        &agent,
        "set:fifo_strategy=more_ppl,fifo:long\\,full out nowait,park",
    );
    assert_eq!(rig.channel(&b).bridged_to.as_ref(), Some(&agent));
    assert_eq!(rig.channel(&a).bridged_to, None);
    // A caller is in one.
    let d = rig.park("null/e");
    rig.run(&d, "fifo:long\\,full in,set:after=yes,park");
    assert_eq!(is(&rig, &d, "after").as_deref(), Some("yes"));
}
