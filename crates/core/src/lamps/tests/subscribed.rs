//! Lamps of phones that have subscribed.

use std::time::Duration;

use sip::message::HeaderName;
use sip::transport::{FlowId, Transport};

use super::lamp::{Lamp, Told, fire, leave, rig, said, told, words};
use crate::Input;
use crate::rig::Phone;

#[test]
fn who_subscribes_is_told_at_once_and_of_every_change() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (answer, first) = lamp.subscribe(&mut rig, "Expires: 600\r\n");
    assert_eq!(answer.code(), Some(200));
    assert_eq!(answer.header(HeaderName::Expires), Some("600"));
    assert_eq!(
        answer.header(HeaderName::Contact),
        Some("<sip:mod_sofia@127.0.0.1:5060>")
    );
    let allow = answer.header(HeaderName::Allow).unwrap();
    assert!(allow.split(", ").any(|method| method == "SUBSCRIBE"));
    assert_eq!(
        words(&first),
        [said(5601, "active;expires=600", "no 0/0 (0/0)")]
    );
    let notify = &first[0];
    assert_eq!(
        notify.message.request_uri(),
        Some("sip:1000@127.0.0.1:5601")
    );
    assert_eq!(notify.header(HeaderName::Event), "message-summary");
    assert_eq!(
        notify.header(HeaderName::ContentType),
        "application/simple-message-summary"
    );
    assert_eq!(notify.header(HeaderName::CallId), "lamp-5601");
    assert_eq!(notify.message.to().unwrap().tag(), Some("phone"));
    let own = notify.message.from().unwrap().tag().unwrap();
    assert_eq!(lamp.to_tag, format!(";tag={own}"));
    lamp.answer(&mut rig, notify, 200);

    rig.pass(Duration::from_secs(10));
    leave(&mut rig, "a");
    let second = told(&mut rig);
    assert_eq!(
        words(&second),
        [said(5601, "active;expires=590", "yes 1/0 (0/0)")]
    );
    let number = |told: &Told| told.message.cseq().unwrap().number;
    assert_eq!(number(&second[0]), number(notify) + 1);
}

#[test]
fn a_phone_is_told_in_one_way_only() {
    let mut rig = rig();
    for port in [5601_u16, 5602, 5603] {
        let address = format!("127.0.0.1:{port}");
        let mut phone = Phone::new("1000", &address, Transport::Udp, u64::from(port));
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    }
    let first = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    // From another port, but the contact is the one that registered.
    let mut second = Lamp::new("1000", 5699);
    let contact = "Contact: <sip:1000@127.0.0.1:5602;ob>\r\nExpires: 600\r\n";
    let (_, notified) = second.subscribe(&mut rig, contact);
    second.answer(&mut rig, &notified[0], 200);
    let _other = Lamp::new("1001", 5604).subscribed(&mut rig, 600);
    leave(&mut rig, "a");
    let notified = told(&mut rig);
    let expected = [
        said(5601, "active;expires=600", "yes 1/0 (0/0)"),
        said(5602, "active;expires=600", "yes 1/0 (0/0)"),
        said(5603, "active", "yes 1/0 (0/0)"),
    ];
    assert_eq!(words(&notified), expected);
    // A phone that registers anew has been told.
    let mut again = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 7);
    assert_eq!(again.register(&mut rig, "1234", 600), 200);
    assert_eq!(again.notified, Vec::<String>::new());
    // When its subscription is over, it is told as the others are.
    let mut first = first;
    let mine = notified.iter().find(|told| told.port == 5601).unwrap();
    first.answer(&mut rig, mine, 481);
    rig.sent();
    leave(&mut rig, "b");
    let expected = said(5601, "active", "yes 2/0 (0/0)");
    assert!(words(&told(&mut rig)).contains(&expected));
    first.cseq += 1;
    assert_eq!(first.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn the_next_notify_waits_for_the_answer_to_the_last() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (_, first) = lamp.subscribe(&mut rig, "");
    leave(&mut rig, "a");
    leave(&mut rig, "b");
    assert_eq!(words(&told(&mut rig)), []);
    lamp.answer(&mut rig, &first[0], 200);
    let second = told(&mut rig);
    let news = said(5601, "active;expires=3600", "yes 2/0 (0/0)");
    assert_eq!(words(&second), [news], "only the last state");
    // Another kind of failure ends nothing.
    lamp.answer(&mut rig, &second[0], 500);
    leave(&mut rig, "c");
    assert_eq!(told(&mut rig).len(), 1);
}

