//! Reliable provisional responses (RFC 3262) and UPDATE (RFC 3311) between two endpoints.

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
use jackfield_sip::message::{HeaderName, Method};
use jackfield_sip::{EndpointError, Event, Extensions};
use pair::{A, B, Pair, Weather};

fn reliable(weather: Weather) -> Pair {
    let both = Extensions {
        reliable: true,
        timer: None,
    };
    extended(7, weather, both, both)
}

fn expect_progress(pair: &mut Pair, wanted: u16) -> Option<Bytes> {
    pair.expect(A, |event| match event {
        Event::Progress { code, sdp, .. } if *code == wanted => Some(sdp.clone()),
        _ => None,
    })
}

#[test]
fn an_early_answer_is_acknowledged_and_the_200_brings_none() {
    let mut pair = reliable(Weather::default());
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    // The answer to the call waits for the PRACK of the description.
    pair.bob().accept(now, bob, Some(ANSWER), &[]).unwrap();
    assert_eq!(
        pair.bob().accept(now, bob, Some(ANSWER), &[]),
        Err(EndpointError::InvalidState)
    );
    assert_eq!(expect_progress(&mut pair, 183), Some(ANSWER));
    assert_eq!(
        expect_answered(&mut pair),
        Some(ANSWER),
        "of the reliable response"
    );
    let heard = pair.spoken(B);
    assert_eq!(
        heard,
        ["100 INVITE", "183 INVITE", "200 PRACK", "200 INVITE"]
    );
    assert_eq!(pair.spoken(A), ["INVITE", "PRACK", "ACK"]);
    let ok = all_sent(&pair, B, "200 INVITE").pop().unwrap();
    assert_eq!(ok.sdp(), None);
    let number = header(&pair, B, "183 INVITE", HeaderName::RSeq).unwrap();
    let cseq = header(&pair, A, "INVITE", HeaderName::CSeq).unwrap();
    assert_eq!(
        header(&pair, A, "PRACK", HeaderName::RAck),
        Some(format!("{number} {cseq}"))
    );
    end(&mut pair, alice);
}

#[test]
fn a_lost_reliable_response_is_repeated_and_a_lost_prack_too() {
    let mut pair = reliable(Weather::default());
    pair.filter = |_, message| message.code() != Some(183) && message.code() != Some(200);
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    pair.run(Duration::from_millis(3600));
    let first = pair.times(B, "183 INVITE");
    let waits: Vec<_> = first.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(waits, [500, 1000, 2000], "T1, doubling (RFC 3262 §3)");
    pair.filter = |side, message| side == B || message.method() != Some(&Method::Prack);
    assert_eq!(expect_progress(&mut pair, 183), Some(ANSWER));
    pair.run(Duration::from_secs(2));
    pair.filter = |_, _| true;
    pair.run(Duration::from_secs(10));
    let before = pair.times(B, "183 INVITE").len();
    assert!(pair.times(A, "PRACK").len() > 1);
    assert!(!pair.times(B, "200 PRACK").is_empty());
    pair.run(Duration::from_secs(30));
    assert_eq!(
        pair.times(B, "183 INVITE").len(),
        before,
        "the PRACK ends it"
    );
    let events = &pair.sides[A].events;
    let again = events
        .iter()
        .any(|event| matches!(event, Event::Progress { code: 183, .. }));
    assert!(!again, "a repetition is not reported");
    end(&mut pair, alice);
}

#[test]
fn without_prack_the_call_is_refused() {
    let mut pair = reliable(Weather::default());
    pair.filter = |_, message| message.method() != Some(&Method::Prack);
    pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    let ended = pair.expect_terminal(B);
    assert!(matches!(ended, Event::Timeout { .. }), "{ended:?}");
    let ended = pair.expect_terminal(A);
    assert!(
        matches!(ended, Event::Rejected { code: 504, .. }),
        "{ended:?}"
    );
    assert_eq!(
        (pair.now - pair.start).as_secs(),
        32,
        "64·T1 after the first"
    );
    pair.settle();
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut pair = reliable(Weather::default());
    let mut request = pair.request();
    request.sdp = None;
    let now = pair.now;
    let alice = pair.alice().invite(now, request).unwrap();
    let bob = pair.expect_invite();
    assert!(pair.bob().dialog(bob).unwrap().is_reliable);
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(OFFER), &[])
        .unwrap();
    assert_eq!(expect_progress(&mut pair, 183), Some(OFFER));
    pair.run(Duration::from_secs(3));
    assert!(
        pair.times(A, "PRACK").is_empty(),
        "it waits for the answer of the owner"
    );
    let now = pair.now;
    pair.alice().acknowledge(now, alice, Some(ANSWER)).unwrap();
    let answer = pair.expect(B, |event| match event {
        Event::ProgressAcked { sdp, .. } => Some(sdp.clone()),
        _ => None,
    });
    assert_eq!(answer, Some(ANSWER));
    let now = pair.now;
    pair.bob().accept(now, bob, Some(OFFER), &[]).unwrap();
    assert_eq!(
        expect_answered(&mut pair),
        None,
        "there is nothing to answer any more"
    );
    assert_eq!(
        all_sent(&pair, A, "ACK").len(),
        1,
        "and the ACK owes nothing"
    );
    end(&mut pair, alice);
}

