//! Rooms with more people than have directions: those who talk have one.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{Codec, LegId, MediaCommand, MemberControls, MemberSettings};
use studio::Studio;
use studio::hall::{ROOM, click, ears, hall, join, put, set, three_d};

/// More than have directions, who say something aside or nothing, then a listener in three dimensions and a talker on its right.
fn crowd(settings: MemberSettings, said_aside: Option<f32>) -> (Studio, Vec<LegId>, LegId, LegId) {
    let mut studio = hall(48_000);
    let others: Vec<_> = (0..32).map(|_| studio.phone(Codec::L16)).collect();
    let [listener, talker] = [(); 2].map(|()| join(&mut studio, Codec::Opus));
    studio.at(listener).listen_with_two_ears();
    set(&mut studio, listener, three_d());
    put(&mut studio, talker, [100, 0, 0], -90);
    for &leg in &others {
        if let Some(level_dbfs) = said_aside {
            studio.at(leg).say(700.0, level_dbfs);
        }
        studio.command(MediaCommand::JoinRoom {
            room: ROOM,
            leg,
            settings,
        });
        let sidebar = MemberControls {
            sidebar: 3,
            ..MemberControls::default()
        };
        set(&mut studio, leg, sidebar);
    }
    studio.run(400);
    (studio, others, listener, talker)
}

#[test]
fn who_talks_has_a_direction_though_many_are_silent_before_it() {
    let always = MemberSettings {
        energy: 0,
        ..MemberSettings::default()
    };
    // Nothing, and a hiss that is taken for a voice.
    for said in [None, Some(-60.0)] {
        let (mut studio, _, listener, talker) = crowd(always, said);
        studio.at(talker).say(2500.0, -20.0);
        let heard = ears(&mut studio, listener, 2500.0);
        assert!(heard.1 - heard.0 > 6.0, "{said:?}: {heard:?}");
    }
}

#[test]
fn nothing_clicks_when_somebody_gets_a_direction() {
    let (mut studio, others, listener, talker) = crowd(MemberSettings::default(), Some(-12.0));
    studio.at(talker).say(250.0, -14.0);
    let middle = ears(&mut studio, listener, 250.0);
    assert!((middle.0 - middle.1).abs() < 0.2, "{middle:?}");
    studio.at(listener).forget();
    studio.run(200);
    studio.at(others[7]).hush();
    studio.run(1800);
    let heard = studio.at(listener).ears.as_ref().expect("two ears");
    for ear in [&heard.left, &heard.right] {
        let click = click(ear, 48_000, 250.0);
        assert!(click < -50.0, "{click} dBFS");
    }
    // A head hardly shades so low a tone.
    let right = ears(&mut studio, listener, 250.0);
    assert!(right.1 - right.0 > 0.4, "{right:?}");
}

#[test]
fn who_is_not_much_louder_waits_in_the_middle() {
    let usual = MemberSettings::default();
    let always = MemberSettings { energy: 0, ..usual };
    // Softer than a voice beside nothing, half as loud again as the others, more than twice as loud.
    for (settings, aside, level, has_direction) in [
        (always, None, -52.0, false),
        (usual, Some(-20.0), -17.0, false),
        (usual, Some(-20.0), -12.0, true),
    ] {
        let (mut studio, _, listener, talker) = crowd(settings, aside);
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: talker,
            settings: MemberSettings {
                energy: 10,
                ..usual
            },
        });
        studio.at(talker).say(2500.0, level);
        let heard = ears(&mut studio, listener, 2500.0);
        let difference = heard.1 - heard.0;
        let is_right = if has_direction {
            difference > 6.0
        } else {
            difference.abs() < 1.0 && heard.0 > f64::from(level) - 4.0
        };
        assert!(is_right, "{aside:?} {level}: {heard:?}");
    }
}
