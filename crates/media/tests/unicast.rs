//! A program beside a channel: what is said goes to it, and what it says is heard, as samples and as payloads.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod studio;

use jackfield_media as media;
use media::control::{Codec, LegId, LegKind, MediaCommand, Unicast, UnicastTransport};
use media::{Port, level};
use studio::{Studio, agreed, phone};

const PROGRAM: LegId = LegId(100);

/// A phone and a program that are connected.
fn connected(codec: Codec, native: bool, transport: UnicastTransport) -> (Studio, LegId) {
    let mut studio = Studio::new(5);
    let leg = studio.phone(codec);
    let link = Unicast {
        local: "127.0.0.1:8025".parse().unwrap(),
        remote: "127.0.0.1:8026".parse().unwrap(),
        transport,
        native,
    };
    let kind = LegKind::Unicast { link, beside: leg };
    studio.command(MediaCommand::OpenLeg { leg: PROGRAM, kind });
    studio.command(MediaCommand::Bridge { a: leg, b: PROGRAM });
    (studio, leg)
}

/// The program says something.
fn say(studio: &mut Studio, bytes: &[u8]) {
    let now = studio.now();
    let from = "127.0.0.1:8026".parse().unwrap();
    let mut bytes = bytes.to_vec();
    studio.engine.receive(
        now,
        PROGRAM,
        Port::Unicast,
        from,
        &mut bytes,
        &mut studio.out,
    );
    studio.serve();
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn tone(hz: f64, level_dbfs: f64, rate: u32, at: usize, length: usize) -> Vec<i16> {
    let top = 32767.0 * 10f64.powf(level_dbfs / 20.0);
    (at..at + length)
        .map(|n| {
            let turn = std::f64::consts::TAU * hz * n as f64 / f64::from(rate);
            (turn.sin() * top).round() as i16
        })
        .collect()
}

fn assert_tone(heard: &[i16], rate: u32, hz: f64, level_dbfs: f64) {
    let last = &heard[heard.len().saturating_sub(rate as usize / 2)..];
    let heard_hz = level::dominant_hz(last, rate).unwrap_or(0.0);
    assert!((heard_hz - hz).abs() < 2.0, "{heard_hz} Hz, not {hz} Hz");
    let heard_db = level::dbfs(last);
    assert!(
        (heard_db - level_dbfs).abs() < 1.0,
        "{heard_db} dBFS, not {level_dbfs} dBFS"
    );
}

#[test]
fn samples_go_both_ways_at_the_rate_of_the_channel() {
    for (codec, rate) in [
        (Codec::Pcmu, 8000),
        (Codec::G722, 16_000),
        (Codec::Opus, 48_000),
    ] {
        for transport in [UnicastTransport::Udp, UnicastTransport::Tcp] {
            let (mut studio, leg) = connected(codec, false, transport);
            studio.at(leg).say(700.0, -20.0);
            let frame = rate as usize / 50;
            for n in 0..100 {
                let said = tone(1100.0, -15.0, rate, n * frame, frame);
                let bytes: Vec<u8> = said.iter().flat_map(|s| s.to_le_bytes()).collect();
                say(&mut studio, &bytes);
                studio.run(20);
            }
            let sent = std::mem::take(&mut studio.programs);
            assert!((99..=101).contains(&sent.len()), "{} datagrams", sent.len());
            assert!(sent.iter().all(|(_, bytes)| bytes.len() == frame * 2));
            let heard: Vec<i16> = sent.iter().flat_map(|(_, bytes)| samples(bytes)).collect();
            assert_tone(&heard, rate, 700.0, -20.0);
            let phone = studio.at(leg);
            assert_tone(&phone.heard.clone(), phone.rate_hz(), 1100.0, -15.0);
        }
    }
}

#[test]
fn payloads_go_both_ways_as_they_are() {
    let (mut studio, leg) = connected(Codec::Opus, true, UnicastTransport::Udp);
    studio.at(leg).say(700.0, -20.0);
    for _ in 0..100 {
        studio.run(20);
        // The program is an echo.
        for (_, payload) in std::mem::take(&mut studio.programs) {
            assert!(payload.len() < 400, "an Opus packet, not samples");
            say(&mut studio, &payload);
        }
    }
    let phone = studio.at(leg);
    assert_tone(&phone.heard.clone(), phone.rate_hz(), 700.0, -20.0);
    let stats = studio.stats(leg);
    assert!((95..=101).contains(&stats.packets_out), "{stats:?}");
}

#[test]
fn what_is_no_payload_of_the_phone_or_too_much_of_it_is_not_sent() {
    let (mut studio, leg) = connected(Codec::Pcmu, true, UnicastTransport::Udp);
    studio.run(100);
    let before = studio.stats(leg).packets_out;
    say(&mut studio, &[0; 1400]);
    say(&mut studio, &[]);
    assert_eq!(studio.stats(leg).packets_out, before);
    for _ in 0..500 {
        say(&mut studio, &[0xff; 160]);
    }
    let burst = studio.stats(leg).packets_out - before;
    assert_eq!(burst, 12, "more than a phone would send at one time");
}

#[test]
fn a_phone_that_floods_makes_us_send_no_flood() {
    let (mut studio, leg) = connected(Codec::Pcmu, true, UnicastTransport::Udp);
    for sequence in 0..2000_u16 {
        let mut packet = vec![0x80, 0];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.extend([0xff; 160]);
        let (now, from) = (studio.now(), phone::address(leg));
        studio
            .engine
            .receive(now, leg, Port::Rtp, from, &mut packet, &mut studio.out);
        studio.serve();
    }
    assert_eq!(studio.programs.len(), 12);
}

#[test]
fn keys_are_no_sound_of_the_program_and_it_hears_on_after_a_new_negotiation() {
    let (mut studio, leg) = connected(Codec::Pcmu, false, UnicastTransport::Udp);
    studio.at(leg).say(700.0, -20.0);
    studio.run(400);
    studio.at(leg).press('5', 200);
    studio.run(600);
    studio.programs.clear();
    let spec = agreed(leg, Codec::G722, media::control::OpusSending::default());
    studio.command(MediaCommand::SetRemote { leg, spec });
    studio.run(1000);
    // It has been told 8000 Hz, so it stays with that.
    assert!(studio.programs.iter().all(|(_, bytes)| bytes.len() == 320));
    studio.command(MediaCommand::CloseLeg { leg: PROGRAM });
    studio.command(MediaCommand::CloseLeg { leg });
    assert!(studio.engine.is_empty());
}
