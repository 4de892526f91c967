//! Listeners in three dimensions who hear the same are mixed and encoded for once, and nobody can hear when that begins or ends.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MemberControls, MemberSettings, OpusSending, Place, Relation,
    RoomId,
};
use media::level;
use media::spatial::{HrtfSet, Quality, Renderer};
use studio::Studio;

const ROOM: RoomId = RoomId(1);
/// Until listeners share: half a second of hearing the same, and what the first packets take.
const SETTLED_MS: u64 = 1000;
/// The tone of the talker, and of whoever begins to talk. No whole number of periods lasts a tick: what is kept too long is
/// heard.
const HZ: f64 = 263.0;
const OTHER_HZ: f64 = 2500.0;
const HERE: [i32; 3] = [0, 0, 0];
const THERE: [i32; 3] = [200, 0, 100];

/// A hall with a talker in front and to the right, who listens without directions, and listeners on one seat.
fn hall(codec: Codec, listeners: usize) -> (Studio, LegId, Vec<LegId>) {
    let mut studio = Studio::new(11);
    let renderer = Renderer::new(&HrtfSet::spherical_head(), 48_000, 960, Quality::ALL[2]);
    studio
        .engine
        .equip(renderer.expect("a rate and a frame it has"));
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    let mut legs: Vec<_> = (0..=listeners).map(|_| join(&mut studio, codec)).collect();
    let talker = legs.remove(0);
    put(&mut studio, talker, [120, 0, 90]);
    studio.at(talker).say(HZ, -14.0);
    for leg in &legs {
        set(&mut studio, *leg, three_d());
    }
    studio.run(SETTLED_MS);
    (studio, talker, legs)
}

fn join(studio: &mut Studio, codec: Codec) -> LegId {
    let opus = OpusSending {
        stereo: true,
        max_bitrate: Some(128_000),
        ..OpusSending::default()
    };
    let leg = studio.phone_for(codec, opus);
    if codec == Codec::Opus {
        studio.at(leg).listen_with_two_ears();
    }
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings: MemberSettings::default(),
    });
    leg
}

fn put(studio: &mut Studio, leg: LegId, position_cm: [i32; 3]) {
    studio.command(placed(leg, position_cm, 0));
}

fn placed(leg: LegId, position_cm: [i32; 3], azimuth_deg: i16) -> MediaCommand {
    let place = Place {
        position_cm,
        azimuth_deg,
        elevation_deg: 0,
    };
    MediaCommand::Place {
        room: ROOM,
        leg,
        place,
    }
}

fn set(studio: &mut Studio, leg: LegId, controls: MemberControls) {
    studio.command(controlled(leg, controls));
}

fn controlled(leg: LegId, controls: MemberControls) -> MediaCommand {
    MediaCommand::SetControls {
        room: ROOM,
        leg,
        controls,
    }
}

fn three_d() -> MemberControls {
    MemberControls {
        mixing_3d: true,
        ..MemberControls::default()
    }
}

/// Listeners mixed for, and encoders at work, per tick, over a second.
fn work(studio: &mut Studio) -> (f64, f64) {
    let before = (studio.out.rendered, studio.out.encoded);
    studio.run(1000);
    let per_tick = |before: u64, now: u64| (now - before) as f64 / 50.0;
    (
        per_tick(before.0, studio.out.rendered),
        per_tick(before.1, studio.out.encoded),
    )
}

/// What a phone has heard: with each of two ears, or with its only one.
fn channels(studio: &mut Studio, leg: LegId) -> Vec<Vec<i16>> {
    let phone = studio.at(leg);
    match &phone.ears {
        Some(ears) => vec![ears.left.clone(), ears.right.clone()],
        None => vec![phone.heard.clone()],
    }
}

/// What is left of a sound when the talker's tone is taken out: the loudest of it, in dBFS.
fn click_of(heard: &[i16], rate_hz: u32) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * HZ / f64::from(rate_hz)).cos();
    let left = heard
        .windows(3)
        .map(|w| (f64::from(w[0]) - turn * f64::from(w[1]) + f64::from(w[2])).abs());
    20.0 * (left.fold(1.0, f64::max) / 32_768.0).log10()
}

