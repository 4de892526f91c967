//! Watching the sound of a leg, laying something over it, and delaying it on purpose.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MediaReport, MuteSide, PlayEnd, PlayId, Wanted, Watch, WatchId,
};
use media::level;
use studio::Studio;

fn watch(studio: &mut Studio, leg: LegId, watch: u64, side: MuteSide, wanted: Wanted) {
    let watch = WatchId(watch);
    studio.command(MediaCommand::Watch(Watch {
        leg,
        watch,
        side,
        wanted,
    }));
}

fn noticed(studio: &Studio, watch: u64) -> usize {
    let is_it = |report: &&MediaReport| matches!(report, MediaReport::Noticed { watch: of, .. } if of.0 == watch);
    studio.reports.iter().filter(is_it).count()
}

#[test]
fn tones_are_noticed_on_the_side_that_is_watched() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut studio = Studio::new(21);
        let (a, b) = (studio.phone(codec), studio.phone(codec));
        studio.command(MediaCommand::Bridge { a, b });
        let tone = || Wanted::Tone { hz: vec![1100] };
        watch(&mut studio, a, 1, MuteSide::Read, tone());
        watch(&mut studio, a, 2, MuteSide::Write, tone());
        watch(
            &mut studio,
            a,
            3,
            MuteSide::Read,
            Wanted::Tone { hz: vec![425] },
        );
        studio.at(b).say(600.0, -20.0);
        for _ in 0..3 {
            studio.at(a).say(1100.0, -20.0);
            studio.run(600);
            studio.at(a).hush();
            studio.run(600);
        }
        assert_eq!(
            [1, 2, 3].map(|w| noticed(&studio, w)),
            [3, 0, 0],
            "{codec:?}"
        );
        studio.at(b).say(1100.0, -20.0);
        studio.run(600);
        assert_eq!(
            [1, 2, 3].map(|w| noticed(&studio, w)),
            [3, 1, 0],
            "{codec:?}"
        );
        let over = MediaCommand::StopWatch {
            leg: a,
            watch: WatchId(1),
        };
        studio.command(over);
        studio.at(a).say(1100.0, -20.0);
        studio.run(600);
        assert_eq!(noticed(&studio, 1), 3, "{codec:?}");
    }
}

#[test]
fn silence_and_sound_are_noticed_once_after_their_frames() {
    let mut studio = Studio::new(22);
    let a = studio.phone(Codec::Pcmu);
    let silence = |after_sound| Wanted::Silence {
        threshold: 200,
        frames: 25,
        after_sound,
    };
    let sound = Wanted::Sound {
        threshold: 200,
        frames: 25,
    };
    watch(&mut studio, a, 1, MuteSide::Read, silence(0));
    watch(&mut studio, a, 2, MuteSide::Read, silence(10));
    watch(&mut studio, a, 3, MuteSide::Read, sound);
    studio.run(400);
    assert_eq!([1, 2, 3].map(|w| noticed(&studio, w)), [0, 0, 0]);
    studio.run(300);
    assert_eq!([1, 2, 3].map(|w| noticed(&studio, w)), [1, 0, 0]);
    studio.at(a).say(440.0, -20.0);
    studio.run(400);
    assert_eq!([1, 2, 3].map(|w| noticed(&studio, w)), [1, 0, 0]);
    studio.run(400);
    assert_eq!([1, 2, 3].map(|w| noticed(&studio, w)), [1, 0, 1]);
    studio.at(a).hush();
    studio.run(1000);
    assert_eq!([1, 2, 3].map(|w| noticed(&studio, w)), [1, 1, 1]);
}

/// Level of a frequency in the last half second a phone heard, dBFS.
fn level_of(studio: &mut Studio, leg: LegId, hz: f64) -> f64 {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize / 2)..];
    level::dbfs_at(heard, rate, hz)
}

/// Two phones that say 500 and 800 Hz at −20 dBFS, and 1300 Hz over one side of the first of them.
fn displaced(side: MuteSide, mix: bool) -> (Studio, LegId, LegId) {
    let mut studio = Studio::new(23);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(500.0, -20.0);
    studio.at(b).say(800.0, -20.0);
    studio.command(MediaCommand::Displace {
        leg: a,
        play: PlayId(1),
        file: "tone_stream://v=-20;%(60000,0,1300)".to_owned(),
        repeats: Some(0),
        side,
        mix,
    });
    studio.run(1500);
    (studio, a, b)
}

