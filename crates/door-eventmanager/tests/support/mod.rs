//! A door in front of a whole switch in memory, and clients that talk to it over real sockets.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "every test file uses its own part"
)]
#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod client;
pub mod pki;
mod switch;

pub use client::Client;
pub use switch::RealSwitch;

use std::sync::Arc;
use std::time::Duration;

use api::Origin;
use api::command::server::Fire;
use api::event::CustomEvent;
use jackfield_door_eventmanager::{Config, Door, LayoutFile, start};
use net::Cause;
use tokio_util::sync::CancellationToken;

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A table of four, an open space, and one where everybody of a seat stands at one point.
pub const LAYOUTS: &str = r#"{"default":"table4","room_list":{
 "table4":{"id":1,"desc":"Four","seats":[{"x":0,"y":0,"z":110},{"x":90,"y":0,"z":0},{"x":0,"y":0,"z":-90},{"x":-90,"y":0,"z":0}]},
 "open":{"id":2,"openRoom":true,"seats":[{"x":0,"y":0,"z":0},{"x":100,"y":0,"z":0}]},
 "quiet":{"id":3,"allowParticipantStacking":true,"defaultStates":{"IMM_CONTROL_ANC_ENABLE":true},"seats":[{"x":0,"y":0,"z":50}]}}}"#;

pub struct World {
    pub door: Door,
    pub switch: RealSwitch,
    pub process: CancellationToken,
}

pub async fn world() -> World {
    world_with(|_| {}).await
}

pub async fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let file = LayoutFile::parse(LAYOUTS).unwrap();
    let switch = RealSwitch::start(file.layouts().to_vec());
    let mut config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        allow_plaintext: true,
        layouts: Some(Arc::new(file)),
        ..Config::default()
    };
    change(&mut config);
    let process = CancellationToken::new();
    let door = start(config, switch.handle(), &process).await.unwrap();
    World {
        door,
        switch,
        process,
    }
}

impl World {
    pub async fn client(&self) -> Client {
        Client::connect(self.door.local_addrs()[0]).await
    }

    /// Room 12 with Ana, 3, and Bo, 4; what their coming caused was seen.
    pub async fn furnished(&self) -> Client {
        let mut client = self.client().await;
        client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
        for (id, name) in [(3, "Ana"), (4, "Bo")] {
            client
                .ok(&format!(
                    r#"{{"Command":"add_participant","room_id":12,"participant_id":{id},"participant_name":"{name}"}}"#
                ))
                .await;
        }
        for _ in 0..5 {
            client.event().await;
        }
        client
    }

    /// The client is told nothing more: something fired now is what comes next.
    pub async fn expect_nothing_more(&self, client: &mut Client) {
        let event = CustomEvent {
            name: "CUSTOM".into(),
            subclass: Some("immersitech::custom_event".into()),
            headers: vec![("Room-Id".into(), "0".into())],
            body: Some("the end".into()),
            from_client: true,
        };
        let switch = self.switch.handle();
        let fired = switch.ask(Fire { event }, Origin::internal("test")).await;
        fired.unwrap();
        let end = r#"{"Event":"custom_event","room_id":0,"message":"the end"}"#;
        assert_eq!(client.event().await, end);
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
