//! What is told, listed and asked of media.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::ChannelId;
use api::event::{ChannelEvent, EventKind};
use media::control::{MediaCommand, MediaReport, MuteSide, Wanted, Watch};

use crate::input::Input;
use crate::rig::Rig;

/// The watches that media was asked for and not told to end.
fn watches(rig: &Rig) -> Vec<Watch> {
    let mut watches = Vec::new();
    for command in &rig.commands {
        match command {
            MediaCommand::Watch(watch) => watches.push(watch.clone()),
            MediaCommand::StopWatch { watch, .. } => watches.retain(|one| one.watch != *watch),
            _ => {}
        }
    }
    watches
}

/// What the newest watch looks for is there.
fn notice(rig: &mut Rig) {
    let Some(Watch { leg, watch, .. }) = watches(rig).pop() else {
        panic!("nothing is looked for")
    };
    rig.feed(Input::Media(MediaReport::Noticed { leg, watch }));
}

fn detected(rig: &Rig) -> Vec<String> {
    let key = |event: &api::Event| match &event.kind {
        EventKind::Channel(ChannelEvent::ToneDetected { key }) => Some(key.to_string()),
        _ => None,
    };
    rig.events.iter().filter_map(key).collect()
}

fn variable(rig: &Rig, id: &ChannelId, name: &str) -> Option<String> {
    rig.channel(id).variable(name).map(str::to_owned)
}

#[test]
fn a_tone_is_told_once_after_its_hits_and_runs_what_it_is_to_run() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    rig.run(&id, "tone_detect:busy 480\\,620 w 0 set heard=yes 3,park");
    let watch = watches(&rig).pop().expect("a watch");
    let hz = vec![480, 620];
    assert_eq!(
        (watch.side, watch.wanted),
        (MuteSide::Write, Wanted::Tone { hz })
    );
    notice(&mut rig);
    notice(&mut rig);
    assert_eq!(detected(&rig), [""; 0]);
    assert_eq!(variable(&rig, &id, "heard"), None);
    notice(&mut rig);
    notice(&mut rig);
    notice(&mut rig);
    notice(&mut rig);
    assert_eq!(detected(&rig), ["busy"]);
    assert_eq!(variable(&rig, &id, "heard").as_deref(), Some("yes"));
    // Its name alone arms it again.
    rig.run(&id, "tone_detect:busy,park");
    for _ in 0..3 {
        notice(&mut rig);
    }
    assert_eq!(detected(&rig), ["busy", "busy"]);
}

#[test]
fn variables_say_how_often_and_what_then() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    rig.run(
        &id,
        "set:tone_detect_hits=2,set:execute_on_tone_detect=set heard=yes,tone_detect:fax 1100,park",
    );
    notice(&mut rig);
    assert_eq!(variable(&rig, &id, "heard"), None);
    notice(&mut rig);
    assert_eq!(detected(&rig), ["fax"]);
    assert_eq!(variable(&rig, &id, "heard").as_deref(), Some("yes"));
}

#[test]
fn a_tone_is_looked_for_as_long_as_its_window_and_its_channel_last() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    rig.run(&id, "tone_detect:a 440 r +2000,tone_detect:b 450 r 0,park");
    assert_eq!(watches(&rig).len(), 2);
    rig.pass(Duration::from_millis(1900));
    assert_eq!(watches(&rig).len(), 2);
    rig.pass(Duration::from_millis(200));
    assert_eq!(watches(&rig).len(), 1);
    rig.run(&id, "stop_tone_detect,park");
    assert_eq!(watches(&rig).len(), 0);
    rig.run(&id, "tone_detect:a 440,hangup");
    assert_eq!(watches(&rig).len(), 0);
    let started = |event: &&api::Event| {
        matches!(
            &event.kind,
            EventKind::Channel(ChannelEvent::MediaBugStarted(_))
        )
    };
    let stopped = |event: &&api::Event| {
        matches!(
            &event.kind,
            EventKind::Channel(ChannelEvent::MediaBugStopped(_))
        )
    };
    assert_eq!(rig.events.iter().filter(started).count(), 3);
    assert_eq!(rig.events.iter().filter(stopped).count(), 3);
    assert!(rig.switch.watches.is_empty());
}

#[test]
fn silence_and_sound_are_waited_for() {
    for (application, wanted) in [
        (
            "wait_for_silence:200 15 10 5000",
            Wanted::Silence {
                threshold: 200,
                frames: 15,
                after_sound: 10,
            },
        ),
        (
            "detect_silence:200 15 5000",
            Wanted::Silence {
                threshold: 200,
                frames: 15,
                after_sound: 0,
            },
        ),
        (
            "detect_audio:300 20 5000",
            Wanted::Sound {
                threshold: 300,
                frames: 20,
            },
        ),
    ] {
        for heard in [true, false] {
            let mut rig = Rig::new();
            let id = rig.park("null/x");
            rig.run(&id, &format!("{application},set:on=yes,park"));
            assert_eq!(watches(&rig).pop().expect("a watch").wanted, wanted);
            rig.pass(Duration::from_millis(4900));
            assert_eq!(variable(&rig, &id, "on"), None, "{application}");
            if heard {
                notice(&mut rig);
            } else {
                rig.pass(Duration::from_millis(200));
            }
            assert_eq!(
                variable(&rig, &id, "on").as_deref(),
                Some("yes"),
                "{application}"
            );
            assert!(watches(&rig).is_empty() && rig.switch.watches.is_empty());
        }
    }
}

#[test]
fn what_is_not_understood_is_not_waited_for() {
    for wrong in [
        "200 15 10",
        "200 15 10 5000 file.wav",
        "loud 15 10 5000",
        "",
    ] {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        rig.run(&id, &format!("wait_for_silence:{wrong},set:on=yes,park"));
        assert_eq!(variable(&rig, &id, "on").as_deref(), Some("yes"), "{wrong}");
    }
}
