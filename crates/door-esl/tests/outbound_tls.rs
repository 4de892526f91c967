//! Programs that are dialled over TLS, those that do not prove who they are, and those that speak none.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use net::Cause;
use net::tls::{Fingerprint, Trust};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use support::{Client, World, reply, response, world_with};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};
use tokio_rustls::server::TlsStream;

const PATIENCE: Duration = Duration::from_secs(60);

/// An authority of this test, and the file in which it is believed.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let unique = format!("jackfield-authority-{name}-{}.pem", std::process::id());
        let file = std::env::temp_dir().join(unique);
        std::fs::write(&file, certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            file,
        }
    }

    fn trusted(&self) -> Trust {
        Trust::Authorities(self.file.clone())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        std::fs::remove_file(&self.file).ok();
    }
}

/// A program that listens with a certificate for `name`.
struct Program {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    certificate: CertificateDer<'static>,
}

impl Program {
    async fn new(authority: &Authority, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let signed = params.signed_by(&key, &authority.issuer).unwrap();
        let certificate = signed.der().clone();
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor: Arc::new(config).into(),
            certificate,
        }
    }

    /// Where it is, as `host`.
    fn at(&self, host: &str) -> String {
        format!(
            "tls://{host}:{}",
            self.listener.local_addr().unwrap().port()
        )
    }

    async fn accept(&self) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
        let accepted = timeout(PATIENCE, self.listener.accept()).await;
        let (stream, _) = accepted.expect("it is dialled")?;
        let greeted = timeout(PATIENCE, self.acceptor.accept(stream)).await;
        greeted.expect("a handshake or its end")
    }

    /// It is dialled, and hears no word of the language: the handshake fails, or what follows it is the end.
    async fn is_refused(&self) {
        if let Ok(mut stream) = self.accept().await {
            let mut said = Vec::new();
            let read = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
            read.expect("an end").ok();
            assert!(said.is_empty(), "{:?}", String::from_utf8_lossy(&said));
        }
    }
}

async fn trusting(trust: Trust) -> World {
    let world = world_with(|config| config.outbound_trust = trust).await;
    world.switch.add("c1").await;
    world
}

/// The channel goes on without a program, as when nobody listens.
async fn fell_back(world: &World, tried: u64) {
    world.switch.until_asked("EndControl").await;
    assert_eq!(world.door.counters().get(Cause::DialFailed), tried);
    assert_eq!(world.door.counters().get(Cause::Dialled), 0);
}

async fn talks(world: &World, program: &Program) {
    let mut program = Client::over(program.accept().await.unwrap());
    program.send("connect\n\n").await;
    let dump = program.frame().await;
    assert_eq!(dump.header("Event-Name"), Some("CHANNEL_DATA"));
    assert_eq!(dump.header("Unique-ID"), Some("c1"));
    // More than one record of TLS holds.
    let long = "x".repeat(200_000);
    let request = format!("api echo {long}");
    program.ask(&request, &response(&long)).await;
    program.ask("getvar foo", &reply("bar")).await;
    program.send("exit\n\n").await;
    // The end is said in TLS as well; otherwise this fails.
    let mut rest = Vec::new();
    let read = timeout(PATIENCE, program.stream.read_to_end(&mut rest)).await;
    read.expect("an end").unwrap();
    assert_eq!(world.door.counters().get(Cause::Dialled), 1);
}

#[tokio::test]
async fn a_program_that_proves_who_it_is_gets_the_channel() {
    let authority = Authority::new("proves");
    for name in ["localhost", "127.0.0.1"] {
        let program = Program::new(&authority, name).await;
        let world = trusting(authority.trusted()).await;
        world.switch.want("c1", &program.at(name), true, true).await;
        talks(&world, &program).await;
    }
}

#[tokio::test]
async fn one_with_another_name_gets_nothing() {
    let authority = Authority::new("name");
    let program = Program::new(&authority, "other.example").await;
    let world = trusting(authority.trusted()).await;
    let address = program.at("localhost");
    world.switch.want("c1", &address, true, true).await;
    program.is_refused().await;
    fell_back(&world, 1).await;
}

#[tokio::test]
async fn nor_one_that_nobody_vouches_for() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let program = Program::new(&other, "localhost").await;
    for trust in [authority.trusted(), Trust::WellKnown] {
        let world = trusting(trust).await;
        let address = program.at("localhost");
        world.switch.want("c1", &address, true, true).await;
        program.is_refused().await;
        fell_back(&world, 1).await;
    }
}

#[tokio::test]
async fn the_next_host_is_tried_and_each_says_for_itself_how() {
    let (authority, other) = (Authority::new("next"), Authority::new("first"));
    let (wrong, right) = (
        Program::new(&other, "localhost").await,
        Program::new(&authority, "localhost").await,
    );
    let world = trusting(authority.trusted()).await;
    let both = format!("{}|{}", wrong.at("localhost"), right.at("localhost"));
    world.switch.want("c1", &both, true, true).await;
    wrong.is_refused().await;
    talks(&world, &right).await;
    assert_eq!(world.door.counters().get(Cause::DialFailed), 1);

    // Behind it one that is spoken with in the clear.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = trusting(authority.trusted()).await;
    let address = plain.local_addr().unwrap();
    let both = format!("{}|{address}", wrong.at("localhost"));
    world.switch.want("c1", &both, true, true).await;
    wrong.is_refused().await;
    let mut program = Client::accept(&plain).await;
    program.ask("getvar foo", &reply("bar")).await;
}

#[tokio::test]
async fn anybody_is_believed_only_when_that_is_configured() {
    let authority = Authority::new("anybody");
    let program = Program::new(&authority, "other.example").await;
    let own = Fingerprint::of(&program.certificate);
    for trust in [Trust::Anybody, Trust::Fingerprint(own)] {
        let world = trusting(trust).await;
        let address = program.at("localhost");
        world.switch.want("c1", &address, true, true).await;
        talks(&world, &program).await;
    }
    let second = Program::new(&authority, "localhost").await;
    let world = trusting(Trust::Fingerprint(own)).await;
    let address = second.at("localhost");
    world.switch.want("c1", &address, true, true).await;
    second.is_refused().await;
    fell_back(&world, 1).await;
}

/// It answers with something else, or not at all: the time to reach it holds for the handshake, too.
#[tokio::test]
async fn a_program_without_tls_is_not_reached() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tls://{}", plain.local_addr().unwrap());
    let world =
        world_with(|config| config.outbound_connect_time = Duration::from_millis(300)).await;
    world.switch.add("c1").await;
    world.switch.want("c1", &address, true, true).await;
    let silent = Client::accept(&plain).await;
    fell_back(&world, 1).await;
    drop(silent);

    let world = trusting(Trust::WellKnown).await;
    world.switch.want("c1", &address, true, true).await;
    let mut talking = Client::accept(&plain).await;
    talking.send("connect\n\n").await;
    fell_back(&world, 1).await;
    assert!(!talking.rest().await.contains("Content-Type"));
}

/// What nobody may listen with is said before the door is open.
#[tokio::test]
async fn a_file_without_authorities_is_named_at_the_start() {
    let trust = Trust::Authorities(std::env::temp_dir().join("jackfield-no-such-authority.pem"));
    let config = jackfield_door_esl::Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        outbound_trust: trust,
        ..jackfield_door_esl::Config::default()
    };
    let switch = support::FakeSwitch::start();
    let process = tokio_util::sync::CancellationToken::new();
    let started =
        jackfield_door_esl::start(config, switch.handle(), support::environment(), &process).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("jackfield-no-such-authority.pem"), "{error}");
}
