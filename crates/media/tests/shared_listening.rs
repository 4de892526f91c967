//! Listeners who hear the same are encoded for once, and nobody can hear when that begins or ends.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MemberControls, MemberSettings, MuteSide, Relation, RoomId,
};
use media::level;
use studio::Studio;

const ROOM: RoomId = RoomId(1);
/// Until listeners share: half a second of hearing the same, and what the first packets take.
const SETTLED_MS: u64 = 1000;

/// A room with a talker of 250 Hz, and listeners.
fn room(codec: Codec, listeners: usize) -> (Studio, LegId, Vec<LegId>) {
    let mut studio = Studio::new(7);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    let mut legs: Vec<_> = (0..=listeners).map(|_| join(&mut studio, codec)).collect();
    let talker = legs.remove(0);
    studio.at(talker).say(250.0, -14.0);
    studio.run(SETTLED_MS);
    (studio, talker, legs)
}

fn join(studio: &mut Studio, codec: Codec) -> LegId {
    let leg = studio.phone(codec);
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings: MemberSettings::default(),
    });
    leg
}

/// Encoders at work: packets encoded per tick, over a second.
fn encoders(studio: &mut Studio) -> f64 {
    let before = studio.out.encoded;
    studio.run(1000);
    (studio.out.encoded - before) as f64 / 50.0
}

/// What a phone hears in so many milliseconds.
fn heard(studio: &mut Studio, leg: LegId, ms: u64) -> Vec<i16> {
    studio.at(leg).forget();
    studio.run(ms);
    studio.at(leg).heard.clone()
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
fn one_encoder_serves_all_who_hear_the_same() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::L16, Codec::Opus] {
        let (mut studio, talker, listeners) = room(codec, 12);
        // The talker hears everybody but himself.
        assert_eq!(encoders(&mut studio), 2.0, "{codec:?}");
        for leg in &listeners {
            studio.at(*leg).forget();
        }
        studio.at(talker).forget();
        studio.run(500);
        let first = studio.at(listeners[0]).heard.clone();
        let rate_hz = studio.at(talker).rate_hz();
        assert!((level::dbfs_at(&first, rate_hz, 250.0) + 14.0).abs() < 0.5);
        for leg in &listeners {
            assert_eq!(studio.at(*leg).heard, first, "{codec:?} {leg:?}");
        }
        // Silence of A-law is not quite.
        let own = level::dbfs(&studio.at(talker).heard);
        assert!(own < -65.0, "{codec:?}: {own}");
    }
}

#[test]
fn who_begins_to_talk_has_an_encoder_of_its_own_until_it_listens_again() {
    for codec in [Codec::Pcmu, Codec::L16, Codec::Opus] {
        let (mut studio, talker, listeners) = room(codec, 5);
        let rate_hz = studio.at(talker).rate_hz();
        studio.run(1000);
        // Neither who leads nor who follows clicks, nor those whose leader goes.
        for at in [3, 0, 4] {
            let alone = encoders(&mut studio);
            assert_eq!(alone, 2.0, "{codec:?} {at}");
            let usual: Vec<f64> = listeners
                .iter()
                .map(|leg| click(&heard(&mut studio, *leg, 500), rate_hz, 250.0))
                .collect();
            for leg in &listeners {
                studio.at(*leg).forget();
            }
            studio.at(listeners[at]).say(1000.0, -30.0);
            let apart = encoders(&mut studio);
            // Its voice takes a tick or two to come.
            assert!((2.9..=3.0).contains(&apart), "{codec:?} {at}: {apart}");
            let own = studio.at(listeners[at]).heard.clone();
            let begun = click(&own, rate_hz, 250.0);
            let echo = level::dbfs_at(&own[own.len() / 2..], rate_hz, 1000.0);
            assert!(echo < -60.0, "{codec:?}: hears itself at {echo} dBFS");
            studio.at(listeners[at]).hush();
            studio.run(100);
            let back = click(&heard(&mut studio, listeners[at], 2000), rate_hz, 250.0);
            println!("{codec:?} {at}: usually {usual:.1?}, begun {begun:.1}, back {back:.1} dBFS");
            // The noise of G.711 is louder than −50 dBFS.
            let bar = (usual[at] + 1.0).max(-50.0);
            assert!(begun < bar && back < bar, "{codec:?} {at}: {begun} {back}");
        }
    }
}