/// The loudest click in any of the ears since everything was forgotten.
fn click(studio: &mut Studio, leg: LegId) -> f64 {
    let rate_hz = studio.at(leg).rate_hz();
    let channels = channels(studio, leg);
    let clicks = channels.iter().map(|heard| click_of(heard, rate_hz));
    clicks.fold(-99.0, f64::max)
}

fn forget(studio: &mut Studio, legs: &[LegId]) {
    for leg in legs {
        studio.at(*leg).forget();
    }
}

/// Levels of a tone over the last 200 ms, in each ear.
fn levels(studio: &mut Studio, leg: LegId, hz: f64) -> Vec<f64> {
    let rate_hz = studio.at(leg).rate_hz();
    let last = |heard: &Vec<i16>| {
        let start = heard.len() - rate_hz as usize / 5;
        level::dbfs_at(&heard[start..], rate_hz, hz)
    };
    channels(studio, leg).iter().map(last).collect()
}

#[test]
fn those_who_sit_together_are_mixed_and_encoded_for_once() {
    for codec in [Codec::L16, Codec::Pcmu, Codec::Opus] {
        let (mut studio, talker, legs) = hall(codec, 16);
        let (here, there) = legs.split_at(12);
        for leg in &legs {
            let controls = MemberControls {
                reverb: false,
                ..three_d()
            };
            set(&mut studio, *leg, controls);
        }
        for leg in there {
            put(&mut studio, *leg, THERE);
        }
        studio.run(SETTLED_MS);
        // Two seats, and the talker who listens without directions.
        assert_eq!(work(&mut studio), (2.0, 3.0), "{codec:?}");
        forget(&mut studio, &legs);
        studio.run(500);
        for seat in [here, there] {
            let first = studio.at(seat[0]).payloads.clone();
            assert!(first.len() >= 24, "{codec:?}: {}", first.len());
            for leg in seat {
                assert!(studio.at(*leg).payloads == first, "{codec:?} {leg:?}");
            }
        }
        let one = studio.at(here[0]).payloads.clone();
        assert!(one != studio.at(there[0]).payloads, "{codec:?}");
        let here = levels(&mut studio, here[0], HZ);
        let there = levels(&mut studio, there[0], HZ);
        // So low a tone is hardly shaded by a head, but louder from nearby.
        assert!(there[0] - here[0] > 1.5, "{codec:?}: {here:?} {there:?}");
        if let ([left, right], [other_left, other_right]) = (&here[..], &there[..]) {
            assert!(right - left > 0.3, "{here:?}");
            assert!(other_left - other_right > 0.3, "{there:?}");
        }
        assert!(level::dbfs(&studio.at(talker).heard[..]) < -65.0);
    }
}

#[test]
fn who_begins_to_talk_hears_the_others_and_not_himself() {
    for codec in [Codec::L16, Codec::Opus] {
        let (mut studio, _, legs) = hall(codec, 5);
        studio.run(1000);
        // One who follows, and the one who leads.
        for at in [3, 0, 4] {
            assert_eq!(work(&mut studio), (1.0, 2.0), "{codec:?} {at}");
            forget(&mut studio, &legs);
            studio.run(500);
            let usual = click(&mut studio, legs[at]);
            forget(&mut studio, &legs);
            studio.at(legs[at]).say(OTHER_HZ, -30.0);
            let apart = work(&mut studio);
            assert!(apart.0 > 1.9 && apart.1 > 2.9, "{codec:?} {at}: {apart:?}");
            let begun = click(&mut studio, legs[at]);
            let own = levels(&mut studio, legs[at], OTHER_HZ);
            assert!(own.iter().all(|own| *own < -65.0), "{codec:?}: {own:?}");
            let other = legs[(at + 1) % legs.len()];
            let others = levels(&mut studio, other, OTHER_HZ);
            assert!(others.iter().all(|it| *it > -45.0), "{codec:?}: {others:?}");
            studio.at(legs[at]).hush();
            studio.run(100);
            forget(&mut studio, &legs);
            studio.run(2500);
            let back = click(&mut studio, legs[at]);
            println!("{codec:?} {at}: usually {usual:.1}, begun {begun:.1}, back {back:.1} dBFS");
            let bar = (usual + 1.0).max(-55.0);
            assert!(begun < bar && back < bar, "{codec:?} {at}: {begun} {back}");
        }
    }
}

