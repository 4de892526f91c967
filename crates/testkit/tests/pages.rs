//! Pages and phones call and write each other.

use std::time::Duration;

use api::ChannelId;
use api::command::channel::{Hangup, LegChoice, Transfer};
use api::command::message::{Delivery, SendCallMessage, SendMessage};
use api::command::web::{RemoveWebClient, UpdateWebCall};
use api::event::{EventKind, MessageEvent, WebEventKind};
use api::{Answer, HangupCause};
use bytes::Bytes;
use jackfield_testkit::sim::{AUDIO, AUDIO_AND_VIDEO, Manner, Weather, World};

fn world(seed: u64) -> World {
    World::new(
        seed,
        Weather {
            delay: Duration::from_millis(5),
            ..Weather::default()
        },
    )
}

/// A world with registered phones of these users.
fn with_phones(seed: u64, users: &[&str]) -> World {
    let mut world = world(seed);
    for user in users {
        let phone = world.add_phone(user);
        let now = world.now();
        world.phones[phone].register(now, 600);
    }
    world.run_phones();
    world.run(Duration::from_secs(1));
    world
}

/// What a page was told of its calls, in short.
fn story(world: &World, browser: usize) -> Vec<String> {
    world.browsers[browser]
        .told
        .iter()
        .filter_map(|kind| {
            Some(match kind {
                WebEventKind::Registering
                | WebEventKind::Registered
                | WebEventKind::RegistrationFailed { .. } => return None,
                WebEventKind::Incoming { from, .. } => format!("incoming {}", from.uri),
                WebEventKind::Calling { .. } => "calling".into(),
                WebEventKind::Proceeding { code, .. } => format!("proceeding {code}"),
                WebEventKind::EarlyMedia { answer, .. } => {
                    format!("early{}", if answer.is_some() { " sdp" } else { "" })
                }
                WebEventKind::Accepted { answer, .. } => {
                    format!("accepted{}", if answer.is_some() { " sdp" } else { "" })
                }
                WebEventKind::Established { .. } => "established".into(),
                WebEventKind::Terminated {
                    code,
                    phrase,
                    missed,
                    ..
                } => format!("{code} {phrase}{}", if *missed { " missed" } else { "" }),
                WebEventKind::UpdateReceived { .. } => "update received".into(),
                WebEventKind::UpdateAccepted { .. } => "update accepted".into(),
                WebEventKind::UpdateFailed { .. } => "update failed".into(),
            })
        })
        .collect()
}

fn letters(world: &World) -> Vec<&MessageEvent> {
    world
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Message(message) => Some(&**message),
            EventKind::Channel(_)
            | EventKind::Room(_)
            | EventKind::Account(_)
            | EventKind::Job(_)
            | EventKind::System(_)
            | EventKind::Custom(_)
            | EventKind::Web(_)
            | EventKind::VideoRoom(_)
            | EventKind::Stage(_)
            | EventKind::Queue(_)
            | EventKind::Parking(_)
            | EventKind::Fifo(_)
            | EventKind::User(_)
            | EventKind::Voicemail(_) => None,
        })
        .collect()
}

fn finish(world: &mut World) {
    world.run(Duration::from_secs(40));
    world.check_history();
    world.check_empty();
}

#[test]
fn a_page_calls_a_phone() {
    let mut world = with_phones(1, &["1001"]);
    let page = world.add_browser("1000");
    let call = world.browser_calls(page, "1001", AUDIO_AND_VIDEO).unwrap();
    world.run(Duration::from_secs(2));
    assert_eq!(
        story(&world, page),
        ["calling", "proceeding 180", "accepted sdp", "established"]
    );
    let invite = world.phones[0]
        .invite
        .clone()
        .expect("the phone was called");
    assert_eq!(invite.header_named("X-Page"), Some("yes"));
    assert_eq!(world.phones[0].calls.len(), 1);
    world.browser_hangs_up(&call);
    world.run(Duration::from_secs(1));
    assert_eq!(story(&world, page).last().unwrap(), "200 to BYE");
    assert!(world.phones[0].calls.is_empty(), "the phone heard of it");
    finish(&mut world);
}

