//! A door in front of a scripted switch, and clients that talk to it over real WebSockets.

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

pub mod calling;
mod client;
pub mod joining;
mod rooms;
mod switch;
pub mod writing;

pub use client::{Client, http, http_bytes};
pub use switch::{FakeSwitch, letter, party};

use std::sync::Arc;
use std::time::Duration;

use jackfield_door_sylkrtc::{Config, Door, start};
use net::Cause;
use tokio_util::sync::CancellationToken;

pub const HA1: &str = "72f86f2053703faa0f521ce71cfe6f59";
pub const PATIENCE: Duration = Duration::from_secs(60);

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
        ..Config::default()
    };
    change(&mut config);
    let switch = FakeSwitch::start();
    let process = CancellationToken::new();
    let door = start(config, switch.handle(), &process).await.unwrap();
    World {
        door,
        switch,
        process,
    }
}

impl World {
    /// Connected as a client of today, and greeted.
    pub async fn client(&self) -> Client {
        let mut client = Client::connect(self.door.local_addrs()[0], "sylkRTC-2").await;
        client.expect(r#"{"sylkrtc":"ready-event"}"#).await;
        client
    }

    /// As one of 2015.
    pub async fn old_client(&self) -> Client {
        let mut client = Client::connect(self.door.local_addrs()[0], "sylkRTC-1").await;
        client
            .expect(r#"{"sylkrtc":"event","event":"ready"}"#)
            .await;
        client
    }

    /// With an account.
    pub async fn with_account(&self, account: &str) -> Client {
        let mut client = self.client().await;
        client.add(account).await;
        client
    }

    /// With a registered account.
    pub async fn registered(&self, account: &str) -> Client {
        let mut client = self.with_account(account).await;
        client
            .ask(&format!(
                r#"{{"sylkrtc":"account-register","account":"{account}"}}"#
            ))
            .await;
        client
            .expect_event("registration-state", "registering")
            .await;
        client
            .expect_event("registration-state", "registered")
            .await;
        client
    }

    /// With an account whose registrar refuses the password, and what was said of that.
    pub async fn with_wrong_password(&self, account: &str) -> (Client, serde_json::Value) {
        let refusal = (904, "Operation has no matching challenge");
        *self.switch.registration.lock().unwrap() = Some(refusal);
        let mut client = self.with_account(account).await;
        let register = serde_json::json!({"sylkrtc": "account-register", "account": account});
        client.ask(&register.to_string()).await;
        client
            .expect_event("registration-state", "registering")
            .await;
        let failed = client.expect_event("registration-state", "failed").await;
        (client, failed)
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let seen = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, seen).await;
        assert!(waited.is_ok(), "{what}");
    }

    /// Waits until that many were counted.
    pub async fn counted(&self, cause: Cause, at_least: u64) {
        self.until(cause.name(), |world| {
            world.door.counters().get(cause) >= at_least
        })
        .await;
    }
}
