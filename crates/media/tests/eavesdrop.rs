//! A leg that hears what another one says and hears, and talks to either or both.

mod studio;

use jackfield_media as media;
use media::control::{Codec, LegId, MediaCommand, PlayId, Whisper};
use studio::Studio;

const A_HZ: f64 = 500.0;
const B_HZ: f64 = 800.0;
const LISTENER_HZ: f64 = 1300.0;

/// Decibels of a tone in the last half second a phone heard.
fn level_of(studio: &mut Studio, leg: LegId, hz: f64) -> f64 {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize / 2)..];
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in heard.iter().enumerate() {
        let turn = std::f64::consts::TAU * hz * n as f64 / f64::from(rate);
        re += f64::from(*sample) * turn.cos();
        im += f64::from(*sample) * turn.sin();
    }
    let top = 2.0 * re.hypot(im) / heard.len().max(1) as f64 / 32768.0;
    20.0 * top.max(1e-6).log10()
}

/// Which of the three tones a phone hears.
fn heard(studio: &mut Studio, leg: LegId) -> [bool; 3] {
    [A_HZ, B_HZ, LISTENER_HZ].map(|hz| {
        let db = level_of(studio, leg, hz);
        assert!(
            !(-50.0..-22.0).contains(&db),
            "{hz} Hz at {db} dBFS: neither there nor not"
        );
        if db > -22.0 {
            assert!((db + 20.0).abs() < 1.5, "{hz} Hz at {db} dBFS");
        }
        db > -22.0
    })
}

fn three(codecs: [Codec; 3]) -> (Studio, [LegId; 3]) {
    let mut studio = Studio::new(11);
    let legs = codecs.map(|codec| studio.phone(codec));
    for (leg, hz) in legs.into_iter().zip([A_HZ, B_HZ, LISTENER_HZ]) {
        studio.at(leg).say(hz, -20.0);
    }
    let [a, b, _] = legs;
    studio.command(MediaCommand::Bridge { a, b });
    (studio, legs)
}

fn whisper(to_leg: bool, to_other: bool) -> Whisper {
    Whisper { to_leg, to_other }
}

#[test]
fn an_eavesdropper_hears_both_and_is_heard_by_whom_it_talks_to() {
    for codecs in [
        [Codec::Pcmu; 3],
        [Codec::Pcmu, Codec::Pcma, Codec::Opus],
        [Codec::Opus, Codec::G722, Codec::Pcmu],
    ] {
        let (mut studio, [a, b, listener]) = three(codecs);
        for (to_leg, to_other) in [(false, false), (true, false), (false, true), (true, true)] {
            studio.command(MediaCommand::Eavesdrop {
                leg: listener,
                of: Some(a),
                whisper: whisper(to_leg, to_other),
            });
            studio.run(1500);
            assert_eq!(
                heard(&mut studio, listener),
                [true, true, false],
                "{codecs:?}"
            );
            assert_eq!(heard(&mut studio, a), [false, true, to_leg], "{codecs:?}");
            assert_eq!(heard(&mut studio, b), [true, false, to_other], "{codecs:?}");
        }
        studio.command(MediaCommand::Eavesdrop {
            leg: listener,
            of: None,
            whisper: Whisper::default(),
        });
        studio.run(1500);
        assert_eq!(heard(&mut studio, a), [false, true, false]);
        assert_eq!(heard(&mut studio, b), [true, false, false]);
    }
}

#[test]
fn what_is_played_to_a_leg_is_overheard_too() {
    let mut studio = Studio::new(12);
    let (a, listener) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    studio.command(MediaCommand::Eavesdrop {
        leg: listener,
        of: Some(a),
        whisper: whisper(false, false),
    });
    studio.command(MediaCommand::Play {
        leg: a,
        play: PlayId(1),
        file: "tone_stream://v=-20;%(5000,0,800)".to_owned(),
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    studio.run(1500);
    let (own, over) = (
        level_of(&mut studio, a, 800.0),
        level_of(&mut studio, listener, 800.0),
    );
    assert!(
        own > -30.0 && (own - over).abs() < 0.5,
        "{own} and {over} dBFS"
    );
}

#[test]
fn nothing_is_left_behind_whoever_goes_first() {
    for first in [0, 2] {
        let (mut studio, legs) = three([Codec::Pcmu, Codec::Opus, Codec::Pcma]);
        let [a, _, listener] = legs;
        studio.command(MediaCommand::Eavesdrop {
            leg: listener,
            of: Some(a),
            whisper: whisper(true, true),
        });
        studio.run(300);
        studio.command(MediaCommand::CloseLeg { leg: legs[first] });
        studio.run(300);
        for leg in legs {
            studio.command(MediaCommand::CloseLeg { leg });
        }
        assert!(studio.engine.is_empty());
    }
}
