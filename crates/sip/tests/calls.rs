//! Calls between two endpoints on a good network: who says what, and that nothing is left.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::auth::{Algorithm, Authenticator, ChallengeKind, Credentials, Ha1, Verdict};
use jackfield_sip::message::{HeaderName, Method};
use jackfield_sip::{EndpointError, Event, OutOfDialogRequest, Party};
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
    assert_eq!(theirs, "sip:bob@192.0.2.2:5060");
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
fn hold_is_a_reinvite_either_way() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    for (from, session, peer) in [(A, alice, bob), (B, bob, alice)] {
        let now = pair.now;
        pair.sides[from]
            .endpoint
            .reinvite(now, session, sdp("v=0 hold"), &[])
            .unwrap();
        assert_eq!(
            pair.sides[from].endpoint.reinvite(now, session, None, &[]),
            Err(EndpointError::InvalidState)
        );
        let offer = pair.expect(1 - from, |event| {
            if let Event::Reinvite { sdp, .. } = event {
                Some(sdp.clone())
            } else {
                None
            }
        });
        assert_eq!(offer, sdp("v=0 hold"));
        let now = pair.now;
        pair.sides[1 - from]
            .endpoint
            .answer_reinvite(now, peer, sdp("v=0 held"), &[])
            .unwrap();
        let answer = pair.expect(from, |event| {
            if let Event::ReinviteAnswered { sdp, .. } = event {
                Some(sdp.clone())
            } else {
                None
            }
        });
        assert_eq!(answer, sdp("v=0 held"));
        pair.expect(1 - from, |event| {
            matches!(event, Event::Acked { .. }).then_some(())
        });
    }
    let now = pair.now;
    pair.alice()
        .reinvite(now, alice, sdp("v=0 no"), &[])
        .unwrap();
    pair.expect(B, |event| {
        matches!(event, Event::Reinvite { .. }).then_some(())
    });
    let now = pair.now;
    pair.bob().refuse_reinvite(now, bob, 488, &[]).unwrap();
    let code = pair.expect(A, |event| {
        if let Event::ReinviteFailed { code, .. } = event {
            Some(*code)
        } else {
            None
        }
    });
    assert_eq!(code, 488);
    let now = pair.now;
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn glare_is_resolved_inside() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    let now = pair.now;
    pair.alice()
        .reinvite(now, alice, sdp("v=0 from alice"), &[])
        .unwrap();
    pair.bob()
        .reinvite(now, bob, sdp("v=0 from bob"), &[])
        .unwrap();
    // Bob, who did not make the Call-ID, tries again first (RFC 3261 §14.1).
    pair.expect(A, |event| {
        matches!(event, Event::Reinvite { .. }).then_some(())
    });
    let waited = pair.now - now;
    assert!(waited <= Duration::from_millis(2_100), "{waited:?}");
    let at = pair.now;
    pair.alice()
        .answer_reinvite(at, alice, sdp("v=0 a"), &[])
        .unwrap();
    pair.expect(B, |event| {
        matches!(event, Event::ReinviteAnswered { .. }).then_some(())
    });
    pair.expect(B, |event| {
        matches!(event, Event::Reinvite { .. }).then_some(())
    });
    let waited = pair.now - now;
    assert!(
        (Duration::from_millis(2_100)..Duration::from_millis(4_100)).contains(&waited),
        "{waited:?}"
    );
    let at = pair.now;
    pair.bob()
        .answer_reinvite(at, bob, sdp("v=0 b"), &[])
        .unwrap();
    pair.expect(A, |event| {
        matches!(event, Event::ReinviteAnswered { .. }).then_some(())
    });
    assert_eq!(
        pair.spoken(A)
            .iter()
            .filter(|said| *said == "491 INVITE")
            .count(),
        1
    );
    let at = pair.now;
    pair.alice().hangup(at, alice, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn without_an_offer_the_answer_travels_in_the_ack() {
    let mut pair = Pair::new();
    let mut request = pair.request();
    request.sdp = None;
    let now = pair.now;
    let alice = pair.alice().invite(now, request).unwrap();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().accept(now, bob, sdp("v=0 offer"), &[]).unwrap();
    pair.expect(A, |event| {
        matches!(event, Event::Answered { .. }).then_some(())
    });
    assert_eq!(pair.spoken(A), ["INVITE"], "the ACK waits for the answer");
    let now = pair.now;
    pair.alice()
        .acknowledge(now, alice, sdp("v=0 answer"))
        .unwrap();
    assert_eq!(
        pair.alice().acknowledge(now, alice, None),
        Err(EndpointError::InvalidState)
    );
    let answer = pair.expect(B, |event| {
        if let Event::Acked { sdp, .. } = event {
            Some(sdp.clone())
        } else {
            None
        }
    });
    assert_eq!(answer, sdp("v=0 answer"));
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn requests_inside_a_dialog() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    let now = pair.now;
    let info = pair
        .alice()
        .info(
            now,
            alice,
            "application/dtmf-relay",
            Bytes::from_static(b"Signal=5\r\n"),
        )
        .unwrap();
    let heard = pair.expect(B, |event| match event {
        Event::Info {
            content_type, body, ..
        } => Some((content_type.to_string(), body.clone())),
        _ => None,
    });
    assert_eq!(
        heard,
        (
            "application/dtmf-relay".to_owned(),
            Bytes::from_static(b"Signal=5\r\n")
        )
    );
    let code = pair.expect(A, |event| match event {
        Event::Response { id, code, .. } if *id == info => Some(*code),
        _ => None,
    });
    assert_eq!(code, 200);
    let now = pair.now;
    let refer = pair
        .bob()
        .request_in_dialog(
            now,
            bob,
            Method::Refer,
            &[("Refer-To".into(), "<sip:c@h>".into())],
            None,
        )
        .unwrap();
    let request = pair.expect(A, |event| match event {
        Event::Request { id, session, .. } if *session == Some(alice) => Some(*id),
        _ => None,
    });
    let now = pair.now;
    pair.alice()
        .respond(now, request, 202, "", &[], None)
        .unwrap();
    assert_eq!(
        pair.alice().respond(now, request, 202, "", &[], None),
        Err(EndpointError::UnknownRequest)
    );
    pair.expect(B, |event| {
        matches!(event, Event::Response { id, code: 202, .. } if *id == refer).then_some(())
    });
    let now = pair.now;
    pair.bob()
        .request_in_dialog(now, bob, Method::Options, &[], None)
        .unwrap();
    let allow = pair.expect(B, |event| match event {
        Event::Response {
            response: Some(response),
            ..
        } => response.header(HeaderName::Allow).map(str::to_owned),
        _ => None,
    });
    assert!(allow.contains("INVITE"));
    let now = pair.now;
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn challenges_are_answered_inside() {
    for (credentials, code) in [
        (Credentials::password("alice", "secret"), 200),
        (Credentials::password("alice", "wrong"), 407),
    ] {
        let mut pair = Pair::new();
        let mut server = Authenticator::new([5; 32]);
        let now = pair.now;
        let options = OutOfDialogRequest {
            method: Method::Options,
            uri: "sip:192.0.2.2".into(),
            from: Party::uri("sip:alice@h"),
            to: Party::uri("sip:bob@h"),
            target: pair.target(A),
            local_contact: None,
            headers: Vec::new(),
            body: None,
            credentials: Some(credentials),
            route: Vec::new(),
            call: None,
        };
        pair.alice().send_out_of_dialog(now, options).unwrap();
        let answer = loop {
            let wanted = |event: &Event| match event {
                Event::Request { id, request, .. } => Some((*id, request.message.clone())),
                _ => None,
            };
            let (id, request) = pair.expect(B, wanted);
            let now = pair.now;
            let lookup = |claim: jackfield_sip::auth::Claim<'_>| {
                Some(Ha1::new(claim.algorithm, "alice", "h", "secret"))
            };
            let verdict = server.verify(now, ChallengeKind::Proxy, "h", &request, lookup);
            if matches!(verdict, Verdict::Accepted { .. }) {
                pair.bob().respond(now, id, 200, "", &[], None).unwrap();
            } else {
                let headers = server.challenge(
                    now,
                    ChallengeKind::Proxy,
                    "h",
                    &[Algorithm::Sha256, Algorithm::Md5],
                    false,
                );
                pair.bob()
                    .respond(now, id, 407, "", &headers, None)
                    .unwrap();
            }
            pair.run(Duration::from_millis(25));
            if pair.sides[A]
                .events
                .iter()
                .any(|event| matches!(event, Event::Response { .. }))
            {
                break pair.expect(A, |event| {
                    if let Event::Response { code, .. } = event {
                        Some(*code)
                    } else {
                        None
                    }
                });
            }
        };
        assert_eq!(answer, code);
        pair.settle();
    }
}

#[test]
fn a_challenged_invite_becomes_one_call() {
    let mut pair = Pair::new();
    let mut server = Authenticator::new([5; 32]);
    let mut request = pair.request();
    request.credentials = Some(Credentials::password("alice", "secret"));
    let now = pair.now;
    pair.alice().invite(now, request).unwrap();
    let first = pair.expect_invite();
    let now = pair.now;
    let headers = server.challenge(now, ChallengeKind::Proxy, "h", &[Algorithm::Md5], false);
    pair.bob().reject(now, first, 407, "", &headers).unwrap();
    let (second, request) = pair.expect(B, |event| match event {
        Event::Invite { session, request } if *session != first => {
            Some((*session, request.message.clone()))
        }
        _ => None,
    });
    let lookup = |claim: jackfield_sip::auth::Claim<'_>| {
        Some(Ha1::new(claim.algorithm, "alice", "h", "secret"))
    };
    let verdict = server.verify(pair.now, ChallengeKind::Proxy, "h", &request, lookup);
    assert_eq!(
        verdict,
        Verdict::Accepted {
            username: "alice".into()
        }
    );
    assert_eq!(request.sdp(), sdp("v=0 offer"));
    let now = pair.now;
    pair.bob()
        .accept(now, second, sdp("v=0 answer"), &[])
        .unwrap();
    pair.expect(A, |event| {
        matches!(event, Event::Answered { .. }).then_some(())
    });
    pair.run(Duration::from_secs(1));
    let now = pair.now;
    pair.bob().hangup(now, second, 480, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(A), Event::Bye { .. }));
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
