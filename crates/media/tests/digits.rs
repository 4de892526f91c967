//! Keys pressed on one side arrive on the other, whichever way either side can take them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, Digit, DtmfSource, DtmfStep, LegId, LegKind, LegSpec, MediaCommand, MediaReport,
    OpusSending, PlayId,
};
use media::dsp::DtmfDetector;
use media::rtp::Packet;
use studio::{Network, Studio, agreed};

/// A phone that has no telephone-event.
fn old_phone(studio: &mut Studio, codec: Codec) -> LegId {
    studio.phone_with(|leg| LegSpec {
        telephone_event: None,
        ..agreed(leg, codec, OpusSending::default())
    })
}

fn tones_heard(studio: &mut Studio, leg: LegId) -> String {
    let mut digits = String::new();
    let heard = studio.at(leg).heard.clone();
    DtmfDetector::new(8000).process(&heard, |digit, _| digits.push(digit.as_char()));
    digits
}

fn told(studio: &Studio, leg: LegId) -> Vec<(char, u32, DtmfSource)> {
    let digits = studio.reports.iter().filter_map(|report| match report {
        MediaReport::Dtmf {
            leg: of,
            digit,
            duration_samples,
            source,
        } if *of == leg => Some((digit.as_char(), *duration_samples, *source)),
        _ => None,
    });
    digits.collect()
}

fn steps(digits: &str, duration_ms: u16) -> Vec<DtmfStep> {
    let digit = |c| DtmfStep::Digit {
        digit: Digit::from_char(c).expect("tests name real keys"),
        duration_ms,
    };
    digits.chars().map(digit).collect()
}

fn press_all(studio: &mut Studio, leg: LegId, digits: &str) {
    for digit in digits.chars() {
        studio.at(leg).press(digit, 120);
        studio.run(300);
    }
    studio.run(600);
}

#[test]
fn events_pass_a_relay_and_are_told() {
    let mut studio = Studio::new(1);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -20.0);
    studio.run(300);
    press_all(&mut studio, a, "12#");
    assert_eq!(studio.at(b).digits, "12#");
    let expected = [('1', 960), ('2', 960), ('#', 960)].map(|(d, n)| (d, n, DtmfSource::Rtp));
    assert_eq!(told(&studio, a), expected);
    let packets = &studio.at(b).packets;
    assert!(
        packets.windows(2).all(|p| p[1].1 == p[0].1.wrapping_add(1)),
        "numbers unbroken"
    );
}

#[test]
fn events_pass_where_sound_is_transcoded_and_under_loss() {
    let mut studio = Studio::new(2);
    studio.network = Network {
        loss: 0.1,
        jitter_ms: 20,
        duplicates: 0.05,
    };
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -20.0);
    studio.run(300);
    press_all(&mut studio, a, "0123456789");
    assert_eq!(studio.at(b).digits, "0123456789");
    assert_eq!(told(&studio, a).len(), 10);
}

#[test]
fn events_become_tones_for_a_phone_without_them() {
    let mut studio = Studio::new(3);
    let (a, b) = (
        studio.phone(Codec::Pcmu),
        old_phone(&mut studio, Codec::Pcmu),
    );
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -30.0);
    studio.run(300);
    press_all(&mut studio, a, "159D");
    assert_eq!(tones_heard(&mut studio, b), "159D");
    assert_eq!(studio.at(b).digits, "");
}

#[test]
fn blocked_digits_are_told_and_go_nowhere() {
    let mut studio = Studio::new(4);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    studio.command(MediaCommand::Bridge { a, b });
    studio.command(MediaCommand::PassDtmf { leg: a, on: false });
    studio.at(a).say(440.0, -20.0);
    press_all(&mut studio, a, "77");
    assert_eq!(studio.at(b).digits, "");
    assert_eq!(told(&studio, a).len(), 2);
}

#[test]
fn tones_in_the_sound_are_found_when_asked_for_and_not_passed_twice() {
    let mut studio = Studio::new(5);
    let (says, hears) = (LegId(100), LegId(101));
    for (leg, other) in [(says, hears), (hears, says)] {
        let kind = LegKind::Pair {
            other,
            rate_hz: 16_000,
        };
        studio.command(MediaCommand::OpenLeg { leg, kind });
    }
    let phone = studio.phone(Codec::Pcmu);
    studio.command(MediaCommand::Bridge { a: hears, b: phone });
    let tones = |play| MediaCommand::Play {
        leg: says,
        play: PlayId(play),
        file: "tone_stream://d=100;w=100;369".to_owned(),
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    };
    studio.command(tones(1));
    studio.run(1000);
    assert_eq!(told(&studio, hears), []);
    assert_eq!(tones_heard(&mut studio, phone), "369");
    studio.command(MediaCommand::DetectDtmf {
        leg: hears,
        on: true,
    });
    studio.command(tones(2));
    studio.run(1000);
    let found = told(&studio, hears);
    assert_eq!(found.iter().map(|d| d.0).collect::<String>(), "369");
    assert!(
        found
            .iter()
            .all(|d| d.2 == DtmfSource::Inband && (700..=900).contains(&d.1))
    );
    assert_eq!(tones_heard(&mut studio, phone), "369369");
    assert_eq!(studio.at(phone).digits, "");
}

