//! Random calls through a network that loses, doubles and reorders: every session ends with exactly
//! one terminal event and nothing is left. A failure names its seed.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::{EndpointError, Event, SessionId};
use pair::{A, B, Pair, Weather};

/// What became of the sessions of one side.
#[derive(Default)]
struct Ledger {
    open: HashMap<SessionId, Stage>,
    ended: u32,
    answered: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Young,
    Answered,
}

fn play(seed: u64, weather: Weather, calls: u32) -> (u32, u32) {
    let mut pair = Pair::seeded(seed, weather);
    let mut ledgers = [Ledger::default(), Ledger::default()];
    let mut placed = 0;
    for round in 0..calls * 40 {
        if placed < calls && round % 3 == 0 {
            let session = pair.invite();
            ledgers[A].open.insert(session, Stage::Young);
            placed += 1;
        }
        let pause = Duration::from_millis(u64::from(pair.random(400)));
        pair.run(pause);
        for side in [A, B] {
            for event in std::mem::take(&mut pair.sides[side].events) {
                record(&mut ledgers[side], &event, seed);
                react(&mut pair, side, &event);
            }
            whim(&mut pair, side, &ledgers[side]);
        }
    }
    // Whoever still talks hangs up.
    for side in [A, B] {
        for session in ledgers[side].open.keys() {
            let now = pair.now;
            pair.sides[side]
                .endpoint
                .hangup(now, *session, 480, &[])
                .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }
    pair.run(Duration::from_secs(400));
    for side in [A, B] {
        for event in std::mem::take(&mut pair.sides[side].events) {
            record(&mut ledgers[side], &event, seed);
        }
        assert!(
            ledgers[side].open.is_empty(),
            "seed {seed}: sessions without an end on side {side}"
        );
        assert_eq!(
            pair.sides[side].endpoint.counts(),
            jackfield_sip::Counts::default(),
            "seed {seed}"
        );
    }
    assert_eq!(ledgers[A].ended, calls, "seed {seed}");
    (ledgers[A].answered, ledgers[B].answered)
}

fn record(ledger: &mut Ledger, event: &Event, seed: u64) {
    let Some(session) = event.session() else {
        return;
    };
    if let Event::Invite { .. } = event {
        assert!(
            ledger.open.insert(session, Stage::Young).is_none(),
            "seed {seed}: announced twice"
        );
        return;
    }
    // A response to a request of a session may come after the session's end.
    if let Event::Response { .. } = event {
        return;
    }
    let stage = ledger
        .open
        .get_mut(&session)
        .unwrap_or_else(|| panic!("seed {seed}: {event:?} after the end"));
    match event {
        Event::Answered { .. } | Event::Acked { .. } if *stage == Stage::Young => {
            *stage = Stage::Answered;
            ledger.answered += 1;
        }
        _ => {}
    }
    if event.is_terminal() {
        ledger.open.remove(&session);
        ledger.ended += 1;
    }
}

/// What a user does about an event.
fn react(pair: &mut Pair, side: usize, event: &Event) {
    let now = pair.now;
    let sdp = Some(Bytes::from_static(b"v=0"));
    let dice = pair.random(10);
    let endpoint = &mut pair.sides[side].endpoint;
    // The session may have ended between the event and now; then the call is refused, and that is fine.
    let outcome = match event {
        Event::Invite { session, .. } => match dice {
            0 => endpoint.reject(now, *session, 486, "", &[]),
            1..=4 => endpoint.provisional(now, *session, 180, None, &[]),
            _ => endpoint.accept(now, *session, sdp, &[]),
        },
        Event::Reinvite { session, .. } if dice == 0 => {
            endpoint.refuse_reinvite(now, *session, 488, &[])
        }
        Event::Reinvite { session, .. } => endpoint.answer_reinvite(now, *session, sdp, &[]),
        _ => Ok(()),
    };
    assert!(matches!(
        outcome,
        Ok(()) | Err(EndpointError::UnknownSession | EndpointError::InvalidState)
    ));
}

/// What a user does out of the blue.
fn whim(pair: &mut Pair, side: usize, ledger: &Ledger) {
    let mut sessions: Vec<_> = ledger
        .open
        .iter()
        .map(|(session, stage)| (*session, *stage))
        .collect();
    sessions.sort_by_key(|(session, _)| *session);
    for (session, stage) in sessions {
        let now = pair.now;
        let dice = pair.random(30);
        let endpoint = &mut pair.sides[side].endpoint;
        let sdp = Some(Bytes::from_static(b"v=0"));
        match (stage, dice) {
            (Stage::Young, 0..=2) => allowed(endpoint.hangup(now, session, 480, &[])),
            (Stage::Young, 3..=6) => allowed(endpoint.accept(now, session, sdp, &[])),
            (Stage::Answered, 0..=1) => allowed(endpoint.hangup(now, session, 480, &[])),
            (Stage::Answered, 2..=4) => allowed(endpoint.reinvite(now, session, sdp, &[])),
            (Stage::Answered, 5) => {
                allowed(endpoint.info(now, session, "application/x", Bytes::from_static(b"x")))
            }
            _ => {}
        }
    }
}

#[test]
fn in_good_weather_calls_get_through() {
    let (alice, bob) = play(1, Weather::default(), 60);
    assert!(alice > 30 && bob > 30, "{alice} {bob}");
}

#[test]
fn in_bad_weather_every_call_ends() {
    let weather = Weather {
        loss: 10,
        duplication: 5,
        jitter: Duration::from_millis(80),
    };
    let answered: u32 = (0..12).map(|seed| play(seed, weather, 25).0).sum();
    assert!(answered > 100, "{answered}");
}

#[test]
fn in_a_storm_every_call_ends() {
    let weather = Weather {
        loss: 45,
        duplication: 30,
        jitter: Duration::from_millis(900),
    };
    for seed in 100..108 {
        play(seed, weather, 15);
    }
}

/// A user's whim may come too late or at the wrong moment; no other refusal is right.
fn allowed<T>(outcome: Result<T, EndpointError>) {
    assert!(matches!(
        outcome,
        Ok(_) | Err(EndpointError::UnknownSession | EndpointError::InvalidState)
    ));
}
