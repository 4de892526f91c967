//! A leg whose packets come and go by a WebRTC peer.

use std::time::{Duration, Instant, SystemTime};

use jackfield_media as media;
use media::control::{
    CodecSpec, Direction, EchoDelay, LegId, LegKind, LegSpec, MediaCommand, MediaReport,
    OpusSending,
};
use media::rtp::Packet;
use media::webrtc::NOWHERE;
use media::{Engine, EngineConfig, Output, Port};

#[test]
fn it_opens_without_ports_takes_packets_from_its_lane_alone_and_leaves_rtcp_to_the_peer() {
    let started = Instant::now();
    let mut engine = Engine::new(EngineConfig {
        started,
        wall: SystemTime::now(),
        seed: 1,
    });
    let mut out = Output::new();
    let leg = LegId(1);
    let kind = LegKind::Web;
    engine.handle(started, MediaCommand::OpenLeg { leg, kind }, &mut out);
    assert_eq!(
        out.reports,
        [MediaReport::Opened {
            leg,
            local: None,
            ssrc: None
        }]
    );
    assert!(out.requests.is_empty());
    let spec = LegSpec {
        remote: NOWHERE,
        rtcp: Some(NOWHERE),
        send: CodecSpec::pcmu(),
        opus: OpusSending::default(),
        receive: vec![CodecSpec::pcmu()],
        telephone_event: None,
        direction: Direction::SendRecv,
        symmetric: false,
        timeout_ms: None,
    };
    engine.handle(started, MediaCommand::SetRemote { leg, spec }, &mut out);
    let delay = Some(EchoDelay::default());
    engine.handle(started, MediaCommand::Echo { leg, delay }, &mut out);
    out.clear();
    let mut heard = 0;
    // Long enough for several RTCP intervals.
    for n in 0..1500_u16 {
        let now = started + Duration::from_millis(20 * u64::from(n));
        let packet = Packet {
            marker: n == 0,
            payload_type: 0,
            sequence: n,
            timestamp: u32::from(n) * 160,
            ssrc: 9,
            payload: &[0x55; 160],
        };
        let mut bytes = packet.header().to_vec();
        bytes.extend_from_slice(packet.payload);
        engine.receive(now, leg, Port::Web, NOWHERE, &mut bytes, &mut out);
        engine.tick(now, &mut out);
        for (datagram, bytes) in out.datagrams() {
            assert_eq!((datagram.leg, datagram.port), (leg, Port::Web));
            let packet = Packet::parse(bytes).unwrap();
            assert!(!media::rtp::packet::is_rtcp(bytes));
            heard += usize::from(packet.payload == [0x55; 160]);
        }
        out.clear();
    }
    assert!(heard > 1400, "{heard}");
    engine.handle(started, MediaCommand::ReportStats { leg }, &mut out);
    let [MediaReport::Stats { stats, .. }] = out.reports[..] else {
        panic!("no stats")
    };
    assert_eq!((stats.packets_in, stats.rtcp_out), (1500, 0));
    out.clear();
    // It can be moved like any other, and closing it says nothing to nobody.
    let detached = engine.detach(leg).unwrap();
    assert!(engine.attach(detached).is_ok());
    engine.handle(started, MediaCommand::CloseLeg { leg }, &mut out);
    assert!(out.requests.is_empty());
    assert_eq!(out.datagram_count(), 0);
    assert!(matches!(out.reports[..], [MediaReport::Closed { .. }]));
}