#[test]
fn the_others_hear_nothing_when_their_leader_goes() {
    for codec in [Codec::L16, Codec::Opus] {
        let (mut studio, talker, mut listeners) = room(codec, 6);
        let rate_hz = studio.at(talker).rate_hz();
        studio.run(1000);
        while listeners.len() > 2 {
            let leaver = listeners.remove(0);
            for leg in &listeners {
                studio.at(*leg).forget();
            }
            studio.run(200);
            studio.command(MediaCommand::LeaveRoom {
                room: ROOM,
                leg: leaver,
            });
            studio.run(400);
            for leg in &listeners {
                let heard = studio.at(*leg).heard.clone();
                let click = click(&heard, rate_hz, 250.0);
                assert!(click < -60.0, "{codec:?}: {click} dBFS");
                let level = level::dbfs_at(&heard[heard.len() / 2..], rate_hz, 250.0);
                assert!((level + 14.0).abs() < 0.5, "{codec:?}: {level}");
            }
            assert_eq!(encoders(&mut studio), 2.0);
        }
    }
}

#[test]
fn who_hears_anything_else_has_an_encoder_of_its_own() {
    let (mut studio, talker, listeners) = room(Codec::Opus, 4);
    let odd = listeners[1];
    assert_eq!(encoders(&mut studio), 2.0);
    let controls = |master_gain_percent, sidebar| MediaCommand::SetControls {
        room: ROOM,
        leg: odd,
        controls: MemberControls {
            master_gain_percent,
            sidebar,
            ..MemberControls::default()
        },
    };
    let deaf = |deaf| MediaCommand::SetMember {
        room: ROOM,
        leg: odd,
        settings: MemberSettings {
            deaf,
            ..MemberSettings::default()
        },
    };
    let relate = |relation| MediaCommand::Relate {
        room: ROOM,
        leg: odd,
        other: talker,
        relation,
    };
    let gain = |gain_db| MediaCommand::SetGain {
        leg: odd,
        side: MuteSide::Write,
        gain_db,
    };
    // What it hears of the talker then, and how it is undone.
    for (other, undo, level) in [
        (controls(50, 0), controls(100, 0), -20.0),
        (controls(100, 7), controls(100, 0), -99.0),
        (deaf(true), deaf(false), -99.0),
        (relate(Relation::NoHear), relate(Relation::Clear), -99.0),
        (gain(-6.0), gain(0.0), -20.0),
    ] {
        studio.command(other.clone());
        assert_eq!(encoders(&mut studio), 3.0, "{other:?}");
        let heard = heard(&mut studio, odd, 500);
        let of_talker = level::dbfs_at(&heard[heard.len() / 2..], 48_000, 250.0).max(-99.0);
        let is_right = (of_talker - level).abs() < 0.7 || (level < -90.0 && of_talker < -75.0);
        assert!(is_right, "{other:?}: {of_talker}");
        studio.command(undo);
        studio.run(SETTLED_MS);
        assert_eq!(encoders(&mut studio), 2.0, "after {other:?}");
    }
}

/// What cancels the echo of somebody who is sent the same as others knows what that is: when they come to be heard, nothing is to
/// be learnt any more.
#[test]
fn the_echo_of_who_follows_is_known() {
    let mut studio = Studio::new(9);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    let [talker, leader, echoing] = [(); 3].map(|()| join(&mut studio, Codec::L16));
    studio.command(MediaCommand::SetControls {
        room: ROOM,
        leg: echoing,
        controls: MemberControls {
            echo_cancellation: true,
            ..MemberControls::default()
        },
    });
    let settings = |energy| MediaCommand::SetMember {
        room: ROOM,
        leg: echoing,
        settings: MemberSettings {
            energy,
            ..MemberSettings::default()
        },
    };
    // Its echo is not taken for talking.
    studio.command(settings(20_000));
    studio.at(talker).hum(200.0, -14.0);
    studio.run(SETTLED_MS);
    assert_eq!(encoders(&mut studio), 2.0);
    // Something else than what it heard when it mixed for itself.
    studio.at(talker).hum(330.0, -14.0);
    studio.at(echoing).echoes = Some((40, 0.3));
    studio.run(5000);
    assert_eq!(encoders(&mut studio), 2.0);
    let heard_by_leader = heard(&mut studio, leader, 500);
    assert!(level::dbfs_at(&heard_by_leader, 16_000, 330.0) > -15.0);
    // From now on whatever is left of it is heard.
    studio.command(settings(0));
    let heard_by_talker = heard(&mut studio, talker, 400);
    let left = level::dbfs(&heard_by_talker);
    println!("{left:.1} dBFS of echo are left");
    assert!(left < -40.0, "{left} dBFS of echo");
}
