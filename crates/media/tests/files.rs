//! What is played is heard, and what is heard is recorded.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, LegKind, MediaCommand, MediaReport, PlayEnd, PlayId, RecordEnd, RecordId,
    RecordSides, SilenceStop,
};
use media::level;
use studio::Studio;

fn play(studio: &mut Studio, leg: LegId, id: u64, file: &str) -> PlayId {
    let play = PlayId(id);
    let file = file.to_owned();
    studio.command(MediaCommand::Play {
        leg,
        play,
        file,
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    play
}

fn record(studio: &mut Studio, leg: LegId, sides: RecordSides, limit_ms: Option<u64>) -> RecordId {
    let record = RecordId(studio.tapes.len() as u64 + 1);
    studio.command(MediaCommand::Record {
        leg,
        record,
        file: "/tmp/r.wav".to_owned(),
        sides,
        limit_ms,
        silence: None,
        append: false,
        rate_hz: None,
    });
    record
}

fn ended(studio: &Studio, play: PlayId) -> Option<(PlayEnd, u64)> {
    studio.reports.iter().find_map(|report| match report {
        MediaReport::PlayDone {
            play: of,
            end,
            length,
        } if *of == play => Some((*end, length.as_ms())),
        _ => None,
    })
}

fn record_ended(studio: &Studio, record: RecordId) -> Option<(RecordEnd, u64, bool)> {
    studio.reports.iter().find_map(|report| match report {
        MediaReport::RecordDone {
            record: of,
            end,
            length,
            heard,
            ..
        } if *of == record => Some((*end, length.as_ms(), *heard)),
        _ => None,
    })
}

fn hz(samples: &[i16]) -> f64 {
    level::dominant_hz(samples, 8000).unwrap_or(0.0)
}

#[test]
fn a_tone_plays_to_its_end_and_says_how_long() {
    let mut studio = Studio::new(1);
    let a = studio.phone(Codec::Pcmu);
    let tone = play(&mut studio, a, 1, "tone_stream://%(500,0,440)");
    studio.run(1000);
    assert_eq!(ended(&studio, tone), Some((PlayEnd::Finished, 500)));
    let heard = &studio.at(a).heard;
    assert!((hz(&heard[..4000]) - 440.0).abs() < 1.0);
    assert!((level::dbfs(&heard[100..3900]) + 7.0).abs() < 0.2);
    let order: Vec<_> = studio
        .reports
        .iter()
        .filter_map(|r| match r {
            MediaReport::PlayStarted { .. } => Some("started"),
            MediaReport::PlayDone { .. } => Some("done"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["started", "done"]);
}

#[test]
fn files_of_every_rate_sound_right() {
    for rate in [8000, 11_025, 16_000, 22_050, 44_100, 48_000] {
        let mut studio = Studio::new(2);
        let samples = level::sine(rate, 1200.0, -12.0, rate as usize);
        studio.files.insert("a.wav".to_owned(), (rate, samples));
        let a = studio.phone(Codec::Pcma);
        let file = play(&mut studio, a, 1, "{x=1}a.wav");
        studio.run(1500);
        let (end, ms) = ended(&studio, file).unwrap();
        assert!(
            end == PlayEnd::Finished && (990..=1010).contains(&ms),
            "{rate}: {ms}"
        );
        let heard = &studio.at(a).heard;
        assert!((hz(&heard[800..6000]) - 1200.0).abs() < 1.0, "{rate}");
        assert!(
            (level::dbfs(&heard[800..6000]) + 12.0).abs() < 0.3,
            "{rate}"
        );
    }
}

#[test]
fn several_in_a_row_and_over_each_other() {
    let mut studio = Studio::new(3);
    let a = studio.phone(Codec::Pcmu);
    play(
        &mut studio,
        a,
        1,
        "file_string://tone_stream://%(400,0,500)!silence_stream://200!tone_stream://%(400,0,900)",
    );
    studio.run(1200);
    let heard = studio.at(a).heard.clone();
    assert!((hz(&heard[..3200]) - 500.0).abs() < 2.0);
    assert_eq!(level::dbfs(&heard[3300..4700]), f64::NEG_INFINITY);
    assert!((hz(&heard[4900..7900]) - 900.0).abs() < 2.0);
    // A replacing one hides an older one, a mixing one does not.
    studio.at(a).forget();
    play(&mut studio, a, 2, "tone_stream://%(5000,0,500)");
    play(&mut studio, a, 3, "tone_stream://%(500,0,900)");
    let file = "tone_stream://v=-20;%(5000,0,2000)".to_owned();
    studio.command(MediaCommand::Play {
        leg: a,
        play: PlayId(4),
        file,
        repeats: Some(0),
        gain_db: 0.0,
        mix: true,
    });
    studio.run(1000);
    let heard = studio.at(a).heard.clone();
    assert!((hz(&heard[..3800]) - 900.0).abs() < 2.0);
    assert!(level::dbfs_at(&heard[..3800], 8000, 500.0) < -60.0);
    assert!((level::dbfs_at(&heard[..3800], 8000, 2000.0) + 20.0).abs() < 0.5);
    assert!((hz(&heard[4200..7800]) - 500.0).abs() < 2.0);
}

#[test]
fn what_is_not_there_or_is_stopped_ends_honestly() {
    let mut studio = Studio::new(4);
    let a = studio.phone(Codec::Pcmu);
    for (id, file) in [
        (1, "missing.wav"),
        (2, "tone_stream://x"),
        (3, "http://a/b.wav"),
    ] {
        let id = play(&mut studio, a, id, file);
        assert_eq!(ended(&studio, id), Some((PlayEnd::NotFound, 0)), "{file}");
    }
    let endless = play(&mut studio, a, 4, "local_stream://moh");
    studio.run(1000);
    assert_eq!(ended(&studio, endless), None);
    studio.command(MediaCommand::PausePlay {
        play: endless,
        paused: true,
    });
    studio.run(500);
    studio.command(MediaCommand::StopPlay { play: endless });
    assert_eq!(ended(&studio, endless), Some((PlayEnd::Stopped, 1000)));
    assert!(level::dbfs(&studio.at(a).heard.clone()[..8000]) > -30.0);
    let started = studio
        .reports
        .iter()
        .filter(|r| matches!(r, MediaReport::PlayStarted { .. }))
        .count();
    assert_eq!(started, 1);
}

#[test]
fn a_recording_holds_both_sides_of_a_relayed_bridge() {
    for (sides, expected) in [
        (RecordSides::Read, [Some(500.0), None]),
        (RecordSides::Write, [None, Some(900.0)]),
        (RecordSides::Both, [Some(500.0), Some(900.0)]),
    ] {
        let mut studio = Studio::new(5);
        let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
        studio.command(MediaCommand::Bridge { a, b });
        studio.at(a).say(500.0, -12.0);
        studio.at(b).say(900.0, -15.0);
        studio.run(300);
        let id = record(&mut studio, a, sides, None);
        studio.run(2000);
        studio.command(MediaCommand::StopRecord { record: id });
        let tape = studio.tape(id);
        assert!((15_800..=16_000).contains(&tape.len()), "{}", tape.len());
        for (tone, level_db) in [(500.0, -12.0), (900.0, -15.0)] {
            let found = level::dbfs_at(&tape[2000..], 8000, tone);
            if expected.contains(&Some(tone)) {
                assert!((found - level_db).abs() < 0.3, "{sides:?} {tone}: {found}");
            } else {
                assert!(found < -50.0, "{sides:?} {tone}: {found}");
            }
        }
        // Both still hear each other, by the short way again.
        studio.at(a).forget();
        studio.run(500);
        assert!((hz(&studio.at(a).heard.clone()) - 900.0).abs() < 2.0);
    }
}

#[test]
fn stereo_keeps_the_sides_apart() {
    let mut studio = Studio::new(6);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(500.0, -12.0);
    studio.at(b).say(900.0, -12.0);
    studio.run(200);
    let id = record(&mut studio, a, RecordSides::Stereo, Some(1000));
    studio.run(2000);
    assert_eq!(
        record_ended(&studio, id),
        Some((RecordEnd::Limit, 1000, true))
    );
    let tape = studio.tape(id);
    let side = |n: usize| tape.chunks(2).map(|pair| pair[n]).collect::<Vec<_>>();
    assert!((hz(&side(0)) - 500.0).abs() < 2.0 && (hz(&side(1)) - 900.0).abs() < 2.0);
    assert!(level::dbfs_at(&side(0), 8000, 900.0) < -50.0);
}

#[test]
fn masked_is_silent_paused_is_missing() {
    let mut studio = Studio::new(7);
    let a = studio.phone(Codec::Pcmu);
    studio.at(a).say(500.0, -12.0);
    studio.run(200);
    let id = record(&mut studio, a, RecordSides::Read, None);
    studio.run(500);
    studio.command(MediaCommand::MaskRecord {
        record: id,
        masked: true,
    });
    studio.run(500);
    studio.command(MediaCommand::MaskRecord {
        record: id,
        masked: false,
    });
    studio.command(MediaCommand::PauseRecord {
        record: id,
        paused: true,
    });
    studio.run(500);
    studio.command(MediaCommand::PauseRecord {
        record: id,
        paused: false,
    });
    studio.run(500);
    let tape = studio.tape(id);
    assert!((11_900..=12_000).contains(&tape.len()));
    assert_eq!(level::dbfs(&tape[4100..7900]), f64::NEG_INFINITY);
    assert!((hz(&tape[8200..11_800]) - 500.0).abs() < 2.0);
}

#[test]
fn silence_ends_a_recording_and_says_whether_anybody_spoke() {
    for speaks in [true, false] {
        let mut studio = Studio::new(8);
        let a = studio.phone(Codec::Pcmu);
        if speaks {
            studio.at(a).say(500.0, -12.0);
        }
        let record = RecordId(9);
        studio.command(MediaCommand::Record {
            leg: a,
            record,
            file: "/tmp/r.wav".to_owned(),
            sides: RecordSides::Read,
            limit_ms: Some(60_000),
            silence: Some(SilenceStop {
                threshold: 200,
                after_ms: 1000,
            }),
            append: false,
            rate_hz: Some(16_000),
        });
        studio.run(800);
        studio.at(a).hush();
        studio.run(3000);
        let (end, ms, heard) = record_ended(&studio, record).unwrap();
        assert_eq!((end, heard), (RecordEnd::Silence, speaks));
        let expected = if speaks { 1700..=2000 } else { 1000..=1000 };
        assert!(expected.contains(&ms), "{ms}");
        assert_eq!(studio.tape(record).len() as u64, ms * 16);
    }
}

#[test]
fn a_file_that_cannot_be_made_fails_at_once_and_only_that() {
    let mut studio = Studio::new(9);
    let a = studio.phone(Codec::Pcmu);
    let ask = |record, file: &str| MediaCommand::Record {
        leg: a,
        record,
        file: file.to_owned(),
        sides: RecordSides::Both,
        limit_ms: None,
        silence: None,
        append: false,
        rate_hz: None,
    };
    for (id, file) in [(1, "/forbidden.wav"), (2, "local_stream://moh"), (3, "")] {
        studio.command(ask(RecordId(id), file));
        assert_eq!(
            record_ended(&studio, RecordId(id)).map(|r| r.0),
            Some(RecordEnd::Failed),
            "{file}"
        );
    }
    for id in 10..10 + MediaCommand::MAX_RECORDS as u64 + 1 {
        studio.command(ask(RecordId(id), "/tmp/x.wav"));
    }
    let failed = RecordId(10 + MediaCommand::MAX_RECORDS as u64);
    assert_eq!(
        record_ended(&studio, failed).map(|r| r.0),
        Some(RecordEnd::Failed)
    );
}

#[test]
fn a_closed_leg_ends_its_recording_before_its_own_last_word() {
    let mut studio = Studio::new(10);
    let a = studio.phone(Codec::Pcmu);
    let id = record(&mut studio, a, RecordSides::Both, None);
    let tune = play(&mut studio, a, 1, "local_stream://moh");
    studio.run(400);
    studio.command(MediaCommand::CloseLeg { leg: a });
    assert_eq!(
        record_ended(&studio, id),
        Some((RecordEnd::Stopped, 400, true))
    );
    assert_eq!(ended(&studio, tune), Some((PlayEnd::Stopped, 400)));
    assert!(matches!(studio.reports.last(), Some(MediaReport::Closed { leg, .. }) if *leg == a));
    assert!(studio.engine.is_empty());
    assert!(
        level::dbfs(&studio.tape(id)[800..]) > -30.0,
        "the tune is on the tape"
    );
}

#[test]
fn a_leg_without_a_peer_plays_and_records_too() {
    let mut studio = Studio::new(11);
    let leg = LegId(50);
    studio.command(MediaCommand::OpenLeg {
        leg,
        kind: LegKind::Null { rate_hz: 16_000 },
    });
    let id = record(&mut studio, leg, RecordSides::Write, None);
    play(&mut studio, leg, 1, "tone_stream://%(1000,0,700)");
    studio.run(500);
    let tape = studio.tape(id);
    assert_eq!(tape.len(), 8000);
    assert!((level::dominant_hz(&tape, 16_000).unwrap() - 700.0).abs() < 1.0);
}

#[test]
fn a_leg_moves_to_another_engine_with_its_playback() {
    let mut studio = Studio::new(12);
    let mut other = Studio::new(12);
    let a = studio.phone(Codec::Pcmu);
    let tune = play(&mut studio, a, 1, "tone_stream://%(1000,0,700)");
    studio.run(400);
    let leg = studio.engine.detach(a).expect("nothing is being opened");
    assert!(studio.engine.is_empty());
    assert!(other.engine.attach(leg).is_ok());
    other.phones.append(&mut studio.phones);
    other.now_ms = studio.now_ms;
    other.run(1000);
    assert_eq!(ended(&other, tune), Some((PlayEnd::Finished, 1000)));
    assert!((hz(&other.at(a).heard.clone()[..7900]) - 700.0).abs() < 1.0);
}
