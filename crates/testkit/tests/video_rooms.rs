//! Pages and phones meet in video rooms.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::ChannelId;
use api::command::call::{BridgeChannels, HangupAll, Matching};
use api::command::channel::{Hangup, LegChoice, Transfer};
use api::command::room::{ControlRoom, MemberTarget, RoomControl, Toggle};
use api::command::video_room::{
    AskForSilence, ConfigureVideoRoom, Flow, InviteToVideoRoom, LeaveVideoRoom, SayInVideoRoom,
    ShareFile, ToggleHand, UpdateFeed, UpdatePublication, VideoRoomSettings,
};
use api::command::web::RemoveWebClient;
use api::event::{EventKind, VideoRoomEventKind};
use api::{Answer, Command, HangupCause};
use jackfield_testkit::sim::{Manner, Weather, World, seed};
use rand::Rng as _;

const ROOM: &str = "team@videoconference.example.org";
const ROOMS: [&str; 3] = [ROOM, "small@videoconference.example.org", "sound@here"];

fn settings() -> VideoRoomSettings {
    VideoRoomSettings {
        audio: true,
        video: true,
        max_bitrate: 2_016_000,
        video_codec: "vp8".into(),
        record_into: None,
        max_publishers: 10,
        phones_may_dial: true,
    }
}

fn world(seed: u64) -> World {
    World::new(
        seed,
        Weather {
            delay: Duration::from_millis(5),
            ..Weather::default()
        },
    )
}

/// A world with registered phones that talk tones of their own.
fn with_phones(seed: u64, users: &[&str]) -> World {
    let mut world = world(seed);
    for (user, n) in users.iter().zip(0_u32..) {
        let phone = world.add_phone(user);
        let now = world.now();
        world.phones[phone].tone_hz = f64::from(700 + 300 * n);
        world.phones[phone].register(now, 600);
    }
    world.run_phones();
    world.run(Duration::from_secs(1));
    world
}

fn finish(world: &mut World) {
    world.run(Duration::from_secs(40));
    world.check_history();
    world.check_empty();
}

fn hang_up_phones(world: &mut World) {
    let now = world.now();
    for phone in &mut world.phones {
        let mut sessions: Vec<_> = phone.calls.keys().copied().collect();
        sessions.sort_unstable();
        for session in sessions {
            phone.hangup(now, session);
        }
    }
    world.run_phones();
}

/// Level of a tone in the last second a phone heard, dBFS.
fn level_at(world: &World, phone: usize, hz: f64) -> f64 {
    let call = world.phones[phone].calls.values().next();
    let heard = &call.expect("the phone is in a call").heard;
    media::level::dbfs_at(&heard[heard.len() - 8000..], 8000, hz)
}

fn control(world: &mut World, room: &str, action: RoomControl) -> bool {
    let room = room.into();
    let request = world.ask(ControlRoom { room, action });
    matches!(world.answer(request), Some(Ok(_)))
}