#[test]
fn a_phone_hangs_up_on_a_page() {
    let mut world = with_phones(2, &["1001"]);
    let page = world.add_browser("1000");
    world.browser_calls(page, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let now = world.now();
    let session = *world.phones[0].calls.keys().next().unwrap();
    world.phones[0].hangup(now, session);
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(
        story(&world, page).last().unwrap(),
        "200 Session Terminated"
    );
    finish(&mut world);
}

#[test]
fn a_phone_that_does_not_want_to_talk() {
    for (manner, ending) in [
        (Manner::Refuses(486), "486 Busy Here"),
        (Manner::Refuses(603), "603 Decline"),
        (Manner::Refuses(404), "404 Not Found"),
        (Manner::Refuses(488), "488 Not Acceptable Here"),
    ] {
        let mut world = with_phones(3, &["1001"]);
        world.phones[0].manner = manner;
        let page = world.add_browser("1000");
        world.browser_calls(page, "1001", AUDIO).unwrap();
        world.run(Duration::from_secs(2));
        assert_eq!(story(&world, page).last().unwrap(), ending);
        finish(&mut world);
    }
}

#[test]
fn a_page_gives_up() {
    let mut world = with_phones(4, &["1001"]);
    world.phones[0].manner = Manner::Rings;
    let page = world.add_browser("1000");
    let call = world.browser_calls(page, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    world.browser_hangs_up(&call);
    world.run(Duration::from_secs(1));
    assert_eq!(
        story(&world, page),
        ["calling", "proceeding 180", "487 Request Terminated"]
    );
    assert!(world.phones[0].calls.is_empty());
    finish(&mut world);
}

#[test]
fn a_phone_calls_a_page() {
    let mut world = with_phones(5, &["1000"]);
    let page = world.add_browser("1001");
    let now = world.now();
    world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(2));
    assert_eq!(
        story(&world, page),
        ["incoming 1000@127.0.0.1", "accepted", "established"]
    );
    let call_id = world.browsers[page].told.iter().find_map(|kind| {
        if let WebEventKind::Incoming { call_id, .. } = kind {
            Some(call_id.clone())
        } else {
            None
        }
    });
    let answered = world.phones[0].answered.clone().unwrap();
    assert_eq!(answered.header_named("X-Answered-By"), Some("1001"));
    assert_eq!(
        call_id.as_deref(),
        Some(answered.call_id()),
        "the page knows the call by the phone's Call-ID"
    );
    assert!(world.phones[0].calls.values().all(|call| call.up));
    let now = world.now();
    let session = *world.phones[0].calls.keys().next().unwrap();
    world.phones[0].hangup(now, session);
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(
        story(&world, page).last().unwrap(),
        "200 Session Terminated"
    );
    finish(&mut world);
}

#[test]
fn a_page_refuses_a_phone_and_a_phone_gives_up() {
    let mut world = with_phones(6, &["1000"]);
    let page = world.add_browser("1001");
    world.browsers[page].manner = Manner::Refuses(486);
    let now = world.now();
    world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(2));
    assert!(world.phones[0].calls.is_empty(), "the phone was refused");
    assert_eq!(story(&world, page).last().unwrap(), "486 Busy Here");
    world.browsers[page].manner = Manner::Rings;
    let now = world.now();
    let session = world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(2));
    let now = world.now();
    world.phones[0].hangup(now, session);
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(
        story(&world, page).last().unwrap(),
        "487 Request Terminated missed"
    );
    finish(&mut world);
}

#[test]
fn phone_and_page_of_one_user_ring_together() {
    // The phone takes it: the page missed nothing.
    let mut world = with_phones(7, &["1000", "1001"]);
    let page = world.add_browser("1001");
    world.browsers[page].manner = Manner::Rings;
    let now = world.now();
    world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(3));
    assert_eq!(
        story(&world, page),
        ["incoming 1000@127.0.0.1", "487 Request Terminated"]
    );
    assert!(world.phones[1].calls.values().any(|call| call.up));
    finish_all(&mut world);
    // The page takes it: the phone stops ringing.
    let mut world = with_phones(8, &["1000", "1001"]);
    world.phones[1].manner = Manner::Rings;
    let page = world.add_browser("1001");
    let now = world.now();
    world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(3));
    assert_eq!(story(&world, page).last().unwrap(), "established");
    assert!(world.phones[1].calls.is_empty());
    finish_all(&mut world);
}

/// Everybody hangs up.
fn finish_all(world: &mut World) {
    let now = world.now();
    for phone in &mut world.phones {
        let sessions: Vec<_> = phone.calls.keys().copied().collect();
        for session in sessions {
            phone.hangup(now, session);
        }
    }
    world.run_phones();
    finish(world);
}

