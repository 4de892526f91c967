//! The event socket over TLS: the same language, and what becomes of those who do not begin with a handshake.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use net::Cause;
use net::tls::TlsSource;
use support::{ACCEPTED, Client, GREETING, NOTICE, World, reply, response, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, rustls};

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = format!("jackfield-esl-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn secure(folder: &Folder, change: impl FnOnce(&mut jackfield_door_esl::Config)) -> World {
    world_with(|config| {
        config.tls_listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.tls = Some(TlsSource::SelfSigned {
            folder: folder.0.clone(),
            names: vec!["localhost".to_owned()],
        });
        change(config);
    })
    .await
}

fn address(world: &World) -> SocketAddr {
    world.door.tls_addrs()[0]
}

/// A handshake of somebody who trusts what lies in the folder.
async fn connect(folder: &Path, to: SocketAddr) -> TlsStream<TcpStream> {
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(to).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.unwrap()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

#[tokio::test]
async fn the_same_conversation_as_in_plain_text() {
    let folder = Folder::new("same");
    let world = secure(&folder, |_| {}).await;
    let mut client = Client::over(connect(&folder.0, address(&world)).await);
    client.expect(GREETING).await;
    client.ask("auth ClueCon", ACCEPTED).await;
    // More than one record of TLS holds, in both directions.
    let long = "x".repeat(200_000);
    client
        .ask(&format!("api echo {long}"), &response(&long))
        .await;
    let enabled = reply("+OK event listener enabled plain");
    client
        .ask("event plain HEARTBEAT CUSTOM ours::sent", &enabled)
        .await;
    let sent = "sendevent CUSTOM\nEvent-Subclass: ours::sent\nNumber: 7";
    client.send(&format!("{sent}\n\n")).await;
    let (one, other) = (client.frame().await, client.frame().await);
    let event = [&one, &other]
        .into_iter()
        .find(|frame| frame.header("Number").is_some());
    assert_eq!(
        event.unwrap().header("Event-Subclass"),
        Some("ours%3A%3Asent")
    );
    client.send("exit\n\n").await;
    client
        .expect(&format!("{}{NOTICE}", reply("+OK bye")))
        .await;
    // The end is said in TLS as well; otherwise this is an error.
    assert_eq!(client.stream.read(&mut [0; 1]).await.unwrap(), 0);
    world.counted(Cause::Closed, 1).await;
    world
        .client()
        .await
        .ask("api echo plain", &response("plain"))
        .await;
}

#[tokio::test]
async fn a_wrong_password_and_the_access_list_are_answered_over_tls() {
    let folder = Folder::new("refused");
    let world = secure(&folder, |config| {
        config.apply_inbound_acl.push("127.0.0.1/32".to_owned());
    })
    .await;
    let mut client = Client::over(connect(&folder.0, address(&world)).await);
    client.expect(GREETING).await;
    client.send("auth nope\n\n").await;
    client
        .expect_end(&format!("{}{NOTICE}", reply("-ERR invalid")))
        .await;
    world.counted(Cause::LoginFailed, 1).await;

    let nobody = Folder::new("nobody");
    let world = secure(&nobody, |config| {
        config.apply_inbound_acl = vec!["192.0.2.0/24".to_owned()];
    })
    .await;
    let mut client = Client::over(connect(&nobody.0, address(&world)).await);
    let rejection =
        "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n";
    client.expect_end(&format!("{rejection}{NOTICE}")).await;
}

#[tokio::test]
async fn who_begins_with_anything_else_hears_nothing_of_the_language() {
    let folder = Folder::new("plain");
    let world = secure(&folder, |_| {}).await;
    let first_words: [&[u8]; 4] = [
        b"auth ClueCon\n\napi status\n\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        &[0x16, 3, 1, 0xff, 0xff],
        &[0; 300],
    ];
    for words in first_words {
        let mut stream = TcpStream::connect(address(&world)).await.unwrap();
        stream.write_all(words).await.unwrap();
        // What looks like a record is waited for.
        stream.shutdown().await.unwrap();
        let mut said = Vec::new();
        // An alert of TLS, or a reset.
        stream.read_to_end(&mut said).await.ok();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("Content-Type"), "{said:?}");
    }
    world.counted(Cause::Malformed, 4).await;
    // And the other way round: a handshake is no request.
    let plain = world.door.local_addrs()[0];
    let mut stream = TcpStream::connect(plain).await.unwrap();
    stream
        .write_all(&[0x16, 3, 1, 2, 0, b'\n', b'\n'])
        .await
        .unwrap();
    let mut client = Client::over(stream);
    client.expect(GREETING).await;
    client.expect(&reply("-ERR command not found")).await;
}

#[tokio::test]
async fn the_time_for_the_handshake_is_limited() {
    let folder = Folder::new("slow");
    let world = secure(&folder, |config| {
        config.login_time = Duration::from_millis(300);
    })
    .await;
    let mut silent = TcpStream::connect(address(&world)).await.unwrap();
    let mut slow = TcpStream::connect(address(&world)).await.unwrap();
    // The head of a record, and nothing in it.
    slow.write_all(&[0x16, 3, 1, 2, 0]).await.unwrap();
    for stream in [&mut silent, &mut slow] {
        let mut byte = [0; 1];
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut byte)).await;
        assert_eq!(ended.expect("it is sent away").unwrap_or(0), 0);
    }
    world.counted(Cause::LoginTimeout, 2).await;
}

#[tokio::test]
async fn another_certificate_is_for_new_connections() {
    let (folder, next) = (Folder::new("first"), Folder::new("next"));
    let world = secure(&folder, |_| {}).await;
    let before = connect(&folder.0, address(&world)).await;
    let certificate = shown(&before);
    let mut old = Client::over(before);
    old.expect(GREETING).await;
    std::fs::write(folder.0.join("certificate.pem"), "none").unwrap();
    assert!(world.door.reload_tls().is_err());
    let other = secure(&next, |_| {}).await;
    for name in ["certificate.pem", "key.pem"] {
        std::fs::copy(next.0.join(name), folder.0.join(name)).unwrap();
    }
    world.door.reload_tls().unwrap();
    let after = connect(&folder.0, address(&world)).await;
    assert_ne!(shown(&after), certificate);
    assert_eq!(
        world.door.certificate().unwrap().fingerprint,
        other.door.certificate().unwrap().fingerprint
    );
    old.ask("auth ClueCon", ACCEPTED).await;
}

/// Those who are greeted when the door closes are not waited for.
#[tokio::test]
async fn closing_does_not_wait_for_a_handshake() {
    let folder = Folder::new("closing");
    let world = secure(&folder, |_| {}).await;
    let mut waiting = TcpStream::connect(address(&world)).await.unwrap();
    world.counted(Cause::Accepted, 1).await;
    let drained = world.door.drain(Duration::from_secs(60)).await;
    assert_eq!(drained, net::Drained::InTime);
    assert_eq!(waiting.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
