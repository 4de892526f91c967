//! What accounts leave behind is there again after a restart (sylkrtc.md §3.3, §3.4).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use jackfield_door_sylkrtc::StorePlace;
use serde_json::json;
use support::{World, world_with};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn kept(folder: &Folder) -> World {
    let path = folder.0.join("store.db");
    world_with(|config| {
        config.store_place = StorePlace::File {
            path,
            required: true,
        };
    })
    .await
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_was_acknowledged() {
    let name = format!("jackfield-durable-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    {
        let world = kept(&folder).await;
        let mut alice = world.registered("alice@example.org").await;
        for (id, content, content_type) in [
            ("m1", "Lunch?", "text/plain"),
            ("k1", "-----BEGIN PGP", "text/pgp-public-key"),
        ] {
            let message = json!({
                "sylkrtc": "account-message", "transaction": id, "account": "alice@example.org",
                "uri": "bob@example.net", "message_id": id, "content": content, "content_type": content_type,
                "timestamp": "2026-03-01T09:15:30.120Z",
            });
            alice.send(&message.to_string()).await;
            alice
                .expect(&format!(r#"{{"sylkrtc":"ack","transaction":"{id}"}}"#))
                .await;
            alice.event("disposition-notification").await;
        }
        let contact = json!({
            "sylkrtc": "account-update-addressbook", "transaction": "b", "account": "alice@example.org",
            "action": "add", "type": "contact",
            "data": {"id": "c1", "name": "Bob", "uris": [{"id": "u1", "uri": "bob@example.net", "type": "SIP"}]},
        });
        alice.send(&contact.to_string()).await;
        alice.expect(r#"{"sylkrtc":"ack","transaction":"b"}"#).await;
        alice.event("addressbook-updated").await;
        world.door.drain(Duration::from_secs(1)).await;
    }
    let world = kept(&folder).await;
    // Phones may write to her before she is back.
    assert_eq!(world.switch.was_asked("KeepMessages"), 1);
    let mut alice = world.registered("alice@example.org").await;
    alice
        .ask(r#"{"sylkrtc":"account-sync-conversations","account":"alice@example.org"}"#)
        .await;
    let journal = alice.event("sync-conversations").await;
    let first = &journal["messages"][0];
    assert_eq!(
        (&first["message_id"], &first["content"]),
        (&json!("m1"), &json!("Lunch?"))
    );
    assert_eq!(first["state"], "accepted");
    alice
        .ask(r#"{"sylkrtc":"account-fetch-addressbook","account":"alice@example.org"}"#)
        .await;
    let book = alice.event("addressbook-fetched").await;
    assert_eq!(
        book["addressbook"]["contacts"][0]["uris"][0]["uri"],
        "bob@example.net"
    );
    let key = r#"{"sylkrtc":"lookup-public-key","transaction":"k","uri":"alice@example.org"}"#;
    alice.send(key).await;
    assert_eq!(alice.json().await["public_key"], "-----BEGIN PGP");
}
