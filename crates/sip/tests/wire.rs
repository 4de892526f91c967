//! One endpoint against a peer written by hand: what RFC 3261 asks of each odd message.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod desk;

use bytes::Bytes;
use desk::{Desk, codes, methods, request, response};
use jackfield_sip::message::HeaderName;
use jackfield_sip::{EndpointConfig, Event, Limits};

#[test]
fn a_repeated_request_gets_the_same_answer_again() {
    let mut desk = Desk::new();
    let invite = request("INVITE sip:alice@192.0.2.1", "a", "", "1 INVITE", "");
    assert_eq!(codes(&desk.hear(&invite)), [100]);
    let session = desk.invited();
    desk.endpoint
        .provisional(desk.now, session, 180, None, &[])
        .unwrap();
    desk.said();
    assert_eq!(codes(&desk.hear(&invite)), [180]);
    desk.endpoint
        .reject(desk.now, session, 486, "", &[])
        .unwrap();
    let first = desk.said();
    let again = desk.hear(&invite);
    assert_eq!(first[0].as_bytes(), again[0].as_bytes());
    assert_eq!(desk.events().len(), 1, "only the end");
    let ack = request(
        "ACK sip:alice@192.0.2.1",
        "a",
        first[0].to().unwrap().tag().unwrap(),
        "1 ACK",
        "",
    );
    assert!(desk.hear(&ack).is_empty());
    assert!(desk.hear(&invite).is_empty(), "confirmed: absorbed");
    desk.finish();
}

#[test]
fn the_same_request_over_two_paths_is_a_loop() {
    let mut desk = Desk::new();
    desk.hear(&request(
        "OPTIONS sip:alice@192.0.2.1",
        "a",
        "",
        "1 OPTIONS",
        "",
    ));
    assert_eq!(
        codes(&desk.hear(&request(
            "OPTIONS sip:alice@192.0.2.1",
            "b",
            "",
            "1 OPTIONS",
            ""
        ))),
        [482]
    );
    desk.finish();
}

#[test]
fn a_client_that_keeps_its_number_after_a_challenge_is_let_in() {
    let mut desk = Desk::new();
    desk.hear(&request(
        "REGISTER sip:192.0.2.1",
        "a",
        "",
        "1 REGISTER",
        "",
    ));
    let Some(Event::Request { id, .. }) = desk.events().pop() else {
        panic!("it is handed up")
    };
    desk.endpoint
        .respond(desk.now, id, 401, "", &[], None)
        .unwrap();
    assert_eq!(codes(&desk.said()), [401]);
    desk.hear(&request(
        "REGISTER sip:192.0.2.1",
        "b",
        "",
        "1 REGISTER",
        "",
    ));
    assert!(matches!(desk.events()[..], [Event::Request { .. }]));
    desk.finish();
}

#[test]
fn what_belongs_to_no_dialog_gets_481() {
    let mut desk = Desk::new();
    for (method, branch) in [
        ("BYE", "a"),
        ("INFO", "b"),
        ("INVITE", "c"),
        ("UPDATE", "d"),
        ("NOTIFY", "e"),
    ] {
        for tag in ["nosuchtag", "00000000000000aa"] {
            let answers = desk.hear(&request(
                &format!("{method} sip:x@192.0.2.1"),
                &format!("{branch}{tag}"),
                tag,
                &format!("1 {method}"),
                "",
            ));
            assert_eq!(codes(&answers).last(), Some(&481), "{method}");
        }
    }
    assert_eq!(
        codes(&desk.hear(&request("CANCEL sip:x@192.0.2.1", "z", "", "1 CANCEL", ""))),
        [481]
    );
    assert!(
        desk.hear(&request(
            "ACK sip:x@192.0.2.1",
            "y",
            "nosuchtag",
            "1 ACK",
            ""
        ))
        .is_empty()
    );
    assert!(desk.events().is_empty());
    desk.finish();
}