/// Whether a phone hears 500, 800 and 1300 Hz; what it hears comes at the level it was said at.
fn hears(studio: &mut Studio, leg: LegId) -> [bool; 3] {
    [500.0, 800.0, 1300.0].map(|hz| {
        let db = level_of(studio, leg, hz);
        assert!(
            db < -50.0 || (db + 20.0).abs() < 1.5,
            "{hz} Hz at {db} dBFS"
        );
        db > -50.0
    })
}

#[test]
fn a_file_stands_in_the_place_of_one_side_or_is_mixed_with_it() {
    for (side, mix, at_a, at_b) in [
        (
            MuteSide::Write,
            false,
            [false, false, true],
            [true, false, false],
        ),
        (
            MuteSide::Write,
            true,
            [false, true, true],
            [true, false, false],
        ),
        (
            MuteSide::Read,
            false,
            [false, true, false],
            [false, false, true],
        ),
        (
            MuteSide::Read,
            true,
            [false, true, false],
            [true, false, true],
        ),
    ] {
        let (mut studio, a, b) = displaced(side, mix);
        assert_eq!(hears(&mut studio, a), at_a, "{side:?} {mix}");
        assert_eq!(hears(&mut studio, b), at_b, "{side:?} {mix}");
        studio.command(MediaCommand::StopPlay { play: PlayId(1) });
        studio.run(1500);
        assert_eq!(hears(&mut studio, a), [false, true, false]);
        assert_eq!(hears(&mut studio, b), [true, false, false]);
        let ended = |report: &MediaReport| matches!(report, MediaReport::PlayDone { play, end: PlayEnd::Stopped, .. } if play.0 == 1);
        assert!(studio.reports.iter().any(ended));
    }
}

#[test]
fn what_displaces_lies_over_what_is_played_later() {
    let (mut studio, a, _) = displaced(MuteSide::Write, false);
    studio.command(MediaCommand::Play {
        leg: a,
        play: PlayId(2),
        file: "tone_stream://v=-20;%(60000,0,500)".to_owned(),
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    studio.run(1500);
    assert_eq!(hears(&mut studio, a), [false, false, true]);
}

/// Milliseconds until a phone hears the other one, the bridge transcoding between them.
fn delay(bounds: Option<(u16, u16)>) -> usize {
    let mut studio = Studio::new(24);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    studio.command(MediaCommand::BoundDelay { leg: a, ms: bounds });
    studio.command(MediaCommand::Bridge { a, b });
    studio.run(1000);
    studio.at(a).say(440.0, -10.0);
    for ms in 0..1000 {
        if level::onset(&studio.at(b).heard, 2000).is_some() {
            return ms;
        }
        studio.run(1);
    }
    panic!("nothing is heard")
}

#[test]
fn sound_waits_as_long_as_it_is_told_to() {
    let natural = delay(None);
    let longer = delay(Some((200, 400))) - natural;
    assert!(
        (160..=220).contains(&longer),
        "{longer} ms more than {natural}"
    );
    assert!(delay(Some((0, 20))) <= natural);
}

#[test]
fn more_delay_is_asked_for_and_taken_back_in_a_call() {
    let mut studio = Studio::new(25);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -10.0);
    studio.run(1000);
    assert!(studio.stats(a).buffer_ms <= 40);
    let bounds = Some((160, 160));
    studio.command(MediaCommand::BoundDelay { leg: a, ms: bounds });
    studio.run(2000);
    let held = studio.stats(a).buffer_ms;
    assert!((120..=200).contains(&held), "{held} ms");
    // A new negotiation keeps it.
    let direction = media::control::Direction::SendRecv;
    studio.redirect(a, Codec::Pcma, direction);
    studio.at(a).restart(7);
    studio.command(MediaCommand::BoundDelay { leg: a, ms: None });
    studio.run(20_000);
    let held = studio.stats(a).buffer_ms;
    assert!(held <= 60, "{held} ms");
}
