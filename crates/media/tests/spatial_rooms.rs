//! Rooms heard in three dimensions: from the right side, as loud as the distance says, by whom they are meant for.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MemberControls, MemberSettings, OpusSending, Place, RoomId,
};
use media::level;
use media::spatial::{HrtfSet, Quality, Renderer};
use studio::Studio;

const ROOM: RoomId = RoomId(1);

fn hall(rate_hz: u32) -> Studio {
    let mut studio = Studio::new(u64::from(rate_hz));
    let renderer = Renderer::new(&HrtfSet::spherical_head(), 48_000, 960, Quality::ALL[2]);
    studio
        .engine
        .equip(renderer.expect("a rate and a frame it has"));
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz,
    });
    studio
}

fn join(studio: &mut Studio, codec: Codec) -> LegId {
    let opus = OpusSending {
        stereo: true,
        max_bitrate: Some(128_000),
        ..OpusSending::default()
    };
    let leg = studio.phone_for(codec, opus);
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings: MemberSettings::default(),
    });
    leg
}

fn put(studio: &mut Studio, leg: LegId, position_cm: [i32; 3], azimuth_deg: i16) {
    let place = Place {
        position_cm,
        azimuth_deg,
        elevation_deg: 0,
    };
    studio.command(MediaCommand::Place {
        room: ROOM,
        leg,
        place,
    });
}

fn set(studio: &mut Studio, leg: LegId, controls: MemberControls) {
    studio.command(MediaCommand::SetControls {
        room: ROOM,
        leg,
        controls,
    });
}

/// In three dimensions, without loss by distance or reverberation.
fn three_d() -> MemberControls {
    MemberControls {
        mixing_3d: true,
        attenuation_db_per_m: 0,
        reverb: false,
        ..MemberControls::default()
    }
}

/// Levels at the two ears over the last 400 ms.
fn ears(studio: &mut Studio, leg: LegId, hz: f64) -> (f64, f64) {
    studio.run(1500);
    let ears = studio
        .at(leg)
        .ears
        .as_ref()
        .expect("somebody with two ears");
    let last = |heard: &[i16]| level::dbfs_at(&heard[heard.len() - 19_200..], 48_000, hz);
    (last(&ears.left), last(&ears.right))
}

/// The level at which a phone with one ear hears a tone, over the last 400 ms.
fn ear(studio: &mut Studio, leg: LegId, hz: f64) -> f64 {
    studio.run(1200);
    let phone = studio.at(leg);
    let rate_hz = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len() - rate_hz as usize * 2 / 5..];
    level::dbfs_at(heard, rate_hz, hz)
}

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

/// The loudest that is not the tone itself, in dBFS: what is left when a sinusoid of that frequency is taken out.
fn click(heard: &[i16], rate_hz: u32, hz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hz / f64::from(rate_hz)).cos();
    let left = heard
        .windows(3)
        .map(|w| (f64::from(w[0]) - turn * f64::from(w[1]) + f64::from(w[2])).abs());
    20.0 * (left.fold(1.0, f64::max) / 32_768.0).log10()
}

#[test]
fn nothing_clicks_when_it_is_switched() {
    let mut studio = hall(48_000);
    let (listener, talker) = (join(&mut studio, Codec::L16), join(&mut studio, Codec::L16));
    studio.at(talker).say(250.0, -14.0);
    put(&mut studio, talker, [120, 0, 90], 0);
    studio.run(1000);
    let usual = MemberControls::default();
    let near = MemberControls {
        mixing_3d: true,
        ..usual
    };
    let listening = [
        near,
        usual,
        MemberControls {
            attenuation_db_per_m: 20,
            ..near
        },
        near,
        MemberControls {
            master_gain_percent: 30,
            ..near
        },
        MemberControls {
            master_gain_percent: 0,
            ..near
        },
        near,
        MemberControls {
            reverb: false,
            ..near
        },
        MemberControls {
            loudspeakers: true,
            ..near
        },
        MemberControls {
            stereo_bypass: true,
            ..near
        },
        near,
        MemberControls { whisper: 3, ..near },
        MemberControls { sidebar: 3, ..near },
        near,
    ];
    for controls in listening {
        studio.at(listener).forget();
        studio.run(200);
        set(&mut studio, listener, controls);
        studio.run(400);
        let heard = studio.at(listener).heard.clone();
        let click = click(&heard[3200..], 16_000, 250.0);
        assert!(click < -50.0, "{click} dBFS at {controls:?}");
    }
    for (mute, gain) in [
        (true, 100),
        (false, 100),
        (false, 250),
        (false, 0),
        (false, 100),
    ] {
        studio.at(listener).forget();
        studio.run(200);
        let settings = MemberSettings {
            mute,
            ..MemberSettings::default()
        };
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: talker,
            settings,
        });
        set(
            &mut studio,
            talker,
            MemberControls {
                input_gain_percent: gain,
                ..usual
            },
        );
        studio.run(400);
        let heard = studio.at(listener).heard.clone();
        let click = click(&heard[3200..], 16_000, 250.0);
        assert!(click < -50.0, "{click} dBFS at {mute} {gain}");
    }
}
