//! SIP over TLS between real sockets: who is greeted, who is believed, and what bad peers get.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jackfield_embedded::sip_io::{SipInput, SipIoConfig, SipTransports, TlsListen};
use net::Cause;
use net::tls::{CurrentCertificate, TlsSource, Trust, connector, greet};
use sip::message::Message;
use sip::transport::{Flow, FlowId, Target, Transmit, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// A side with TLS on loopback, and its certificate for `localhost`.
struct Side {
    transports: SipTransports,
    inputs: Receiver<SipInput>,
    address: SocketAddr,
    folder: PathBuf,
}

impl Drop for Side {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn side(trust: &Trust, change: impl FnOnce(&mut SipIoConfig)) -> Side {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("jackfield-sip-tls-{}-{next}", std::process::id()));
    let source = TlsSource::SelfSigned {
        folder: folder.clone(),
        names: vec!["localhost".to_owned()],
    };
    let certificate = CurrentCertificate::load(&source).unwrap();
    let mut config = SipIoConfig::new(Vec::new());
    config.tls = vec![TlsListen {
        address: "127.0.0.1:0".parse().unwrap(),
        advertise: None,
        acceptor: certificate.acceptor(&[]).unwrap(),
        connector: connector(trust).unwrap(),
    }];
    change(&mut config);
    let (sender, inputs) = mpsc::channel(64);
    let (transports, addresses) = SipTransports::bind(config, sender).unwrap();
    Side {
        transports,
        inputs,
        address: addresses[0],
        folder,
    }
}

impl Side {
    fn trust(&self) -> Trust {
        Trust::Authorities(self.folder.join("certificate.pem"))
    }

    async fn next(&mut self) -> SipInput {
        let input = timeout(PATIENCE, self.inputs.recv()).await;
        input.expect("something arrives").expect("the readers live")
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

    async fn failed(&mut self) -> Transmit {
        loop {
            if let SipInput::TransmitFailed(transmit) = self.next().await {
                return transmit;
            }
        }
    }

    fn send(&mut self, remote: SocketAddr, flow: Option<FlowId>, text: &str) {
        let target = Target {
            flow,
            transport: Transport::Tls,
            local: self.address,
            remote,
        };
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.transports.transmit(Transmit { target, bytes });
    }

    async fn counts(&self, cause: Cause, wanted: u64) {
        let reached = async {
            while self.transports.counters().get(cause) < wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, reached).await.expect("it is counted");
        assert_eq!(self.transports.counters().get(cause), wanted);
    }

    /// A phone that believes anybody.
    async fn phone(&self) -> impl AsyncRead + AsyncWrite + Unpin + use<> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let connector = connector(&Trust::Anybody).unwrap();
        greet(&connector, "localhost", stream, PATIENCE)
            .await
            .unwrap()
    }
}

fn options(uri: &str, call_id: &str) -> String {
    format!(
        "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK{call_id}\r\nCall-ID: {call_id}\r\nContent-Length: 0\r\n\r\n"
    )
}

async fn read_some(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut buffer = [0; 4_096];
    let length = timeout(PATIENCE, stream.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn a_phone_is_answered_over_its_connection_and_lost_with_it() {
    let mut side = side(&Trust::WellKnown, |_| {});
    let mut phone = side.phone().await;
    phone
        .write_all(options("sip:h", "1").as_bytes())
        .await
        .unwrap();
    let (flow, message) = side.message().await;
    assert_eq!((message.call_id(), flow.transport), ("1", Transport::Tls));
    assert_eq!(flow.local, side.address);
    // What is for this connection needs no name and no certificate.
    side.send(flow.remote, Some(flow.id), "SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read_some(&mut phone).await, "SIP/2.0 200 OK\r\n\r\n");
    phone.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(
        read_some(&mut phone).await,
        "\r\n",
        "a pong (RFC 5626 §4.4.1)"
    );

    drop(phone);
    assert_eq!(side.closed().await, flow.id);
    side.send(
        flow.remote,
        Some(flow.id),
        &options("sip:1000@127.0.0.1", "2"),
    );
    let failed = side.failed().await;
    assert_eq!(failed.target.flow, Some(flow.id));
}

#[tokio::test]
async fn another_protocol_gets_an_alert_and_is_counted() {
    let side = side(&Trust::WellKnown, |_| {});
    for (count, noise) in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        options("sip:h", "1").as_bytes(),
    ]
    .iter()
    .enumerate()
    {
        let mut stream = TcpStream::connect(side.address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        let mut got = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut got))
            .await
            .unwrap()
            .ok();
        // RFC 8446 §5.1 and §6: a record of type 21, fatal.
        assert_eq!(got.first(), Some(&21), "an alert: {got:?}");
        assert_eq!(got.get(5), Some(&2), "a fatal one: {got:?}");
        side.counts(Cause::Malformed, u64::try_from(count).unwrap() + 1)
            .await;
    }
    // Behind the handshake the same rules hold as over TCP.
    let mut phone = side.phone().await;
    phone.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, phone.read_to_end(&mut rest))
        .await
        .unwrap()
        .ok();
    side.counts(Cause::Malformed, 3).await;
}

#[tokio::test]
async fn who_does_not_shake_hands_is_cut_off_and_makes_room() {
    let mut side = side(&Trust::WellKnown, |config| {
        config.handshake_deadline = Duration::from_millis(300);
        config.connections_per_address = 2;
    });
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(side.address).await.unwrap();
        // The head of a handshake record, and never the rest.
        stream.write_all(b"\x16\x03\x01").await.unwrap();
        slow.push(stream);
    }
    let mut third = TcpStream::connect(side.address).await.unwrap();
    let mut nothing = Vec::new();
    timeout(PATIENCE, third.read_to_end(&mut nothing))
        .await
        .unwrap()
        .ok();
    side.counts(Cause::TooManyFromAddress, 1).await;
    for stream in &mut slow {
        let mut rest = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut rest))
            .await
            .unwrap()
            .ok();
    }
    side.counts(Cause::LoginTimeout, 2).await;
    let mut phone = side.phone().await;
    phone
        .write_all(options("sip:h", "1").as_bytes())
        .await
        .unwrap();
    assert_eq!(side.message().await.1.call_id(), "1");
}

