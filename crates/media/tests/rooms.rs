//! In a conference everybody hears everybody but himself.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MediaReport, MemberSettings, PlayId, RecordId, Relation, RoomId,
};
use media::level;
use studio::Studio;

const ROOM: RoomId = RoomId(1);
const TONES: [f64; 4] = [400.0, 700.0, 1100.0, 1700.0];
const LEVEL: f64 = -20.0;

/// A room of four, each with an own tone, at a mixing rate.
fn four(rate_hz: u32) -> (Studio, Vec<LegId>) {
    let mut studio = Studio::new(u64::from(rate_hz));
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz,
    });
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::Pcmu, Codec::L16];
    let legs: Vec<_> = codecs
        .into_iter()
        .map(|codec| studio.phone(codec))
        .collect();
    for (&leg, hz) in legs.iter().zip(TONES) {
        studio.at(leg).say(hz, LEVEL as f32);
        set(&mut studio, leg, MemberSettings::default(), true);
    }
    (studio, legs)
}

fn set(studio: &mut Studio, leg: LegId, settings: MemberSettings, join: bool) {
    studio.command(if join {
        MediaCommand::JoinRoom {
            room: ROOM,
            leg,
            settings,
        }
    } else {
        MediaCommand::SetMember {
            room: ROOM,
            leg,
            settings,
        }
    });
}

/// Which of the tones a member hears in the last half second, with their levels.
fn hears(studio: &mut Studio, leg: LegId) -> [Option<f64>; 4] {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len() - rate as usize / 2..];
    TONES.map(|hz| Some(level::dbfs_at(heard, rate, hz)).filter(|&db| db > -50.0))
}

fn assert_hears(studio: &mut Studio, leg: LegId, expected: [bool; 4]) {
    let heard = hears(studio, leg);
    for (at, (level, expected)) in heard.into_iter().zip(expected).enumerate() {
        assert_eq!(
            level.is_some(),
            expected,
            "{leg:?} and tone {at}: {heard:?}"
        );
        assert!(
            level.is_none_or(|level| (level - LEVEL).abs() < 0.5),
            "{leg:?}: {heard:?}"
        );
    }
}

#[test]
fn each_hears_the_others_and_not_himself_at_every_rate() {
    for rate in [8000, 16_000, 48_000] {
        let (mut studio, legs) = four(rate);
        studio.run(1500);
        for (at, &leg) in legs.iter().enumerate() {
            let mut expected = [true; 4];
            expected[at] = false;
            assert_hears(&mut studio, leg, expected);
        }
    }
}

#[test]
fn mute_deaf_and_relations_do_what_they_say() {
    let (mut studio, legs) = four(8000);
    let usual = MemberSettings::default();
    set(
        &mut studio,
        legs[0],
        MemberSettings {
            mute: true,
            ..usual
        },
        false,
    );
    set(
        &mut studio,
        legs[1],
        MemberSettings {
            deaf: true,
            ..usual
        },
        false,
    );
    studio.run(1500);
    assert_hears(&mut studio, legs[0], [false, true, true, true]);
    assert_hears(&mut studio, legs[1], [false; 4]);
    assert_hears(&mut studio, legs[2], [false, true, false, true]);
    set(&mut studio, legs[0], usual, false);
    set(&mut studio, legs[1], usual, false);
    let relate = |leg, other, relation| MediaCommand::Relate {
        room: ROOM,
        leg,
        other,
        relation,
    };
    studio.command(relate(legs[0], legs[1], Relation::NoSpeak));
    studio.command(relate(legs[2], legs[3], Relation::NoHear));
    studio.run(1500);
    assert_hears(&mut studio, legs[1], [false, false, true, true]);
    assert_hears(&mut studio, legs[2], [true, true, false, false]);
    assert_hears(&mut studio, legs[3], [true, true, true, false]);
    studio.command(relate(legs[0], legs[1], Relation::Clear));
    studio.command(relate(legs[2], legs[3], Relation::Clear));
    studio.run(1500);
    assert_hears(&mut studio, legs[1], [true, false, true, true]);
    assert_hears(&mut studio, legs[2], [true, true, false, true]);
}

#[test]
fn volumes_are_per_member_and_direction() {
    let (mut studio, legs) = four(8000);
    let usual = MemberSettings::default();
    set(
        &mut studio,
        legs[0],
        MemberSettings {
            gain_in_db: -6.0,
            ..usual
        },
        false,
    );
    set(
        &mut studio,
        legs[1],
        MemberSettings {
            gain_out_db: 6.0,
            ..usual
        },
        false,
    );
    studio.run(1500);
    let second = hears(&mut studio, legs[1]);
    assert!(
        (second[0].unwrap() - LEVEL).abs() < 0.5 && (second[2].unwrap() - LEVEL - 6.0).abs() < 0.5
    );
    let third = hears(&mut studio, legs[2]);
    assert!(
        (third[0].unwrap() - LEVEL + 6.0).abs() < 0.5 && (third[1].unwrap() - LEVEL).abs() < 0.5
    );
}

