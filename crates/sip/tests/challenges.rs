//! Requests that have to say who sends them: digest challenges, answered by the endpoint itself.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::auth::{Algorithm, Authenticator, ChallengeKind, Credentials, Ha1, Verdict};
use jackfield_sip::message::Method;
use jackfield_sip::{Event, OutOfDialogRequest, Party};
use pair::{A, B, Pair};

fn sdp(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
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
