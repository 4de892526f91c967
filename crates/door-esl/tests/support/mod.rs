//! A door in front of a scripted switch, and a client that talks to it over a real socket.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "every test file uses its own part"
)]
#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the scripted switch knows few commands"
)]

mod client;
mod logged;
mod switch;

pub use client::{Client, Frame};
pub use logged::{LogFolder, Logged};
pub use switch::{FakeSwitch, channel};

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use esl::view::Server;
use jackfield_door_esl::{Config, Door, Environment, Secret, start};
use net::{Acl, Acls, Cause, Rule};
use tokio_util::sync::CancellationToken;

pub const NOTICE: &str = "Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\n\
    See you at ClueCon! http://www.cluecon.com/\n";
pub const ACCEPTED: &str = "Content-Type: command/reply\nReply-Text: +OK accepted\n\n";
pub const GREETING: &str = "Content-Type: auth/request\n\n";

pub struct World {
    pub door: Door,
    pub switch: Arc<FakeSwitch>,
    pub process: CancellationToken,
}

pub async fn world() -> World {
    world_with(|_| {}).await
}

pub async fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let mut config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        password: Secret::new("ClueCon"),
        ..Config::default()
    };
    change(&mut config);
    let switch = FakeSwitch::start();
    let process = CancellationToken::new();
    let door = start(config, switch.handle(), environment(), &process)
        .await
        .unwrap();
    World {
        door,
        switch,
        process,
    }
}

pub fn environment() -> Environment {
    Environment {
        server: Arc::new(Server {
            core_uuid: "00000000-0000-0000-0000-000000000007".into(),
            hostname: "host".into(),
            switchname: "host".into(),
            ipv4: "127.0.0.1".into(),
            ipv6: "::1".into(),
            version: "1.10.12 Jackfield".into(),
            zone: jiff::tz::TimeZone::UTC,
        }),
        acls: Arc::new(ArcSwap::from_pointee(acls())),
        reload_acls: Arc::new(|| Ok(Acls::automatic(&[]))),
        idle_cpu: Arc::new(|| 10_000),
        reload_certificates: Arc::new(|| {}),
        secret_variables: Arc::default(),
        event_log: None,
        rotations: Default::default(),
    }
}

/// The automatic lists, and `esl_test`, which refuses one address of this machine.
fn acls() -> Acls {
    let mut acls = Acls::automatic(&[]);
    let refused = "127.0.0.99/32".parse().unwrap();
    acls.insert("esl_test", Acl::new(Rule::Allow).with(refused, Rule::Deny));
    acls
}

impl World {
    /// Connected, greeted, not logged in.
    pub async fn stranger(&self) -> Client {
        let mut client = Client::connect(self.door.local_addrs()[0]).await;
        client.expect(GREETING).await;
        client
    }

    /// Logged in.
    pub async fn client(&self) -> Client {
        let mut client = self.stranger().await;
        client.send("auth ClueCon\n\n").await;
        client.expect(ACCEPTED).await;
        client
    }

    /// Sends an `api` request that sleeps so long after a first command, and waits until that first
    /// one was announced: from then on the request is under way. Its body begins with `-`.
    pub async fn busy(&self, client: &mut Client, milliseconds: u64) {
        client
            .send(&format!(
                "api echo -;;msleep {milliseconds}\nconsole_execute: true\n\n"
            ))
            .await;
        let under_way = async {
            while !self.switch.was_asked("AnnounceApi") {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), under_way).await;
        assert!(waited.is_ok(), "the request is read");
    }

    /// Waits until that many were counted.
    pub async fn counted(&self, cause: Cause, at_least: u64) {
        let seen = async {
            while self.door.counters().get(cause) < at_least {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), seen).await;
        let others: Vec<_> = [
            Cause::SlowMessages,
            Cause::SlowBytes,
            Cause::SlowDeadline,
            Cause::LostEvents,
        ]
        .into_iter()
        .filter(|other| self.door.counters().get(*other) > 0)
        .map(Cause::name)
        .collect();
        assert!(
            waited.is_ok(),
            "{} is counted, not {others:?}",
            cause.name()
        );
    }
}

/// A command reply.
pub fn reply(text: &str) -> String {
    format!("Content-Type: command/reply\nReply-Text: {text}\n\n")
}

/// An answer to `api`.
pub fn response(body: &str) -> String {
    format!(
        "Content-Type: api/response\nContent-Length: {}\n\n{body}",
        body.len()
    )
}
