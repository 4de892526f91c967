//! G.722 legs among themselves, with G.711 and with Opus. Its clock is half its sampling rate, which
//! everything that counts must know.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, Direction, LegId, LegSpec, MediaCommand, MediaReport, MemberSettings, MuteSide,
    OpusSending, RecordId, RecordSides, RoomId,
};
use media::level;
use studio::{Studio, phone, spec_of};

fn bridge(studio: &mut Studio, a: LegId, b: LegId) {
    studio.command(MediaCommand::Bridge { a, b });
}

/// Frequency and level of the last second heard.
fn last_second(studio: &mut Studio, leg: LegId) -> (f64, f64) {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize)..];
    let hz = level::dominant_hz(heard, rate).unwrap_or(0.0);
    (hz, level::dbfs(heard))
}

fn assert_tone(heard: (f64, f64), hz: f64, level_dbfs: f64) {
    assert!((heard.0 - hz).abs() < 2.0, "{heard:?}, not {hz} Hz");
    let apart = (heard.1 - level_dbfs).abs();
    assert!(apart < 1.0, "{heard:?}, not {level_dbfs} dBFS");
}

/// Stamps of the packets a phone got go on at 8 kHz.
fn assert_clock(studio: &mut Studio, leg: LegId, ptime_ms: u32) {
    let packets = &studio.at(leg).packets;
    assert!(packets.len() > 10);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].2.wrapping_sub(pair[0].2), ptime_ms * 8);
    }
}

#[test]
fn two_g722_legs_are_relayed_without_being_decoded() {
    let mut studio = Studio::new(1);
    let (a, b) = (studio.phone(Codec::G722), studio.phone(Codec::G722));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.at(b).say(5000.0, -16.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 440.0, -10.0);
    assert_tone(last_second(&mut studio, a), 5000.0, -16.0);
    assert_clock(&mut studio, a, 20);
    let counted = studio.stats(b);
    assert!(
        counted.relayed >= 98 && counted.relayed == counted.packets_out,
        "{counted:?}"
    );
}

#[test]
fn what_is_changed_on_the_way_is_decoded_and_encoded() {
    let mut studio = Studio::new(2);
    let (a, b) = (studio.phone(Codec::G722), studio.phone(Codec::G722));
    bridge(&mut studio, a, b);
    let side = MuteSide::Write;
    studio.command(MediaCommand::SetGain {
        leg: b,
        side,
        gain_db: -6.0,
    });
    studio.at(a).say(3000.0, -10.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 3000.0, -16.0);
    assert_clock(&mut studio, b, 20);
    assert_eq!(studio.stats(b).relayed, 0);
}

#[test]
fn other_codecs_and_g722_hear_each_other_with_little_delay() {
    for other in [Codec::Pcmu, Codec::Pcma, Codec::L16, Codec::Opus] {
        let mut studio = Studio::new(3);
        let (a, b) = (studio.phone(Codec::G722), studio.phone(other));
        bridge(&mut studio, a, b);
        studio.at(a).say(1004.0, -10.0);
        studio.at(b).say(620.0, -16.0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, b), 1004.0, -10.0);
        assert_tone(last_second(&mut studio, a), 620.0, -16.0);
        assert_clock(&mut studio, a, 20);
        for leg in [a, b] {
            let phone = studio.at(leg);
            let onset = level::onset(&phone.heard, 1000).expect("it was loud");
            let ms = phone.packets[0].5 + onset as u64 * 1000 / u64::from(phone.rate_hz());
            assert!(ms <= 70, "{other:?}: heard after {ms} ms");
        }
        let counted = studio.stats(a);
        assert_eq!((counted.relayed, counted.concealed_samples), (0, 0));
    }
}

#[test]
fn the_upper_band_reaches_opus() {
    let mut studio = Studio::new(4);
    let (a, b) = (studio.phone(Codec::G722), studio.phone(Codec::Opus));
    bridge(&mut studio, a, b);
    studio.at(a).say(5500.0, -10.0);
    studio.at(b).say(6200.0, -16.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 5500.0, -10.0);
    assert_tone(last_second(&mut studio, a), 6200.0, -16.0);
}

