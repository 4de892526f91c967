//! Phones send whom they talk to elsewhere, and take calls over.

use std::time::Duration;

use api::ChannelId;
use api::event::{ChannelEvent, EventKind};
use jackfield_testkit::sim::{AUDIO, Manner, Weather, World};
use sip::event::SessionId;

/// A world with registered phones of these users, and a page of 1002.
fn world(seed: u64, users: &[&str]) -> (World, usize) {
    let mut world = World::new(
        seed,
        Weather {
            delay: Duration::from_millis(5),
            ..Weather::default()
        },
    );
    for user in users {
        let phone = world.add_phone(user);
        let now = world.now();
        world.phones[phone].register(now, 600);
    }
    world.run_phones();
    world.run(Duration::from_secs(1));
    let page = world.add_browser("1002");
    (world, page)
}

/// Lets a phone do something, and waits for what comes of it.
fn acts<T>(
    world: &mut World,
    phone: usize,
    what: impl FnOnce(&mut jackfield_testkit::sim::Phone, std::time::Instant) -> T,
) -> T {
    let now = world.now();
    let done = what(&mut world.phones[phone], now);
    world.run_phones();
    world.run(Duration::from_secs(2));
    done
}

fn only_call(world: &World, phone: usize) -> SessionId {
    let mut calls = world.phones[phone].calls.keys();
    let call = *calls.next().expect("a call");
    assert!(calls.next().is_none(), "one call");
    call
}

/// Causes of the channels that ended.
fn causes(world: &World) -> Vec<&'static str> {
    world
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Channel(ChannelEvent::HungUp)))
        .filter_map(|event| Some(event.channel.as_ref()?.hangup?.cause.name()))
        .collect()
}

fn talks_to(world: &World, id: &ChannelId) -> Option<String> {
    let peer = world.view.channels.get(id)?.bridged_to.clone()?;
    Some(world.view.channels.get(&peer)?.name.to_string())
}

fn finish(world: &mut World) {
    let now = world.now();
    for phone in &mut world.phones {
        let calls: Vec<_> = phone.calls.keys().copied().collect();
        for call in calls {
            phone.hangup(now, call);
        }
    }
    world.run_phones();
    world.run(Duration::from_secs(40));
    world.check_history();
    world.check_empty();
}

#[test]
fn a_phone_connects_a_page_with_whom_it_has_consulted() {
    for (seed, page_calls) in [(1, true), (2, false)] {
        let (mut world, page) = world(seed, &["1000", "1001"]);
        if page_calls {
            world.browser_calls(page, "1000", AUDIO).unwrap();
            world.run(Duration::from_secs(2));
        } else {
            acts(&mut world, 0, |phone, now| phone.call(now, "1002"));
        }
        let first = only_call(&world, 0);
        let second = acts(&mut world, 0, |phone, now| phone.call(now, "1001")).unwrap();
        assert_eq!(world.view.channels.size(), 4);
        let call = world
            .view
            .channels
            .values()
            .find(|channel| channel.name.contains("1002"))
            .map(|channel| channel.id.clone())
            .expect("the page's channel");
        let told = world.browsers[page].told.len();
        acts(&mut world, 0, |phone, now| {
            phone.refer_to_call(now, first, second);
        });
        assert_eq!(world.phones[0].transfers, ["SIP/2.0 200 OK"]);
        assert!(world.phones[0].calls.is_empty(), "both of its calls end");
        assert_eq!(causes(&world), ["ATTENDED_TRANSFER", "ATTENDED_TRANSFER"]);
        assert_eq!(world.view.channels.size(), 2);
        let far = talks_to(&world, &call).expect("the page talks on");
        assert!(far.contains("1001"), "{far}");
        assert_eq!(world.browsers[page].told.len(), told, "it need not know");
        only_call(&world, 1);
        finish(&mut world);
    }
}

#[test]
fn a_page_follows_to_where_nobody_could_be_bridged() {
    // An application, and a phone that only rings.
    for (seed, number) in [(3, "9196"), (4, "1001")] {
        let (mut world, page) = world(seed, &["1000", "1001"]);
        world.phones[1].manner = Manner::Rings;
        let call = world.browser_calls(page, "1000", AUDIO).unwrap();
        world.run(Duration::from_secs(2));
        let first = only_call(&world, 0);
        let second = acts(&mut world, 0, |phone, now| phone.call(now, number)).unwrap();
        acts(&mut world, 0, |phone, now| {
            phone.refer_to_call(now, first, second);
        });
        assert!(world.phones[0].calls.is_empty());
        let channel = world
            .view
            .channels
            .get(&call)
            .expect("the page's call goes on");
        let profile = channel.profile.clone().unwrap();
        assert_eq!(&*profile.destination_number, number);
        world.browser_hangs_up(&call);
        finish(&mut world);
    }
}