#[test]
fn a_subscription_is_refreshed_moves_and_ends() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 60);
    rig.pass(Duration::from_secs(50));
    lamp.flow.remote.set_port(5611);
    let (answer, told_now) = lamp.subscribe(&mut rig, "Expires: 60\r\n");
    assert_eq!(answer.code(), Some(200));
    assert_eq!(answer.header(HeaderName::Expires), Some("60"));
    assert!(answer.contact().is_some(), "a refresh confirms the target");
    assert_eq!(
        words(&told_now),
        [said(5611, "active;expires=60", "no 0/0 (0/0)")]
    );
    lamp.answer(&mut rig, &told_now[0], 200);
    rig.pass(Duration::from_secs(50));
    assert_eq!(words(&told(&mut rig)), [], "it lives on");
    for (event, code) in [
        ("message-summary;id=2", 481),
        ("dialog", 481),
        ("conference", 489),
    ] {
        lamp.event = event;
        assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(code), "{event}");
    }
    lamp.event = "message-summary";
    let timers = rig.switch.census().timers;
    for _ in 0..5 {
        let (_, notified) = lamp.subscribe(&mut rig, "Expires: 60\r\n");
        lamp.answer(&mut rig, &notified[0], 200);
    }
    let now = rig.switch.census().timers;
    assert_eq!(now, timers, "refreshes leave none behind");
    let (answer, told_now) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.header(HeaderName::Expires), Some("0"));
    assert_eq!(
        words(&told_now),
        [said(5611, "terminated;reason=timeout", "no 0/0 (0/0)")]
    );
    assert_eq!(rig.switch.census().subscriptions, 0);
    leave(&mut rig, "a");
    assert_eq!(words(&told(&mut rig)), []);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn what_nobody_refreshes_ends_in_time() {
    let mut rig = rig();
    let lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 60);
    let mut other = Lamp::new("1000", 5602).subscribed(&mut rig, 60);
    rig.pass(Duration::from_secs(30));
    let (_, notified) = other.subscribe(&mut rig, "Expires: 3600\r\n");
    other.answer(&mut rig, &notified[0], 200);
    rig.pass(Duration::from_millis(29_900));
    assert_eq!(words(&told(&mut rig)), []);
    rig.pass(Duration::from_millis(200));
    let last = told(&mut rig);
    assert_eq!(
        words(&last),
        [said(5601, "terminated;reason=timeout", "no 0/0 (0/0)")]
    );
    lamp.answer(&mut rig, &last[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 1);
    rig.pass(Duration::from_secs(3_571));
    let last = words(&told(&mut rig));
    assert_eq!(
        last[0],
        said(5602, "terminated;reason=timeout", "no 0/0 (0/0)")
    );
    assert_eq!(rig.switch.census().subscriptions, 0);
}

#[test]
fn a_phone_that_is_gone_is_not_told_any_more() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (_, first) = lamp.subscribe(&mut rig, "");
    rig.pass(Duration::from_secs(31));
    assert_eq!(rig.switch.census().subscriptions, 1, "it may still answer");
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.switch.census().subscriptions, 0, "64 times T1 are over");
    drop(first);
    for code in [404, 481, 489, 501] {
        let mut lamp = Lamp::new("1000", 5700 + code);
        rig.sent();
        let (_, first) = lamp.subscribe(&mut rig, "");
        assert_eq!(rig.switch.census().subscriptions, 1);
        lamp.answer(&mut rig, &first[0], code);
        assert_eq!(rig.switch.census().subscriptions, 0, "{code}");
    }
}