#[test]
fn talking_is_told_with_patience_and_whispers_are_not_mixed() {
    let (mut studio, legs) = four(8000);
    studio.run(300);
    studio.at(legs[0]).hush();
    studio.at(legs[1]).say(TONES[1], -62.0);
    studio.run(2000);
    assert_hears(&mut studio, legs[2], [false, false, false, true]);
    let told: Vec<_> = studio
        .reports
        .iter()
        .filter_map(|r| match r {
            MediaReport::Talking {
                leg, on, energy, ..
            } => Some((*leg, *on, *energy)),
            _ => None,
        })
        .collect();
    let began = told.iter().filter(|t| t.1).count();
    assert_eq!(began, 4);
    let mut ceased: Vec<_> = told.iter().filter(|t| !t.1).map(|t| t.0).collect();
    // Who just stops sending is concealed for a moment longer than who talks softer.
    ceased.sort();
    assert_eq!(ceased, [legs[0], legs[1]]);
    // −20 dBFS has a mean absolute value of 32767 × 0.1 × 2/π.
    assert!(
        told.iter()
            .filter(|t| t.1)
            .all(|t| (500..=2200).contains(&t.2)),
        "{told:?}"
    );
}

#[test]
fn many_loud_voices_clip_and_do_not_wrap() {
    let mut studio = Studio::new(4);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 8000,
    });
    let legs: Vec<_> = (0..8).map(|_| studio.phone(Codec::Pcmu)).collect();
    for &leg in &legs {
        studio.at(leg).say(300.0, -1.0);
        set(&mut studio, leg, MemberSettings::default(), true);
    }
    studio.run(1000);
    let heard = studio.at(legs[0]).heard.clone();
    let heard = &heard[heard.len() - 4000..];
    // A clipped sine is still that frequency; a wrapped one is noise.
    assert!((level::dominant_hz(heard, 8000).unwrap() - 300.0).abs() < 2.0);
    let jumps = heard
        .windows(2)
        .filter(|w| (i32::from(w[1]) - i32::from(w[0])).abs() > 40_000);
    assert!(jumps.count() < heard.len() / 10);
}

#[test]
fn a_room_plays_and_records() {
    let (mut studio, legs) = four(16_000);
    let file = "tone_stream://v=-20;%(3000,0,2500)".to_owned();
    let play = PlayId(1);
    studio.command(MediaCommand::RoomPlay {
        room: ROOM,
        play,
        file,
        repeats: Some(0),
        gain_db: 0.0,
    });
    let record = RecordId(1);
    let file = "/tmp/room.wav".to_owned();
    studio.command(MediaCommand::RoomRecord {
        room: ROOM,
        record,
        stereo: false,
        file,
        limit_ms: None,
        append: false,
    });
    studio.run(2000);
    for &leg in &legs {
        let phone = studio.at(leg);
        let rate = phone.rate_hz();
        let heard = &phone.heard[phone.heard.len() - rate as usize / 2..];
        assert!((level::dbfs_at(heard, rate, 2500.0) - LEVEL).abs() < 0.5);
    }
    let tape = studio.tape(record);
    assert_eq!(tape.len(), 32_000);
    for hz in TONES.into_iter().chain([2500.0]) {
        assert!(
            (level::dbfs_at(&tape[16_000..], 16_000, hz) - LEVEL).abs() < 0.5,
            "{hz}"
        );
    }
    studio.command(MediaCommand::CloseRoom { room: ROOM });
    let done = studio.reports.iter().filter(|r| {
        matches!(
            r,
            MediaReport::PlayDone { .. } | MediaReport::RecordDone { .. }
        )
    });
    assert_eq!(done.count(), 2);
    for leg in legs {
        studio.command(MediaCommand::CloseLeg { leg });
    }
    assert!(studio.engine.is_empty());
}

#[test]
fn who_leaves_or_is_bridged_away_is_heard_no_more() {
    let (mut studio, legs) = four(8000);
    studio.run(500);
    studio.command(MediaCommand::LeaveRoom {
        room: ROOM,
        leg: legs[0],
    });
    studio.command(MediaCommand::Bridge {
        a: legs[0],
        b: legs[2],
    });
    studio.run(1500);
    assert_hears(&mut studio, legs[1], [false, false, false, true]);
    assert_hears(&mut studio, legs[0], [false, false, true, false]);
    assert_hears(&mut studio, legs[2], [true, false, false, false]);
}
