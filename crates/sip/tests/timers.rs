//! Retransmissions and time-outs against a peer that is silent at the worst moment
//! (RFC 3261 §17, table 4; RFC 6026). Times are milliseconds after the first datagram.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::message::{Message, Method};
use jackfield_sip::{EndpointConfig, Event, Timers};
use pair::{A, B, Pair, Weather};

/// The network swallows everything that fits.
fn swallowing(filter: fn(usize, &Message) -> bool) -> Pair {
    let mut pair = Pair::new();
    pair.filter = filter;
    pair
}

fn is_request(message: &Message, method: &Method) -> bool {
    message.method() == Some(method)
}

fn is_answer(message: &Message, code: u16) -> bool {
    message.code() == Some(code) && message.cseq().unwrap().method == Method::Invite
}

#[test]
fn an_invite_into_silence_doubles_and_times_out() {
    let mut pair = swallowing(|_, _| false);
    pair.invite();
    assert!(matches!(pair.expect_terminal(A), Event::Timeout { .. }));
    assert_eq!(
        pair.times(A, "INVITE"),
        [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]
    );
    assert_eq!((pair.now - pair.start).as_millis(), 32_000);
    pair.settle();
}

#[test]
fn on_a_connection_nothing_is_sent_twice() {
    let mut pair = swallowing(|_, _| false);
    pair.transport = jackfield_sip::transport::Transport::Tcp;
    pair.invite();
    assert!(matches!(pair.expect_terminal(A), Event::Timeout { .. }));
    assert_eq!(pair.times(A, "INVITE"), [0]);
    pair.settle();
}

#[test]
fn a_provisional_answer_ends_the_repetitions() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    pair.expect_invite();
    pair.run(Duration::from_secs(100));
    assert_eq!(pair.times(A, "INVITE"), [0]);
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn a_lost_failure_is_repeated_until_its_ack() {
    // The ACK never arrives: timer G doubles up to T2, timer H ends it.
    let mut pair = swallowing(|_, message| !is_request(message, &Method::Ack));
    pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().reject(now, bob, 486, "", &[]).unwrap();
    pair.run(Duration::from_secs(60));
    let times: Vec<_> = pair
        .times(B, "486 INVITE")
        .into_iter()
        .map(|at| at - 10)
        .collect();
    assert_eq!(
        times,
        [
            0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(
        pair.times(A, "ACK").len(),
        times.len(),
        "every repetition gets its ACK"
    );
    pair.settle();
}

#[test]
fn a_2xx_without_ack_is_repeated_and_then_hung_up() {
    let mut pair = swallowing(|_, message| !is_request(message, &Method::Ack));
    pair.invite();
    let bob = pair.expect_invite();
    let now = pair.now;
    pair.bob().accept(now, bob, None, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(B), Event::Timeout { .. }));
    assert!(matches!(pair.expect_terminal(A), Event::Bye { .. }));
    let times: Vec<_> = pair
        .times(B, "200 INVITE")
        .into_iter()
        .map(|at| at - 10)
        .collect();
    assert_eq!(
        times,
        [
            0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(pair.times(A, "ACK").len(), times.len());
    pair.settle();
}

#[test]
fn a_late_ack_still_counts() {
    // The first two ACKs are lost.
    let mut pair = Pair::new();
    pair.invite();
    let bob = pair.expect_invite();
    pair.filter = |_, message| !is_request(message, &Method::Ack);
    let now = pair.now;
    pair.bob().accept(now, bob, None, &[]).unwrap();
    pair.run(Duration::from_millis(1_000));
    pair.filter = |_, _| true;
    pair.expect(B, |event| {
        matches!(event, Event::Acked { .. }).then_some(())
    });
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.times(B, "200 INVITE").len(), 3);
    let now = pair.now;
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn once_the_bye_is_here_the_2xx_is_not_repeated() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    let bob = pair.expect_invite();
    pair.filter = |_, message| !is_request(message, &Method::Ack);
    let now = pair.now;
    pair.bob().accept(now, bob, None, &[]).unwrap();
    pair.expect(A, |event| {
        matches!(event, Event::Answered { .. }).then_some(())
    });
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(B), Event::Bye { .. }));
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.times(B, "200 INVITE").len(), 1);
    pair.settle();
}

