//! Phones behind NATs: whose packets a leg takes, and where it sends its own.

mod studio;

use std::net::SocketAddr;

use jackfield_media as media;
use media::control::{
    Codec, Direction, EchoDelay, LegId, LegSpec, MediaCommand, MediaReport, OpusSending,
};
use media::level;
use media::rtp::Packet;
use studio::{Studio, agreed};

/// Who has nothing to do with the call.
const STRANGER: &str = "203.0.113.5:9";

/// A phone that says an address it cannot be reached at.
fn hidden(direction: Direction) -> LegSpec {
    LegSpec {
        remote: "192.168.1.7:4000".parse().expect("an address"),
        direction,
        symmetric: true,
        timeout_ms: Some(1000),
        ..agreed(LegId(1), Codec::Pcmu, OpusSending::default())
    }
}

/// One that hears itself, and has been heard.
fn talking() -> (Studio, LegId) {
    let mut studio = Studio::new(10);
    let leg = studio.phone_with(|_| hidden(Direction::SendRecv));
    let delay = Some(EchoDelay::default());
    studio.command(MediaCommand::Echo { leg, delay });
    studio.at(leg).say(500.0, -10.0);
    studio.run(1500);
    assert!(hears_itself(&mut studio, leg));
    (studio, leg)
}

fn hears_itself(studio: &mut Studio, leg: LegId) -> bool {
    let heard = &studio.at(leg).heard;
    let second = &heard[heard.len().saturating_sub(8000)..];
    let hz = level::dominant_hz(second, 8000).unwrap_or_default();
    (hz - 500.0).abs() < 2.0 && (level::dbfs(second) + 10.0).abs() < 0.2
}

/// Delivers a packet of sound; says whether it was refused.
fn refuses(studio: &mut Studio, leg: LegId, from: &str, ssrc: u32) -> bool {
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence: 1,
        timestamp: 0,
        ssrc,
        payload: &[0xd5; 160],
    };
    let mut datagram = packet.header().to_vec();
    datagram.extend_from_slice(packet.payload);
    let from: SocketAddr = from.parse().expect("tests write addresses");
    let before = studio.stats(leg).refused;
    let now = studio.now();
    let (port, out) = (media::Port::Rtp, &mut studio.out);
    studio
        .engine
        .receive(now, leg, port, from, &mut datagram, out);
    studio.serve();
    studio.stats(leg).refused > before
}

#[test]
fn the_first_sender_is_answered_and_strangers_are_not() {
    let (mut studio, leg) = talking();
    // A stranger guesses the port while the phone talks.
    assert!(refuses(&mut studio, leg, STRANGER, 9));
    studio.at(leg).forget();
    studio.run(1500);
    assert!(hears_itself(&mut studio, leg));
    // Then the phone falls silent for good.
    studio.at(leg).hush();
    studio.run(3000);
    let silent = |report: &&MediaReport| matches!(report, MediaReport::MediaTimeout { leg: of, silence_ms } if *of == leg && *silence_ms >= 1000);
    assert_eq!(studio.reports.iter().filter(silent).count(), 1);
}

#[test]
fn a_stranger_does_not_take_the_place_of_a_phone_that_pauses() {
    let (mut studio, leg) = talking();
    studio.at(leg).hush();
    studio.run(3000);
    assert!(refuses(&mut studio, leg, STRANGER, 9));
    studio.at(leg).forget();
    studio.at(leg).say(500.0, -10.0);
    studio.run(1500);
    assert!(hears_itself(&mut studio, leg));
}

#[test]
fn a_stranger_does_not_take_the_place_of_a_phone_on_hold() {
    for held in [Direction::SendOnly, Direction::Inactive] {
        let (mut studio, leg) = talking();
        studio.at(leg).hush();
        let spec = hidden(held);
        studio.command(MediaCommand::SetRemote { leg, spec });
        studio.run(3000);
        assert!(refuses(&mut studio, leg, STRANGER, 9));
        // Nor when nobody was heard since another address was told.
        let mut spec = hidden(held);
        spec.remote.set_port(4002);
        studio.command(MediaCommand::SetRemote { leg, spec });
        assert!(refuses(&mut studio, leg, STRANGER, 9));
        let mut spec = hidden(Direction::SendRecv);
        spec.remote.set_port(4002);
        studio.command(MediaCommand::SetRemote { leg, spec });
        studio.at(leg).forget();
        studio.at(leg).say(500.0, -10.0);
        studio.run(1500);
        assert!(hears_itself(&mut studio, leg));
    }
}

#[test]
fn a_phone_that_was_silent_comes_back_from_another_port_or_through_another_nat() {
    let (mut studio, leg) = talking();
    let first = studio.at(leg).address;
    studio.at(leg).hush();
    // While it was heard a moment ago it is still where it was.
    assert!(refuses(&mut studio, leg, "10.0.1.1:5000", 9));
    for (address, random) in [
        // It rebooted: the same host, another stream.
        (SocketAddr::new(first.ip(), 5000), Some(0x1234_5678_9abc)),
        // Its way changed, its stream goes on.
        ("198.51.100.1:1024".parse().unwrap(), None),
    ] {
        studio.at(leg).hush();
        studio.run(1500);
        studio.at(leg).address = address;
        if let Some(random) = random {
            studio.at(leg).restart(random);
        }
        studio.at(leg).forget();
        studio.at(leg).say(500.0, -10.0);
        studio.run(1500);
        assert!(hears_itself(&mut studio, leg), "{address}");
    }
}
