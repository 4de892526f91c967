//! sylkrtc.md §3.3: messages, what becomes of them, and the journal.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::Command;
use api::event::{MessageEvent, WebEventKind};
use serde_json::{Value, json};
use support::writing::{from_phone, journal, message};
use support::{Client, World, letter, party, world, world_with};

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.net";
const ID: &str = "0f4b6f0a-3a7a-4a2e-9a55-2c5d9c1f6f01";

#[tokio::test]
async fn a_message_goes_to_everybody_concerned() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    let mut other = world.registered(ALICE).await;
    let mut bob = world.registered(BOB).await;
    alice.ask(&message(ALICE, BOB, ID, "Lunch?")).await;
    // The receiver.
    bob.expect(&format!(
        r#"{{"sylkrtc":"account-event","account":"bob@example.net","event":"message","sender":{{"uri":"alice@example.org","display_name":"Alice"}},"timestamp":"2026-03-01T09:15:30.120000+00:00","disposition_notification":["positive-delivery","display"],"message_id":"{ID}","content_type":"text/plain","content":"Lunch?"}}"#
    ))
    .await;
    // The sender, and its other connection.
    let disposition = format!(
        r#"{{"sylkrtc":"account-event","account":"alice@example.org","event":"disposition-notification","message_id":"{ID}","message_timestamp":"2026-03-01T09:15:30.120000+00:00","state":"accepted","code":200,"reason":"OK"}}"#
    );
    alice.expect(&disposition).await;
    let sync = other.event("sync").await;
    assert_eq!(
        (&sync["type"], &sync["action"]),
        (&json!("message"), &json!("add"))
    );
    assert_eq!(sync["content"]["transaction"], "t3");
    assert_eq!(sync["content"]["sylkrtc"], "account-message");
    other.expect(&disposition).await;
    // What becomes of it.
    bob.ask(&format!(
        r#"{{"sylkrtc":"account-disposition-notification","account":"bob@example.net","uri":"alice@example.org","message_id":"{ID}","state":"displayed","timestamp":"2026-03-01T09:15:30.120000+00:00"}}"#
    ))
    .await;
    for client in [&mut alice, &mut other] {
        client
            .expect(&format!(
                r#"{{"sylkrtc":"account-event","account":"alice@example.org","event":"disposition-notification","message_id":"{ID}","message_timestamp":"2026-03-01T09:15:30.120000+00:00","state":"displayed","code":200,"reason":""}}"#
            ))
            .await;
    }
    // The journals.
    let of_alice = journal(&mut alice, ALICE, "").await;
    assert_eq!(of_alice.len(), 3, "{of_alice:?}");
    assert_eq!(
        (&of_alice[0]["state"], &of_alice[0]["direction"]),
        (&json!("displayed"), &json!("outgoing"))
    );
    let report: Value = serde_json::from_str(of_alice[2]["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&report["state"], &of_alice[2]["content_type"]),
        (&json!("displayed"), &json!("message/imdn"))
    );
    let of_bob = journal(&mut bob, BOB, r#","message_id":null"#).await;
    assert_eq!(of_bob.len(), 1);
    assert_eq!(
        of_bob[0]["disposition"],
        json!(["positive-delivery"]),
        "displayed was reported"
    );
    assert_eq!(of_bob[0]["contact"], ALICE);
}

#[tokio::test]
async fn the_body_is_wrapped() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    alice
        .ask(&message(ALICE, "carol@elsewhere.example", ID, "Lunch?"))
        .await;
    alice.event("disposition-notification").await;
    let (content_type, body) = world
        .switch
        .last(|command| match command {
            Command::SendMessage(send) => Some((send.content_type.clone(), send.body.clone())),
            _ => None,
        })
        .unwrap();
    assert_eq!(&*content_type, "message/cpim");
    let expected = format!(
        "From: \"Alice\" <sip:alice@example.org>\r\nTo: <sip:carol@elsewhere.example>\r\n\
         DateTime: 2026-03-01T09:15:30.120000+00:00\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: {ID}\r\n\
         imdn.Disposition-Notification: positive-delivery, display\r\n\r\n\
         Content-Type: text/plain;charset=utf-8\r\n\r\nLunch?"
    );
    assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
}