#[test]
fn every_packet_length_is_taken_and_given() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let mut studio = Studio::new(u64::from(ptime_ms));
        let a = studio.phone_with(|leg| LegSpec {
            remote: phone::address(leg),
            rtcp: None,
            send: spec_of(Codec::G722, ptime_ms),
            opus: OpusSending::default(),
            receive: vec![spec_of(Codec::G722, ptime_ms)],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: false,
            timeout_ms: None,
        });
        let b = studio.phone(Codec::Pcma);
        bridge(&mut studio, a, b);
        studio.at(a).say(440.0, -10.0);
        studio.at(b).say(880.0, -10.0);
        studio.run(3000);
        assert_tone(last_second(&mut studio, b), 440.0, -10.0);
        assert_tone(last_second(&mut studio, a), 880.0, -10.0);
        assert_clock(&mut studio, a, u32::from(ptime_ms));
        assert_eq!(studio.stats(a).concealed_samples, 0);
    }
}

#[test]
fn lost_packets_are_concealed() {
    let mut studio = Studio::new(5);
    let (a, b) = (studio.phone(Codec::G722), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.network.loss = 0.05;
    studio.at(a).say(440.0, -10.0);
    studio.run(10_000);
    let counted = studio.stats(a);
    assert!((10..50).contains(&counted.lost), "{counted:?}");
    // Twenty milliseconds at 16 kHz for each.
    let concealed = counted.concealed_samples / 320;
    assert!(concealed.abs_diff(counted.lost) < 6, "{counted:?}");
    let heard = &studio.at(b).heard[4000..];
    let pieces = heard.chunks_exact(80);
    let all = pieces.len();
    let quiet = pieces.filter(|p| level::dbfs(p) < -16.0).count();
    // The beginning of every hole is filled; only two lost in a row leave one.
    assert!(quiet * 100 < all, "{quiet} of {all} pieces too quiet");
}

#[test]
fn digits_pass_to_other_codecs() {
    let mut studio = Studio::new(6);
    let (a, b, c) = (
        studio.phone(Codec::G722),
        studio.phone(Codec::Pcmu),
        studio.phone(Codec::G722),
    );
    for (from, to) in [(a, b), (b, a), (a, c)] {
        bridge(&mut studio, from, to);
        studio.reports.clear();
        studio.at(to).digits.clear();
        studio.at(from).say(440.0, -20.0);
        studio.run(300);
        studio.at(from).press('5', 200);
        studio.run(1000);
        assert_eq!(studio.at(to).digits, "5", "from {from:?} to {to:?}");
        let told = studio.reports.iter().find_map(|report| match report {
            MediaReport::Dtmf {
                leg,
                duration_samples,
                ..
            } if *leg == from => Some(*duration_samples),
            _ => None,
        });
        assert_eq!(told, Some(1600), "in samples at 8 kHz");
        studio.at(from).hush();
        studio.run(500);
    }
}

#[test]
fn it_is_recorded_at_its_sampling_rate() {
    let mut studio = Studio::new(7);
    let a = studio.phone(Codec::G722);
    studio.command(MediaCommand::Record {
        leg: a,
        record: RecordId(1),
        file: "/r.wav".into(),
        sides: RecordSides::Read,
        limit_ms: None,
        silence: None,
        append: false,
        rate_hz: None,
    });
    studio.at(a).say(5000.0, -10.0);
    studio.run(2500);
    let tape = studio.tape(RecordId(1));
    assert!(tape.len() > 16_000 * 2, "recorded at the rate of the leg");
    let last = &tape[tape.len() - 16_000..];
    let hz = level::dominant_hz(last, 16_000).unwrap_or(0.0);
    assert_tone((hz, level::dbfs(last)), 5000.0, -10.0);
}

#[test]
fn g722_meets_others_in_a_room() {
    for rate_hz in [8000, 16_000, 48_000] {
        let mut studio = Studio::new(8);
        let room = RoomId(1);
        studio.command(MediaCommand::OpenRoom { room, rate_hz });
        let (a, b) = (studio.phone(Codec::G722), studio.phone(Codec::Pcmu));
        for leg in [a, b] {
            let settings = MemberSettings::default();
            studio.command(MediaCommand::JoinRoom {
                room,
                leg,
                settings,
            });
        }
        studio.at(a).say(1000.0, -10.0);
        studio.at(b).say(500.0, -16.0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, a), 500.0, -16.0);
        assert_tone(last_second(&mut studio, b), 1000.0, -10.0);
    }
}
