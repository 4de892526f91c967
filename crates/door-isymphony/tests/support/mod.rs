//! A door in front of a whole switch in memory, and clients that talk to it over real sockets.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "every test file uses its own part"
)]
#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod client;
mod http;
mod site;
mod switch;

pub use client::Client;
pub use http::{Reply, USUAL, http, http_as};
pub use site::{Site, site, site_with};
pub use switch::RealSwitch;

use std::time::Duration;

use jackfield_door_isymphony::{Config, Door, start};
use net::Cause;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct World {
    pub door: Door,
    pub switch: RealSwitch,
    pub process: CancellationToken,
}

/// A door that begins with the users of the directory.
pub async fn world() -> World {
    world_with(|config| config.starter = true).await
}

/// A door that begins with nothing.
pub async fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let switch = RealSwitch::start();
    let mut config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        tls_listen: Vec::new(),
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

    pub async fn get(&self, path: &str) -> Value {
        let reply = self.ask("GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    pub async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let path = format!("/communication_manager/{path}");
        http(self.door.local_addrs()[0], method, &path, body).await
    }

    /// It is done.
    pub async fn done(&self, method: &str, path: &str, body: &str) {
        let reply = self.ask(method, path, body).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (204, ""),
            "{method} {path}"
        );
    }

    /// It is refused; the sentence.
    pub async fn refused(&self, method: &str, path: &str, body: &str, status: u16) -> String {
        let reply = self.ask(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        reply.body
    }

    /// Telephones of these users, registered.
    pub async fn phones(&self, users: &'static [&'static str]) {
        self.switch
            .with(move |world| {
                for user in users {
                    let index = world.add_phone(user);
                    let now = world.now();
                    world.phones[index].register(now, 3600);
                }
                world.run(Duration::from_secs(1));
            })
            .await;
    }

    /// A telephone calls, and time passes.
    pub async fn call(&self, phone: usize, number: &'static str, seconds: u64) {
        self.switch
            .with(move |world| {
                let now = world.now();
                world.phones[phone].call(now, number).unwrap();
                world.run(Duration::from_secs(seconds));
            })
            .await;
    }

    /// A telephone hangs up, and time passes.
    pub async fn hang_up(&self, phone: usize) {
        self.switch
            .with(move |world| {
                let now = world.now();
                let calls: Vec<_> = world.phones[phone].calls.keys().copied().collect();
                for call in calls {
                    world.phones[phone].hangup(now, call);
                }
                world.run(Duration::from_secs(2));
            })
            .await;
    }

    /// Everything a client has been told when all that happened so far has reached it.
    pub async fn told(&self, client: &mut Client) -> Vec<Value> {
        // The bus has handed on what was published.
        let nothing = api::bus::Interest::families(api::bus::Families::NONE);
        let switch = self.switch.handle();
        let observed = switch
            .observe(nothing, api::bus::QueueLimits::default())
            .await;
        drop(observed.unwrap());
        client.events().await
    }

    pub async fn pass(&self, seconds: u64) {
        self.switch
            .with(move |world| world.run(Duration::from_secs(seconds)))
            .await;
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