#[tokio::test]
async fn messages_need_a_proven_account() {
    let world = world().await;
    let mut client = world.with_account(ALICE).await;
    client
        .refused(&message(ALICE, BOB, ID, "x"), "Account not authenticated")
        .await;
    client
        .refused(
            &message(BOB, ALICE, ID, "x"),
            "Unknown account specified: bob@example.net",
        )
        .await;
    let fetch = r#"{"sylkrtc":"account-fetch-addressbook","account":"alice@example.org"}"#;
    client.refused(fetch, "Account not authenticated").await;
}

#[tokio::test]
async fn what_fails_is_told_with_its_status() {
    let world = world().await;
    *world.switch.deliveries.lock().unwrap() = vec![(404, "Not Found")];
    let mut alice = world.registered(ALICE).await;
    alice.ask(&message(ALICE, BOB, ID, "x")).await;
    let told = alice
        .expect_event("disposition-notification", "failed")
        .await;
    assert_eq!(
        (&told["code"], &told["reason"]),
        (&json!(404), &json!("Not Found"))
    );
    assert_eq!(journal(&mut alice, ALICE, "").await[0]["state"], "failed");
}

#[tokio::test]
async fn a_receiver_that_is_away_finds_it_later() {
    let world = world().await;
    world.registered(BOB).await.close().await;
    world
        .until("bob is gone", |world| world.door.accounts() == 0)
        .await;
    *world.switch.deliveries.lock().unwrap() = vec![
        (480, "Temporarily Unavailable"),
        (480, "Temporarily Unavailable"),
    ];
    let mut alice = world.registered(ALICE).await;
    alice.ask(&message(ALICE, BOB, ID, "later")).await;
    let told = alice
        .expect_event("disposition-notification", "accepted")
        .await;
    assert_eq!(told["code"], 202);
    alice
        .ask(&message(ALICE, "nobody@example.net", "2", "never"))
        .await;
    assert_eq!(
        alice
            .expect_event("disposition-notification", "failed")
            .await["code"],
        480
    );
    let mut bob = world.registered(BOB).await;
    let found = journal(&mut bob, BOB, "").await;
    assert_eq!(
        (&found[0]["content"], &found[0]["direction"]),
        (&json!("later"), &json!("incoming"))
    );
}

#[tokio::test]
async fn a_note_to_oneself_is_kept_once() {
    let world = world().await;
    *world.switch.deliveries.lock().unwrap() = vec![(480, "Temporarily Unavailable")];
    let mut alice = world.registered(ALICE).await;
    alice.ask(&message(ALICE, ALICE, ID, "milk")).await;
    alice
        .expect_event("disposition-notification", "accepted")
        .await;
    let notes = journal(&mut alice, ALICE, "").await;
    let texts = notes
        .iter()
        .filter(|entry| entry["content_type"] == "text/plain");
    assert_eq!(texts.count(), 1, "{notes:?}");
}

#[tokio::test]
async fn messages_of_one_client_stay_in_order() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    let mut bob = world.registered(BOB).await;
    for number in 0..50 {
        alice
            .send(
                &message(ALICE, BOB, &format!("m{number}"), "x")
                    .replace("{\"account\"", "{\"transaction\":\"t\",\"account\""),
            )
            .await;
    }
    for number in 0..50 {
        assert_eq!(
            bob.event("message").await["message_id"],
            format!("m{number}")
        );
    }
}

async fn two_devices(world: &World) -> (Client, Client) {
    let mut one = world.registered(ALICE).await;
    let two = world.registered(ALICE).await;
    for id in ["1", "2", "3"] {
        one.ask(&message(ALICE, BOB, id, "x")).await;
        one.event("disposition-notification").await;
    }
    let mut two = two;
    for _ in 0..3 {
        two.event("sync").await;
        two.event("disposition-notification").await;
    }
    (one, two)
}