#[test]
fn unknown_methods_extensions_and_hops() {
    let mut desk = Desk::with(EndpointConfig {
        methods: Vec::new(),
        ..EndpointConfig::default()
    });
    let answers = desk.hear(&request("FROB sip:a@192.0.2.1", "a", "", "1 FROB", ""));
    assert_eq!(codes(&answers), [501]);
    assert!(
        answers[0]
            .header(HeaderName::Allow)
            .unwrap()
            .contains("INVITE")
    );
    assert_eq!(
        codes(&desk.hear(&request(
            "PUBLISH sip:a@192.0.2.1",
            "b",
            "",
            "2 PUBLISH",
            ""
        ))),
        [405]
    );
    let answers = desk.hear(&request(
        "INVITE sip:a@192.0.2.1",
        "c",
        "",
        "3 INVITE",
        "Require: 100rel, replaces\r\n",
    ));
    assert_eq!(
        answers[1].header(HeaderName::Unsupported),
        Some("100rel, replaces")
    );
    let hop = request("INVITE sip:a@192.0.2.1", "d", "", "4 INVITE", "")
        .replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(codes(&desk.hear(&hop)), [100, 483]);
    desk.finish();
}

#[test]
fn requests_out_of_order_are_refused_and_the_dialog_lives() {
    let mut desk = Desk::new();
    desk.hear(&request(
        "INVITE sip:alice@192.0.2.1",
        "a",
        "",
        "10 INVITE",
        "",
    ));
    let session = desk.invited();
    desk.endpoint.accept(desk.now, session, None, &[]).unwrap();
    let tag = desk.said()[0].to().unwrap().tag().unwrap().to_owned();
    desk.hear(&request("ACK sip:alice@192.0.2.1", "b", &tag, "10 ACK", ""));
    assert_eq!(
        codes(&desk.hear(&request(
            "INFO sip:alice@192.0.2.1",
            "c",
            &tag,
            "9 INFO",
            ""
        ))),
        [500]
    );
    assert_eq!(
        codes(&desk.hear(&request(
            "INFO sip:alice@192.0.2.1",
            "d",
            &tag,
            "12 INFO",
            ""
        ))),
        [200]
    );
    assert_eq!(
        codes(&desk.hear(&request("BYE sip:alice@192.0.2.1", "e", &tag, "13 BYE", ""))),
        [200]
    );
    let last = desk.events().pop().unwrap();
    assert!(matches!(last, Event::Bye { .. }));
    desk.finish();
}

#[test]
fn a_bye_before_the_answer_ends_the_call_with_487() {
    let mut desk = Desk::new();
    desk.hear(&request(
        "INVITE sip:alice@192.0.2.1",
        "a",
        "",
        "10 INVITE",
        "",
    ));
    let session = desk.invited();
    desk.endpoint
        .provisional(desk.now, session, 180, None, &[])
        .unwrap();
    let tag = desk.said()[0].to().unwrap().tag().unwrap().to_owned();
    assert_eq!(
        codes(&desk.hear(&request("BYE sip:alice@192.0.2.1", "b", &tag, "11 BYE", ""))),
        [200, 487]
    );
    assert!(matches!(desk.events()[..], [Event::Bye { .. }]));
    desk.finish();
}

#[test]
fn a_second_reinvite_before_the_first_is_answered_waits() {
    let mut desk = Desk::new();
    desk.hear(&request(
        "INVITE sip:alice@192.0.2.1",
        "a",
        "",
        "1 INVITE",
        "",
    ));
    let session = desk.invited();
    desk.endpoint.accept(desk.now, session, None, &[]).unwrap();
    let tag = desk.said()[0].to().unwrap().tag().unwrap().to_owned();
    desk.hear(&request("ACK sip:alice@192.0.2.1", "b", &tag, "1 ACK", ""));
    assert_eq!(
        codes(&desk.hear(&request(
            "INVITE sip:alice@192.0.2.1",
            "c",
            &tag,
            "2 INVITE",
            ""
        ))),
        [100]
    );
    let answers = desk.hear(&request(
        "INVITE sip:alice@192.0.2.1",
        "d",
        &tag,
        "3 INVITE",
        "",
    ));
    assert_eq!(codes(&answers), [100, 500]);
    assert!(answers[1].header(HeaderName::RetryAfter).is_some());
    // The first is withdrawn; the session goes on.
    assert_eq!(
        codes(&desk.hear(&request(
            "CANCEL sip:alice@192.0.2.1",
            "c",
            &tag,
            "2 CANCEL",
            ""
        ))),
        [200, 487]
    );
    let hold = request("UPDATE sip:alice@192.0.2.1", "e", &tag, "4 UPDATE", "");
    assert_eq!(codes(&desk.hear(&hold)), [200]);
    desk.endpoint.hangup(desk.now, session, 480, &[]).unwrap();
    assert_eq!(methods(&desk.said()), ["BYE"]);
    desk.finish();
}

