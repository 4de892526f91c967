//! Calls in which nothing was to be learnt for a while: muted microphones, headsets, others who were silent.

use super::*;

/// What was heard and what was said meanwhile.
struct Part {
    heard: Vec<i16>,
    said: Vec<i16>,
}

/// What a room with a loudspeaker is for the canceller, and then somebody who speaks in it against the others.
struct Outcome {
    /// Echo return loss enhancement of each second, decibels.
    by_second: Vec<f64>,
    /// The same over the last two of the seconds.
    erle_db: f64,
    /// What came out of who spoke against the others, relative to that voice, decibels.
    kept_db: f64,
    /// What was not that voice, relative to it.
    off_db: f64,
    /// Loudest second of what came out before the loudspeaker.
    before_dbfs: f64,
}

const ALONE_S: usize = 20;
const BOTH_S: usize = 8;

fn talks(seed: u64, seconds: usize) -> Vec<i16> {
    talker(seed, RATE as u32, seconds, -20.0)
}

/// The others speak, the microphone is muted by a telephone that then sends `dbfs` of noise, or nothing at all.
fn muted(seed: u64, seconds: usize, dbfs: Option<f64>) -> Part {
    let samples = seconds * RATE;
    Part {
        heard: talks(seed, seconds),
        said: dbfs.map_or_else(|| vec![0; samples], |dbfs| noise(31, samples, dbfs)),
    }
}

/// The others speak, and a loudspeaker brings it into the microphone.
fn echoing(seed: u64, seconds: usize) -> Part {
    let heard = talks(seed, seconds);
    let said = sum(&echo_of(&heard, 60, 77), &noise(9, heard.len(), -75.0));
    Part { heard, said }
}

/// The others say nothing; here somebody speaks now and then.
fn silent(seconds: usize, speaks: bool) -> Part {
    let samples = seconds * RATE;
    let mut said = noise(9, samples, -75.0);
    if speaks {
        let spoken = talker(42, RATE as u32, 10, -25.0);
        for at in (0..seconds).step_by(30) {
            let end = (at + 10).min(seconds) * RATE;
            let part = &mut said[at * RATE..end];
            let both = sum(part, &spoken);
            part.copy_from_slice(&both);
        }
    }
    Part {
        heard: vec![0; samples],
        said,
    }
}

fn then_a_loudspeaker(seed: u64, before: &[Part]) -> Outcome {
    let mut canceller = EchoCanceller::new();
    let mut before_dbfs = f64::NEG_INFINITY;
    for part in before {
        let out = cancelled(&mut canceller, &part.heard, &part.said);
        before_dbfs = out
            .chunks_exact(RATE)
            .map(level::dbfs)
            .fold(f64::NEG_INFINITY, f64::max);
    }
    let Part { heard, mut said } = echoing(seed, ALONE_S + BOTH_S);
    let mut near = talker(seed + 40, RATE as u32, ALONE_S + BOTH_S, -25.0);
    near[..ALONE_S * RATE].fill(0);
    said = sum(&said, &near);
    let out = cancelled(&mut canceller, &heard, &said);
    let by_second = (0..ALONE_S)
        .map(|s| erle(&said[..(s + 1) * RATE], &out[..(s + 1) * RATE], s))
        .collect();
    let erle_db = erle(&said[..ALONE_S * RATE], &out[..ALONE_S * RATE], ALONE_S - 2);
    let loud = level::dbfs(&near[ALONE_S * RATE..]);
    let later = ALONE_S * RATE + LOW_BLOCK..out.len();
    let off: Vec<i16> = later
        .clone()
        .map(|n| out[n] - near[n - LOW_BLOCK])
        .collect();
    Outcome {
        by_second,
        erle_db,
        kept_db: level::dbfs(&out[later]) - loud,
        off_db: level::dbfs(&off) - loud,
        before_dbfs,
    }
}

