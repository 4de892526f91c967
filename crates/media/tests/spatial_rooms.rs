//! Rooms heard in three dimensions: from the right side, as loud as the distance says, by whom they are meant for.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{Codec, MediaCommand, MemberControls, MemberSettings, Place, RecordId};
use media::level;
use studio::Studio;
use studio::hall::{ROOM, click, ear, ears, hall, join, put, set, three_d};

#[test]
fn a_talker_is_heard_from_where_it_sits() {
    for rate_hz in [8000, 48_000] {
        let mut studio = hall(rate_hz);
        let (listener, talker) = (
            join(&mut studio, Codec::Opus),
            join(&mut studio, Codec::Opus),
        );
        studio.at(listener).listen_with_two_ears();
        studio.at(talker).say(2500.0, -20.0);
        let plain = ears(&mut studio, listener, 2500.0);
        assert!(
            (plain.0 - plain.1).abs() < 0.2 && (plain.0 + 20.0).abs() < 0.7,
            "{plain:?}"
        );
        put(&mut studio, talker, [100, 0, 0], -90);
        set(&mut studio, listener, three_d());
        let right = ears(&mut studio, listener, 2500.0);
        assert!(right.1 - right.0 > 6.0, "{rate_hz}: {right:?}");
        // The listener turns: what was right is behind now, then left.
        put(&mut studio, listener, [0, 0, 0], -90);
        let behind = ears(&mut studio, listener, 2500.0);
        assert!((behind.0 - behind.1).abs() < 1.0, "{behind:?}");
        put(&mut studio, listener, [0, 0, 0], 180);
        let left = ears(&mut studio, listener, 2500.0);
        assert!(left.0 - left.1 > 6.0, "{left:?}");
        set(&mut studio, listener, MemberControls::default());
        let flat = ears(&mut studio, listener, 2500.0);
        assert!(
            (flat.0 - flat.1).abs() < 0.2 && (flat.0 + 20.0).abs() < 0.7,
            "{flat:?}"
        );
    }
}

#[test]
fn distance_costs_what_was_asked_with_one_ear_too() {
    let mut studio = hall(48_000);
    let listener = join(&mut studio, Codec::L16);
    let talker = join(&mut studio, Codec::L16);
    studio.at(talker).say(1000.0, -10.0);
    put(&mut studio, talker, [0, 0, 200], 180);
    let steep = MemberControls {
        attenuation_db_per_m: 6,
        ..three_d()
    };
    for (controls, position, expected) in [
        (MemberControls::default(), [0, 0, 200], -10.0),
        (three_d(), [0, 0, 200], -10.0),
        (steep, [0, 0, 200], -22.0),
        (steep, [900, 0, 0], -28.0),
        (steep, [0, 0, 0], -10.0),
    ] {
        put(&mut studio, talker, position, 180);
        set(&mut studio, listener, controls);
        let heard = ear(&mut studio, listener, 1000.0);
        assert!(
            (heard - expected).abs() < 0.5,
            "{position:?} {controls:?}: {heard}"
        );
    }
}

#[test]
fn a_listener_without_processing_hears_voices_untreated() {
    let mut studio = hall(48_000);
    let [bypassed, usual, talker] = [(); 3].map(|()| join(&mut studio, Codec::L16));
    studio.at(talker).say(1000.0, -30.0);
    put(&mut studio, talker, [900, 0, 0], -90);
    // Far away, softly, an octave up and half as loud: nothing of that is for who listens without processing.
    let bypass = MemberControls {
        stereo_bypass: true,
        mixing_3d: true,
        master_gain_percent: 10,
        attenuation_db_per_m: 6,
        ..three_d()
    };
    set(&mut studio, bypassed, bypass);
    let treated = MemberControls {
        voice_shift_semitones: 12,
        input_gain_percent: 50,
        ..MemberControls::default()
    };
    for (controls, heard_by_usual) in [
        (MemberControls::default(), (-30.0, 1000.0)),
        (treated, (-36.0, 2000.0)),
    ] {
        set(&mut studio, talker, controls);
        let raw = ear(&mut studio, bypassed, 1000.0);
        assert!((raw + 30.0).abs() < 0.3, "{controls:?}: {raw}");
        assert!(ear(&mut studio, bypassed, 2000.0) < -80.0);
        let (level, hz) = heard_by_usual;
        let plain = ear(&mut studio, usual, hz);
        assert!((plain - level).abs() < 1.0, "{controls:?}: {plain}");
    }
    // Muted, it is heard by nobody, and what is said aside stays aside.
    let muted = MemberSettings {
        mute: true,
        ..MemberSettings::default()
    };
    for (mute, aside) in [(true, 0), (false, 4)] {
        let settings = if mute {
            muted
        } else {
            MemberSettings::default()
        };
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: talker,
            settings,
        });
        let controls = MemberControls {
            sidebar: aside,
            ..treated
        };
        set(&mut studio, talker, controls);
        let silence = ear(&mut studio, bypassed, 1000.0);
        assert!(silence < -80.0, "muted: {mute}, aside: {aside}: {silence}");
    }
}

