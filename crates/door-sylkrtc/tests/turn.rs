//! STUN and TURN servers for accounts that have proven who they are, in members beside those of sylkrtc.md §2.4.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jackfield_door_sylkrtc::{Config, IceUrl, Secret, TurnAccess, TurnConfig};
use serde_json::Value;
use support::{HA1, world_with};

/// Credentials of so many seconds.
fn limited(ttl: u64) -> impl FnOnce(&mut Config) {
    move |config| {
        let urls = ["stun:192.0.2.1", "turn:192.0.2.1:3478?transport=udp"];
        config.turn = Some(TurnConfig {
            urls: urls.iter().map(|url| IceUrl::parse(url).unwrap()).collect(),
            access: TurnAccess::Limited {
                secret: Secret::new("north wind"),
                ttl: Duration::from_secs(ttl),
            },
        });
    }
}

/// Until when the credentials in `servers` are good, and for whom.
fn login(servers: &Value) -> (u64, &str) {
    let username = servers[1]["username"].as_str().unwrap();
    assert_eq!(servers[1]["credential"].as_str().unwrap().len(), 28);
    let (until, account) = username.split_once(':').unwrap();
    (until.parse().unwrap(), account)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[tokio::test]
async fn who_registers_gets_credentials_and_new_ones_each_time() {
    let world = world_with(limited(600)).await;
    let mut client = world.with_account("alice@example.org").await;
    let register = r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#;
    let mut untils = Vec::new();
    for _ in 0..2 {
        let before = now();
        client.ask(register).await;
        let registering = client
            .expect_event("registration-state", "registering")
            .await;
        assert!(registering.get("ice_servers").is_none());
        let registered = client
            .expect_event("registration-state", "registered")
            .await;
        assert_eq!(registered["ice_servers_ttl"], 600);
        let servers = &registered["ice_servers"];
        assert_eq!(servers[0]["urls"][0], "stun:192.0.2.1");
        assert_eq!(servers[0].get("username"), None);
        assert_eq!(servers[1]["urls"][0], "turn:192.0.2.1:3478?transport=udp");
        let (until, account) = login(servers);
        assert_eq!(account, "alice@example.org");
        assert!((before + 600..=now() + 600).contains(&until), "{until}");
        untils.push(until);
        // The next one shall differ.
        while now() == until - 600 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(untils[0] < untils[1], "{untils:?}");
}

#[tokio::test]
async fn who_does_not_register_gets_none() {
    let world = world_with(|config| {
        limited(600)(config);
        config.guest_domains = vec!["guest.example".to_owned()];
    })
    .await;
    let mut guest = world.client().await;
    let ack = guest.add("alice@guest.example").await;
    assert_eq!(ack.get("ice_servers"), None);
    guest.expect_silence().await;

    let (_wrong, failed) = world.with_wrong_password("bob@example.org").await;
    assert_eq!(failed.get("ice_servers"), None);
}

#[tokio::test]
async fn clients_of_2015_find_them_beside_the_state() {
    let world = world_with(limited(60)).await;
    let mut client = world.old_client().await;
    client
        .ask(&format!(
            r#"{{"sylkrtc":"account-add","account":"alice@example.org","password":"{HA1}"}}"#
        ))
        .await;
    client
        .ask(r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#)
        .await;
    let registering = client.json().await;
    assert_eq!(registering["data"]["state"], "registering");
    let registered = client.json().await;
    assert_eq!(registered["data"]["state"], "registered");
    assert_eq!(
        login(&registered["data"]["ice_servers"]).1,
        "alice@example.org"
    );
}