#[test]
fn a_bye_into_silence_ends_the_session_all_the_same() {
    let mut pair = Pair::new();
    let (alice, _) = pair.established();
    pair.filter = |_, _| false;
    let before = pair.now;
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(A), Event::Ended { .. }));
    assert_eq!(pair.now - before, Duration::from_secs(32));
    // Timer E: doubles up to T2.
    assert_eq!(pair.times(A, "BYE").len(), 11);
    pair.filter = |_, _| true;
    let now = pair.now;
    let bob = pair.sides[B].events.iter().find_map(Event::session);
    assert!(bob.is_none(), "the callee knows nothing yet");
    let bob = jackfield_sip::SessionId(2);
    if pair.bob().dialog(bob).is_some() {
        pair.bob().hangup(now, bob, 480, &[]).unwrap();
    }
    pair.run(Duration::from_secs(60));
}

#[test]
fn a_cancel_that_leads_to_nothing_is_given_up() {
    let mut pair = Pair::new();
    let alice = pair.invite();
    pair.expect_invite();
    pair.run(Duration::from_secs(1));
    pair.filter = |_, message| !is_answer(message, 487);
    let now = pair.now;
    pair.alice().hangup(now, alice, 480, &[]).unwrap();
    assert!(matches!(pair.expect_terminal(A), Event::Ended { .. }));
    assert_eq!(pair.now - now, Duration::from_secs(32));
    pair.settle();
}

#[test]
fn endless_ringing_is_cancelled() {
    let config = EndpointConfig {
        timers: Timers {
            ringing: Duration::from_secs(20),
            ..Timers::default()
        },
        ..EndpointConfig::default()
    };
    let mut pair = Pair::with_config(1, Weather::default(), config);
    pair.invite();
    pair.expect_invite();
    assert!(matches!(pair.expect_terminal(A), Event::Timeout { .. }));
    assert!(matches!(pair.expect_terminal(B), Event::Cancelled { .. }));
    pair.settle();
}

#[test]
fn a_reinvite_into_silence_ends_the_session() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    pair.filter = |from, _| from == B;
    let now = pair.now;
    pair.alice()
        .reinvite(now, alice, Some(Bytes::from_static(b"v=0")), &[])
        .unwrap();
    assert!(matches!(pair.expect_terminal(A), Event::Timeout { .. }));
    let now = pair.now;
    pair.filter = |_, _| true;
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    assert!(matches!(
        pair.expect_terminal(B),
        Event::Bye { .. } | Event::Ended { .. }
    ));
    pair.settle();
}

#[test]
fn an_owner_who_never_answers_a_request_leaks_nothing() {
    let mut pair = Pair::new();
    let (alice, bob) = pair.established();
    let now = pair.now;
    pair.alice()
        .request_in_dialog(
            now,
            alice,
            Method::Message,
            &[],
            Some(("text/plain", Bytes::from_static(b"hi"))),
        )
        .unwrap();
    let code = pair.expect(A, |event| {
        if let Event::Response { code, .. } = event {
            Some(*code)
        } else {
            None
        }
    });
    assert_eq!(code, 408);
    let now = pair.now;
    pair.bob().hangup(now, bob, 480, &[]).unwrap();
    pair.settle();
}

#[test]
fn a_lost_connection_fails_what_waits_on_it() {
    let mut pair = swallowing(|_, _| false);
    pair.transport = jackfield_sip::transport::Transport::Tcp;
    pair.invite();
    let flow = pair.flow(A);
    let now = pair.now;
    pair.flush();
    pair.alice().handle_flow_closed(now, flow.id);
    assert!(matches!(
        pair.expect_terminal(A),
        Event::TransportFailed { .. }
    ));
    pair.invite();
    let now = pair.now;
    let transmit = pair.alice().poll_transmit().unwrap();
    pair.alice().handle_transmit_failed(now, &transmit);
    assert!(matches!(
        pair.expect_terminal(A),
        Event::TransportFailed { .. }
    ));
    pair.settle();
}