#[test]
fn a_transfer_to_a_call_that_is_not_ours_fails_and_changes_nothing() {
    let (mut world, page) = world(5, &["1000", "1001"]);
    let call = world.browser_calls(page, "1000", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let first = only_call(&world, 0);
    let second = acts(&mut world, 0, |phone, now| phone.call(now, "1001")).unwrap();
    // By the time the transfer comes, that call is over.
    let gone = world.phones[0].dialog_of(second).unwrap();
    acts(&mut world, 0, |phone, now| phone.hangup(now, second));
    world.run(Duration::from_secs(40));
    for replaces in [gone.as_str(), "nonsense", "a;to-tag=1;from-tag=2"] {
        acts(&mut world, 0, |phone, now| {
            phone.refer_to_dialog(now, first, replaces);
        });
    }
    // And to itself.
    acts(&mut world, 0, |phone, now| {
        phone.refer_to_call(now, first, first);
    });
    assert_eq!(
        world.phones[0].transfers,
        ["SIP/2.0 481 Call/Transaction Does Not Exist"; 4]
    );
    let far = talks_to(&world, &call).expect("they talk on");
    assert!(far.contains("1000"), "{far}");
    finish(&mut world);
}

#[test]
fn a_phone_takes_over_a_call_of_another() {
    let (mut world, page) = world(6, &["1000", "1001"]);
    let call = world.browser_calls(page, "1000", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let replaces = {
        let phone = &world.phones[0];
        phone.dialog_of(only_call(&world, 0)).unwrap()
    };
    let early = format!("{replaces};early-only");
    acts(&mut world, 1, |phone, now| phone.take_call(now, &early));
    assert_eq!(world.phones[1].refused, Some(486), "it is answered");
    acts(&mut world, 1, |phone, now| phone.take_call(now, &replaces));
    assert!(world.phones[0].calls.is_empty(), "it got a BYE");
    let far = talks_to(&world, &call).expect("the page talks on");
    assert!(far.contains("1001"), "{far}");
    let session = only_call(&world, 1);
    assert!(world.phones[1].calls[&session].up);
    // Once only.
    acts(&mut world, 0, |phone, now| phone.take_call(now, &replaces));
    assert!(matches!(world.phones[0].refused, Some(481 | 603)));
    finish(&mut world);
}

#[test]
fn a_ringing_call_is_taken_over_from_who_is_called_only() {
    let (mut world, page) = world(7, &["1000", "1001"]);
    world.phones[0].manner = Manner::Rings;
    let call = world.browser_calls(page, "1000", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let ringing = world.phones[0].dialog_of(only_call(&world, 0)).unwrap();
    acts(&mut world, 1, |phone, now| {
        phone.take_call(now, &format!("{ringing};early-only"))
    });
    assert!(world.phones[0].calls.is_empty(), "it stopped ringing");
    let far = talks_to(&world, &call).expect("the page is answered");
    assert!(far.contains("1001"), "{far}");
    world.browser_hangs_up(&call);
    world.run(Duration::from_secs(2));
    // The other way round: the caller's own call to us, which rings.
    let own = acts(&mut world, 1, |phone, now| phone.call(now, "1000")).unwrap();
    let own = world.phones[1].dialog_of(own).unwrap();
    acts(&mut world, 0, |phone, now| phone.take_call(now, &own));
    assert_eq!(world.phones[0].refused, Some(481));
    finish(&mut world);
}

#[test]
fn a_phone_is_told_how_its_transfer_goes() {
    let answers = Manner::Answers(Duration::from_millis(500));
    for (seed, number, manner, last) in [
        (8, "1001", answers, "SIP/2.0 200 OK"),
        (9, "9196", answers, "SIP/2.0 200 OK"),
        (10, "1001", Manner::Refuses(486), "SIP/2.0 486 Busy Here"),
        (11, "none", answers, "SIP/2.0 404 Not Found"),
    ] {
        let (mut world, page) = world(seed, &["1000", "1001"]);
        world.phones[1].manner = manner;
        let call = world.browser_calls(page, "1000", AUDIO).unwrap();
        world.run(Duration::from_secs(2));
        let session = only_call(&world, 0);
        acts(&mut world, 0, |phone, now| {
            phone.refer(now, session, number);
        });
        assert_eq!(
            world.phones[0].transfers,
            ["SIP/2.0 100 Trying", last],
            "{number}"
        );
        assert!(world.phones[0].calls.is_empty(), "{number}");
        assert!(causes(&world).contains(&"BLIND_TRANSFER"));
        if number == "1001" && manner == answers {
            let far = talks_to(&world, &call).expect("the page talks on");
            assert!(far.contains("1001"), "{far}");
        }
        if world.view.channels.get(&call).is_some() {
            world.browser_hangs_up(&call);
        }
        finish(&mut world);
    }
}

#[test]
fn a_phone_need_not_wait_for_its_transfer() {
    let (mut world, page) = world(12, &["1000", "1001"]);
    world.phones[1].manner = Manner::Answers(Duration::from_secs(5));
    let call = world.browser_calls(page, "1000", AUDIO).unwrap();
    world.run(Duration::from_secs(2));
    let session = only_call(&world, 0);
    acts(&mut world, 0, |phone, now| {
        phone.refer(now, session, "1001");
    });
    assert_eq!(world.phones[0].transfers, ["SIP/2.0 100 Trying"]);
    assert_eq!(only_call(&world, 0), session, "it waits");
    acts(&mut world, 0, |phone, now| phone.hangup(now, session));
    assert_eq!(talks_to(&world, &call), None, "it rings still");
    world.run(Duration::from_secs(4));
    let far = talks_to(&world, &call).expect("the page talks on");
    assert!(far.contains("1001"), "{far}");
    finish(&mut world);
}
