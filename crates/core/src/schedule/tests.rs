//! Tasks and heartbeats in a whole switch.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::call::{Originate, Then};
use api::command::channel::SetHeartbeat;
use api::command::server::{Schedule, Scheduled, TaskTarget, Unschedule};
use api::dial::DialString;
use api::event::{ChannelEvent, Event, EventKind};
use api::id::TaskId;
use api::{Answer, Application, ChannelId, HangupCause};

use crate::rig::{Rig, clockwork};

fn park(rig: &mut Rig) -> ChannelId {
    let originate = Originate {
        dial: DialString::parse("null/x").unwrap(),
        then: Then::Run(Application::new("park", "")),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    match rig.get(originate).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    }
}

fn schedule(rig: &mut Rig, in_s: u64, repeat_s: u32, group: &str, what: Scheduled) -> TaskId {
    let at = rig.now().wall.after(Duration::from_secs(in_s));
    match rig
        .get(Schedule {
            at,
            repeat_s,
            group: group.into(),
            what,
        })
        .unwrap()
    {
        Answer::Task(id) => id,
        other => panic!("{other:?}"),
    }
}

fn tasks_and_hangups(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Channel(ChannelEvent::HungUp) => Some("CHANNEL_HANGUP".into()),
        _ => clockwork(event)
            .filter(|text| !text.starts_with("HEARTBEAT") && !text.contains("heartbeat")),
    }
}

/// The order of stream-33.
#[test]
fn a_scheduled_hangup_comes_and_is_gone() {
    let mut rig = Rig::new();
    let id = park(&mut rig);
    rig.events.clear();
    let what = Scheduled::Hangup(id.clone(), HangupCause::AllottedTimeout);
    let task = schedule(&mut rig, 1, 0, id.as_str(), what);
    assert_eq!(
        rig.view.tasks.get(&task).map(|task| &*task.group),
        Some(id.as_str())
    );
    rig.pass(Duration::from_secs(2));
    let name = format!("{task} switch_ivr_schedule_hangup");
    assert_eq!(
        rig.seen(tasks_and_hangups),
        [
            format!("Added {name}"),
            "CHANNEL_HANGUP".into(),
            format!("Deleted {name}")
        ]
    );
    assert!(rig.view.tasks.is_empty() && rig.view.channels.is_empty());
}

#[test]
fn a_channels_tasks_end_with_it() {
    let mut rig = Rig::new();
    let id = park(&mut rig);
    schedule(
        &mut rig,
        600,
        0,
        id.as_str(),
        Scheduled::Hangup(id.clone(), HangupCause::AllottedTimeout),
    );
    let other = schedule(
        &mut rig,
        600,
        0,
        "mine",
        Scheduled::Console("echo hi".into()),
    );
    rig.get(api::command::channel::Hangup {
        channel: id,
        cause: HangupCause::NormalClearing,
    })
    .unwrap();
    assert_eq!(rig.view.tasks.keys().copied().collect::<Vec<_>>(), [other]);
}

#[test]
fn console_lines_run_repeat_and_are_deleted_by_group() {
    let mut rig = Rig::new();
    rig.events.clear();
    let once = schedule(&mut rig, 1, 0, "none", Scheduled::Console("status".into()));
    let often = schedule(&mut rig, 2, 3, "grp", Scheduled::Console("echo hi".into()));
    rig.pass(Duration::from_millis(5500));
    let line = |what: &str, id: TaskId, runs: &str| format!("{what} {id} sched_api_function{runs}");
    assert_eq!(
        rig.seen(tasks_and_hangups),
        [
            line("Added", once, ""),
            line("Added", often, ""),
            line("Executed", once, " runs status"),
            line("Deleted", once, ""),
            line("Executed", often, " runs echo hi"),
            line("Rescheduled", often, ""),
            line("Executed", often, " runs echo hi"),
            line("Rescheduled", often, ""),
        ]
    );
    assert_eq!(
        rig.get(Unschedule {
            target: TaskTarget::Group("grp".into())
        }),
        Ok(Answer::Count(1))
    );
    assert_eq!(
        rig.get(Unschedule {
            target: TaskTarget::Group("grp".into())
        }),
        Ok(Answer::Count(0))
    );
    assert_eq!(
        rig.get(Unschedule {
            target: TaskTarget::Id(TaskId(99))
        }),
        Ok(Answer::Count(0))
    );
    assert_eq!(rig.seen(tasks_and_hangups), [line("Deleted", often, "")]);
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.seen(tasks_and_hangups), Vec::<String>::new());
}

#[test]
fn the_heart_beats_every_twenty_seconds_and_is_no_task_to_be_listed() {
    let mut rig = Rig::new();
    rig.pass(Duration::from_secs(41));
    assert_eq!(
        rig.seen(clockwork),
        [
            "HEARTBEAT",
            "Rescheduled 1 heartbeat",
            "HEARTBEAT",
            "Rescheduled 1 heartbeat"
        ]
    );
    assert!(rig.view.tasks.is_empty());
}

#[test]
fn a_channels_heart_beats_as_long_as_it_is_asked_to() {
    let mut rig = Rig::new();
    let id = park(&mut rig);
    let beats = |event: &Event| {
        matches!(event.kind, EventKind::Channel(ChannelEvent::Heartbeat)).then(String::new)
    };
    let every = |rig: &mut Rig, every_s: Option<u64>, delayed| {
        let every = every_s.map(Duration::from_secs);
        rig.get(SetHeartbeat {
            channel: id.clone(),
            every,
            delayed,
        })
        .unwrap();
    };
    every(&mut rig, Some(10), true);
    rig.pass(Duration::from_secs(5));
    // Set anew: the old timer must not fire on top of the new one.
    every(&mut rig, Some(10), false);
    rig.pass(Duration::from_millis(20_500));
    assert_eq!(
        rig.seen(beats).len(),
        3,
        "at once, after ten seconds, after twenty"
    );
    every(&mut rig, None, false);
    rig.pass(Duration::from_secs(60));
    assert!(rig.seen(beats).is_empty());
}

/// Recorded in stream-39: both halves of a loopback take the variable from the dial string.
#[test]
fn both_halves_of_a_loopback_beat() {
    let mut rig = Rig::new();
    let originate = Originate {
        dial: DialString::parse("{enable_heartbeat_events=1}loopback/9196").unwrap(),
        then: Then::Run(Application::new("park", "")),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    rig.get(originate).unwrap();
    rig.pass(Duration::from_millis(2500));
    let beats = rig.seen(|event| {
        let beats = matches!(event.kind, EventKind::Channel(ChannelEvent::Heartbeat));
        event
            .channel
            .as_ref()
            .filter(|_| beats)
            .map(|channel| channel.name.to_string())
    });
    assert_eq!(
        beats,
        [
            "loopback/9196-a",
            "loopback/9196-b",
            "loopback/9196-a",
            "loopback/9196-b"
        ]
    );
}
