//! The switch behind real sockets: what it answers, in which order, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use api::bus::{Interest, QueueLimits};
use api::command::call::{Originate, Then};
use api::command::channel::Hangup;
use api::command::server::ReloadXml;
use api::dial::DialString;
use api::event::{ChannelEvent, EventKind};
use api::{Application, BusLimits, ChannelId, HangupCause, NodeId, Origin, Switch, Uuid};
use jackfield_embedded::{Config, Ears, Embedded, MediaConfig, Quality, SpatialConfig, XmlSource};
use switch_core::config::ProfileConfig;
use switch_core::config_xml::Globals;

const PATIENCE: Duration = Duration::from_secs(60);

fn profile(address: &str) -> ProfileConfig {
    let sip: SocketAddr = address.parse().unwrap();
    ProfileConfig {
        name: "internal".into(),
        sip,
        tls: None,
        udp_flow: sip::transport::FlowId(0),
        rtp_ip: sip.ip(),
        context: "public".into(),
        trust_loopback: true,
        auth_calls: true,
        domains: vec!["127.0.0.1".into()],
        codecs: vec!["PCMU".into()],
        secure_media: None,
        max_expires_s: 3600,
        extensions: sip::Extensions::default(),
        gateways: Vec::new(),
    }
}

fn config(profiles: Vec<ProfileConfig>) -> Config {
    let xml = XmlSource {
        root: None,
        globals: Globals::new(),
    };
    Config {
        switch: switch_core::config::Config {
            node: NodeId(Uuid::from_u128(7)),
            hostname: "test".into(),
            profiles,
            outbound_proxy: None,
            max_sessions: 1000,
            sessions_per_second: 1000,
            heartbeat: Duration::from_secs(20),
            media_workers: 1,
            opus_complexity: 5,
            conferences: Default::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            recordings_dir: "".into(),
            voicemail: switch_core::config::VoicemailConfig::default(),
            bindings: Vec::new(),
            tables: Some(switch_core::KeptTables::default()),
            access_lists: switch_core::config::AccessLists::default(),
            streams: Vec::new(),
            may_run_programs: false,
            layouts: Default::default(),
            output: api::spatial::Output::OF_ROOMS,
            xml: Arc::new(xml.load().unwrap()),
        },
        sip_tls: Vec::new(),
        gateways: jackfield_embedded::GatewaySource::new(|_| Ok(Vec::new())),
        media: MediaConfig {
            port_range: 23_000..=24_999,
            ..MediaConfig::default()
        },
        web: None,
        bus: BusLimits::default(),
        dns_servers: Vec::new(),
        voicemail: None,
        bindings: None,
        tables: None,
        programs: None,
        xml,
    }
}

async fn start() -> Embedded {
    jackfield_embedded::start(config(vec![profile("127.0.0.1:0")]))
        .await
        .unwrap()
}

fn origin() -> Origin {
    Origin::internal("test")
}

async fn park(switch: &Switch) -> ChannelId {
    let park = Originate {
        dial: DialString::parse("null/x").unwrap(),
        then: Then::Run(Application::new("park", "")),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    let done = switch.ask(park, origin()).await.unwrap();
    let view = switch.view();
    assert!(view.as_of >= done.as_of, "read your writes");
    assert!(view.channel(done.value.as_str()).is_some());
    done.value
}

fn options(transport: &str, to: SocketAddr, from: SocketAddr) -> String {
    format!(
        "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK1;rport\r\n\
         From: <sip:a@{from}>;tag=1\r\nTo: <sip:{to}>\r\nCall-ID: {transport}@test\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sip_is_answered_on_both_transports_of_one_port() {
    let embedded = start().await;
    let to = embedded.profiles()[0].address;
    assert_ne!(to.port(), 0);
    let answers = tokio::task::spawn_blocking(move || {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_read_timeout(Some(PATIENCE)).unwrap();
        udp.send_to(options("UDP", to, udp.local_addr().unwrap()).as_bytes(), to)
            .unwrap();
        let mut bytes = [0; 4096];
        let (length, from) = udp.recv_from(&mut bytes).unwrap();
        assert_eq!(from, to);
        let by_udp = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let mut tcp = TcpStream::connect(to).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = options("TCP", to, tcp.local_addr().unwrap());
        // Byte by byte: a slow peer is still a peer.
        for byte in request.as_bytes() {
            tcp.write_all(&[*byte]).unwrap();
        }
        let length = tcp.read(&mut bytes).unwrap();
        (
            by_udp,
            String::from_utf8_lossy(&bytes[..length]).into_owned(),
        )
    })
    .await
    .unwrap();
    for answer in [&answers.0, &answers.1] {
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }
    embedded.stop().await;
    assert!(embedded.stopped_cleanly());
    assert!(embedded.join(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_follow_their_events_and_a_stop_hangs_up() {
    let embedded = start().await;
    let switch = embedded.switch().clone();
    let (_, mut events) = switch
        .observe(Interest::everything(), QueueLimits::default())
        .await
        .unwrap();
    let first = park(&switch).await;
    let second = park(&switch).await;
    let hangup = Hangup {
        channel: first.clone(),
        cause: HangupCause::UserBusy,
    };
    switch.ask(hangup, origin()).await.unwrap();
    embedded.stop().await;
    assert_eq!(switch.view().channels.size(), 0);

    let mut last = None;
    let mut destroyed = Vec::new();
    while destroyed.len() < 2 {
        let event = tokio::time::timeout(PATIENCE, events.next())
            .await
            .unwrap()
            .unwrap();
        if let Some(last) = last {
            assert_eq!(event.id.seq.0, last + 1, "total order without a gap");
        }
        last = Some(event.id.seq.0);
        if matches!(event.kind, EventKind::Channel(ChannelEvent::Destroyed)) {
            let channel = event.channel.as_ref().unwrap();
            destroyed.push((channel.id.clone(), channel.hangup.as_ref().unwrap().cause));
        }
    }
    assert_eq!(destroyed[0], (first, HangupCause::UserBusy));
    assert_eq!(destroyed[1], (second, HangupCause::SystemShutdown));
    drop(events);
    let refused = switch.ask(ReloadXml, origin()).await.unwrap_err();
    assert_eq!(refused.kind, api::ErrorKind::Unavailable);
    drop(switch);
    assert!(embedded.join(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_is_read_again_beside_the_calls() {
    let embedded = start().await;
    let switch = embedded.switch().clone();
    let reload = async { switch.ask(ReloadXml, origin()).await.unwrap().value };
    let (answer, channel) = tokio::join!(reload, park(&switch));
    assert_eq!(&*answer, "Success");
    assert!(switch.view().channel(channel.as_str()).is_some());
    embedded.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = jackfield_embedded::start(config(vec![profile(&address)]))
        .await
        .err()
        .unwrap();
    let said = refused.to_string();
    assert!(said.contains(&format!("internal ({address})")), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_how_rooms_are_rendered() {
    let mut config = config(vec![profile("127.0.0.1:0")]);
    config.media.spatial = SpatialConfig {
        ears: Ears::Computed,
        quality: Quality::ALL[1],
    };
    let embedded = jackfield_embedded::start(config).await.unwrap();
    let told = embedded.switch().view().output;
    assert_eq!((told.quality, told.rate_hz), (2, 48_000));
    embedded.stop().await;
}