#[test]
fn who_requires_it_gets_every_ringing_numbered_one_after_the_other() {
    let mut pair = reliable(Weather::default());
    let mut request = pair.request();
    request.headers = vec![("Require".into(), "100rel".into())];
    let now = pair.now;
    let alice = pair.alice().invite(now, request).unwrap();
    let bob = pair.expect_invite();
    let now = pair.now;
    for code in [180, 181, 182] {
        pair.bob().provisional(now, bob, code, None, &[]).unwrap();
    }
    for code in [180, 181, 182] {
        expect_progress(&mut pair, code);
    }
    pair.run(Duration::from_millis(100));
    let numbers: Vec<u32> = [180, 181, 182]
        .map(|code| header(&pair, B, &format!("{code} INVITE"), HeaderName::RSeq).unwrap())
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    assert_eq!(numbers[1..], [numbers[0] + 1, numbers[0] + 2]);
    assert_eq!(
        pair.spoken(B),
        [
            "100 INVITE",
            "180 INVITE",
            "200 PRACK",
            "181 INVITE",
            "200 PRACK",
            "182 INVITE",
            "200 PRACK"
        ]
    );
    end(&mut pair, alice);
}

#[test]
fn who_only_can_gets_a_plain_ringing() {
    let mut pair = reliable(Weather::default());
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().provisional(now, bob, 180, None, &[]).unwrap();
    expect_progress(&mut pair, 180);
    assert_eq!(header(&pair, B, "180 INVITE", HeaderName::RSeq), None);
    end(&mut pair, alice);
}

#[test]
fn where_it_is_off_it_may_not_be_required_but_is_acknowledged() {
    let on = Extensions {
        reliable: true,
        timer: None,
    };
    let mut pair = extended(7, Weather::default(), on, Extensions::default());
    let mut request = pair.request();
    request.headers = vec![("Require".into(), "100rel".into())];
    let now = pair.now;
    pair.alice().invite(now, request).unwrap();
    let ended = pair.expect_terminal(A);
    assert!(
        matches!(ended, Event::Rejected { code: 420, .. }),
        "{ended:?}"
    );
    let said = header(&pair, B, "420 INVITE", HeaderName::Unsupported);
    assert_eq!(said.as_deref(), Some("100rel"));
    pair.settle();
    // As caller: a peer that was not asked and does it anyway.
    let mut pair = extended(7, Weather::default(), Extensions::default(), on);
    let mut request = pair.request();
    request.headers = vec![("Supported".into(), "100rel".into())];
    let now = pair.now;
    let alice = pair.alice().invite(now, request).unwrap();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    expect_progress(&mut pair, 183);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.times(A, "PRACK").len(), 1);
    end(&mut pair, alice);
}

#[test]
fn a_prack_for_nothing_gets_481() {
    let mut pair = reliable(Weather::default());
    let (alice, _) = pair.established();
    let now = pair.now;
    let headers = [("RAck".to_owned(), "1 1 INVITE".to_owned())];
    let asked = pair
        .alice()
        .request_in_dialog(now, alice, Method::Prack, &headers, None)
        .unwrap();
    let code = pair.expect(A, |event| match event {
        Event::Response { id, code, .. } if *id == asked => Some(*code),
        _ => None,
    });
    assert_eq!(code, 481);
    end(&mut pair, alice);
}

#[test]
fn a_cancelled_call_forgets_its_reliable_response() {
    let mut pair = reliable(Weather::default());
    pair.filter = |_, message| message.method() != Some(&Method::Prack);
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    expect_progress(&mut pair, 183);
    end(&mut pair, alice);
}

#[test]
fn a_cancelled_call_leaves_no_timer_of_its_reliable_response() {
    let timers_after = |is_reliable| {
        let both = Extensions {
            reliable: is_reliable,
            timer: None,
        };
        let mut pair = extended(7, Weather::default(), both, both);
        pair.filter = |_, message| message.method() != Some(&Method::Prack);
        let alice = pair.invite();
        let bob = pair.expect_invite();
        let now = pair.now;
        pair.bob()
            .provisional(now, bob, 183, Some(ANSWER), &[])
            .unwrap();
        expect_progress(&mut pair, 183);
        let now = pair.now;
        pair.alice().hangup(now, alice, 480, &[]).unwrap();
        pair.expect_terminal(B);
        let timers = pair.bob().counts().timers;
        pair.settle();
        timers
    };
    assert_eq!(timers_after(true), timers_after(false));
}