#[test]
fn who_comes_to_hear_something_else_does_so_without_a_click() {
    // Both who leads and who follows.
    for (codec, at) in [(Codec::L16, 1), (Codec::Opus, 0), (Codec::Opus, 1)] {
        let (mut studio, talker, legs) = hall(codec, 4);
        let leg = legs[at];
        let settings = |leg, deaf| MediaCommand::SetMember {
            room: ROOM,
            leg,
            settings: MemberSettings {
                deaf,
                ..MemberSettings::default()
            },
        };
        let relate = |leg, relation| MediaCommand::Relate {
            room: ROOM,
            leg,
            other: talker,
            relation,
        };
        let usual = |leg| controlled(leg, three_d());
        let change = |leg, change: fn(&mut MemberControls)| {
            let mut controls = three_d();
            change(&mut controls);
            controlled(leg, controls)
        };
        // Only who hears with two ears can tell.
        let with_two = codec == Codec::Opus;
        let changes = [
            (true, placed(leg, THERE, 0), placed(leg, HERE, 0)),
            (with_two, placed(leg, HERE, 90), placed(leg, HERE, 0)),
            (
                true,
                change(leg, |c| c.master_gain_percent = 50),
                usual(leg),
            ),
            (
                true,
                change(leg, |c| c.attenuation_db_per_m = 20),
                usual(leg),
            ),
            (true, change(leg, |c| c.max_distance_cm = 40), usual(leg)),
            (with_two, change(leg, |c| c.reverb = false), usual(leg)),
            (with_two, change(leg, |c| c.loudspeakers = true), usual(leg)),
            (true, change(leg, |c| c.mixing_3d = false), usual(leg)),
            (true, change(leg, |c| c.stereo_bypass = true), usual(leg)),
            (true, change(leg, |c| c.sidebar = 4), usual(leg)),
            (true, change(leg, |c| c.whisper = 4), usual(leg)),
            (true, settings(leg, true), settings(leg, false)),
            (
                true,
                relate(leg, Relation::NoHear),
                relate(leg, Relation::Clear),
            ),
        ];
        for (differs, there, back) in changes {
            assert_eq!(work(&mut studio), (1.0, 2.0), "{codec:?} before {there:?}");
            forget(&mut studio, &legs);
            studio.run(200);
            studio.command(there.clone());
            studio.run(400);
            let leaving = click(&mut studio, leg);
            let (_, encoded) = work(&mut studio);
            let expected = if differs { 3.0 } else { 2.0 };
            assert_eq!(encoded, expected, "{codec:?} {leg:?} {there:?}");
            forget(&mut studio, &legs);
            studio.run(200);
            studio.command(back);
            studio.run(SETTLED_MS);
            let coming = click(&mut studio, leg);
            let others = legs.iter().filter(|other| **other != leg);
            let others = others.map(|leg| click(&mut studio, *leg));
            let others = others.fold(-99.0, f64::max);
            println!("{codec:?} {leg:?}: {leaving:.1}, {coming:.1}, others {others:.1} {there:?}");
            let loudest = leaving.max(coming).max(others);
            assert!(
                loudest < -60.0,
                "{codec:?} {leg:?} {there:?}: {loudest} dBFS"
            );
        }
    }
}

#[test]
fn the_others_hear_nothing_when_their_leader_goes() {
    for codec in [Codec::L16, Codec::Opus] {
        let (mut studio, _, mut legs) = hall(codec, 6);
        studio.run(1000);
        let before = levels(&mut studio, legs[5], HZ);
        while legs.len() > 2 {
            let leaver = legs.remove(0);
            forget(&mut studio, &legs);
            studio.run(200);
            studio.command(if legs.len() % 2 == 0 {
                MediaCommand::CloseLeg { leg: leaver }
            } else {
                MediaCommand::LeaveRoom {
                    room: ROOM,
                    leg: leaver,
                }
            });
            studio.run(400);
            for leg in &legs {
                let click = click(&mut studio, *leg);
                assert!(click < -60.0, "{codec:?}: {click} dBFS");
                let after = levels(&mut studio, *leg, HZ);
                for (before, after) in before.iter().zip(after) {
                    assert!((before - after).abs() < 0.5, "{codec:?}: {before} {after}");
                }
            }
            let (rendered, _) = work(&mut studio);
            assert_eq!(rendered, 1.0);
        }
    }
}

