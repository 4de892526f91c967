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
            (a.clone(), FifoAction::Pushed),
            (b.clone(), FifoAction::Pushed)
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
    assert_eq!(told, [FifoAction::Pushed, FifoAction::TimedOut]);
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
