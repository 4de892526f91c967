use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::transport::Target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

struct Desk {
    transports: SipTransports,
    inputs: Receiver<SipInput>,
    udp: SocketAddr,
    tcp: SocketAddr,
}

fn desk(change: impl FnOnce(&mut SipIoConfig)) -> Desk {
    let listen = |transport| SipListen {
        transport,
        address: "127.0.0.1:0".parse().unwrap(),
        advertise: None,
    };
    let mut config = SipIoConfig::new(vec![listen(Transport::Udp), listen(Transport::Tcp)]);
    change(&mut config);
    let (sender, inputs) = mpsc::channel(64);
    let (transports, addresses) = SipTransports::bind(config, sender).unwrap();
    Desk {
        transports,
        inputs,
        udp: addresses[0],
        tcp: addresses[1],
    }
}

impl Desk {
    async fn next(&mut self) -> SipInput {
        timeout(PATIENCE, self.inputs.recv())
            .await
            .expect("something arrives")
            .expect("the readers live")
    }

    async fn message(&mut self) -> (Flow, Message) {
        loop {
            if let SipInput::Message { flow, message } = self.next().await {
                return (flow, message);
            }
        }
    }

    async fn closed(&mut self) -> FlowId {
        loop {
            if let SipInput::FlowClosed(flow) = self.next().await {
                return flow;
            }
        }
    }

    fn answer(&mut self, flow: &Flow, text: &str) {
        self.transports.transmit(Transmit {
            target: flow.target(),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        });
    }

    /// Sends a datagram and takes it in: how long that takes.
    async fn udp_latency(&mut self, client: &UdpSocket) -> Duration {
        let start = Instant::now();
        client
            .send_to(options("probe", "").as_bytes(), self.udp)
            .await
            .unwrap();
        loop {
            let (flow, message) = self.message().await;
            if message.call_id() == "probe" {
                assert_eq!(flow.transport, Transport::Udp);
                return start.elapsed();
            }
        }
    }
}