#[test]
fn those_who_go_elsewhere_together_stay_together() {
    for codec in [Codec::L16, Codec::Opus] {
        let (mut studio, _, legs) = hall(codec, 6);
        assert_eq!(work(&mut studio), (1.0, 2.0));
        forget(&mut studio, &legs);
        studio.run(200);
        // All but the last.
        let (last, group) = legs.split_last().expect("some");
        let before = studio.out.rendered;
        for leg in group {
            put(&mut studio, *leg, THERE);
        }
        studio.run(200);
        assert_eq!(studio.out.rendered - before, 2 * 10, "{codec:?}");
        for leg in &legs {
            let click = click(&mut studio, *leg);
            assert!(click < -50.0, "{codec:?} {leg:?}: {click}");
        }
        // It comes after them, and then they are one again.
        put(&mut studio, *last, THERE);
        studio.run(SETTLED_MS);
        assert_eq!(work(&mut studio), (1.0, 2.0));
        // In two groups to the same place: after a while they are one.
        for leg in &legs[..3] {
            put(&mut studio, *leg, HERE);
        }
        studio.run(SETTLED_MS);
        assert_eq!(work(&mut studio), (2.0, 3.0));
        forget(&mut studio, &legs);
        studio.run(200);
        for leg in &legs[..3] {
            put(&mut studio, *leg, THERE);
        }
        studio.run(SETTLED_MS);
        for leg in &legs {
            let click = click(&mut studio, *leg);
            assert!(click < -50.0, "{codec:?} {leg:?}: {click}");
        }
        assert_eq!(work(&mut studio), (1.0, 2.0));
    }
}

#[test]
fn the_others_hear_nothing_when_their_leader_is_the_first_to_ask_for_directions() {
    for codec in [Codec::L16, Codec::Opus] {
        let mut studio = Studio::new(12);
        let renderer = Renderer::new(&HrtfSet::spherical_head(), 48_000, 960, Quality::ALL[2]);
        studio
            .engine
            .equip(renderer.expect("a rate and a frame it has"));
        studio.command(MediaCommand::OpenRoom {
            room: ROOM,
            rate_hz: 8000,
        });
        let legs: Vec<_> = (0..5).map(|_| join(&mut studio, codec)).collect();
        let (talker, listeners) = (legs[0], &legs[1..]);
        studio.at(talker).say(HZ, -14.0);
        studio.run(2 * SETTLED_MS);
        assert_eq!(work(&mut studio), (0.0, 2.0));
        forget(&mut studio, &legs);
        studio.run(200);
        set(&mut studio, listeners[0], three_d());
        studio.run(400);
        for leg in listeners {
            let click = click(&mut studio, *leg);
            assert!(click < -50.0, "{codec:?} {leg:?}: {click} dBFS");
        }
        studio.run(SETTLED_MS);
        assert_eq!(work(&mut studio), (1.0, 3.0));
    }
}

#[test]
fn seats_of_one_do_not_take_the_place_of_those_who_could_share() {
    let (mut studio, _, legs) = hall(Codec::L16, 140);
    let (single, stacked) = legs.split_at(134);
    for (n, leg) in single.iter().enumerate() {
        put(&mut studio, *leg, [n as i32 + 1, 0, 0]);
    }
    for leg in stacked {
        put(&mut studio, *leg, THERE);
    }
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (135.0, 136.0));
}

