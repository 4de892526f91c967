//! Who is loud enough begins to be heard, and who falls silent ceases to be, without a click.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MediaReport, MemberControls, MemberSettings, RecordId, RoomId,
};
use media::level;
use media::spatial::{HrtfSet, Quality, Renderer};
use studio::Studio;

const ROOM: RoomId = RoomId(1);
const HZ: f64 = 250.0;

fn join(studio: &mut Studio, settings: MemberSettings) -> LegId {
    let leg = studio.phone(Codec::L16);
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings,
    });
    leg
}

/// What is left when the talker's tone is taken out: the loudest of it, in dBFS.
fn click(heard: &[i16], rate_hz: u32) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * HZ / f64::from(rate_hz)).cos();
    let left = heard
        .windows(3)
        .map(|w| (f64::from(w[0]) - turn * f64::from(w[1]) + f64::from(w[2])).abs());
    20.0 * (left.fold(1.0, f64::max) / 32_768.0).log10()
}

/// Levels of the loudest and of the softest stretch of 100 ms.
fn extremes(heard: &[i16], rate_hz: u32) -> (f64, f64) {
    let levels = heard.chunks_exact(rate_hz as usize / 10).map(level::dbfs);
    levels.fold((-99.0, 0.0), |(loud, soft), level| {
        (level.max(loud), level.min(soft))
    })
}

fn record(studio: &mut Studio) -> RecordId {
    let record = RecordId(1);
    studio.command(MediaCommand::RoomRecord {
        room: ROOM,
        record,
        stereo: false,
        file: "/m.wav".to_owned(),
        limit_ms: None,
        append: false,
    });
    record
}

#[test]
fn nothing_clicks_when_somebody_begins_and_ceases_to_be_heard() {
    for hang_over_ms in [0, 60] {
        let mut studio = Studio::new(3);
        let renderer = Renderer::new(&HrtfSet::spherical_head(), 48_000, 960, Quality::ALL[2]);
        studio
            .engine
            .equip(renderer.expect("a rate and a frame it has"));
        studio.command(MediaCommand::OpenRoom {
            room: ROOM,
            rate_hz: 48_000,
        });
        let usual = MemberSettings::default();
        let [plain, three_d, bypassed] = [(); 3].map(|()| join(&mut studio, usual));
        let talker = join(
            &mut studio,
            MemberSettings {
                energy: 1500,
                hang_over_ms,
                ..usual
            },
        );
        let control = |leg, change: fn(&mut MemberControls)| {
            let mut controls = MemberControls {
                reverb: false,
                attenuation_db_per_m: 0,
                ..MemberControls::default()
            };
            change(&mut controls);
            MediaCommand::SetControls {
                room: ROOM,
                leg,
                controls,
            }
        };
        studio.command(control(three_d, |c| c.mixing_3d = true));
        // It hears what the talker says before it is made softer.
        studio.command(control(bypassed, |c| c.stereo_bypass = true));
        studio.command(control(talker, |c| c.input_gain_percent = 90));
        let record = record(&mut studio);
        studio.at(talker).swell(HZ, 1.0, -14.0);
        studio.run(500);
        for leg in [plain, three_d, bypassed] {
            studio.at(leg).forget();
        }
        let start = studio.tape(record).len();
        studio.reports.clear();
        studio.run(6000);
        let talking = studio.reports.iter().filter_map(|report| match report {
            MediaReport::Talking { on, .. } => Some(*on),
            _ => None,
        });
        let talking: Vec<bool> = talking.collect();
        assert!((11..=13).contains(&talking.len()), "{talking:?}");
        let mut heard: Vec<_> = [plain, three_d, bypassed]
            .map(|leg| (format!("{leg:?}"), studio.at(leg).heard.clone(), 16_000))
            .into();
        heard.push((
            "the recording".into(),
            studio.tape(record)[start..].to_vec(),
            48_000,
        ));
        for (who, heard, rate_hz) in heard {
            let click = click(&heard, rate_hz);
            let (loud, soft) = extremes(&heard, rate_hz);
            println!("{hang_over_ms} ms, {who}: {click:.1} dBFS, between {soft:.1} and {loud:.1}");
            assert!(click < -60.0, "{who}: {click} dBFS");
            assert!(loud > -19.0 && soft < -80.0, "{who}: {loud} {soft}");
        }
    }
}

