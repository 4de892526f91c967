//! Lamps of phones that have not subscribed.

use api::command::server::Fire;
use sip::message::{HeaderName, parse_datagram};
use sip::transport::Transport;

use crate::Input;
use crate::lamps::summary::MAX_BODY;
use crate::lamps::*;
use crate::rig::{Phone, Rig};

fn phone(rig: &mut Rig, user: &str, port: u16) -> Phone {
    let address = format!("127.0.0.1:{port}");
    let mut phone = Phone::new(user, &address, Transport::Udp, u64::from(port));
    assert_eq!(phone.register(rig, "1234", 600), 200);
    phone
}

/// Who was told what since the last look: the port, and the body.
fn told(rig: &mut Rig) -> Vec<(u16, String)> {
    let mut told: Vec<_> = rig
        .sent()
        .into_iter()
        .filter_map(|sent| {
            let message = parse_datagram(sent.bytes).ok()?;
            if message.method() != Some(&Method::Notify) {
                return None;
            }
            let header = |name| message.header_named(name).map(str::to_owned);
            assert_eq!(header("Event").as_deref(), Some("message-summary"));
            assert_eq!(header("Subscription-State").as_deref(), Some("active"));
            let kind = message.header(HeaderName::ContentType);
            assert_eq!(kind, Some("application/simple-message-summary"));
            let body = String::from_utf8(message.body().to_vec()).ok()?;
            Some((sent.target.remote.port(), body))
        })
        .collect();
    told.sort();
    told
}

fn lines(waiting: &str, user: &str, more: &str) -> String {
    format!("Messages-Waiting: {waiting}\r\nMessage-Account: sip:{user}@127.0.0.1\r\n{more}")
}

fn fire(rig: &mut Rig, headers: &[(&str, &str)]) -> Vec<(u16, String)> {
    let event = CustomEvent {
        name: "MESSAGE_WAITING".into(),
        subclass: None,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        body: None,
        from_client: true,
    };
    rig.get(Fire { event }).unwrap();
    told(rig)
}

fn message(id: &str, read: bool) -> api::view::VoiceMessage {
    api::view::VoiceMessage {
        id: id.into(),
        caller_name: "".into(),
        caller_number: "1001".into(),
        left_at: api::Timestamp(1),
        read_at: read.then_some(api::Timestamp(2)),
        length_ms: 1_000,
        path: "/voicemail/a.wav".into(),
    }
}

fn name(user: &str) -> Extension {
    Extension {
        user: user.into(),
        domain: "127.0.0.1".into(),
    }
}

#[test]
fn every_phone_of_the_owner_is_told_of_a_change_and_nobody_else() {
    let mut rig = Rig::new();
    let _phones = [
        phone(&mut rig, "1000", 5601),
        phone(&mut rig, "1000", 5602),
        phone(&mut rig, "1001", 5603),
    ];
    assert_eq!(told(&mut rig), [], "nothing waits for them");
    let found = vec![
        (name("1000"), message("a", false)),
        (name("1000"), message("b", true)),
    ];
    rig.feed(Input::VoicemailFound(found));
    let said = lines("yes", "1000", "Voice-Message: 1/1 (0/0)\r\n");
    assert_eq!(told(&mut rig), [(5601, said.clone()), (5602, said)]);
}

#[test]
fn a_phone_that_comes_is_told_what_waits() {
    let mut rig = Rig::new();
    rig.feed(Input::VoicemailFound(vec![(
        name("1000"),
        message("a", true),
    )]));
    assert_eq!(told(&mut rig), []);
    let mut one = phone(&mut rig, "1000", 5601);
    // What comes behind the answer to a REGISTER the phone reads with its next one.
    assert_eq!(one.notified, Vec::<String>::new());
    let said = lines("no", "1000", "Voice-Message: 0/1 (0/0)\r\n");
    for _ in 0..2 {
        assert_eq!(one.register(&mut rig, "1234", 600), 200);
        assert_eq!(
            one.notified,
            std::slice::from_ref(&said),
            "once, and not when it refreshes"
        );
    }
}