#[test]
fn forks_are_reported_and_the_slower_one_is_hung_up() {
    let mut desk = Desk::new();
    let (session, invite) = desk.call();
    let contact = |host: &str| format!("Contact: <sip:bob@{host}>\r\n");
    desk.hear(&response(&invite, 180, "one", &contact("203.0.113.1")));
    desk.hear(&response(&invite, 180, "two", &contact("203.0.113.2")));
    let tags: Vec<_> = desk
        .events()
        .into_iter()
        .filter_map(|event| {
            if let Event::Progress { to_tag, .. } = event {
                Some(to_tag.to_string())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(tags, ["one", "two"]);
    let sent = desk.hear(&response(&invite, 200, "two", &contact("203.0.113.2")));
    assert_eq!(
        (methods(&sent), sent[0].request_uri()),
        (vec!["ACK".to_owned()], Some("sip:bob@203.0.113.2"))
    );
    assert!(matches!(&desk.events()[..], [Event::Answered { to_tag, .. }] if &**to_tag == "two"));
    let late = response(&invite, 200, "one", &contact("203.0.113.1"));
    let sent = desk.hear(&late);
    assert_eq!(methods(&sent), ["ACK", "BYE"]);
    assert!(
        sent.iter()
            .all(|message| message.to().unwrap().tag() == Some("one"))
    );
    assert!(matches!(&desk.events()[..], [Event::ForkAnswered { .. }]));
    assert_eq!(methods(&desk.hear(&late)), ["ACK"], "again only the ACK");
    assert_eq!(
        methods(&desk.hear(&response(&invite, 200, "two", &contact("203.0.113.2")))),
        ["ACK"]
    );
    desk.endpoint.hangup(desk.now, session, 480, &[]).unwrap();
    let bye = desk.said().remove(0);
    assert_eq!(
        (bye.request_uri(), bye.to().unwrap().tag()),
        (Some("sip:bob@203.0.113.2"), Some("two"))
    );
    desk.hear(&response(&bye, 200, "", ""));
    assert!(matches!(desk.events()[..], [Event::Ended { .. }]));
    // A fork that answers after all is over does not stay connected either.
    assert_eq!(
        methods(&desk.hear(&response(&invite, 200, "three", &contact("203.0.113.3")))),
        ["ACK", "BYE"]
    );
    assert!(desk.events().is_empty());
    desk.finish();
}

#[test]
fn endless_forks_do_not_fill_the_memory() {
    let mut desk = Desk::new();
    let (session, invite) = desk.call();
    for fork in 0..500 {
        desk.hear(&response(&invite, 183, &format!("f{fork}"), ""));
    }
    assert_eq!(desk.events().len(), 500);
    desk.endpoint.hangup(desk.now, session, 480, &[]).unwrap();
    assert_eq!(methods(&desk.said()), ["CANCEL"]);
    desk.finish();
}

#[test]
fn record_routes_are_followed_loose_and_strict() {
    for (routes, uri, printed) in [
        (
            "<sip:p2.example.com;lr>, <sip:p1.example.com;lr>",
            "sip:bob@203.0.113.9",
            "<sip:p1.example.com;lr> <sip:p2.example.com;lr>",
        ),
        (
            "<sip:p2.example.com>, <sip:p1.example.com>",
            "sip:p1.example.com",
            "<sip:p2.example.com> <sip:bob@203.0.113.9>",
        ),
    ] {
        let mut desk = Desk::new();
        let (session, invite) = desk.call();
        let extra = format!("Record-Route: {routes}\r\nContact: <sip:bob@203.0.113.9>\r\n");
        let ack = desk.hear(&response(&invite, 200, "t", &extra)).remove(0);
        let route: Vec<_> = ack.header_lines(HeaderName::Route).collect();
        assert_eq!(
            (ack.request_uri(), route.join(" ").as_str()),
            (Some(uri), printed)
        );
        desk.endpoint.hangup(desk.now, session, 480, &[]).unwrap();
        desk.finish();
    }
}

#[test]
fn a_full_endpoint_says_so_and_still_lets_go() {
    let limits = Limits {
        transactions: 3,
        ..Limits::default()
    };
    let mut desk = Desk::with(EndpointConfig {
        limits,
        ..EndpointConfig::default()
    });
    desk.hear(&request(
        "INVITE sip:alice@192.0.2.1",
        "a",
        "",
        "1 INVITE",
        "",
    ));
    let session = desk.invited();
    for n in 0..3 {
        desk.hear(&request(
            "OPTIONS sip:alice@192.0.2.1",
            &format!("o{n}"),
            "",
            &format!("{} OPTIONS", 2 + n),
            "",
        ));
    }
    let refused = desk.hear(&request(
        "OPTIONS sip:alice@192.0.2.1",
        "o9",
        "",
        "9 OPTIONS",
        "",
    ));
    assert_eq!(
        (codes(&refused), refused[0].header(HeaderName::RetryAfter)),
        (vec![503], Some("5"))
    );
    assert_eq!(
        codes(&desk.hear(&request(
            "CANCEL sip:alice@192.0.2.1",
            "a",
            "",
            "1 CANCEL",
            ""
        ))),
        [200, 487]
    );
    assert!(desk.endpoint.dialog(session).is_none());
    desk.finish();
}

#[test]
fn responses_to_nothing_of_ours_are_dropped() {
    let mut desk = Desk::new();
    let (_, invite) = desk.call();
    let foreign = response(&invite, 200, "t", "").replace("z9hG4bK", "z9hG4bKx");
    assert!(desk.hear(&foreign).is_empty());
    let wrong_method = response(&invite, 200, "t", "").replace(" INVITE\r\n", " OPTIONS\r\n");
    desk.hear(&wrong_method);
    assert!(desk.events().is_empty());
    desk.finish();
}

#[test]
fn an_old_peer_without_branches_is_matched() {
    let mut desk = Desk::new();
    let old = |method: &str, tag: &str| {
        request(
            &format!("{method} sip:alice@192.0.2.1"),
            "",
            tag,
            &format!("1 {method}"),
            "",
        )
        .replace(";branch=z9hG4bK", "")
    };
    assert_eq!(codes(&desk.hear(&old("INVITE", ""))), [100]);
    let session = desk.invited();
    desk.endpoint.accept(desk.now, session, None, &[]).unwrap();
    let tag = desk.said()[0].to().unwrap().tag().unwrap().to_owned();
    desk.hear(&old("ACK", &tag));
    assert!(matches!(desk.events()[..], [Event::Acked { .. }]));
    assert_eq!(
        codes(&desk.hear(&old("BYE", &tag))),
        [500],
        "the number of the INVITE is used up"
    );
    let bye = old("BYE", &tag).replace("1 BYE", "2 BYE");
    assert_eq!(codes(&desk.hear(&bye)), [200]);
    desk.finish();
}

#[test]
fn a_peer_that_lost_the_dialog_ends_the_session() {
    let mut desk = Desk::new();
    let (session, invite) = desk.call();
    desk.hear(&response(
        &invite,
        200,
        "t",
        "Contact: <sip:bob@198.51.100.7>\r\n",
    ));
    desk.events();
    desk.endpoint
        .reinvite(desk.now, session, Some(Bytes::from_static(b"v=0")), &[])
        .unwrap();
    let reinvite = desk.said().remove(0);
    assert_eq!(
        methods(&desk.hear(&response(&reinvite, 481, "", ""))),
        ["ACK", "BYE"]
    );
    assert!(matches!(desk.events()[..], [Event::Timeout { .. }]));
    desk.finish();
}
