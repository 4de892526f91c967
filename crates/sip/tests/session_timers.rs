//! Session timers (RFC 4028) between two endpoints.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod extended;
mod pair;

use std::time::Duration;

use bytes::Bytes;
use extended::{ANSWER, OFFER, all_sent, end, expect_answered, expect_change, extended, header};
use jackfield_sip::message::{HeaderName, Method, parse_datagram};
use jackfield_sip::{Event, Extensions, TimerTerms};
use pair::{A, B, Pair, Weather};

fn terms(interval_s: Option<u32>, minimum_s: u32) -> Option<TimerTerms> {
    Some(TimerTerms {
        interval_s,
        minimum_s,
    })
}

fn timed(alice: Option<TimerTerms>, bob: Option<TimerTerms>) -> Pair {
    let with = |timer| Extensions {
        reliable: false,
        timer,
    };
    extended(7, Weather::default(), with(alice), with(bob))
}

#[test]
fn the_caller_refreshes_with_update_and_the_session_lasts() {
    let mut pair = timed(terms(Some(100), 90), terms(None, 90));
    let (alice, _) = pair.established();
    assert_eq!(
        header(&pair, A, "INVITE", HeaderName::SessionExpires).as_deref(),
        Some("100")
    );
    let ok = all_sent(&pair, B, "200 INVITE").pop().unwrap();
    assert_eq!(
        ok.header(HeaderName::SessionExpires),
        Some("100;refresher=uac")
    );
    assert_eq!(ok.header(HeaderName::Require), Some("timer"));
    pair.run(Duration::from_secs(520));
    assert_eq!(pair.times(A, "UPDATE").len(), 10, "each half interval");
    assert_eq!(
        header(&pair, A, "UPDATE", HeaderName::SessionExpires).as_deref(),
        Some("100;refresher=uac")
    );
    assert!(pair.times(B, "UPDATE").is_empty() && pair.times(B, "BYE").is_empty());
    end(&mut pair, alice);
}

#[test]
fn the_callee_refreshes_where_the_caller_knows_no_timers() {
    let mut pair = timed(None, terms(Some(200), 90));
    let (alice, _) = pair.established();
    let ok = all_sent(&pair, B, "200 INVITE").pop().unwrap();
    assert_eq!(
        ok.header(HeaderName::SessionExpires),
        Some("200;refresher=uas")
    );
    assert_eq!(ok.header(HeaderName::Require), None);
    pair.run(Duration::from_secs(110));
    assert_eq!(pair.times(B, "UPDATE").len(), 1);
    // Its answer names no interval: from now on nobody refreshes.
    pair.run(Duration::from_secs(600));
    assert_eq!(pair.times(B, "UPDATE").len(), 1);
    assert!(pair.times(B, "BYE").is_empty());
    end(&mut pair, alice);
}

#[test]
fn a_session_that_nobody_refreshes_ends() {
    let mut pair = timed(terms(Some(200), 90), terms(None, 90));
    pair.established();
    pair.filter = |side, message| side == B || message.method() != Some(&Method::Update);
    // The caller refreshes into the void, and hangs up when nobody has answered.
    pair.run(Duration::from_secs(101));
    let ended = pair.expect_terminal(A);
    assert!(matches!(ended, Event::Timeout { .. }), "{ended:?}");
    let ended = pair.expect_terminal(B);
    assert!(matches!(ended, Event::Bye { .. }), "{ended:?}");
    pair.settle();
    let mut pair = timed(terms(Some(120), 90), terms(None, 90));
    let (_, bob) = pair.established();
    pair.filter = |side, _| side == B;
    pair.run(Duration::from_secs(87));
    assert!(pair.times(B, "BYE").is_empty());
    let ended = pair.expect_terminal(B);
    assert!(
        matches!(ended, Event::Expired { session } if session == bob),
        "{ended:?}"
    );
    assert_eq!(
        (pair.now - pair.start).as_secs(),
        88,
        "32 s before the end (RFC 4028 §10)"
    );
    let reason = header(&pair, B, "BYE", HeaderName::Reason).unwrap();
    assert!(reason.starts_with("SIP;cause=408"), "{reason}");
    pair.settle();
}