fn options(call_id: &str, extra: &str) -> String {
    format!(
        "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK{call_id}\r\nCall-ID: {call_id}\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

async fn client() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4_096];
    let length = timeout(PATIENCE, stream.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn datagrams_come_in_and_go_back() {
    let mut desk = desk(|_| {});
    let client = client().await;
    for noise in [
        &b"\r\n\r\n"[..],
        b"\0\0\0\0",
        b"\xff\xfe\xfd",
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
    ] {
        client.send_to(noise, desk.udp).await.unwrap();
    }
    client
        .send_to(
            b"MESSAGE sip:h SIP/2.0\r\nCall-ID: 7\r\n\r\nno length",
            desk.udp,
        )
        .await
        .unwrap();
    let (flow, message) = desk.message().await;
    assert_eq!(
        (message.call_id(), &message.body()[..]),
        ("7", &b"no length"[..])
    );
    assert_eq!(
        (flow.local, flow.remote),
        (desk.udp, client.local_addr().unwrap())
    );
    assert_eq!(
        desk.transports.counters().get(Cause::Malformed),
        2,
        "keep-alives are not counted"
    );
    desk.answer(&flow, "SIP/2.0 200 OK\r\n\r\n");
    let mut buffer = [0; 100];
    let length = timeout(PATIENCE, client.recv(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&buffer[..length], b"SIP/2.0 200 OK\r\n\r\n");
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn a_connection_carries_messages_in_pieces_and_pings() {
    let mut desk = desk(|_| {});
    let mut client = TcpStream::connect(desk.tcp).await.unwrap();
    client.set_nodelay(true).unwrap();
    for byte in options("1", "").bytes() {
        client.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let (flow, message) = desk.message().await;
    assert_eq!(
        (flow.transport, flow.local, message.call_id()),
        (Transport::Tcp, desk.tcp, "1")
    );
    client.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read_some(&mut client).await, "\r\n");
    client
        .write_all(format!("{}{}", options("2", ""), options("3", "")).as_bytes())
        .await
        .unwrap();
    assert_eq!(desk.message().await.1.call_id(), "2");
    assert_eq!(desk.message().await.1.call_id(), "3");
    desk.answer(&flow, "SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read_some(&mut client).await, "SIP/2.0 200 OK\r\n\r\n");
    drop(client);
    assert_eq!(desk.closed().await, flow.id);
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn a_wrong_length_is_answered_before_the_connection_ends() {
    let mut desk = desk(|_| {});
    let mut client = TcpStream::connect(desk.tcp).await.unwrap();
    client
        .write_all(b"OPTIONS sip:h SIP/2.0\r\nContent-Length: -5\r\n\r\n")
        .await
        .unwrap();
    let (flow, message) = desk.message().await;
    assert_eq!(message.check().map_err(|refusal| refusal.code), Err(400));
    desk.answer(&flow, "SIP/2.0 400 Bad\r\n\r\n");
    let mut text = String::new();
    timeout(PATIENCE, client.read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(text, "SIP/2.0 400 Bad\r\n\r\n");
    assert_eq!(desk.closed().await, flow.id);
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn noise_and_endless_messages_cost_their_connection_only() {
    let mut desk = desk(|_| {});
    let mut good = TcpStream::connect(desk.tcp).await.unwrap();
    good.write_all(options("good", "").as_bytes())
        .await
        .unwrap();
    let (flow, _) = desk.message().await;
    let endless = format!(
        "OPTIONS sip:h SIP/2.0\r\n{}",
        "X-Long: yes\r\n".repeat(10_000)
    );
    let large = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 65535\r\n\r\n".to_vec();
    for noise in [
        b"\x16\x03\x01\x02\x00".to_vec(),
        endless.into_bytes(),
        large,
        vec![b'a'; 100_000],
    ] {
        let mut bad = TcpStream::connect(desk.tcp).await.unwrap();
        // The connection may end while we still write.
        drop(bad.write_all(&noise).await);
        let mut rest = Vec::new();
        drop(
            timeout(PATIENCE, bad.read_to_end(&mut rest))
                .await
                .expect("the connection is closed"),
        );
        assert_ne!(desk.closed().await, flow.id);
    }
    assert_eq!(desk.transports.counters().get(Cause::Malformed), 4);
    desk.answer(&flow, "SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read_some(&mut good).await, "SIP/2.0 200 OK\r\n\r\n");
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn who_never_completes_a_message_is_let_go() {
    let mut desk = desk(|config| config.message_deadline = Duration::from_millis(300));
    let silent = TcpStream::connect(desk.tcp).await.unwrap();
    let mut slow = TcpStream::connect(desk.tcp).await.unwrap();
    let mut quiet = TcpStream::connect(desk.tcp).await.unwrap();
    quiet
        .write_all(options("quiet", "").as_bytes())
        .await
        .unwrap();
    let (flow, _) = desk.message().await;
    let dripping = tokio::spawn(async move {
        for byte in options("slow", "").bytes().cycle() {
            if slow.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    for _ in 0..2 {
        assert_ne!(desk.closed().await, flow.id);
    }
    timeout(PATIENCE, dripping)
        .await
        .expect("the slow writer is cut off")
        .unwrap();
    drop(silent);
    // Silence between messages is no fault.
    desk.answer(&flow, "SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read_some(&mut quiet).await, "SIP/2.0 200 OK\r\n\r\n");
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn a_peer_that_never_reads_is_cut_off_and_nobody_waits() {
    let mut desk = desk(|config| config.outbox.bytes = 256 << 10);
    let probe = client().await;
    let mut deaf = TcpStream::connect(desk.tcp).await.unwrap();
    deaf.write_all(options("deaf", "").as_bytes())
        .await
        .unwrap();
    let (flow, _) = desk.message().await;
    let answer = "x".repeat(8 << 10);
    let start = Instant::now();
    let mut worst = Duration::ZERO;
    let mut gone = false;
    for _ in 0..4_000 {
        desk.answer(&flow, &answer);
        tokio::task::yield_now().await;
        while let Ok(input) = desk.inputs.try_recv() {
            gone |= matches!(input, SipInput::FlowClosed(closed) if closed == flow.id);
        }
        if gone {
            break;
        }
    }
    worst = worst.max(desk.udp_latency(&probe).await);
    assert!(gone, "the deaf peer was cut off");
    assert!(
        start.elapsed() < PATIENCE && worst < Duration::from_millis(500),
        "{worst:?}"
    );
    let counters = desk.transports.counters();
    assert_eq!(
        counters.get(Cause::SlowBytes) + counters.get(Cause::SlowMessages),
        1
    );
    assert_eq!(desk.transports.connections(), 0);
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn connections_are_counted_and_bounded() {
    let mut desk = desk(|config| config.connections = 2);
    let first = TcpStream::connect(desk.tcp).await.unwrap();
    let _second = TcpStream::connect(desk.tcp).await.unwrap();
    let mut third = TcpStream::connect(desk.tcp).await.unwrap();
    let mut rest = Vec::new();
    drop(
        timeout(PATIENCE, third.read_to_end(&mut rest))
            .await
            .expect("the third is closed at once"),
    );
    drop(first);
    desk.closed().await;
    let mut fourth = TcpStream::connect(desk.tcp).await.unwrap();
    fourth.write_all(options("4", "").as_bytes()).await.unwrap();
    assert_eq!(desk.message().await.1.call_id(), "4");
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn a_connection_is_opened_when_there_is_none_and_used_again() {
    let mut desk = desk(|_| {});
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target {
        flow: None,
        transport: Transport::Tcp,
        local: desk.tcp,
        remote: peer.local_addr().unwrap(),
    };
    for call_id in ["1", "2", "3"] {
        desk.transports.transmit(Transmit {
            target,
            bytes: options(call_id, "").into(),
        });
    }
    let (mut stream, _) = timeout(PATIENCE, peer.accept()).await.unwrap().unwrap();
    let mut text = String::new();
    while text.matches("OPTIONS").count() < 3 {
        text.push_str(&read_some(&mut stream).await);
    }
    let order: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Call-ID: "))
        .collect();
    assert_eq!(order, ["1", "2", "3"]);
    stream
        .write_all(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    let (flow, _) = desk.message().await;
    assert_eq!((flow.local, flow.remote), (desk.tcp, target.remote));
    assert_eq!(desk.transports.connections(), 1);
    // A flow that is gone falls back to the address.
    drop(stream);
    assert_eq!(desk.closed().await, flow.id);
    desk.transports.transmit(Transmit {
        target: flow.target(),
        bytes: options("4", "").into(),
    });
    let (mut stream, _) = timeout(PATIENCE, peer.accept()).await.unwrap().unwrap();
    assert!(read_some(&mut stream).await.contains("Call-ID: 4"));
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_sent_comes_back() {
    let mut desk = desk(|_| {});
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let target = Target {
        flow: None,
        transport: Transport::Tcp,
        local: desk.tcp,
        remote: closed,
    };
    let transmit = Transmit {
        target,
        bytes: options("1", "").into(),
    };
    desk.transports.transmit(transmit.clone());
    assert!(matches!(desk.next().await, SipInput::TransmitFailed(failed) if failed == transmit));
    let too_long = Transmit {
        target: Target {
            transport: Transport::Udp,
            remote: desk.udp,
            ..target
        },
        bytes: Bytes::from(vec![b'x'; 70_000]),
    };
    desk.transports.transmit(too_long);
    assert!(matches!(desk.next().await, SipInput::TransmitFailed(_)));
    let tls = Transmit {
        target: Target {
            transport: Transport::Tls,
            ..target
        },
        bytes: Bytes::new(),
    };
    desk.transports.transmit(tls);
    assert!(matches!(desk.next().await, SipInput::TransmitFailed(_)));
    desk.transports.shutdown().await;
}

#[tokio::test]
async fn a_stuck_switch_stops_the_readers_and_not_the_shutdown() {
    let mut desk = desk(|_| {});
    let mut client = TcpStream::connect(desk.tcp).await.unwrap();
    let flood = options("1", "").repeat(500);
    client.write_all(flood.as_bytes()).await.unwrap();
    // Nobody takes inputs: the queue of 64 fills and reading stops.
    let start = Instant::now();
    while desk.inputs.len() < 64 {
        assert!(start.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    timeout(PATIENCE, desk.transports.shutdown())
        .await
        .expect("readers end");
    desk.inputs.close();
}

#[test]
fn our_address_is_one_the_peer_can_use() {
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    let wildcard = OwnAddress::new(address("0.0.0.0:5060"), None);
    assert_eq!(
        wildcard.towards(address("127.0.0.1:9")),
        address("127.0.0.1:5060")
    );
    assert!(
        !wildcard
            .towards(address("198.51.100.1:9"))
            .ip()
            .is_loopback()
            || wildcard.outward.is_loopback()
            || wildcard.outward.is_unspecified()
    );
    let advertised = OwnAddress::new(
        address("10.0.0.5:5060"),
        Some("203.0.113.5".parse().unwrap()),
    );
    assert_eq!(
        advertised.towards(address("198.51.100.1:9")),
        address("203.0.113.5:5060")
    );
    let local = OwnAddress::new(address("127.0.0.1:5060"), None);
    assert_eq!(
        local.towards(address("127.0.0.1:9")),
        address("127.0.0.1:5060")
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_request_nobody_takes_comes_back_and_others_go_on() {
    let mut desk = desk(|_| {});
    let client = client().await;
    let gone = self::client().await.local_addr().unwrap();
    desk.udp_latency(&client).await;
    let target = |remote| Target {
        flow: None,
        transport: Transport::Udp,
        local: desk.udp,
        remote,
    };
    let to_client = target(client.local_addr().unwrap());
    // Longer than what the network quotes of it.
    let long = options("lost", &format!("Subject: {}\r\n", "x".repeat(3000)));
    for round in 0..20 {
        for (target, text) in [(target(gone), long.clone()), (to_client, round.to_string())] {
            let bytes = Bytes::from(text);
            desk.transports.transmit(Transmit { target, bytes });
        }
        let mut buffer = [0; 64];
        let got = timeout(PATIENCE, client.recv(&mut buffer)).await;
        assert_eq!(
            &buffer[..got.unwrap().unwrap()],
            round.to_string().as_bytes()
        );
    }
    let SipInput::TransmitFailed(returned) = desk.next().await else {
        panic!("nothing came back");
    };
    assert_eq!(returned.target.remote, gone);
    let message = sip::message::parse_datagram(returned.bytes).unwrap();
    assert!(message.via().unwrap().branch().contains("lost"));
    desk.udp_latency(&client).await;
}