#[test]
fn who_asks_once_is_told_once() {
    let mut rig = rig();
    leave(&mut rig, "a");
    let mut lamp = Lamp::new("1000", 5601);
    lamp.event = "message-summary;id=x7";
    let (answer, first) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.header(HeaderName::Expires), Some("0"));
    assert_eq!(
        words(&first),
        [said(5601, "terminated;reason=timeout", "yes 1/0 (0/0)")]
    );
    assert_eq!(first[0].header(HeaderName::Event), "message-summary;id=x7");
    lamp.answer(&mut rig, &first[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 0);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn programs_reach_those_who_have_subscribed() {
    let mut rig = rig();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 5601);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let lamps = [5601, 5602].map(|port| Lamp::new("1000", port).subscribed(&mut rig, 600));
    let active = "active;expires=600";
    let mut ports = |waiting: &str, more: &[(&str, &str)]| {
        fire(&mut rig, waiting, "1000", more);
        let told = told(&mut rig);
        for one in &told {
            assert_eq!(one.words().2, format!("{waiting} 7/0 (0/0)"));
            assert_eq!(one.state(), active);
            let lamp = lamps
                .iter()
                .find(|lamp| lamp.flow.remote.port() == one.port);
            lamp.unwrap().answer(&mut rig, one, 200);
        }
        let mut ports: Vec<_> = told.iter().map(|one| one.port).collect();
        ports.sort_unstable();
        ports
    };
    assert_eq!(ports("no", &[("sub-call-id", "lamp-5602")]), [5602]);
    assert_eq!(ports("no", &[("sub-call-id", "else")]), []);
    assert_eq!(ports("no", &[("call-id", "call-of-1000-5601")]), [5601]);
    assert_eq!(ports("no", &[("sofia-profile", "external")]), []);
    assert_eq!(ports("no", &[("sofia-profile", "Internal")]), [5601, 5602]);
    // What was said to some is not how things are.
    let mut late = Lamp::new("1000", 5603);
    let (_, first) = late.subscribe(&mut rig, "");
    assert_eq!(first[0].words().2, "no 0/0 (0/0)");
    late.answer(&mut rig, &first[0], 481);
    let mut ports = |waiting: &str| {
        fire(&mut rig, waiting, "1000", &[]);
        let told = told(&mut rig);
        told.len()
    };
    assert_eq!(ports("yes"), 2);
    let mut late = Lamp::new("1000", 5604);
    let (_, first) = late.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(first[0].words().2, "yes 7/0 (0/0)", "what was said last");
    leave(&mut rig, "a");
    let mut late = Lamp::new("1000", 5605);
    let (_, first) = late.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(first[0].words().2, "yes 1/0 (0/0)", "until the box changes");
}

#[test]
fn a_subscription_ends_with_its_connection() {
    let mut rig = rig();
    let (answer, _) = Lamp::new("1000", 5601).over_tcp(7).subscribe(&mut rig, "");
    assert_eq!(
        answer.header(HeaderName::Contact),
        Some("<sip:mod_sofia@127.0.0.1:5060;transport=tcp>")
    );
    let mut moves = Lamp::new("1000", 5602)
        .over_tcp(8)
        .subscribed(&mut rig, 600);
    moves.flow.id = FlowId(9);
    let (_, notified) = moves.subscribe(&mut rig, "Expires: 600\r\n");
    moves.answer(&mut rig, &notified[0], 200);
    for (flow, left) in [(8, 2), (7, 1), (9, 0)] {
        rig.feed(Input::FlowClosed(FlowId(flow)));
        assert_eq!(rig.switch.census().subscriptions, left, "{flow}");
    }
    leave(&mut rig, "a");
    assert_eq!(words(&told(&mut rig)), []);
}

#[test]
fn proxies_on_the_way_stay_on_the_way() {
    let mut rig = rig();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 5601);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    // The proxy's address is nobody's own.
    let mut lamp = Lamp::new("1000", 5601);
    let route = "Record-Route: <sip:127.0.0.1:5601;lr>\r\n";
    let contact = "Contact: <sip:1000@10.0.0.9:5060>\r\n";
    let (answer, first) = lamp.subscribe(&mut rig, &format!("{route}{contact}"));
    assert_eq!(
        answer.header(HeaderName::RecordRoute),
        Some("<sip:127.0.0.1:5601;lr>")
    );
    assert_eq!(
        first[0].header(HeaderName::Route),
        "<sip:127.0.0.1:5601;lr>"
    );
    assert_eq!(
        first[0].message.request_uri(),
        Some("sip:1000@10.0.0.9:5060")
    );
    lamp.answer(&mut rig, &first[0], 200);
    leave(&mut rig, "a");
    let states: Vec<_> = told(&mut rig)
        .iter()
        .map(|told| told.state().to_owned())
        .collect();
    assert!(states.contains(&"active".to_owned()), "{states:?}");
    assert_eq!(states.len(), 2, "the phone that registered is another one");
}