#[test]
fn a_program_lights_the_lamps_it_names() {
    let mut rig = Rig::new();
    let _phones = [phone(&mut rig, "1000", 5601), phone(&mut rig, "1000", 5602)];
    let usual = [
        ("MWI-Messages-Waiting", "yes"),
        ("MWI-Message-Account", "sip:1000@127.0.0.1"),
        ("MWI-Voice-Message", "2/1 (1/0)"),
        ("X-Else", "1"),
        ("mwi-Fax-Message", "1/0 (0/0)"),
    ];
    let said = lines(
        "yes",
        "1000",
        "Voice-Message: 2/1 (1/0)\r\nFax-Message: 1/0 (0/0)\r\n",
    );
    assert_eq!(
        fire(&mut rig, &usual),
        [(5601, said.clone()), (5602, said.clone())]
    );
    let with = |header| {
        let mut headers = usual.to_vec();
        headers.push(header);
        headers
    };
    assert_eq!(
        fire(&mut rig, &with(("call-id", "call-of-1000-5602"))),
        [(5602, said.clone())]
    );
    assert_eq!(
        fire(&mut rig, &with(("sofia-profile", "Internal"))).len(),
        2
    );
    for refused in [
        ("sofia-profile", "external"),
        ("sub-call-id", "a"),
        ("call-id", "b"),
    ] {
        assert_eq!(fire(&mut rig, &with(refused)), [], "{refused:?}");
    }
    assert_eq!(fire(&mut rig, &usual[1..]), []);
    assert_eq!(
        fire(
            &mut rig,
            &[usual[0], ("MWI-Message-Account", "4711@127.0.0.1")]
        ),
        []
    );
    // What would be lines of its own, or too long, is left out.
    let long = "9".repeat(MAX_BODY);
    let wrong = [
        usual[0],
        usual[1],
        ("MWI-A", "1\r\nB: 2"),
        ("MWI-C", &long),
        usual[2],
    ];
    let said = lines("yes", "1000", "Voice-Message: 2/1 (1/0)\r\n");
    assert_eq!(fire(&mut rig, &wrong), [(5601, said.clone()), (5602, said)]);
}

#[test]
fn programs_are_asked_what_waits_for_a_phone_that_has_come() {
    let mut rig = Rig::new();
    let asked = |rig: &mut Rig| -> Vec<Vec<(String, String)>> {
        let events = std::mem::take(&mut rig.events).into_iter();
        let customs = events.filter_map(|event| {
            let EventKind::Custom(custom) = event.kind else {
                return None;
            };
            Some(custom)
        });
        let queries = customs.filter(|custom| &*custom.name == "MESSAGE_QUERY");
        let queries = queries.map(|custom| custom.headers);
        let texts = |(name, value): (Arc<str>, Arc<str>)| (name.to_string(), value.to_string());
        queries
            .map(|headers| headers.into_iter().map(texts).collect())
            .collect()
    };
    let mut phone = phone(&mut rig, "1001", 5071);
    let call_id = rig
        .view
        .registrations
        .values()
        .next()
        .unwrap()
        .call_id
        .to_string();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = vec![
        pair("Message-Account", "sip:1001@127.0.0.1"),
        pair("VM-Sofia-Profile", "internal"),
        pair("VM-Call-ID", &call_id),
    ];
    assert_eq!(asked(&mut rig), [expected]);
    // It is the same phone as before.
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    assert_eq!(asked(&mut rig), Vec::<Vec<_>>::new());
    // The answer reaches it, by what it was asked with.
    let waiting = [
        ("MWI-Messages-Waiting", "yes"),
        ("MWI-Message-Account", "1001@127.0.0.1"),
        ("sofia-profile", "internal"),
        ("call-id", &call_id),
    ];
    assert_eq!(fire(&mut rig, &waiting), [(5071, lines("yes", "1001", ""))]);
}
