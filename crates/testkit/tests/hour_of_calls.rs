//! Ten phones, four pages, a bad network and an operator, for an hour of virtual time.

use std::time::Duration;

use api::command::call::{BridgeChannels, HangupAll, Matching, Originate, Then};
use api::command::channel::{Hangup, Hold, HoldAction, LegChoice, Transfer};
use api::command::message::SendMessage;
use api::command::web::{PressWebDigits, UpdateWebCall};
use api::dial::DialString;
use api::event::{ChannelEvent, EventKind, RoomAction, WebEventKind};
use api::{Application, ChannelId, HangupCause};
use jackfield_testkit::sim::{AUDIO, AUDIO_AND_VIDEO, Manner, Weather, World, seed};
use rand::Rng as _;

const NUMBERS: &[&str] = &[
    "9196", "9197", "3000", "3001", "5000", "9180", "1000", "1001", "1004", "1008", "404404",
    "2000", "1002", "1010",
];

fn pick_channel(world: &mut World) -> Option<ChannelId> {
    let ids: Vec<ChannelId> = world
        .view
        .channels_in_order()
        .map(|c| c.id.clone())
        .collect();
    if ids.is_empty() {
        None
    } else {
        Some(ids[world.rng.random_range(0..ids.len())].clone())
    }
}

/// Something an operator does.
fn operate(world: &mut World) {
    let Some(id) = pick_channel(world) else {
        return;
    };
    match world.rng.random_range(0..8) {
        0 => {
            world.ask(Hangup {
                channel: id,
                cause: HangupCause::NormalClearing,
            });
        }
        1 => {
            world.ask(Transfer {
                channel: id,
                leg: LegChoice::A,
                extension: "9196".into(),
                dialplan: Some("XML".into()),
                context: Some("default".into()),
            });
        }
        2 => {
            if let Some(other) = pick_channel(world) {
                world.ask(BridgeChannels { a: id, b: other });
            }
        }
        3 => {
            world.ask(Hold {
                channel: id,
                action: HoldAction::Toggle,
            });
        }
        4 => {
            let leg = if world.rng.random() {
                LegChoice::B
            } else {
                LegChoice::Both
            };
            world.ask(Transfer {
                channel: id,
                leg,
                extension: "park".into(),
                dialplan: Some("inline".into()),
                context: None,
            });
        }
        5 => {
            let dial = DialString::parse("user/1002,user/1003|loopback/9196")
                .expect("the dial string is well formed");
            let then = Then::Run(Application::new("park", ""));
            world.ask(Originate {
                dial,
                then,
                caller_id_name: None,
                caller_id_number: None,
                timeout: None,
            });
        }
        6 => {
            let dial = DialString::parse("{originate_timeout=5}loopback/9180:_:user/1005")
                .expect("the dial string is well formed");
            let then = Then::Run(Application::new("bridge", "null/x"));
            world.ask(Originate {
                dial,
                then,
                caller_id_name: None,
                caller_id_number: None,
                timeout: None,
            });
        }
        _ => {
            if world.rng.random_range(0..20) == 0 {
                world.ask(HangupAll {
                    cause: HangupCause::ManagerRequest,
                    matching: Matching::Everything,
                });
            }
        }
    }
}

/// Something a page does.
fn browse(world: &mut World) {
    let page = world.rng.random_range(0..world.browsers.len());
    let number = NUMBERS[world.rng.random_range(0..NUMBERS.len())];
    let call = world.browsers[page].calls.first().cloned();
    match (world.rng.random_range(0..6), call) {
        (0, Some(call)) => {
            let sdp = AUDIO.into();
            world.ask(UpdateWebCall { channel: call, sdp });
        }
        (1, _) => {
            world.ask(SendMessage {
                client: world.browsers[page].client,
                to: format!("{number}@127.0.0.1").into(),
                content_type: "text/plain".into(),
                headers: Vec::new(),
                body: "hello".into(),
            });
        }
        (2, Some(call)) => {
            world.ask(PressWebDigits {
                channel: call,
                digits: "12#".into(),
                duration_ms: 100,
            });
        }
        (_, Some(call)) if world.browsers[page].calls.len() > 1 => world.browser_hangs_up(&call),
        (_, _) => {
            let offer = if world.rng.random() {
                AUDIO
            } else {
                AUDIO_AND_VIDEO
            };
            world.browser_calls(page, number, offer);
        }
    }
}

