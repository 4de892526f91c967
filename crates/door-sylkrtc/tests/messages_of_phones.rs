//! sylkrtc.md §3.3: messages of telephones, what phones of an account say, and their way to the journal.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::Command;
use api::event::MessageEvent;
use serde_json::{Value, json};
use support::writing::{from_phone, journal, message};
use support::{http, letter, world};

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.net";
const ID: &str = "0f4b6f0a-3a7a-4a2e-9a55-2c5d9c1f6f01";

#[tokio::test]
async fn phones_write_without_wrapping() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    from_phone(
        &world,
        "1000@elsewhere.example",
        ALICE,
        "application/im-iscomposing+xml",
        "<x/>",
    )
    .await;
    from_phone(
        &world,
        "1000@elsewhere.example",
        ALICE,
        "message/cpim",
        "broken",
    )
    .await;
    from_phone(
        &world,
        "1000@elsewhere.example",
        ALICE,
        "text/plain;charset=utf-8",
        "hello",
    )
    .await;
    let got = alice.event("message").await;
    assert_eq!(
        got["sender"],
        json!({"uri": "1000@elsewhere.example", "display_name": "Phone"})
    );
    assert_eq!(
        (&got["content"], &got["content_type"]),
        (&json!("hello"), &json!("text/plain"))
    );
    assert_eq!(got["disposition_notification"], json!([]));
    assert_eq!(got["message_id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn what_a_phone_of_the_account_sends_its_pages_see() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    from_phone(&world, ALICE, BOB, "text/plain", "from my desk").await;
    let sync = alice.event("sync").await;
    assert_eq!(sync["content"]["transaction"], "1");
    assert_eq!(sync["content"]["server_generated"], true);
    assert_eq!(
        (&sync["content"]["uri"], &sync["content"]["content"]),
        (&json!(BOB), &json!("from my desk"))
    );
    assert_eq!(
        journal(&mut alice, ALICE, "").await[0]["direction"],
        "outgoing"
    );
}

#[tokio::test]
async fn whoever_only_says_a_name_changes_nothing_under_it() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    let mut bob = world.registered(BOB).await;
    let own = message(ALICE, BOB, ID, "mine").replace("text/plain", "text/pgp-public-key");
    alice.ask(&own).await;
    alice.event("disposition-notification").await;
    bob.event("message").await;
    alice.ask(&message(ALICE, BOB, "m1", "Lunch?")).await;
    alice.event("disposition-notification").await;
    bob.event("message").await;
    for (content_type, body) in [
        ("text/pgp-public-key", "forged"),
        ("application/sylk-api-message-remove", "m1"),
        (
            "application/sylk-api-conversation-remove",
            r#"{"contact":"bob@example.net"}"#,
        ),
        ("application/sylk-api-token", "x"),
        ("text/plain", "who am I?"),
    ] {
        let letter = MessageEvent {
            verified: false,
            ..letter(ALICE, BOB, content_type, body)
        };
        world.switch.write(letter).await;
    }
    // Bob reads what was written, the key among it; nothing of it is Alice's.
    assert_eq!(bob.event("message").await["content"], "forged");
    assert_eq!(bob.event("message").await["content"], "who am I?");
    let lookup = r#"{"sylkrtc":"lookup-public-key","transaction":"k1","uri":"alice@example.org"}"#;
    bob.send(lookup).await;
    let found = bob.json().await;
    assert_eq!(found["public_key"], "mine");
    let of_alice = journal(&mut alice, ALICE, "").await;
    let texts = of_alice
        .iter()
        .filter(|entry| entry["content_type"] == "text/plain");
    assert_eq!(texts.count(), 1, "{of_alice:?}");
    assert_eq!(of_alice.last().unwrap()["content_type"], "message/imdn");
    alice.expect_silence().await;
    // Her own phone may.
    from_phone(
        &world,
        ALICE,
        BOB,
        "application/sylk-api-message-remove",
        "m1",
    )
    .await;
    assert_eq!(alice.event("sync").await["action"], "remove");
}

#[tokio::test]
async fn a_phone_gets_a_token_and_reads_the_journal_over_http() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    alice.ask(&message(ALICE, BOB, ID, "Lunch?")).await;
    alice.event("disposition-notification").await;
    from_phone(&world, ALICE, ALICE, "application/sylk-api-token", "x").await;
    let answer = || {
        world.switch.last(|command| match command {
            Command::SendMessage(send) if &*send.content_type == "application/sylk-api-token" => {
                Some(send.body.clone())
            }
            _ => None,
        })
    };
    world
        .until("the token is sent", |_| answer().is_some())
        .await;
    let answer: Value = serde_json::from_slice(&answer().unwrap()).unwrap();
    assert!(
        answer["url"]
            .as_str()
            .unwrap()
            .ends_with("/webrtcgateway/messages/history/alice@example.org")
    );
    let address = world.door.local_addrs()[0];
    let ask = |path: &str, token: &str| {
        format!(
            "GET /webrtcgateway/messages/history/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Apikey {token}\r\n\r\n"
        )
    };
    let token = answer["token"].as_str().unwrap();
    let read = http(address, &ask("alice@example.org", token)).await;
    assert!(
        read.contains(r#"{"account":"alice@example.org","messages":[{"contact":"bob@example.net""#),
        "{read}"
    );
    let read = http(address, &ask(&format!("alice@example.org/{ID}"), token)).await;
    assert!(
        !read.contains("Lunch") && read.contains("message/imdn"),
        "{read}"
    );
    for denied in [
        ask("alice@example.org", "falsch"),
        ask("bob@example.net", token),
    ] {
        assert!(http(address, &denied).await.starts_with("HTTP/1.1 401 "));
    }
}
