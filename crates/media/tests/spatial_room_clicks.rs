//! Nothing clicks in a room in three dimensions: not a switch, not one who goes, not another rate.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{Codec, MediaCommand, MemberControls, MemberSettings};
use media::level;
use studio::hall::{ROOM, click, hall, join, put, set, three_d};

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

#[test]
fn nothing_clicks_when_somebody_leaves_in_the_middle_of_a_word() {
    for in_the_hall in [false, true] {
        for closes in [false, true] {
            let mut studio = hall(16_000);
            let [listener, other] = [(); 2].map(|()| join(&mut studio, Codec::L16));
            studio.at(other).say(1700.0, -50.0);
            if in_the_hall {
                set(&mut studio, listener, three_d());
            }
            // Wherever in its wave the voice is cut.
            for at_ms in [100, 111, 123, 137] {
                let talker = join(&mut studio, Codec::L16);
                studio.at(talker).say(250.0 + at_ms as f64, -14.0);
                studio.run(1000 + at_ms);
                studio.at(other).hush();
                studio.run(400);
                studio.at(listener).forget();
                studio.run(200);
                studio.command(if closes {
                    MediaCommand::CloseLeg { leg: talker }
                } else {
                    MediaCommand::LeaveRoom {
                        room: ROOM,
                        leg: talker,
                    }
                });
                studio.run(1500);
                let heard = &studio.at(listener).heard;
                let click = click(&heard[..12_000], 16_000, 250.0 + at_ms as f64);
                let which = format!("hall: {in_the_hall}, closes: {closes}, {at_ms} ms");
                assert!(click < -50.0, "{which}: {click} dBFS");
                let after = level::dbfs(&heard[heard.len() - 6400..]);
                assert!(after < -80.0, "{which}: {after} dBFS afterwards");
            }
        }
    }
}

#[test]
fn nothing_clicks_when_the_room_takes_another_rate_for_it() {
    for codec in [Codec::L16, Codec::Opus] {
        let mut studio = hall(8000);
        let (listener, talker) = (join(&mut studio, codec), join(&mut studio, codec));
        studio.at(talker).say(250.0, -14.0);
        studio.run(1000);
        studio.at(listener).forget();
        studio.run(200);
        set(&mut studio, listener, three_d());
        studio.run(400);
        let phone = studio.at(listener);
        let skip = phone.rate_hz() as usize / 5;
        let click = click(&phone.heard[skip..], phone.rate_hz(), 250.0);
        assert!(click < -50.0, "{codec:?}: {click} dBFS");
    }
}
