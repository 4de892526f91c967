//! Calls between two endpoints on a good network: who says what, and that nothing is left.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::message::HeaderName;
use jackfield_sip::{EndpointError, Event};
use pair::{A, B, Pair};

fn sdp(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}

#[test]
fn a_call_rings_is_answered_and_ends() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().provisional(now, bob, 180, None, &[]).unwrap();
    pair.bob()
        .provisional(
            now,
            bob,
            183,
            sdp("v=0 early"),
            &[("X-Early".into(), "1".into())],
        )
        .unwrap();
    let code = pair.expect(A, |event| {
        if let Event::Progress { code, .. } = event {
            Some(*code)
        } else {
            None
        }
    });
    assert_eq!(code, 180);
    let early = pair.expect(A, |event| match event {
        Event::Progress { sdp, response, .. } => Some((
            sdp.clone(),
            response.header_named("x-early").map(str::to_owned),
        )),
        _ => None,
    });
    assert_eq!(early, (sdp("v=0 early"), Some("1".to_owned())));
    let now = pair.now;
    pair.bob().accept(now, bob, sdp("v=0 answer"), &[]).unwrap();
    let answer = pair.expect(A, |event| {
        if let Event::Answered { sdp, .. } = event {
            Some(sdp.clone())
        } else {
            None
        }
    });
    assert_eq!(answer, sdp("v=0 answer"));
    pair.expect(B, |event| {
        matches!(event, Event::Acked { sdp: None, .. }).then_some(())
    });
    let (ours, theirs) = {
        let view = pair.alice().dialog(alice).unwrap();
        (
            (
                view.call_id.to_owned(),
                view.local_tag.to_owned(),
                view.remote_tag.to_owned(),
            ),
            view.remote_contact.to_owned(),
        )
    };
    assert_eq!(theirs, "sip:bob@192.0.2.2:5060;transport=udp");
    let view = pair.bob().dialog(bob).unwrap();
    assert_eq!(
        (view.call_id, view.remote_tag, view.local_tag),
        (&*ours.0, &*ours.1, &*ours.2)
    );
    let now = pair.now;
    pair.alice()
        .hangup(
            now,
            alice,
            480,
            &[("Reason".into(), "Q.850;cause=16".into())],
        )
        .unwrap();
    let reason = pair.expect(B, |event| match event {
        Event::Bye { request, .. } => request.header(HeaderName::Reason).map(str::to_owned),
        _ => None,
    });
    assert_eq!(reason, "Q.850;cause=16");
    assert!(matches!(pair.expect_terminal(A), Event::Ended { .. }));
    assert_eq!(pair.spoken(A), ["INVITE", "ACK", "BYE"]);
    assert_eq!(
        pair.spoken(B),
        [
            "100 INVITE",
            "180 INVITE",
            "183 INVITE",
            "200 INVITE",
            "200 BYE"
        ]
    );
    pair.settle();
}

#[test]
fn a_busy_callee_is_told_so() {
    let mut pair = Pair::new();
    pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .reject(
            now,
            bob,
            486,
            "",
            &[("Reason".into(), "Q.850;cause=17".into())],
        )
        .unwrap();
    assert_eq!(
        pair.bob().reject(now, bob, 486, "", &[]),
        Err(EndpointError::UnknownSession)
    );
    let terminal = pair.expect_terminal(A);
    assert!(
        matches!(&terminal, Event::Rejected { code: 486, response, .. } if response.header_named("Reason").is_some())
    );
    assert!(matches!(pair.expect_terminal(B), Event::Ended { .. }));
    assert_eq!(pair.spoken(A), ["INVITE", "ACK"]);
    pair.settle();
}

#[test]
fn a_caller_who_gives_up_cancels_once_it_rings() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    let now = pair.now;
    // Before any response: CANCEL has to wait.
    pair.alice()
        .hangup(
            now,
            alice,
            480,
            &[("Reason".into(), "SIP;cause=200".into())],
        )
        .unwrap();
    let reason = pair.expect(B, |event| match event {
        Event::Cancelled { request, .. } => request.header(HeaderName::Reason).map(str::to_owned),
        _ => None,
    });
    assert_eq!(reason, "SIP;cause=200");
    assert!(matches!(pair.expect_terminal(A), Event::Ended { .. }));
    assert_eq!(pair.spoken(A), ["INVITE", "CANCEL", "ACK"]);
    assert_eq!(pair.spoken(B), ["100 INVITE", "200 CANCEL", "487 INVITE"]);
    pair.settle();
}

#[test]
fn when_cancel_and_answer_cross_the_call_is_taken_and_hung_up() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    let bob = pair.expect_invite();
    pair.run(Duration::from_millis(15));
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    pair.bob().accept(now, bob, sdp("v=0 answer"), &[]).unwrap();
    assert!(matches!(pair.expect_terminal(B), Event::Bye { .. }));
    assert!(matches!(pair.expect_terminal(A), Event::Ended { .. }));
    assert!(
        !pair.sides[A]
            .events
            .iter()
            .any(|event| matches!(event, Event::Answered { .. }))
    );
    assert_eq!(pair.spoken(A), ["INVITE", "CANCEL", "ACK", "BYE"]);
    pair.settle();
}

#[test]
fn a_callee_who_hangs_up_at_once_waits_for_the_ack() {
    let mut pair = Pair::new();
    pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().accept(now, bob, sdp("v=0 answer"), &[]).unwrap();
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(A), Event::Bye { .. }));
    assert!(matches!(pair.expect_terminal(B), Event::Ended { .. }));
    assert_eq!(pair.spoken(B), ["100 INVITE", "200 INVITE", "BYE"]);
    pair.settle();
}

#[test]
fn both_hang_up_at_once() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    for side in [A, B] {
        assert!(matches!(pair.expect_terminal(side), Event::Bye { .. }));
    }
    pair.run(Duration::from_secs(40));
    assert!(
        pair.sides
            .iter()
            .all(|side| !side.events.iter().any(Event::is_terminal)),
        "exactly one terminal event"
    );
    pair.settle();
}

#[test]
fn header_values_cannot_smuggle_lines() {
    let mut pair = Pair::new();
    let now = pair.now;
    let mut request = pair.request();
    request
        .headers
        .push(("X-A".into(), "b\r\nX-Evil: 1".into()));
    assert_eq!(
        pair.alice().invite(now, request),
        Err(EndpointError::InvalidHeader)
    );
    let mut request = pair.request();
    request.from.display = "a\r\nb".into();
    assert_eq!(
        pair.alice().invite(now, request),
        Err(EndpointError::InvalidHeader)
    );
    let mut request = pair.request();
    request.to_uri = "sip:a b@h".into();
    assert_eq!(
        pair.alice().invite(now, request),
        Err(EndpointError::InvalidUri)
    );
    pair.settle();
}