#[tokio::test]
async fn requests_go_to_who_proves_the_name_and_share_the_connection() {
    let mut callee = side(&Trust::WellKnown, |_| {});
    let mut caller = side(&callee.trust(), |_| {});
    let remote = callee.address;
    caller.send(
        remote,
        None,
        &options("sip:bob@localhost;transport=tls", "1"),
    );
    caller.send(remote, None, &options("sips:bob@LOCALHOST", "2"));
    let (first, message) = callee.message().await;
    assert_eq!(message.call_id(), "1");
    let (second, message) = callee.message().await;
    assert_eq!((message.call_id(), second.id), ("2", first.id));
    assert_eq!(
        (caller.transports.connections(), first.transport),
        (1, Transport::Tls)
    );
    // The answer comes back over it.
    callee.send(
        first.remote,
        Some(first.id),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h\r\n\r\n",
    );
    let (flow, answer) = caller.message().await;
    assert_eq!(
        (answer.code(), flow.remote, flow.local),
        (Some(200), remote, caller.address)
    );

    // The connection proves `localhost` and nothing else.
    for uri in ["sip:bob@example.org;transport=tls", "sips:bob@127.0.0.1"] {
        caller.send(remote, None, &options(uri, "3"));
        assert!(
            caller
                .failed()
                .await
                .bytes
                .starts_with(format!("OPTIONS {uri}").as_bytes())
        );
    }
    caller.send(remote, None, &options("tel:+1", "4"));
    assert!(
        caller.failed().await.bytes.starts_with(b"OPTIONS tel:"),
        "it names nobody"
    );
    // Nor is what somebody else's profile believes of use.
    let target = Target {
        flow: None,
        transport: Transport::Tls,
        local: "127.0.0.1:1".parse().unwrap(),
        remote,
    };
    let bytes = Bytes::from(options("sip:bob@localhost", "5"));
    caller.transports.transmit(Transmit { target, bytes });
    assert_eq!(caller.failed().await.target, target);
    assert_eq!(caller.transports.connections(), 1);
}

#[tokio::test]
async fn another_authority_is_not_believed_unless_anybody_is() {
    let mut callee = side(&Trust::WellKnown, |_| {});
    let stranger = side(&Trust::WellKnown, |_| {});
    for trust in [Trust::WellKnown, stranger.trust()] {
        let mut caller = side(&trust, |_| {});
        caller.send(callee.address, None, &options("sip:bob@localhost", "1"));
        caller.failed().await;
        caller.counts(Cause::DialFailed, 1).await;
        assert_eq!(caller.transports.connections(), 0);
    }
    let mut caller = side(&Trust::Anybody, |_| {});
    caller.send(callee.address, None, &options("sip:bob@192.0.2.7", "2"));
    assert_eq!(
        callee.message().await.1.call_id(),
        "2",
        "and nothing came before"
    );
}

#[tokio::test]
async fn a_silent_peer_does_not_keep_requests() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = side(&Trust::Anybody, |config| {
        config.handshake_deadline = Duration::from_millis(300);
    });
    caller.send(
        silent.local_addr().unwrap(),
        None,
        &options("sip:bob@localhost", "1"),
    );
    let (mut taken, _) = silent.accept().await.unwrap();
    caller.failed().await;
    // A greeting came, and not a word of SIP.
    let mut got = Vec::new();
    timeout(PATIENCE, taken.read_to_end(&mut got))
        .await
        .unwrap()
        .ok();
    assert_eq!(got.first(), Some(&22));
    assert!(!got.windows(7).any(|seven| seven == b"OPTIONS"));
}