#[test]
fn who_hears_nothing_shares_that() {
    let (mut studio, _, legs) = hall(Codec::L16, 6);
    for (n, leg) in legs.iter().enumerate() {
        put(&mut studio, *leg, [n as i32 * 10, 0, 0]);
        if n % 2 == 0 {
            let settings = MemberSettings {
                deaf: true,
                ..MemberSettings::default()
            };
            studio.command(MediaCommand::SetMember {
                room: ROOM,
                leg: *leg,
                settings,
            });
        } else {
            let controls = MemberControls {
                master_gain_percent: 0,
                ..three_d()
            };
            set(&mut studio, *leg, controls);
        }
    }
    studio.run(SETTLED_MS);
    // Nothing is mixed, and encoded once.
    assert_eq!(work(&mut studio), (0.0, 2.0));
    forget(&mut studio, &legs);
    studio.run(200);
    for leg in &legs {
        assert!(studio.at(*leg).heard.iter().all(|sample| *sample == 0));
    }
    // Hearing again, it hears from where it is now.
    set(&mut studio, legs[1], three_d());
    studio.run(400);
    let click = click(&mut studio, legs[1]);
    assert!(click < -50.0, "{click} dBFS");
    assert!(levels(&mut studio, legs[1], HZ)[0] > -30.0);
}

/// In a conference without an energy level everybody is in the mix all the time, and has a place among the talkers.
#[test]
fn who_is_always_heard_shares_while_it_says_nothing() {
    let (mut studio, _, legs) = hall(Codec::Opus, 5);
    for leg in &legs {
        let settings = MemberSettings {
            energy: 0,
            ..MemberSettings::default()
        };
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: *leg,
            settings,
        });
    }
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (1.0, 2.0));
    for leg in [legs[0], legs[3]] {
        studio.at(leg).say(OTHER_HZ, -50.0);
        studio.run(500);
        let own = levels(&mut studio, leg, OTHER_HZ);
        assert!(own.iter().all(|own| *own < -75.0), "{own:?}");
        let others = levels(&mut studio, legs[1], OTHER_HZ);
        assert!(others.iter().all(|it| *it > -65.0), "{others:?}");
        let work = work(&mut studio);
        assert_eq!(work, (2.0, 3.0));
        studio.at(leg).hush();
        studio.run(SETTLED_MS + 1000);
    }
}

#[test]
fn who_hears_no_directions_may_be_anywhere() {
    let (mut studio, _, legs) = hall(Codec::Opus, 6);
    for (n, leg) in legs.iter().enumerate() {
        put(&mut studio, *leg, [n as i32 * 50, 0, 0]);
    }
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (6.0, 7.0));
    for leg in &legs {
        let controls = MemberControls {
            mixing_3d: false,
            ..three_d()
        };
        set(&mut studio, *leg, controls);
    }
    studio.run(SETTLED_MS);
    // Not with the talker, who never listened in three dimensions: what that one hears comes 2 ms earlier.
    assert_eq!(work(&mut studio), (1.0, 2.0));
}

/// A room has a share for every two members. Those left alone on their seats need none, so that others get them.
#[test]
fn who_is_left_alone_leaves_the_share_to_others() {
    let (mut studio, _, legs) = hall(Codec::L16, 4);
    for leg in &legs[2..] {
        put(&mut studio, *leg, THERE);
    }
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (2.0, 3.0));
    for leg in [legs[1], legs[2]] {
        put(&mut studio, leg, [50, 0, 50]);
    }
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (3.0, 4.0));
}

#[test]
fn those_who_come_to_hear_directions_together_stay_together() {
    let (mut studio, ..) = hall(Codec::L16, 4);
    // Newcomers who hear the plain mix, in a room that is mixed for the hall already.
    let plain: Vec<_> = (0..4).map(|_| join(&mut studio, Codec::L16)).collect();
    studio.run(SETTLED_MS);
    assert_eq!(work(&mut studio), (1.0, 3.0));
    let before = studio.out.rendered;
    for leg in &plain {
        put(&mut studio, *leg, THERE);
        set(&mut studio, *leg, three_d());
    }
    studio.run(200);
    assert_eq!(studio.out.rendered - before, 2 * 10);
    studio.run(SETTLED_MS);
    forget(&mut studio, &plain);
    studio.run(200);
    put(&mut studio, plain[2], HERE);
    studio.run(400);
    for leg in &plain {
        let click = click(&mut studio, *leg);
        assert!(click < -60.0, "{leg:?}: {click} dBFS");
    }
}
