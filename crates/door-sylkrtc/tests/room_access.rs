//! sylkrtc.md §6.2, §4.2: who may enter a room, and what the room is like.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::Command;
use jackfield_door_sylkrtc::{AccessOrder, AccessPolicy, RoomConfig, VideoCodec, Who};
use serde_json::json;
use support::joining::*;
use support::{Client, world, world_with};

/// Whether a join is let in.
async fn is_in(client: &mut Client, account: &str, room: &str) -> bool {
    let session = format!("V-{account}-{room}");
    let session: String = session.chars().take(100).collect();
    client.send(&join(account, &session, room)).await;
    let first = client.json().await;
    if first["sylkrtc"] == "error" {
        assert_eq!(
            first["error"],
            format!("is not allowed to join room {room}")
        );
        return false;
    }
    assert_eq!(first["state"], "progress");
    for _ in 0..4 {
        client.json().await;
    }
    // Out again, so that nobody hears of the next one.
    let leave = json!({"sylkrtc": "videoroom-leave", "transaction": "l", "session": session});
    client.send(&leave.to_string()).await;
    client.expect_event("session-state", "terminated").await;
    client
        .expect(r#"{"sylkrtc":"ack","transaction":"l"}"#)
        .await;
    true
}

fn closed_but(allow: &str) -> RoomConfig {
    RoomConfig {
        access: AccessPolicy {
            order: AccessOrder::DenyAllow,
            allow: Who::list(allow.split(", ")),
            deny: Who::list(["all"].into_iter()),
        },
        ..RoomConfig::default()
    }
}

#[tokio::test]
async fn who_may_enter() {
    let world = world_with(|config| {
        config.guest_domains = vec!["guest.example.org".to_owned()];
        let room = |name: &str| format!("{name}@videoconference.example.org");
        config.rooms.rooms.extend([
            (room("staff"), closed_but("example.org")),
            (
                room("pair"),
                closed_but("alice@example.org, guest@guest.example.org"),
            ),
            (room("lobby"), closed_but("guest.example.org")),
            (room("nobody"), closed_but("none")),
            (
                "elsewhere@rooms.example.com".to_owned(),
                RoomConfig::default(),
            ),
        ]);
    })
    .await;
    let rooms = ["open", "staff", "pair", "lobby", "nobody"];
    let everywhere = |admitted: [bool; 5]| rooms.into_iter().zip(admitted);

    // Alice has the password the directory knows; nobody else does.
    let mut alice = world.with_account("alice@example.org").await;
    let mut mallory = world.with_account("mallory@example.org").await;
    let mut alias = world.with_account("77@example.org").await;
    let mut guest = world.with_account("guest@guest.example.org").await;
    let mut bob = world.registered("bob@example.org").await;
    for (client, account, admitted) in [
        (
            &mut alice,
            "alice@example.org",
            [true, true, true, false, false],
        ),
        (&mut mallory, "mallory@example.org", [false; 5]),
        (&mut alias, "77@example.org", [false; 5]),
        (
            &mut guest,
            "guest@guest.example.org",
            [true, false, false, true, false],
        ),
        (
            &mut bob,
            "bob@example.org",
            [true, true, false, false, false],
        ),
    ] {
        for (room, admitted) in everywhere(admitted) {
            let room = format!("{room}@videoconference.example.org");
            assert_eq!(
                is_in(client, account, &room).await,
                admitted,
                "{account} in {room}"
            );
            // A policy knows nothing of cases.
            if !admitted {
                let room = room.to_uppercase();
                assert!(!is_in(client, account, &room).await, "{account} in {room}");
            }
        }
    }
    // Of other hosts only what the operator has named.
    for (room, admitted) in [
        ("elsewhere@rooms.example.com", true),
        ("other@rooms.example.com", false),
        ("team@example.org", false),
        ("team@videoconference.example.com", false),
        ("team@videoconference.example.net", true),
    ] {
        assert_eq!(
            is_in(&mut alice, "alice@example.org", room).await,
            admitted,
            "{room}"
        );
    }
    let nobody = join("nobody@example.org", "V", TEAM);
    alice
        .refused(&nobody, "Unknown account specified: nobody@example.org")
        .await;
}

#[tokio::test]
async fn passwords_cannot_be_tried_at_a_room() {
    let world = world().await;
    let mut client = world.client().await;
    let add = |password: &str| {
        json!({"sylkrtc": "account-add", "account": "alice@example.org", "password": password})
            .to_string()
    };
    let remove = r#"{"sylkrtc":"account-remove","account":"alice@example.org"}"#;
    for guess in 0..10 {
        client.ask(&add(&format!("{guess:032x}"))).await;
        assert!(!is_in(&mut client, "alice@example.org", TEAM).await);
        client.ask(remove).await;
    }
    client.ask(&add(support::HA1)).await;
    assert!(
        !is_in(&mut client, "alice@example.org", TEAM).await,
        "not looked at any more"
    );
}

#[tokio::test]
async fn rooms_are_made_as_configured() {
    let world = world_with(|config| {
        config.rooms.max_publishers = 2;
        let own = RoomConfig {
            record: true,
            video_disabled: true,
            max_bitrate: Some(512_000),
            video_codec: Some(VideoCodec::Vp8),
            ..RoomConfig::default()
        };
        config.rooms.rooms.insert(TEAM.to_owned(), own);
    })
    .await;
    let _two = gathered(&world, ["alice", "bob"]).await;
    let settings = world.switch.last(|command| match command {
        Command::JoinVideoRoom(join) => Some(join.settings.clone()),
        _ => None,
    });
    let settings = settings.unwrap();
    assert_eq!(
        (settings.max_bitrate, &*settings.video_codec),
        (512_000, "vp8")
    );
    assert!(settings.audio && !settings.video);
    assert!(settings.record_into.unwrap().ends_with(TEAM));
    let mut carol = world.registered("carol@example.org").await;
    carol
        .refused(&join("carol@example.org", "V-carol", TEAM), "480 Room full")
        .await;
    // Nobody counts as being there who was not let in.
    carol
        .refused(&join("carol@example.org", "V-carol", TEAM), "480 Room full")
        .await;
    let taken = join("carol@example.org", "V-bob", TEAM);
    carol
        .refused(&taken, "Session ID V-bob already in use")
        .await;
}