#[test]
fn nothing_clicks_when_the_threshold_is_moved() {
    let mut studio = Studio::new(4);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    let usual = MemberSettings::default();
    let [listener, talker] = [(); 2].map(|()| join(&mut studio, usual));
    studio.at(talker).say(HZ, -14.0);
    studio.run(1000);
    for (energy, is_heard) in [(20_000, false), (0, true), (20_000, false), (100, true)] {
        studio.at(listener).forget();
        studio.run(200);
        let settings = MemberSettings {
            energy,
            hang_over_ms: 0,
            ..usual
        };
        studio.command(MediaCommand::SetMember {
            room: ROOM,
            leg: talker,
            settings,
        });
        studio.run(400);
        let heard = &studio.at(listener).heard;
        let click = click(heard, 16_000);
        assert!(click < -60.0, "{energy}: {click} dBFS");
        let level = level::dbfs(&heard[heard.len() - 3200..]);
        let expected = if is_heard { -14.0 } else { -99.0 };
        // A sinusoid's mean power is 3 dB below its peak.
        let is_right = (level - expected).abs() < 4.0 || (!is_heard && level < -80.0);
        assert!(is_right, "{energy}: {level} dBFS");
    }
}

/// What somebody else hears of a talker in a second, in dBFS, after both have been there for a while.
fn heard_of(
    studio: &mut Studio,
    talker: LegId,
    listener: LegId,
    level_db: f32,
    run_ms: u64,
) -> f64 {
    studio.at(talker).say(HZ, level_db);
    studio.run(run_ms);
    studio.at(listener).forget();
    studio.run(1000);
    level::dbfs(&studio.at(listener).heard)
}

#[test]
fn noise_that_is_always_there_is_not_heard_and_what_is_louder_is() {
    let mut studio = Studio::new(4);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    let usual = MemberSettings::default();
    let listener = join(&mut studio, usual);
    let with_auto = MemberSettings {
        auto_energy: 2000,
        ..usual
    };
    let talker = join(&mut studio, with_auto);
    // Mean absolute samples of about 650, far above the energy of 100.
    let first = heard_of(&mut studio, talker, listener, -30.0, 200);
    assert!(
        first > -35.0,
        "nobody knows yet that it is noise: {first} dBFS"
    );
    let noise = heard_of(&mut studio, talker, listener, -30.0, 2500);
    assert!(noise < -80.0, "{noise} dBFS");
    let voice = heard_of(&mut studio, talker, listener, -14.0, 200);
    assert!(voice > -20.0, "{voice} dBFS");
    let off = MediaCommand::SetMember {
        room: ROOM,
        leg: talker,
        settings: usual,
    };
    studio.command(off);
    let noise = heard_of(&mut studio, talker, listener, -30.0, 2500);
    assert!(noise > -35.0, "{noise} dBFS");
}

#[test]
fn who_is_too_loud_is_not_heard_and_comes_back_softer() {
    let mut studio = Studio::new(4);
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: 16_000,
    });
    // Everything of them is let through otherwise.
    let limited = MemberSettings {
        energy: 0,
        max_energy: 3000,
        ..MemberSettings::default()
    };
    let listener = join(&mut studio, MemberSettings::default());
    let talker = join(&mut studio, limited);
    let soft = heard_of(&mut studio, talker, listener, -24.0, 500);
    assert!(soft > -30.0, "{soft} dBFS");
    let loud = heard_of(&mut studio, talker, listener, -6.0, 500);
    assert!(loud < -80.0, "{loud} dBFS");
    let soft = heard_of(&mut studio, talker, listener, -24.0, 1500);
    assert!(soft > -30.0, "{soft} dBFS");
}
