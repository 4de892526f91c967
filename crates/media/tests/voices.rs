//! What is done to a member's voice is heard by the others, over telephones.

mod studio;

use std::f64::consts::PI;

use jackfield_media as media;
use media::control::{
    Codec, Direction, EchoDelay, LegId, LegKind, LegSpec, MediaCommand, MemberControls,
    MemberSettings, OpusSending, RoomId,
};
use media::level;
use studio::phone::{Phone, address};
use studio::{Studio, spec_of};

const ROOM: RoomId = RoomId(1);

fn open(rate_hz: u32) -> Studio {
    let mut studio = Studio::new(3);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz,
    });
    studio
}

fn join(studio: &mut Studio, leg: LegId) {
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings: MemberSettings::default(),
    });
}

fn control(studio: &mut Studio, leg: LegId, set: impl FnOnce(&mut MemberControls)) {
    let mut controls = MemberControls::default();
    set(&mut controls);
    studio.command(MediaCommand::SetControls {
        room: ROOM,
        leg,
        controls,
    });
}

/// The last half second a phone heard, with its rate.
fn lately(studio: &mut Studio, leg: LegId) -> (Vec<i16>, u32) {
    let phone = studio.at(leg);
    let rate_hz = phone.rate_hz();
    let from = phone.heard.len() - rate_hz as usize / 2;
    (phone.heard[from..].to_vec(), rate_hz)
}

fn hears_hz(studio: &mut Studio, leg: LegId) -> f64 {
    let (heard, rate_hz) = lately(studio, leg);
    level::dominant_hz(&heard, rate_hz).unwrap_or(0.0)
}

#[test]
fn a_voice_is_shifted_for_the_others_whatever_rate_its_leg_has() {
    let mut studio = open(16_000);
    let [speaker, listener] = [Codec::Pcmu, Codec::G722].map(|codec| studio.phone(codec));
    join(&mut studio, speaker);
    join(&mut studio, listener);
    studio.at(speaker).say(500.0, -20.0);
    studio.run(1000);
    assert!((hears_hz(&mut studio, listener) - 500.0).abs() < 3.0);
    control(&mut studio, speaker, |controls| {
        controls.voice_shift_semitones = 12;
    });
    studio.run(1000);
    assert!((hears_hz(&mut studio, listener) - 1000.0).abs() < 5.0);

    // The speaker changes to a wide codec in the middle of the call.
    let spec = spec_of(Codec::Opus, 20);
    *studio.at(speaker) = Phone::new(speaker, spec, 11);
    studio.at(speaker).say(500.0, -20.0);
    studio.command(MediaCommand::SetRemote {
        leg: speaker,
        spec: LegSpec {
            remote: address(speaker),
            rtcp: None,
            send: spec,
            opus: OpusSending::default(),
            receive: vec![spec],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: false,
            timeout_ms: None,
        },
    });
    studio.run(1500);
    assert!((hears_hz(&mut studio, listener) - 1000.0).abs() < 5.0);
    control(&mut studio, speaker, |_| ());
    studio.run(1000);
    assert!((hears_hz(&mut studio, listener) - 500.0).abs() < 3.0);
}

#[test]
fn a_soft_voice_is_brought_up_and_noise_taken_away() {
    let mut studio = open(8000);
    let [speaker, listener] = [Codec::L16, Codec::Pcmu].map(|codec| studio.phone(codec));
    join(&mut studio, speaker);
    join(&mut studio, listener);
    studio.at(speaker).say(500.0, -35.0);
    control(&mut studio, speaker, |controls| {
        controls.automatic_gain = true;
    });
    for syllable in 0..40 {
        let level = if syllable % 2 == 0 { -35.0 } else { -55.0 };
        studio.at(speaker).hush();
        studio.at(speaker).say(500.0, level);
        studio.run(150);
    }
    let (heard, _) = lately(&mut studio, listener);
    // −35 dBFS half of the time are −41 LUFS with their pauses, and 18 dB are all there is.
    let loudest = heard.chunks(400).map(level::dbfs).fold(-90.0, f64::max);
    assert!((-20.0..-14.0).contains(&loudest), "{loudest} dBFS");

    // A tone that does not change is noise.
    control(&mut studio, speaker, |controls| {
        controls.noise_suppression = true;
    });
    studio.at(speaker).hush();
    studio.at(speaker).say(500.0, -35.0);
    studio.run(6000);
    let (heard, _) = lately(&mut studio, listener);
    let left = level::dbfs(&heard);
    assert!(left < -41.0, "{left} dBFS of hum");
}

/// Everybody says syllables of an own tone at an own level for 8 s; the levels at which they are heard then.
fn syllables<const N: usize>(
    studio: &mut Studio,
    speakers: [(LegId, f64, f32); N],
    listener: LegId,
) -> [f64; N] {
    for syllable in 0..54 {
        for (leg, hz, level) in speakers {
            let softer = if syllable % 2 == 0 { 0.0 } else { 20.0 };
            studio.at(leg).say(hz, level - softer);
        }
        studio.run(150);
    }
    let (heard, rate_hz) = lately(studio, listener);
    speakers.map(|(_, hz, _)| {
        let loudest = heard.chunks_exact(rate_hz as usize / 20);
        loudest
            .map(|part| level::dbfs_at(part, rate_hz, hz))
            .fold(-90.0, f64::max)
    })
}

