//! Recorded conversations that need no calls: the door answers as the original does.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use testkit::golden::{Bindings, Differences, Runner, Transcript};

/// Conversations about the connection itself. Those about calls are played against the whole server.
const PLAYED: [&str; 28] = [
    "auth-02-good",
    "auth-03-bad",
    "auth-04-bad-then-more",
    "auth-06-preauth-commands",
    "auth-07-preauth-exit",
    "auth-08-twice",
    "auth-09-acl-rejected",
    "divert-01",
    "event-01-subscribe",
    "event-02-second-event",
    "event-03-custom-without-subclass",
    "event-04-encoding-json",
    "event-04-encoding-plain",
    "filter-01-replies",
    "filter-03-before-event",
    "frame-01-line-endings",
    "frame-04-garbage",
    "frame-05-content-length",
    "frame-06-half-close",
    "frame-07-pipelined-api",
    "frame-08-events-while-typing",
    "log-01-levels",
    "misc-01-no-session",
    "misc-02-exit",
    "misc-03-unknown",
    "sendevent-02-content-length",
    "userauth-01-admin",
    "userauth-03-bad",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_are_as_recorded() {
    let world = support::world_with(|config| {
        config.apply_inbound_acl = vec!["loopback.auto".into(), "esl_test".into()];
    })
    .await;
    let address = world.door.local_addrs()[0];
    let described = tokio::task::spawn_blocking(move || play_all(address));
    let wrong = described.await.unwrap();
    assert!(wrong.is_empty(), "{wrong}");
}

/// What differs from the recordings and was not meant to.
fn play_all(address: SocketAddr) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/event-socket");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let differences = Differences::parse(&read("DIFFERENCES.md"));
    let runner = Runner {
        address,
        // No transcript here has telephones.
        sip: SocketAddr::from(([127, 0, 0, 1], 9)),
        password: "ClueCon".to_owned(),
        bindings: Bindings::new(),
        patience: Duration::from_secs(5),
        connect_from: Some(connect_from),
    };
    let mut wrong = String::new();
    for name in PLAYED {
        let transcript = Transcript::parse(name, &read(&format!("{name}.txt"))).unwrap();
        let report = runner.play(&transcript, &differences);
        assert!(report.compared > 0, "{name} compares something");
        if !report.passed() {
            wrong.push_str(&report.describe());
        }
    }
    wrong
}

fn connect_from(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let from: IpAddr = from.parse().map_err(std::io::Error::other)?;
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}