#[test]
fn pages_see_each_other() {
    let mut world = world(9);
    let a = world.add_browser("1000");
    let b = world.add_browser("1001");
    let call = world.browser_calls(a, "1001", AUDIO_AND_VIDEO).unwrap();
    world.run(Duration::from_secs(2));
    assert_eq!(
        story(&world, a),
        ["calling", "proceeding 180", "accepted sdp", "established"]
    );
    assert_eq!(
        story(&world, b),
        ["incoming 1000@127.0.0.1", "accepted", "established"]
    );
    assert_eq!(world.video_links(), 1);
    world.browser_hangs_up(&call);
    finish(&mut world);
}

#[test]
fn ice_that_fails_ends_the_call() {
    let mut world = world(10);
    let a = world.add_browser("1000");
    let b = world.add_browser("1001");
    // The callee's peer is the second.
    world.fail_peers(Some(2));
    world.browser_calls(a, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(3));
    assert_eq!(story(&world, b).last().unwrap(), "0 ICE failed");
    assert_eq!(story(&world, a).last().unwrap(), "200 Session Terminated");
    finish(&mut world);
}

#[test]
fn a_page_that_leaves_takes_its_calls_along() {
    let mut world = with_phones(11, &["1001"]);
    let page = world.add_browser("1000");
    world.browser_calls(page, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let client = world.browsers[page].client;
    world.ask(RemoveWebClient { client });
    world.run(Duration::from_secs(1));
    assert!(world.phones[0].calls.is_empty());
    finish(&mut world);
    assert_eq!(world.view.registrations.size(), 1, "the phone's is left");
}

#[test]
fn pages_add_pictures_to_their_call_if_both_want_them() {
    let mut world = world(14);
    let a = world.add_browser("1000");
    let b = world.add_browser("1001");
    let call = world.browser_calls(a, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let answers = world.browsers[b].manner;
    for (manner, links) in [(Manner::Refuses(488), 0), (Manner::Rings, 0), (answers, 1)] {
        world.browsers[b].manner = manner;
        world.ask(UpdateWebCall {
            channel: call.clone(),
            sdp: AUDIO_AND_VIDEO.into(),
        });
        world.run(Duration::from_secs(11));
        assert_eq!(story(&world, a).last().unwrap(), "update accepted");
        assert_eq!(world.video_links(), links);
    }
    let asked = story(&world, b);
    let updates: Vec<_> = asked
        .iter()
        .filter(|what| what.contains("update"))
        .collect();
    assert_eq!(
        updates,
        [
            "update received",
            "update received",
            "update failed",
            "update received"
        ]
    );
    world.browser_hangs_up(&call);
    finish(&mut world);
}

#[test]
fn a_phone_holds_and_transfers_a_page() {
    let mut world = with_phones(12, &["1001"]);
    let page = world.add_browser("1000");
    let call = world.browser_calls(page, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let session = *world.phones[0].calls.keys().next().unwrap();
    let told = world.browsers[page].told.len();
    for on in [true, false] {
        let now = world.now();
        world.phones[0].hold(now, session, on);
        world.run_phones();
        world.run(Duration::from_secs(1));
    }
    let now = world.now();
    world.phones[0].refer(now, session, "9196");
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(
        world.browsers[page].told.len(),
        told,
        "the page need not know of any of it"
    );
    assert!(world.phones[0].calls.is_empty());
    let channel = world.view.channels.get(&call).unwrap();
    let profile = channel.profile.as_ref().unwrap();
    assert_eq!(&*profile.destination_number, "9196");
    // It changes its call, and programs send it elsewhere.
    world.ask(UpdateWebCall {
        channel: call.clone(),
        sdp: AUDIO.into(),
    });
    world.run(Duration::from_secs(1));
    assert_eq!(story(&world, page).last().unwrap(), "update accepted");
    world.ask(Transfer {
        channel: call.clone(),
        leg: LegChoice::A,
        extension: "3000".into(),
        dialplan: None,
        context: None,
    });
    world.run(Duration::from_secs(1));
    assert_eq!(world.view.rooms.size(), 1, "it is in the conference");
    world.ask(Hangup {
        channel: call,
        cause: HangupCause::NormalClearing,
    });
    finish(&mut world);
}

#[test]
fn pages_and_phones_write_each_other() {
    let mut world = with_phones(13, &["1000", "1001"]);
    let page = world.add_browser("1001");
    let now = world.now();
    world.phones[0].write(now, "1001", "Lunch?");
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(world.phones[0].letter_status, Some(200));
    let got = letters(&world);
    assert_eq!(got.len(), 1);
    let (client, letter) = (world.browsers[page].client, got[0]);
    assert_eq!(
        (&*letter.from.uri, &*letter.to, &letter.clients[..]),
        ("1000@127.0.0.1", "1001@127.0.0.1", &[client][..])
    );
    assert_eq!(&letter.body[..], b"Lunch?");
    assert_eq!(letter.headers, [("X-Mood".into(), "good".into())]);
    assert_eq!(
        world.phones[1].letters,
        [(
            "sip:1000@127.0.0.1".to_owned(),
            "text/plain".to_owned(),
            "Lunch?".to_owned()
        )]
    );
    // Back to the phone, which has to take it before the page hears that it did.
    let answer = page_writes(&mut world, page, "1000");
    assert_eq!(answer, (200, "OK".to_owned()));
    assert_eq!(world.phones[0].letters.len(), 1);
    world.phones[0].takes_letters = 415;
    let answer = page_writes(&mut world, page, "1000");
    assert_eq!(answer, (415, "Unsupported Media Type".to_owned()));
    assert_eq!(letters(&world).len(), 2, "refused ones are no events");
    for (number, code) in [("1003", 480), ("4711", 404)] {
        let now = world.now();
        world.phones[0].write(now, number, "anybody?");
        world.run_phones();
        world.run(Duration::from_secs(1));
        assert_eq!(world.phones[0].letter_status, Some(code), "{number}");
    }
    finish(&mut world);
}

#[test]
fn a_phone_writes_in_nobody_elses_name() {
    let mut world = with_phones(16, &["1000", "1001", "1002"]);
    let mut writes_as = |name: &str| {
        let now = world.now();
        world.phones[0].writes_as = name.into();
        world.phones[0].write(now, "1001", "It is me");
        world.run_phones();
        world.run(Duration::from_secs(1));
        world.phones[0].letter_status
    };
    assert_eq!(writes_as("1000"), Some(200));
    assert_eq!(writes_as("1002"), Some(403), "it has the password of 1000");
    let verified: Vec<bool> = letters(&world)
        .iter()
        .map(|letter| letter.verified)
        .collect();
    assert_eq!(verified, [true]);
    finish_all(&mut world);
}

fn page_writes(world: &mut World, page: usize, number: &str) -> (u16, String) {
    let request = world.ask(SendMessage {
        client: world.browsers[page].client,
        to: format!("{number}@127.0.0.1").into(),
        content_type: "message/cpim".into(),
        headers: Vec::new(),
        body: Bytes::from_static(b"Yes"),
    });
    world.run(Duration::from_secs(1));
    delivered(world.answer(request))
}

fn delivered(answer: Option<Result<Answer, api::CommandError>>) -> (u16, String) {
    match answer {
        Some(Ok(Answer::Delivery(Delivery { code, phrase }))) => (code, phrase.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pages_and_phones_write_within_a_call() {
    let mut world = with_phones(14, &["1001"]);
    let page = world.add_browser("1000");
    let call: ChannelId = world.browser_calls(page, "1001", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let request = world.ask(SendCallMessage {
        channel: call.clone(),
        content_type: "text/plain".into(),
        body: Bytes::from_static(b"look at this"),
    });
    world.run(Duration::from_secs(1));
    assert_eq!(delivered(world.answer(request)).0, 200);
    assert_eq!(world.phones[0].letters[0].2, "look at this");
    let session = *world.phones[0].calls.keys().next().unwrap();
    let now = world.now();
    world.phones[0].write_in_call(now, session, "nice");
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(world.phones[0].letter_status, Some(200));
    let got = letters(&world);
    assert_eq!(got.len(), 1);
    assert_eq!(
        (got[0].call.as_ref(), &got[0].body[..], &*got[0].to),
        (Some(&call), &b"nice"[..], "1000@127.0.0.1")
    );
    world.browser_hangs_up(&call);
    finish(&mut world);
}

#[test]
fn phones_write_each_other_within_a_call() {
    let mut world = with_phones(15, &["1000", "1001"]);
    let now = world.now();
    let session = world.phones[0].call(now, "1001").unwrap();
    world.run_phones();
    world.run(Duration::from_secs(2));
    world.phones[1].takes_letters = 603;
    let now = world.now();
    world.phones[0].write_in_call(now, session, "hello");
    world.run_phones();
    world.run(Duration::from_secs(1));
    assert_eq!(world.phones[1].letters[0].2, "hello");
    assert_eq!(
        world.phones[0].letter_status,
        Some(603),
        "the other phone's word is passed on"
    );
    finish_all(&mut world);
}