#[test]
fn whispers_and_sidebars_are_heard_by_whom_they_are_for() {
    for in_the_hall in [false, true] {
        let mut studio = hall(16_000);
        let kinds = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let tones = [400.0, 700.0, 1100.0, 1700.0];
        let legs = kinds.map(|_| join(&mut studio, Codec::L16));
        for ((leg, (whisper, sidebar)), hz) in legs.into_iter().zip(kinds).zip(tones) {
            studio.at(leg).say(hz, -20.0);
            let controls = MemberControls {
                whisper,
                sidebar,
                mixing_3d: in_the_hall,
                ..three_d()
            };
            set(&mut studio, leg, controls);
        }
        // Rows listen, columns speak: main, whisper, sidebar, both (event-manager.md §8.2).
        let expected = [
            [false, false, false, false],
            [true, false, false, true],
            [false, false, false, false],
            [false, true, true, false],
        ];
        for (leg, expected) in legs.into_iter().zip(expected) {
            let heard = tones.map(|hz| ear(&mut studio, leg, hz) > -40.0);
            assert_eq!(heard, expected, "{leg:?}, in the hall: {in_the_hall}");
        }
    }
}

#[test]
fn the_room_rings_on_when_somebody_is_muted() {
    let mut studio = hall(48_000);
    let (listener, talker) = (
        join(&mut studio, Codec::Opus),
        join(&mut studio, Codec::Opus),
    );
    studio.at(listener).listen_with_two_ears();
    studio.at(talker).say(250.0, -14.0);
    put(&mut studio, talker, [120, 0, 90], 0);
    let controls = MemberControls {
        reverb: true,
        ..three_d()
    };
    set(&mut studio, listener, controls);
    studio.run(1000);
    let before = studio
        .at(listener)
        .ears
        .as_ref()
        .map_or(0, |ears| ears.left.len());
    let settings = MemberSettings {
        mute: true,
        ..MemberSettings::default()
    };
    studio.command(MediaCommand::SetMember {
        room: ROOM,
        leg: talker,
        settings,
    });
    studio.run(400);
    let ears = studio.at(listener).ears.as_ref().expect("two ears");
    let after = &ears.left[before..];
    let click = click(after, 48_000, 250.0);
    assert!(click < -50.0, "{click} dBFS");
    // It falls by 60 dB in 0.35 s, so that between 100 and 140 ms it is down by some 20 of its −18.
    let rings = level::dbfs(&after[4800..6720]);
    assert!((-65.0..-35.0).contains(&rings), "{rings} dBFS");
}

/// Levels of both channels of a recording over the last 400 ms.
fn tape(studio: &mut Studio, record: RecordId, hz: f64) -> (f64, f64) {
    studio.run(1200);
    let tape = studio.tape(record);
    let last = &tape[tape.len() - 2 * 19_200..];
    let channel = |n: usize| -> Vec<i16> { last.iter().skip(n).step_by(2).copied().collect() };
    (
        level::dbfs_at(&channel(0), 48_000, hz),
        level::dbfs_at(&channel(1), 48_000, hz),
    )
}

#[test]
fn a_recording_with_two_channels_listens_in_the_room() {
    for rate_hz in [8000, 48_000] {
        let mut studio = hall(rate_hz);
        let [right, aside, listener] = [(); 3].map(|()| join(&mut studio, Codec::L16));
        studio.at(right).say(2500.0, -20.0);
        studio.at(aside).say(700.0, -20.0);
        put(&mut studio, right, [100, 0, 0], -90);
        let sidebar = MemberControls {
            sidebar: 3,
            ..MemberControls::default()
        };
        set(&mut studio, aside, sidebar);
        let record = |stereo, id: RecordId| MediaCommand::RoomRecord {
            room: ROOM,
            record: id,
            stereo,
            file: format!("/{}.wav", id.0),
            limit_ms: None,
            append: false,
        };
        let (wide, narrow) = (RecordId(1), RecordId(2));
        studio.command(record(true, wide));
        studio.command(record(false, narrow));
        let heard = tape(&mut studio, wide, 2500.0);
        assert!(heard.1 - heard.0 > 6.0, "{rate_hz}: {heard:?}");
        assert!(
            tape(&mut studio, wide, 700.0).1 < -75.0,
            "what is said aside"
        );
        // With one channel it is the mix as it always was, and the listeners' is too.
        let plain = studio.tape(narrow);
        let plain = level::dbfs_at(&plain[plain.len() - 19_200..], 48_000, 2500.0);
        assert!((plain + 20.0).abs() < 0.7, "{rate_hz}: {plain}");
        let plain = ear(&mut studio, listener, 2500.0);
        assert!((plain + 20.0).abs() < 0.7, "{rate_hz}: {plain}");
        // Turned round it hears the same from the left, and without directions from the middle.
        let from = |azimuth_deg, mixing_3d| MediaCommand::RecordFrom {
            room: ROOM,
            record: wide,
            place: Place {
                azimuth_deg,
                ..Place::default()
            },
            controls: MemberControls {
                mixing_3d,
                ..three_d()
            },
        };
        studio.command(from(180, true));
        let heard = tape(&mut studio, wide, 2500.0);
        assert!(heard.0 - heard.1 > 6.0, "{rate_hz}: {heard:?}");
        studio.command(from(180, false));
        let heard = tape(&mut studio, wide, 2500.0);
        assert!((heard.0 - heard.1).abs() < 0.1, "{rate_hz}: {heard:?}");
        assert!((heard.0 + 20.0).abs() < 0.7, "{rate_hz}: {heard:?}");
        // The next one finds the same ears as they were at first.
        studio.command(MediaCommand::StopRecord { record: wide });
        let again = RecordId(3);
        studio.command(record(true, again));
        let heard = tape(&mut studio, again, 2500.0);
        assert!(heard.1 - heard.0 > 6.0, "{rate_hz}: {heard:?}");
    }
}
