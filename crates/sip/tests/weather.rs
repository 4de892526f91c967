//! Random calls through a network that loses, doubles and reorders: every session ends with exactly
//! one terminal event and nothing is left. A failure names its seed.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

mod pair;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use jackfield_sip::message::Method;
use jackfield_sip::{EndpointConfig, EndpointError, Event, Extensions, SessionId, TimerTerms};
use pair::{A, B, Pair, Weather};

/// What became of the sessions of one side.
#[derive(Default)]
struct Ledger {
    open: HashMap<SessionId, Stage>,
    ended: u32,
    answered: u32,
    /// Sessions whose peer waits for an answer to its offer.
    asked: HashSet<SessionId>,
    /// Offers answered before the final answer, and reliable ones acknowledged.
    early_changes: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Young,
    Answered,
}

fn play(seed: u64, weather: Weather, calls: u32) -> (u32, u32) {
    let [alice, bob] = play_in(Pair::seeded(seed, weather), seed, calls);
    (alice.answered, bob.answered)
}

/// With reliable responses and session timers on both sides.
fn play_extended(seed: u64, weather: Weather, calls: u32) -> [Ledger; 2] {
    let extensions = Extensions {
        reliable: true,
        timer: Some(TimerTerms {
            interval_s: Some(2),
            minimum_s: 1,
        }),
    };
    let config = EndpointConfig {
        extensions: vec![("192.0.2.1:5060".parse().unwrap(), extensions)],
        ..EndpointConfig::default()
    };
    play_in(Pair::with_config(seed, weather, config), seed, calls)
}

fn play_in(mut pair: Pair, seed: u64, calls: u32) -> [Ledger; 2] {
    let mut ledgers = [Ledger::default(), Ledger::default()];
    let mut placed = 0;
    for round in 0..calls * 40 {
        if placed < calls && round % 3 == 0 {
            let mut request = pair.request();
            if pair.random(4) == 0 {
                request.sdp = None;
            }
            let now = pair.now;
            let session = pair.alice().invite(now, request).unwrap();
            ledgers[A].open.insert(session, Stage::Young);
            placed += 1;
        }
        let pause = Duration::from_millis(u64::from(pair.random(400)));
        pair.run(pause);
        for side in [A, B] {
            for event in std::mem::take(&mut pair.sides[side].events) {
                record(&mut ledgers[side], &event, seed);
                react(&mut pair, side, &mut ledgers[side], &event);
            }
            whim(&mut pair, side, &mut ledgers[side]);
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
    ledgers
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
        Event::Reinvite { .. } => {
            assert!(
                ledger.asked.insert(session),
                "seed {seed}: two offers of the peer are open"
            );
            if *stage == Stage::Young {
                ledger.early_changes += 1;
            }
        }
        Event::ProgressAcked { .. } => ledger.early_changes += 1,
        // A re-INVITE that is cancelled, or an UPDATE given up, is no longer open.
        _ => {}
    }
    if event.is_terminal() {
        ledger.asked.remove(&session);
        ledger.open.remove(&session);
        ledger.ended += 1;
    }
}

/// What a user does about an event.
fn react(pair: &mut Pair, side: usize, ledger: &mut Ledger, event: &Event) {
    let now = pair.now;
    let sdp = Some(Bytes::from_static(b"v=0"));
    let dice = pair.random(10);
    let endpoint = &mut pair.sides[side].endpoint;
    // The session may have ended between the event and now; then the call is refused, and that is fine.
    let outcome = match event {
        Event::Invite { session, .. } => match dice {
            0 => endpoint.reject(now, *session, 486, "", &[]),
            1..=2 => endpoint.provisional(now, *session, 180, None, &[]),
            3..=6 => endpoint.provisional(now, *session, 183, sdp, &[]),
            _ => endpoint.accept(now, *session, sdp, &[]),
        },
        Event::Reinvite { .. } if dice > 7 => Ok(()),
        Event::Reinvite { session, .. } => {
            ledger.asked.remove(session);
            match dice {
                0 => endpoint.refuse_reinvite(now, *session, 488, &[]),
                _ => endpoint.answer_reinvite(now, *session, sdp, &[]),
            }
        }
        // Whether anything is owed depends on who made the offer.
        Event::Progress { session, .. } | Event::Answered { session, .. } => {
            endpoint.acknowledge(now, *session, sdp)
        }
        _ => Ok(()),
    };
    assert!(matches!(
        outcome,
        Ok(()) | Err(EndpointError::UnknownSession | EndpointError::InvalidState)
    ));
}

/// What a user does out of the blue.
fn whim(pair: &mut Pair, side: usize, ledger: &mut Ledger) {
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
        if ledger.asked.contains(&session) && dice > 10 {
            ledger.asked.remove(&session);
            allowed(endpoint.answer_reinvite(now, session, sdp, &[]));
            continue;
        }
        let changes = matches!(dice, 7..=9) && stage == Stage::Young;
        if changes || (stage == Stage::Answered && matches!(dice, 2..=4)) {
            let outcome = endpoint.reinvite(now, session, sdp, &[]);
            assert!(
                outcome.is_err() || !ledger.asked.contains(&session),
                "an offer of ours beside an open one of the peer"
            );
            allowed(outcome);
            continue;
        }
        match (stage, dice) {
            (Stage::Young, 0..=2) => allowed(endpoint.hangup(now, session, 480, &[])),
            (Stage::Young, 3..=6) => allowed(endpoint.accept(now, session, sdp, &[])),
            (Stage::Answered, 0..=1) => allowed(endpoint.hangup(now, session, 480, &[])),
            (Stage::Answered, 6) => {
                allowed(endpoint.request_in_dialog(now, session, Method::Update, &[], None))
            }
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

#[test]
fn with_extensions_every_call_ends_in_any_weather() {
    let bad = Weather {
        loss: 10,
        duplication: 5,
        jitter: Duration::from_millis(80),
    };
    let storm = Weather {
        loss: 40,
        duplication: 30,
        jitter: Duration::from_millis(900),
    };
    let (mut answered, mut changes) = (0, 0);
    for seed in 200..216 {
        for weather in [Weather::default(), bad, storm] {
            let [alice, bob] = play_extended(seed, weather, 20);
            answered += alice.answered;
            changes += alice.early_changes + bob.early_changes;
        }
    }
    assert!(answered > 200 && changes > 100, "{answered} {changes}");
}

/// A user's whim may come too late or at the wrong moment; no other refusal is right.
fn allowed<T>(outcome: Result<T, EndpointError>) {
    assert!(matches!(
        outcome,
        Ok(_) | Err(EndpointError::UnknownSession | EndpointError::InvalidState)
    ));
}