#[test]
fn three_pages_and_two_phones_in_a_room() {
    let mut world = with_phones(1, &["1005", "1006"]);
    let mut pages = Vec::new();
    for user in ["1000", "1001", "1002"] {
        let page = world.add_browser(user);
        pages.push(world.browser_joins(page, ROOM, settings()).unwrap());
        world.run(Duration::from_millis(100));
    }
    // One phone calls the room, the other one is called by it.
    let now = world.now();
    world.phones[0].call(now, ROOM).unwrap();
    world.run_phones();
    world.run(Duration::from_secs(1));
    let request = world.ask(InviteToVideoRoom {
        channel: pages[0].clone(),
        participants: vec!["1006@127.0.0.1".into()],
    });
    assert_eq!(world.answer(request), Some(Ok(Answer::Unit(()))));
    world.run(Duration::from_secs(2));
    world.check_rosters();
    let known = &world.browsers[0].seats[0].publishers;
    assert_eq!(
        (known.len(), known.values().filter(|p| **p).count()),
        (4, 2)
    );
    let codes: Vec<u16> = world
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::VideoRoom(event) => match event.kind {
                VideoRoomEventKind::InviteStatus { code, .. } => Some(code),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(codes, [180, 200]);
    // Everybody subscribes to the other pages, one page to the first phone.
    for page in &pages {
        for other in pages.iter().filter(|other| *other != page) {
            assert!(world.browser_watches(page, other));
        }
    }
    let phone = world.browsers[0].seats[0]
        .publishers
        .iter()
        .find(|(id, is_phone)| {
            let caller = |channel: &api::view::Channel| {
                let profile = channel.profile.as_ref();
                profile.is_some_and(|p| &*p.caller_id_number == "1005")
            };
            **is_phone && world.view.channels.get(*id).is_some_and(|c| caller(c))
        })
        .map(|(id, _)| id.clone())
        .unwrap();
    world.listen_to_voices();
    assert!(world.browser_watches(&pages[0], &phone));
    world.browsers_hum(400.0);
    world.run(Duration::from_secs(3));
    let flowing = world.seats().flat_map(|seat| seat.feeds.values());
    assert_eq!(flowing.filter(|(_, up)| *up).count(), 7);
    // What the phone says, and nothing else, is what the page gets.
    let said = world.voice_said();
    assert!(
        said.len() > 48_000 * 5 / 2,
        "it never stops: {}",
        said.len()
    );
    let said = &said[said.len() - 48_000..];
    let hz = media::level::dominant_hz(said, 48_000).unwrap();
    assert!((hz - 700.0).abs() < 2.0, "{hz} Hz");
    let level = media::level::dbfs(said);
    assert!((level + 12.25).abs() < 1.5, "{level} dBFS");
    for other in [400.0, 1000.0] {
        let level = media::level::dbfs_at(said, 48_000, other);
        assert!(level < -50.0, "{other} Hz at {level} dBFS");
    }
    // The phones hear the pages and each other, not themselves.
    for (phone, own, other) in [(0, 700.0, 1000.0), (1, 1000.0, 700.0)] {
        let pages = level_at(&world, phone, 400.0);
        assert!(pages > -12.0, "three pages at {pages} dBFS");
        let heard = level_at(&world, phone, other);
        assert!((heard + 12.25).abs() < 1.0, "the other at {heard} dBFS");
        let own = level_at(&world, phone, own);
        assert!(own < -40.0, "itself at {own} dBFS");
    }
    // A page that pauses its microphone is not heard by phones either, nor is one that is muted.
    for channel in &pages[..2] {
        world.ask(UpdatePublication {
            channel: channel.clone(),
            flow: Flow {
                audio: Some(false),
                ..Flow::default()
            },
        });
    }
    let muted = world.view.rooms.get(ROOM).unwrap().members[2].id;
    let (target, on) = (MemberTarget::Id(muted), Toggle::On);
    assert!(control(&mut world, ROOM, RoomControl::Mute { target, on }));
    world.run(Duration::from_secs(2));
    let pages_level = level_at(&world, 0, 400.0);
    assert!(
        pages_level < -50.0,
        "paused and muted at {pages_level} dBFS"
    );
    // Nobody listens to the phone alone any more.
    let feed = world.seats().flat_map(|seat| &seat.feeds);
    let feed = feed.filter(|(_, (of, _))| *of == phone).map(|(id, _)| *id);
    let feed = feed.last().unwrap();
    assert_eq!(world.voices(), 1);
    assert!(world.browser_looks_away(feed));
    assert_eq!(world.voices(), 0);
    // The phone is sent away; the pages leave; the last phone hangs up.
    let last = world.view.rooms.get(ROOM).unwrap().members[3].id;
    let target = MemberTarget::Id(last);
    assert!(control(
        &mut world,
        ROOM,
        RoomControl::Kick {
            target,
            sound: None
        }
    ));
    world.run(Duration::from_secs(1));
    world.check_rosters();
    assert_eq!(world.browsers[0].seats[0].publishers.len(), 3);
    for channel in pages {
        world.ask(LeaveVideoRoom { channel });
    }
    world.run(Duration::from_secs(1));
    assert_eq!(world.switch.census().video_rooms, 0);
    assert_eq!(world.switch.census().rooms, 1, "the phone's conference");
    hang_up_phones(&mut world);
    finish(&mut world);
}

#[test]
fn a_page_that_goes_leaves_nothing_in_its_room() {
    let mut world = world(2);
    let (a, b) = (world.add_browser("1000"), world.add_browser("1001"));
    let first = world.browser_joins(a, ROOM, settings()).unwrap();
    let second = world.browser_joins(b, ROOM, settings()).unwrap();
    world.run(Duration::from_secs(1));
    assert!(world.browser_watches(&first, &second));
    assert!(world.browser_watches(&second, &first));
    world.run(Duration::from_secs(1));
    let client = world.browsers[a].client;
    world.ask(RemoveWebClient { client });
    world.run(Duration::from_secs(1));
    assert!(world.browsers[b].seats[0].feeds.is_empty());
    assert!(world.browsers[b].seats[0].publishers.is_empty());
    world.ask(LeaveVideoRoom { channel: second });
    finish(&mut world);
}

fn pick<T: Clone>(world: &mut World, from: &[T]) -> Option<T> {
    if from.is_empty() {
        return None;
    }
    Some(from[world.rng.random_range(0..from.len())].clone())
}

/// Something somebody in a room does; many of these make no sense at the moment they are done.
fn act(world: &mut World) {
    let joined: Vec<ChannelId> = world
        .seats()
        .filter(|seat| seat.joined)
        .map(|seat| seat.channel.clone())
        .collect();
    let channels: Vec<ChannelId> = world
        .view
        .channels_in_order()
        .map(|c| c.id.clone())
        .collect();
    let Some(channel) = pick(world, &joined) else {
        return;
    };
    let known: Vec<ChannelId> = world
        .seats()
        .filter(|seat| seat.channel == channel)
        .flat_map(|seat| seat.publishers.keys().cloned())
        .collect();
    let feeds: Vec<_> = world
        .seats()
        .flat_map(|seat| seat.feeds.keys().copied())
        .collect();
    let other = pick(world, &known);
    let stranger = pick(world, &channels);
    let feed = pick(world, &feeds);
    let flow = Flow {
        audio: Some(world.rng.random()),
        video: world.rng.random_bool(0.5).then_some(false),
        bitrate: world.rng.random_bool(0.3).then_some(300_000),
    };
    let command: Command = match (world.rng.random_range(0..15), other, stranger, feed) {
        (0..=4, Some(publisher), ..) => {
            world.browser_watches(&channel, &publisher);
            return;
        }
        (5, _, Some(stranger), _) => {
            world.browser_watches(&channel, &stranger);
            return;
        }
        (6, .., Some(feed)) => {
            assert!(world.browser_looks_away(feed));
            return;
        }
        (7, .., Some(feed)) => UpdateFeed { feed, flow }.into(),
        (8, ..) => UpdatePublication { channel, flow }.into(),
        (9, Some(active), ..) => ConfigureVideoRoom {
            channel,
            active: vec![active],
        }
        .into(),
        (10, Some(other), ..) => ToggleHand { channel: other }.into(),
        (11, ..) => SayInVideoRoom {
            channel,
            content_type: "text/plain".into(),
            content: "hello".into(),
        }
        .into(),
        (12, ..) => ShareFile {
            channel,
            name: "plan.pdf".into(),
            size: 1,
        }
        .into(),
        (13, ..) => InviteToVideoRoom {
            channel,
            participants: vec!["1005@127.0.0.1".into(), "1001@127.0.0.1".into()],
        }
        .into(),
        _ => AskForSilence { channel }.into(),
    };
    world.ask(command);
}

/// Something an operator does to a room or a channel.
fn operate(world: &mut World) {
    let room = ROOMS[world.rng.random_range(0..ROOMS.len())];
    let channels: Vec<ChannelId> = world
        .view
        .channels_in_order()
        .map(|c| c.id.clone())
        .collect();
    let members = world.view.rooms.get(room).map(|room| {
        let members = room.members.iter().map(|member| member.id);
        members.collect::<Vec<_>>()
    });
    let member = pick(world, &members.unwrap_or_default());
    let channel = pick(world, &channels);
    let other = pick(world, &channels);
    match (world.rng.random_range(0..6), member, channel) {
        (0, Some(id), _) => {
            let target = MemberTarget::Id(id);
            control(
                world,
                room,
                RoomControl::Kick {
                    target,
                    sound: None,
                },
            );
        }
        (1 | 2, Some(id), _) => {
            let (target, on) = (MemberTarget::Id(id), Toggle::Toggle);
            control(world, room, RoomControl::Mute { target, on });
        }
        (3, _, Some(channel)) => {
            let cause = HangupCause::ManagerRequest;
            world.ask(Hangup { channel, cause });
        }
        (4, _, Some(a)) => {
            if let Some(b) = other {
                world.ask(BridgeChannels { a, b });
            }
        }
        (5, _, Some(channel)) => {
            world.ask(Transfer {
                channel,
                leg: LegChoice::A,
                extension: "9196".into(),
                dialplan: Some("XML".into()),
                context: Some("default".into()),
            });
        }
        _ => {}
    }
}

fn drive(seed: u64, span: Duration, weather: Weather) {
    println!("seed {seed}");
    let mut world = World::new(seed, weather);
    for n in 0..4 {
        let index = world.add_phone(&format!("100{}", n + 4));
        let now = world.now();
        world.phones[index].manner = match n {
            0 | 1 => Manner::Answers(Duration::from_millis(300)),
            2 => Manner::Refuses(486),
            _ => Manner::Rings,
        };
        world.phones[index].register(now, 7200);
    }
    for n in 0..4 {
        // Two pages of each user.
        for _ in 0..2 {
            world.add_browser(&format!("100{n}"));
        }
    }
    world.fail_peers(Some(17));
    world.refuse_peers(Some(13));
    let end = world.elapsed() + span;
    let mut checks = 0;
    while world.elapsed() < end {
        let step = Duration::from_millis(world.rng.random_range(5..1500));
        world.run(step);
        match world.rng.random_range(0..12) {
            0..=2 => {
                let page = world.rng.random_range(0..world.browsers.len());
                let room = ROOMS[world.rng.random_range(0..ROOMS.len())];
                let settings = VideoRoomSettings {
                    video: room != ROOMS[2],
                    max_publishers: 6,
                    record_into: (room == ROOM).then(|| "/recorded".into()),
                    ..settings()
                };
                if world.browsers[page].seats.len() < 2 {
                    world.browser_joins(page, room, settings);
                }
            }
            3 => {
                let seats: Vec<ChannelId> =
                    world.seats().map(|seat| seat.channel.clone()).collect();
                if let Some(channel) = pick(&mut world, &seats) {
                    world.ask(LeaveVideoRoom { channel });
                }
            }
            4 => {
                let phone = world.rng.random_range(0..world.phones.len());
                let room = ROOMS[world.rng.random_range(0..ROOMS.len())];
                let now = world.now();
                let phone = &mut world.phones[phone];
                match phone.calls.keys().min().copied() {
                    Some(session) => phone.hangup(now, session),
                    None => drop(phone.call(now, room)),
                }
                world.run_phones();
            }
            5 => operate(&mut world),
            _ => act(&mut world),
        }
        // Events go to all at once: there is no moment at which two know different things.
        world.check_rosters();
        checks += world.seats().filter(|seat| seat.joined).count();
    }
    hang_up_phones(&mut world);
    let seats: Vec<ChannelId> = world.seats().map(|seat| seat.channel.clone()).collect();
    for channel in seats {
        world.ask(LeaveVideoRoom { channel });
    }
    world.run(Duration::from_secs(70));
    world.ask(HangupAll {
        cause: HangupCause::ManagerRequest,
        matching: Matching::Everything,
    });
    world.run(Duration::from_secs(90));
    world.check_history();
    world.check_empty();
    let happened = |what: fn(&VideoRoomEventKind) -> bool| {
        let kinds = world.events.iter().filter_map(|event| match &event.kind {
            EventKind::VideoRoom(event) => Some(&event.kind),
            _ => None,
        });
        kinds.filter(|kind| what(kind)).count()
    };
    let joined = happened(|kind| matches!(kind, VideoRoomEventKind::Joined { .. }));
    let phones = happened(|kind| match kind {
        VideoRoomEventKind::PublisherJoined(publisher) => publisher.is_phone,
        _ => false,
    });
    let flowed = happened(|kind| matches!(kind, VideoRoomEventKind::FeedEstablished { .. }));
    let closed = happened(|kind| matches!(kind, VideoRoomEventKind::Closed));
    println!(
        "{joined} joined, {phones} phones, {flowed} feeds flowed, {closed} rooms, {checks} looks"
    );
    assert!(
        joined > 8 && phones > 2 && flowed > 8 && closed > 0,
        "there was something of everything"
    );
}

#[test]
fn a_quarter_of_an_hour_of_rooms_in_bad_weather_leaves_nothing_behind() {
    drive(seed(), Duration::from_secs(900), Weather::bad());
}

#[test]
fn many_short_histories_with_other_seeds() {
    for seed in 1..=6 {
        drive(seed, Duration::from_secs(150), Weather::of(seed));
    }
}