#[test]
fn where_more_than_two_speak_a_voice_becomes_as_loud_as_the_others() {
    let mut studio = open(16_000);
    let [soft, one, two, listener] = [(); 4].map(|()| {
        let leg = studio.phone(Codec::L16);
        join(&mut studio, leg);
        leg
    });
    control(&mut studio, soft, |controls| {
        controls.automatic_gain = true;
    });
    // One other: −23 LUFS, which syllables of −17 dBFS are.
    let alone = syllables(
        &mut studio,
        [(soft, 500.0, -33.0), (one, 900.0, -28.0)],
        listener,
    );
    assert!((alone[0] + 17.0).abs() < 1.5, "{alone:?}");
    // Two others, whose mean is −29 dBFS.
    let speakers = [
        (soft, 500.0, -33.0),
        (one, 900.0, -28.0),
        (two, 1300.0, -30.0),
    ];
    let heard = syllables(&mut studio, speakers, listener);
    assert!((heard[0] + 29.0).abs() < 1.5, "{heard:?}");
    assert!((heard[1] + 28.0).abs() < 0.5 && (heard[2] + 30.0).abs() < 0.5);
    // All of them: the mean of what they say, −30.3 dBFS.
    for leg in [one, two] {
        control(&mut studio, leg, |controls| controls.automatic_gain = true);
    }
    let heard = syllables(&mut studio, speakers, listener);
    for level in heard {
        assert!((level + 30.3).abs() < 1.5, "{heard:?}");
    }
    // No gain goes beyond its limits: 12 dB less at most.
    let speakers = [
        (soft, 500.0, -12.0),
        (one, 900.0, -45.0),
        (two, 1300.0, -45.0),
    ];
    for leg in [one, two] {
        control(&mut studio, leg, |_| ());
    }
    let heard = syllables(&mut studio, speakers, listener);
    assert!((heard[0] + 24.0).abs() < 1.5, "{heard:?}");
}

#[test]
fn who_is_echoed_does_not_hear_himself_any_more() {
    let mut studio = open(16_000);
    let speaker = studio.phone(Codec::L16);
    let (echoing, far) = (LegId(100), LegId(101));
    for (leg, other) in [(echoing, far), (far, echoing)] {
        studio.command(MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Pair {
                other,
                rate_hz: 16_000,
            },
        });
    }
    studio.command(MediaCommand::Echo {
        leg: far,
        delay: Some(EchoDelay { delay_ms: 100 }),
    });
    join(&mut studio, speaker);
    join(&mut studio, echoing);
    studio.at(speaker).say(500.0, -20.0);
    studio.run(1000);
    let (heard, _) = lately(&mut studio, speaker);
    let before = level::dbfs(&heard);
    assert!((before + 20.0).abs() < 1.0, "{before} dBFS");
    control(&mut studio, echoing, |controls| {
        controls.echo_cancellation = true;
    });
    studio.run(3000);
    let (heard, _) = lately(&mut studio, speaker);
    let after = level::dbfs(&heard);
    assert!(after < before - 30.0, "{after} dBFS");
}

/// The level is the mean absolute sample while somebody speaks, whatever controls say and others do.
#[test]
fn a_voice_is_brought_to_a_level_that_is_named() {
    let dbfs_of = |level: u16| 20.0 * (f64::from(level) * PI / 2.0 / 32_768.0).log10();
    for (level, said, controlled) in [
        (1000, -35.0, false),
        (1000, -20.0, true),
        (2500, -30.0, true),
        (500, -22.0, false),
    ] {
        let mut studio = open(16_000);
        let [speaker, other, listener] = [(); 3].map(|()| {
            let leg = studio.phone(Codec::L16);
            join(&mut studio, leg);
            leg
        });
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: speaker,
            settings: MemberSettings {
                automatic_gain: level,
                ..MemberSettings::default()
            },
        });
        if controlled {
            control(&mut studio, speaker, |controls| {
                controls.automatic_gain = true;
            });
        }
        let speakers = [(speaker, 500.0, said), (other, 900.0, -40.0)];
        let heard = syllables(&mut studio, speakers, listener);
        // Syllables of a tone are 2 dB above what that is to a voice: they are loud half of the time.
        let wanted = dbfs_of(level) + 2.0;
        assert!((heard[0] - wanted).abs() < 1.0, "{heard:?}, not {wanted}");
        assert!(
            (heard[1] + 40.0).abs() < 0.5,
            "{heard:?}: the other one is left alone"
        );
        // And it is left as it is again.
        let settings = MemberSettings::default();
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: speaker,
            settings,
        });
        control(&mut studio, speaker, |_| ());
        let heard = syllables(&mut studio, speakers, listener);
        assert!((heard[0] - f64::from(said)).abs() < 0.5, "{heard:?}");
    }
}