#[test]
fn an_interval_that_is_too_short_is_asked_for_again() {
    let mut pair = timed(terms(Some(90), 90), terms(None, 300));
    let (alice, _) = pair.established();
    assert_eq!(
        header(&pair, B, "422 INVITE", HeaderName::MinSe).as_deref(),
        Some("300")
    );
    let again = all_sent(&pair, A, "INVITE").pop().unwrap();
    assert_eq!(again.header(HeaderName::SessionExpires), Some("300"));
    assert_eq!(again.header(HeaderName::MinSe), Some("300"));
    pair.run(Duration::from_secs(151));
    let update = all_sent(&pair, A, "UPDATE").pop().unwrap();
    assert_eq!(
        update.header(HeaderName::SessionExpires),
        Some("300;refresher=uac")
    );
    end(&mut pair, alice);
}

#[test]
fn a_peer_without_update_is_refreshed_by_invite() {
    let mut pair = timed(terms(Some(100), 90), terms(None, 90));
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().accept(now, bob, Some(ANSWER), &[]).unwrap();
    expect_answered(&mut pair);
    pair.expect(B, |event| {
        matches!(event, Event::Acked { .. }).then_some(())
    });
    // The INVITE says that the caller takes UPDATE; the callee is made to forget.
    let sent = all_sent(&pair, B, "200 INVITE").pop().unwrap();
    let text = String::from_utf8(sent.as_bytes().to_vec()).unwrap();
    assert!(text.contains("UPDATE"));
    pair.filter = |side, message| side == B || message.method() != Some(&Method::Update);
    let refused = |pair: &mut Pair| {
        let update = all_sent(pair, A, "UPDATE").pop().unwrap();
        let via = update.header(HeaderName::Via).unwrap();
        let text = format!(
            "SIP/2.0 405 No\r\nVia: {via}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\r\n",
            update.header(HeaderName::From).unwrap(),
            update.header(HeaderName::To).unwrap(),
            update.call_id(),
            update.header(HeaderName::CSeq).unwrap(),
        );
        let (now, flow) = (pair.now, pair.flow(A));
        let message = parse_datagram(text).unwrap();
        pair.alice().handle_message(now, &flow, message);
    };
    // What the peer does not want is not offered again by a refresh.
    let now = pair.now;
    let unwanted = Bytes::from_static(b"v=0 unwanted");
    pair.alice()
        .reinvite(now, alice, Some(unwanted.clone()), &[])
        .unwrap();
    assert_eq!(expect_change(&mut pair, B), Some(unwanted));
    let now = pair.now;
    pair.bob().refuse_reinvite(now, bob, 488, &[]).unwrap();
    pair.run(Duration::from_secs(51));
    refused(&mut pair);
    assert_eq!(expect_change(&mut pair, B), Some(OFFER), "as it was");
    // What the owner wants at that time comes behind the refresh.
    let now = pair.now;
    let wanted = Bytes::from_static(b"v=0 wanted");
    pair.alice()
        .reinvite(now, alice, Some(wanted.clone()), &[])
        .unwrap();
    pair.bob()
        .answer_reinvite(now, bob, Some(ANSWER), &[])
        .unwrap();
    assert_eq!(expect_change(&mut pair, B), Some(wanted));
    let now = pair.now;
    pair.bob()
        .answer_reinvite(now, bob, Some(ANSWER), &[])
        .unwrap();
    pair.expect(A, |event| {
        matches!(event, Event::ReinviteAnswered { .. }).then_some(())
    });
    end(&mut pair, alice);
}

#[test]
fn without_timers_session_expires_means_nothing() {
    let mut pair = timed(terms(Some(100), 90), None);
    let (alice, _) = pair.established();
    assert_eq!(
        header(&pair, B, "200 INVITE", HeaderName::SessionExpires),
        None
    );
    pair.run(Duration::from_secs(400));
    assert!(pair.times(A, "UPDATE").is_empty());
    end(&mut pair, alice);
}
