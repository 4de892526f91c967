//! Two phones hear each other, and what is recorded is what was said.

use std::time::Duration;

use api::command::channel::{Record, RecordAction};
use api::event::{EventKind, SystemEvent};
use jackfield_testkit::sim::{Manner, Weather, World};

#[test]
fn both_hear_the_others_tone() {
    let mut world = World::new(
        3,
        Weather {
            delay: Duration::from_millis(5),
            ..Weather::default()
        },
    );
    let a = world.add_phone("1000");
    let b = world.add_phone("1001");
    let now = world.now();
    for phone in [a, b] {
        world.phones[phone].register(now, 600);
    }
    world.phones[b].manner = Manner::Answers(Duration::from_millis(200));
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(world.phones[a].registered, Some(200));
    let now = world.now();
    world.phones[a].call(now, "1001").expect("a call begins");
    world.run_phones();
    world.run(Duration::from_secs(2));
    let id = world
        .view
        .channels_in_order()
        .next()
        .expect("there is a channel")
        .id
        .clone();
    let request = world.ask(Record {
        channel: id,
        path: "/r.wav".into(),
        action: RecordAction::Start {
            limit_s: 0,
            variables: Vec::new(),
        },
    });
    world.run(Duration::from_secs(3));
    assert_eq!(world.answer(request).map(|a| a.is_ok()), Some(true));
    let tones = [world.phones[a].tone_hz, world.phones[b].tone_hz];
    for (phone, other) in [(a, tones[1]), (b, tones[0])] {
        let call = world.phones[phone]
            .calls
            .values()
            .next()
            .expect("the call is up");
        let heard = &call.heard[call.heard.len() - 8000..];
        let frequency = media::level::dominant_hz(heard, 8000).expect("a tone is heard");
        assert!(
            (frequency - other).abs() < other * 0.01,
            "{frequency} Hz instead of {other}"
        );
        let level = media::level::dbfs(heard);
        assert!((level + 12.25).abs() < 1.0, "{level} dBFS");
    }
    let now = world.now();
    let session = *world.phones[a].calls.keys().next().expect("the call is up");
    world.phones[a].hangup(now, session);
    world.run_phones();
    world.run(Duration::from_secs(40));
    assert!(
        world.recorded("/r.wav").len() > 8000 * 2,
        "three seconds were recorded"
    );
    world.check_history();
    world.check_empty();
    for phone in &world.phones {
        assert_eq!(phone.sip_counts().sessions, 0);
    }
}

#[test]
fn a_caller_is_told_in_full() {
    let mut world = World::new(4, Weather::default());
    let a = world.add_phone("1000");
    let now = world.now();
    world.phones[a].register(now, 600);
    world.run_phones();
    world.run(Duration::from_secs(1));
    let now = world.now();
    let session = world.phones[a].call(now, "9196").expect("a call begins");
    world.run_phones();
    world.run(Duration::from_secs(1));
    let channel = world
        .view
        .channels_in_order()
        .next()
        .expect("there is a channel")
        .clone();
    let has = |name: &str| channel.variable(name).unwrap_or_default().to_string();
    assert_eq!(
        has("ep_codec_string"),
        "CORE_PCM_MODULE.PCMU@8000h@20i@64000b"
    );
    assert_eq!(has("rtp_use_timer_name"), "soft");
    assert!(has("rtp_use_ssrc").parse::<u32>().is_ok());
    assert_eq!(has("remote_audio_media_flow"), "sendrecv");
    // The dialplan's functions show as if a client had called them.
    let functions = world.events.iter().filter(|event| {
        matches!(
            &event.kind,
            EventKind::System(SystemEvent::ApiExecuted { command, .. }) if &**command == "strftime"
        )
    });
    assert!(functions.count() >= 1);
    let now = world.now();
    world.phones[a].hangup(now, session);
    world.run_phones();
    world.run(Duration::from_secs(40));
    world.check_empty();
}
