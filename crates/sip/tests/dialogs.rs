//! What happens inside a call that stands: hold, glare, an offer in the answer, other requests.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::message::{HeaderName, Method};
use jackfield_sip::{EndpointError, Event};
use pair::{A, B, Pair};

fn sdp(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
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
    // Alice's offer was made for what the session was before.
    pair.expect(A, |event| {
        matches!(event, Event::ReinviteOutdated { .. }).then_some(())
    });
    let waited = pair.now - now;
    assert!(
        (Duration::from_millis(2_100)..Duration::from_millis(4_100)).contains(&waited),
        "{waited:?}"
    );
    let at = pair.now;
    pair.alice()
        .reinvite(at, alice, sdp("v=0 from alice, anew"), &[])
        .unwrap();
    let offer = pair.expect(B, |event| match event {
        Event::Reinvite { sdp, .. } => Some(sdp.clone()),
        _ => None,
    });
    assert_eq!(offer, sdp("v=0 from alice, anew"));
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