#[test]
fn early_offers_are_taken_in_turn() {
    let mut pair = reliable(Weather::default());
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    let early = pair.alice().reinvite(now, alice, Some(OFFER), &[]);
    assert_eq!(
        early,
        Err(EndpointError::InvalidState),
        "its offer is open (RFC 3311 §5.1)"
    );
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    expect_progress(&mut pair, 183);
    pair.run(Duration::from_millis(100));
    let now = pair.now;
    pair.alice().reinvite(now, alice, Some(OFFER), &[]).unwrap();
    assert_eq!(expect_change(&mut pair, B), Some(OFFER));
    // Who is asked may not ask at the same time.
    let now = pair.now;
    assert_eq!(
        pair.bob().reinvite(now, bob, Some(OFFER), &[]),
        Err(EndpointError::InvalidState)
    );
    // The answer to the call is behind the answer to the UPDATE.
    let changed = Bytes::from_static(b"v=0 changed");
    pair.bob().accept(now, bob, Some(ANSWER), &[]).unwrap();
    pair.run(Duration::from_millis(200));
    assert!(pair.times(B, "200 INVITE").is_empty());
    let now = pair.now;
    pair.bob()
        .answer_reinvite(now, bob, Some(changed.clone()), &[])
        .unwrap();
    let answer = pair.expect(A, |event| match event {
        Event::ReinviteAnswered { sdp, .. } => Some(sdp.clone()),
        _ => None,
    });
    assert_eq!(answer, Some(changed));
    assert_eq!(
        expect_answered(&mut pair),
        None,
        "the first answer counts no more"
    );
    assert_eq!(pair.spoken(A), ["INVITE", "PRACK", "UPDATE", "ACK"]);
    end(&mut pair, alice);
}

#[test]
fn an_offer_beside_an_open_one_is_refused_by_whose_that_is() {
    let mut pair = reliable(Weather::default());
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().provisional(now, bob, 180, None, &[]).unwrap();
    expect_progress(&mut pair, 180);
    // Peers that do not keep to the order: the offer of the INVITE has no answer.
    for (side, session, code) in [(A, alice, 500), (B, bob, 491)] {
        let now = pair.now;
        let body = Some(("application/sdp", OFFER));
        let asked = pair.sides[side]
            .endpoint
            .request_in_dialog(now, session, Method::Update, &[], body)
            .unwrap();
        let answer = pair.expect(side, |event| match event {
            Event::Response {
                id,
                code,
                response: Some(response),
                ..
            } if *id == asked => Some((*code, response.clone())),
            _ => None,
        });
        let wait = answer.1.header(HeaderName::RetryAfter);
        assert_eq!((answer.0, wait.is_some()), (code, code == 500));
    }
    end(&mut pair, alice);
}

#[test]
fn two_early_offers_at_once_meet_and_one_comes_through_later() {
    let mut pair = reliable(Weather::default());
    let alice = pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob()
        .provisional(now, bob, 183, Some(ANSWER), &[])
        .unwrap();
    expect_progress(&mut pair, 183);
    pair.run(Duration::from_millis(100));
    let now = pair.now;
    let both = [
        pair.bob().reinvite(now, bob, Some(OFFER), &[]),
        pair.alice().reinvite(now, alice, Some(OFFER), &[]),
    ];
    assert_eq!(both, [Ok(()), Ok(())]);
    expect_change(&mut pair, A);
    assert!(pair.times(A, "491 UPDATE").len() + pair.times(B, "491 UPDATE").len() >= 1);
    let now = pair.now;
    pair.alice()
        .answer_reinvite(now, alice, Some(ANSWER), &[])
        .unwrap();
    pair.expect(B, |event| {
        matches!(event, Event::ReinviteAnswered { .. }).then_some(())
    });
    end(&mut pair, alice);
}

#[test]
fn an_update_without_description_moves_the_target_only() {
    let mut pair = reliable(Weather::default());
    let (alice, bob) = pair.established();
    let now = pair.now;
    let asked = pair
        .alice()
        .request_in_dialog(now, alice, Method::Update, &[], None)
        .unwrap();
    let code = pair.expect(A, |event| match event {
        Event::Response { id, code, .. } if *id == asked => Some(*code),
        _ => None,
    });
    assert_eq!(code, 200);
    assert!(pair.sides[B].events.is_empty(), "nothing is to be decided");
    assert!(pair.bob().dialog(bob).unwrap().takes_update);
    end(&mut pair, alice);
}