#[test]
fn digits_we_send_arrive_as_events_or_tones_and_are_told_when_sent() {
    let mut studio = Studio::new(6);
    let (a, b) = (
        studio.phone(Codec::Pcmu),
        old_phone(&mut studio, Codec::Pcma),
    );
    for leg in [a, b] {
        let mut steps = steps("18", 100);
        steps.insert(1, DtmfStep::Pause { pause_ms: 500 });
        studio.command(MediaCommand::SendDtmf {
            leg,
            steps,
            gap_ms: 60,
        });
    }
    studio.run(1500);
    assert_eq!(studio.at(a).digits, "18");
    let first = studio.at(a).packets.first().unwrap().5;
    let last = studio.at(a).packets.last().unwrap().5;
    assert!(
        (720..=760).contains(&(last - first)),
        "the pause is kept: {}",
        last - first
    );
    studio.at(b).heard.extend([0; 800]);
    assert_eq!(tones_heard(&mut studio, b), "18");
    let sent = studio
        .reports
        .iter()
        .filter(|r| matches!(r, MediaReport::DtmfSent { .. }))
        .count();
    assert_eq!(sent, 4);
}

#[test]
fn an_event_has_one_timestamp_growing_durations_and_three_ends() {
    let mut studio = Studio::new(7);
    let a = studio.phone(Codec::Pcmu);
    studio.command(MediaCommand::SendDtmf {
        leg: a,
        steps: steps("5", 100),
        gap_ms: 40,
    });
    studio.run(400);
    let packets = studio.at(a).packets.clone();
    assert_eq!(packets.len(), 7);
    assert!(packets.iter().all(|p| p.0 == 101 && p.2 == packets[0].2));
    assert!(packets[0].3 && packets[1..].iter().all(|p| !p.3));
    assert_eq!(packets[6].5, packets[4].5, "all ends in one tick");
}

#[test]
fn a_flush_forgets_what_waits() {
    let mut studio = Studio::new(8);
    let a = studio.phone(Codec::Pcmu);
    studio.command(MediaCommand::SendDtmf {
        leg: a,
        steps: steps("123456", 100),
        gap_ms: 40,
    });
    studio.run(60);
    studio.command(MediaCommand::FlushDtmf { leg: a });
    studio.run(1000);
    assert_eq!(studio.at(a).digits, "1");
}

#[test]
fn more_digits_than_fit_are_dropped() {
    let mut studio = Studio::new(9);
    let a = studio.phone(Codec::Pcmu);
    let many = "1".repeat(500);
    studio.command(MediaCommand::SendDtmf {
        leg: a,
        steps: steps(&many, 40),
        gap_ms: 40,
    });
    studio.run(30_000);
    assert_eq!(studio.at(a).digits.len(), MediaCommand::MAX_DTMF_QUEUE);
}

#[test]
fn a_key_held_down_for_days_is_a_long_digit_and_no_more() {
    let mut studio = Studio::new(31);
    let a = studio.phone(Codec::Pcmu);
    let (from, now) = (studio.at(a).address, studio.now());
    // Segments of 8.2 s each, RFC 4733 §2.5.1.3; the last one ends it.
    let last = 9000_u32;
    for n in 0..=last {
        let packet = Packet {
            marker: n == 0,
            payload_type: 101,
            sequence: n as u16,
            timestamp: n * 0xffff,
            ssrc: 5,
            payload: &[5, if n == last { 0x80 } else { 0 }, 0xff, 0xff],
        };
        let mut bytes = packet.header().to_vec();
        bytes.extend_from_slice(packet.payload);
        let (port, out) = (media::Port::Rtp, &mut studio.out);
        studio.engine.receive(now, a, port, from, &mut bytes, out);
    }
    studio.serve();
    let samples = (last + 1) * 0xffff;
    assert_eq!(told(&studio, a), [('5', samples, DtmfSource::Rtp)]);
}
