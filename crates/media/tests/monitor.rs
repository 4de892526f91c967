//! A leg that sends what another one says, alone, wherever that one talks.

mod studio;

use jackfield_media as media;
use media::control::{Codec, LegId, LegSpec, MediaCommand, MemberSettings, OpusSending, RoomId};
use media::level;
use studio::{Studio, phone, spec_of};

/// Frequency and level of the last half second heard.
fn last_half(studio: &mut Studio, leg: LegId) -> (f64, f64) {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize / 2)..];
    (
        level::dominant_hz(heard, rate).unwrap_or(0.0),
        level::dbfs(heard),
    )
}

fn assert_tone(heard: (f64, f64), hz: f64, level_dbfs: f64) {
    assert!((heard.0 - hz).abs() < 2.0, "{heard:?}, not {hz} Hz");
    assert!(
        (heard.1 - level_dbfs).abs() < 1.0,
        "{heard:?}, not {level_dbfs} dBFS"
    );
}

fn monitor(studio: &mut Studio, leg: LegId, of: Option<LegId>) {
    studio.command(MediaCommand::Monitor { leg, of });
}

/// Two phones of a room, with a tone each, and one that is to monitor.
fn room(seed: u64) -> (Studio, LegId, LegId, LegId) {
    let mut studio = Studio::new(seed);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    let monitor = studio.phone(Codec::Opus);
    let room = RoomId(1);
    studio.command(MediaCommand::OpenRoom {
        room,
        rate_hz: 8000,
    });
    for (leg, hz) in [(a, 700.0), (b, 1100.0)] {
        studio.at(leg).say(hz, -20.0);
        let settings = MemberSettings::default();
        studio.command(MediaCommand::JoinRoom {
            room,
            leg,
            settings,
        });
    }
    (studio, a, b, monitor)
}

#[test]
fn one_member_of_a_room_is_heard_alone_as_opus_and_notices_nothing() {
    let (mut studio, a, b, voice) = room(1);
    monitor(&mut studio, voice, Some(a));
    studio.run(1500);
    assert_tone(last_half(&mut studio, voice), 700.0, -20.0);
    let phone = studio.at(voice);
    let (rate, start) = (phone.rate_hz(), phone.heard.len() - 24_000);
    let other = level::dbfs_at(&phone.heard[start..], rate, 1100.0);
    assert!(other < -60.0, "the other member at {other} dBFS");
    assert_tone(last_half(&mut studio, a), 1100.0, -20.0);
    assert_tone(last_half(&mut studio, b), 700.0, -20.0);
    monitor(&mut studio, voice, Some(b));
    studio.run(1500);
    assert_tone(last_half(&mut studio, voice), 1100.0, -20.0);
    monitor(&mut studio, voice, None);
    studio.at(voice).forget();
    studio.run(500);
    assert!(studio.at(voice).packets.is_empty(), "nothing is sent");
}

#[test]
fn packets_that_pass_by_a_bridge_are_heard_too() {
    let mut studio = Studio::new(2);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    let voice = studio.phone(Codec::Opus);
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -10.0);
    studio.run(500);
    monitor(&mut studio, voice, Some(a));
    studio.run(1500);
    assert_tone(last_half(&mut studio, voice), 440.0, -10.0);
    assert_tone(last_half(&mut studio, b), 440.0, -10.0);
}

#[test]
fn it_follows_a_change_of_codec_and_falls_silent_with_the_one_it_hears() {
    let (mut studio, a, _, voice) = room(3);
    monitor(&mut studio, voice, Some(a));
    studio.run(500);
    let wide = spec_of(Codec::L16, 20);
    let spec = LegSpec {
        remote: phone::address(a),
        rtcp: None,
        send: wide,
        opus: OpusSending::default(),
        receive: vec![wide, spec_of(Codec::Pcmu, 20)],
        telephone_event: None,
        // The simulated phone would not understand what is sent to it.
        direction: media::control::Direction::RecvOnly,
        symmetric: false,
        timeout_ms: None,
    };
    studio.command(MediaCommand::SetRemote { leg: a, spec });
    studio.run(1500);
    assert_tone(last_half(&mut studio, voice), 700.0, -20.0);
    studio.command(MediaCommand::CloseLeg { leg: a });
    studio.at(voice).forget();
    studio.run(500);
    assert!(studio.at(voice).packets.is_empty(), "nothing is sent");
    // Nobody is left to be heard, and nobody to hear.
    monitor(&mut studio, voice, Some(a));
    monitor(&mut studio, voice, Some(voice));
    monitor(&mut studio, LegId(99), Some(voice));
    studio.run(100);
    assert!(studio.at(voice).packets.is_empty());
}