fn drive(seed: u64, span: Duration, weather: Weather) {
    println!("seed {seed}");
    let mut world = World::new(seed, weather);
    for n in 0..10 {
        let index = world.add_phone(&format!("100{n}"));
        let now = world.now();
        world.phones[index].manner = match n {
            0..=5 => Manner::Answers(Duration::from_millis(300 * (n + 1))),
            6 => Manner::Refuses(486),
            7 => Manner::Rings,
            _ => Manner::Answers(Duration::from_secs(3)),
        };
        world.phones[index].register(now, 7200);
    }
    // Pages of users that have a phone, too, and of one that has none.
    for (user, manner) in [
        ("1002", Manner::Answers(Duration::from_millis(400))),
        ("1004", Manner::Rings),
        ("1006", Manner::Answers(Duration::from_secs(2))),
        ("1010", Manner::Answers(Duration::from_millis(100))),
    ] {
        let index = world.add_browser(user);
        world.browsers[index].manner = manner;
    }
    world.fail_peers(Some(11));
    let mut next_operator = Duration::from_secs(5);
    while world.elapsed() < span {
        let step = Duration::from_millis(world.rng.random_range(50..2500));
        world.run(step);
        let now = world.now();
        let caller = world.rng.random_range(0..world.phones.len());
        let number = NUMBERS[world.rng.random_range(0..NUMBERS.len())];
        let phone = &mut world.phones[caller];
        if phone.calls.len() < 2 {
            phone.call(now, number);
        } else if let Some(session) = phone.calls.keys().min().copied() {
            phone.hangup(now, session);
        }
        browse(&mut world);
        if world.elapsed() > next_operator {
            next_operator += Duration::from_secs(4);
            operate(&mut world);
        }
        world.run_phones();
    }
    // Everybody hangs up; what the network swallowed is ended by timers.
    let now = world.now();
    for phone in &mut world.phones {
        let sessions: Vec<_> = phone.calls.keys().copied().collect();
        for session in sessions {
            phone.hangup(now, session);
        }
    }
    world.run_phones();
    for index in 0..world.browsers.len() {
        for call in world.browsers[index].calls.clone() {
            world.browser_hangs_up(&call);
        }
    }
    world.run(Duration::from_secs(30));
    world.ask(HangupAll {
        cause: HangupCause::ManagerRequest,
        matching: Matching::Everything,
    });
    world.run(Duration::from_secs(90));
    world.check_history();
    world.check_empty();
    let happened =
        |what: fn(&EventKind) -> bool| world.events.iter().filter(|e| what(&e.kind)).count();
    let answered = happened(|kind| matches!(kind, EventKind::Channel(ChannelEvent::Answered)));
    let bridged = happened(|kind| matches!(kind, EventKind::Channel(ChannelEvent::Bridged { .. })));
    let joined = happened(
        |kind| matches!(kind, EventKind::Room(room) if room.action == RoomAction::MemberAdded),
    );
    let established = happened(
        |kind| matches!(kind, EventKind::Web(web) if matches!(web.kind, WebEventKind::Established { .. })),
    );
    let written = happened(|kind| matches!(kind, EventKind::Message(_)));
    println!(
        "{} channels, {answered} answers, {bridged} bridges, {joined} conference members, {established} page calls with media, {written} messages, {} links of video",
        world.view.counters.sessions_since_startup,
        world.video_links(),
    );
    assert!(
        answered > 30 && bridged > 8 && joined > 2 && established > 8 && written > 0,
        "there were calls of every kind"
    );
}

#[test]
fn an_hour_of_calls_in_bad_weather_leaves_nothing_behind() {
    drive(seed(), Duration::from_secs(3600), Weather::bad());
}

#[test]
fn many_short_histories_with_other_seeds() {
    for seed in 1..=6 {
        drive(seed, Duration::from_secs(150), Weather::of(seed));
    }
}