#[tokio::test]
async fn journals_are_synchronised_from_a_place_on() {
    let world = world().await;
    let (mut one, _) = two_devices(&world).await;
    let all = journal(&mut one, ALICE, "").await;
    assert_eq!(all.len(), 6);
    assert_eq!(journal(&mut one, ALICE, r#","limit":2"#).await, all[..2]);
    assert_eq!(
        journal(&mut one, ALICE, r#","message_id":"2""#).await,
        all[3..]
    );
    let last = all[5]["message_id"].as_str().unwrap();
    assert!(
        journal(&mut one, ALICE, &format!(r#","message_id":"{last}""#))
            .await
            .is_empty()
    );
    let unknown = r#","message_id":"?","since":"2999-01-01T00:00:00Z""#;
    assert!(journal(&mut one, ALICE, unknown).await.is_empty());
    assert_eq!(
        journal(&mut one, ALICE, r#","since":"2020-01-01T00:00:00Z""#)
            .await
            .len(),
        6
    );
}

#[tokio::test]
async fn reading_and_removing_is_told_to_the_other_device() {
    let world = world().await;
    let (mut one, mut two) = two_devices(&world).await;
    let of = |request: &str| {
        format!(
            r#"{{"sylkrtc":"{request}","account":"alice@example.org","contact":"bob@example.net"}}"#
        )
    };
    one.ask(&of("account-mark-conversation-read")).await;
    two.expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"sync","type":"conversation","action":"read","content":{"contact":"bob@example.net"}}"#)
        .await;
    one.ask(r#"{"sylkrtc":"account-remove-message","account":"alice@example.org","message_id":"2","contact":"bob@example.net"}"#)
        .await;
    two.expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"sync","type":"message","action":"remove","content":{"contact":"bob@example.net","message_id":"2","direction":"outgoing"}}"#)
        .await;
    let entries = journal(&mut one, ALICE, "").await;
    let kinds: Vec<&str> = entries
        .iter()
        .map(|entry| entry["content_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "text/plain",
            "message/imdn",
            "message/imdn",
            "text/plain",
            "message/imdn",
            "application/sylk-conversation-read",
            "application/sylk-message-remove",
        ]
    );
    assert_eq!(
        entries[6]["content"],
        r#"{"contact":"bob@example.net","message_id":"2","direction":"outgoing"}"#
    );
    assert_eq!(
        (&entries[5]["direction"], &entries[5]["state"]),
        (&json!(""), &Value::Null)
    );
    one.ask(&of("account-remove-conversation")).await;
    let removed = two.event("sync").await;
    assert_eq!(
        (&removed["type"], &removed["action"]),
        (&json!("conversation"), &json!("remove"))
    );
    assert!(removed["content"]["timestamp"].is_string());
    assert_eq!(journal(&mut one, ALICE, "").await.len(), 1);
    // The account's SIP devices are told by MESSAGE, its pages are not told twice.
    let markers = world
        .switch
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter(|command| {
            matches!(command, Command::SendMessage(send)
            if send.headers == [("X-Sylk-To-Sip".into(), "yes".into())] && &*send.to == ALICE)
        })
        .count();
    assert!(markers >= 2, "{markers}");
    one.expect_silence().await;
}

#[tokio::test]
async fn what_its_sender_removes_goes_at_the_receiver_too() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    let mut bob = world.registered(BOB).await;
    alice.ask(&message(ALICE, BOB, ID, "oops")).await;
    alice.event("disposition-notification").await;
    bob.event("message").await;
    alice
        .ask(&format!(
            r#"{{"sylkrtc":"account-remove-message","account":"alice@example.org","message_id":"{ID}","contact":"bob@example.net"}}"#
        ))
        .await;
    let removed = bob.event("sync").await;
    assert_eq!(
        removed["content"],
        json!({"contact": ALICE, "message_id": ID, "direction": "incoming"})
    );
    let left = journal(&mut bob, BOB, "").await;
    assert_eq!(
        (left.len(), &left[0]["content_type"]),
        (1, &json!("application/sylk-message-remove"))
    );
}

#[tokio::test]
async fn keys_are_kept_and_looked_up_and_never_journalled() {
    let world = world().await;
    let mut alice = world.registered(ALICE).await;
    let lookup = r#"{"sylkrtc":"lookup-public-key","transaction":"k1","uri":"alice@example.org"}"#;
    let mut stranger = world.client().await;
    stranger.send(lookup).await;
    stranger
        .expect(
            r#"{"sylkrtc":"lookup-public-key-event","uri":"alice@example.org","public_key":null}"#,
        )
        .await;
    stranger
        .expect(r#"{"sylkrtc":"ack","transaction":"k1"}"#)
        .await;
    let key = message(ALICE, BOB, ID, "-----BEGIN").replace("text/plain", "text/pgp-public-key");
    alice.ask(&key).await;
    alice.event("disposition-notification").await;
    stranger.send(lookup).await;
    stranger
        .expect(r#"{"sylkrtc":"lookup-public-key-event","uri":"alice@example.org","public_key":"-----BEGIN"}"#)
        .await;
    let kinds: Vec<Value> = journal(&mut alice, ALICE, "").await;
    assert!(
        kinds
            .iter()
            .all(|entry| entry["content_type"] != "text/pgp-public-key"),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_strangers_key_takes_no_place() {
    let world = world_with(|config| config.store.foreign_accounts = 1).await;
    let mut alice = world.registered(ALICE).await;
    let mut carol = world.registered("carol@elsewhere.example").await;
    for stranger in ["mallory@evil.example", "carol@elsewhere.example"] {
        from_phone(&world, stranger, ALICE, "text/pgp-public-key", "key").await;
        alice.event("message").await;
    }
    let mut key = async |whose: &str| {
        let lookup =
            format!(r#"{{"sylkrtc":"lookup-public-key","transaction":"k","uri":"{whose}"}}"#);
        alice.send(&lookup).await;
        let found = alice.json().await["public_key"].clone();
        alice.json().await;
        found
    };
    assert_eq!(key("mallory@evil.example").await, Value::Null);
    assert_eq!(key("carol@elsewhere.example").await, "key");
    // Another one registers; Carol, who is still there, gets her place back when she needs it.
    world.registered("dave@elsewhere.example").await;
    assert_eq!(key("carol@elsewhere.example").await, Value::Null);
    let note = message("carol@elsewhere.example", ALICE, ID, "hello");
    carol.ask(&note).await;
    carol.event("disposition-notification").await;
    let kept = journal(&mut carol, "carol@elsewhere.example", "").await;
    assert_eq!(kept[0]["content"], "hello");
}

#[tokio::test]
async fn messages_within_a_call() {
    let world = world().await;
    let mut alice = world.with_account(ALICE).await;
    alice
        .ask(r#"{"sylkrtc":"session-create","account":"alice@example.org","session":"S1","uri":"bob@example.net","sdp":"x"}"#)
        .await;
    alice.expect_event("state", "progress").await;
    let channel = world.switch.placed().await;
    let client = world.switch.client_of(ALICE);
    let accepted = WebEventKind::Accepted {
        channel: channel.clone(),
        answer: Some("x".into()),
        call_id: "c".into(),
        headers: vec![],
    };
    world.switch.web(client, accepted).await;
    alice.expect_event("state", "accepted").await;
    alice
        .ask(r#"{"sylkrtc":"session-message","session":"S1","message_id":"im-1","content":"https://example.org/doc","content_type":"text/plain","timestamp":"2026-03-01T09:20:00.000Z"}"#)
        .await;
    alice
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"disposition-notification","message_id":"im-1","message_timestamp":"2026-03-01T09:20:00.000000+00:00","state":"accepted","code":200,"reason":"OK"}"#)
        .await;
    let body = "From: \"Bob\" <sip:bob@example.net>\r\nTo: <sip:alice@example.org>\r\nDateTime: 2026-03-01T09:20:11Z\r\n\
        NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: im-2\r\n\
        imdn.Disposition-Notification: positive-delivery, display\r\n\r\nContent-Type: text/plain\r\n\r\nthanks";
    let event = MessageEvent {
        from: party(BOB, "Bob"),
        clients: vec![client],
        call: Some(channel),
        ..letter(BOB, ALICE, "message/cpim", body)
    };
    world.switch.write(event).await;
    alice
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"message","sender":{"uri":"bob@example.net","display_name":"Bob"},"timestamp":"2026-03-01T09:20:11.000000+00:00","disposition_notification":["positive-delivery","display"],"message_id":"im-2","content_type":"text/plain","content":"thanks"}"#)
        .await;
}