/// In three voices: an echo is gone in the end, and who speaks against it stays.
fn is_learnt_after(situation: &str, before: impl Fn(u64) -> Vec<Part>) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = [1, 2, 3]
        .into_iter()
        .map(|seed| {
            let outcome = then_a_loudspeaker(seed, &before(seed + 20));
            let Outcome {
                by_second,
                erle_db,
                kept_db,
                off_db,
                before_dbfs,
            } = &outcome;
            println!(
                "{situation}, {seed}: {by_second:.0?}, in the end {erle_db:.1} dB; who speaks against it {kept_db:+.1} dB, \
                 the rest {off_db:.1} dB; before {before_dbfs:.1} dBFS"
            );
            outcome
        })
        .collect();
    for outcome in &outcomes {
        let Outcome {
            erle_db,
            kept_db,
            off_db,
            ..
        } = outcome;
        assert!(*erle_db >= 20.0, "{situation}: {erle_db} dB");
        assert!(kept_db.abs() < 0.5, "{situation}: {kept_db} dB");
        assert!(*off_db < -19.0, "{situation}: {off_db} dB");
    }
    outcomes
}

#[test]
fn from_the_start() {
    is_learnt_after("from the start", |_| Vec::new());
}

#[test]
fn a_microphone_that_was_muted_first() {
    let outcomes = is_learnt_after("muted first", |seed| vec![muted(seed, 10, None)]);
    for outcome in outcomes {
        assert!(outcome.before_dbfs < -80.0, "{}", outcome.before_dbfs);
    }
}

#[test]
fn a_microphone_that_was_muted_in_between() {
    let outcomes = is_learnt_after("muted in between", |seed| {
        vec![echoing(seed + 7, 10), muted(seed, 10, None)]
    });
    for outcome in outcomes {
        assert!(outcome.before_dbfs < -80.0, "{}", outcome.before_dbfs);
        let first = outcome.by_second[0];
        assert!(first >= 20.0, "what was known was forgotten: {first} dB");
    }
}

#[test]
fn a_microphone_that_was_muted_by_a_telephone_with_a_law() {
    // Its silence is not 0.
    let silence = crate::codec::g711::alaw_to_linear(0xD5);
    assert_ne!(silence, 0);
    let outcomes = is_learnt_after("muted, A-law", |seed| {
        let mut part = muted(seed, 10, None);
        part.said.fill(silence);
        vec![echoing(seed + 7, 10), part]
    });
    for Outcome { by_second, .. } in outcomes {
        assert!(by_second[0] >= 20.0, "{by_second:?}");
    }
}

#[test]
fn a_muted_microphone_that_sends_comfort_noise() {
    let outcomes = is_learnt_after("muted with comfort noise", |seed| {
        vec![echoing(seed + 7, 10), muted(seed, 10, Some(-65.0))]
    });
    for outcome in outcomes {
        assert!(outcome.before_dbfs < -50.0, "{}", outcome.before_dbfs);
    }
}

#[test]
fn a_loudspeaker_after_a_headset() {
    let outcomes = is_learnt_after("headset first", |seed| vec![muted(seed, 30, Some(-50.0))]);
    for Outcome { by_second, .. } in outcomes {
        let learnt = by_second.iter().position(|&erle| erle >= 20.0);
        assert!(learnt.is_some_and(|second| second < 8), "{by_second:?}");
    }
}

#[test]
fn another_room_after_a_long_call() {
    let other = |seed| {
        let heard = talks(seed, 60);
        let said = sum(&echo_of(&heard, 140, 78), &noise(9, heard.len(), -75.0));
        vec![Part { heard, said }]
    };
    is_learnt_after("another room", other);
}

#[test]
fn others_who_said_nothing_for_five_minutes() {
    is_learnt_after("others silent", |_| vec![silent(300, false)]);
}

#[test]
fn others_who_said_nothing_while_somebody_spoke() {
    is_learnt_after("others silent, here somebody speaks", |seed| {
        vec![echoing(seed + 7, 10), silent(60, true)]
    });
}

#[test]
fn what_decays_in_silence_ends_in_nothing() {
    // Numbers too small to be normal ones are slow to reckon with.
    let quiet = |said_dbfs: Option<f64>| Part {
        heard: vec![0; 120 * RATE],
        said: muted(5, 120, said_dbfs).said,
    };
    for then in [quiet(None), quiet(Some(-60.0)), muted(5, 120, None)] {
        let mut canceller = EchoCanceller::new();
        for Part { heard, said } in [echoing(3, 10), then] {
            cancelled(&mut canceller, &heard, &said);
        }
        let filter = canceller.filter.numbers().chain(canceller.delay.numbers());
        let small = filter
            .chain(canceller.residual.numbers())
            .filter(|number| number.is_subnormal())
            .count();
        assert_eq!(small, 0, "numbers below the normal ones");
    }
}
