//! sylkrtc.md §3.6, §6.2: video rooms, beyond the conversations of `golden/sylkrtc`.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use std::time::{Duration, Instant};

use api::event::VideoRoomEventKind as Kind;
use api::{Command, ErrorKind};
use jackfield_door_sylkrtc::{AccessOrder, AccessPolicy, RoomConfig, VideoCodec, Who};
use serde_json::json;
use support::{Client, World, world, world_with};

const TEAM: &str = "team@videoconference.example.org";

fn join(account: &str, session: &str, room: &str) -> String {
    json!({
        "sylkrtc": "videoroom-join", "transaction": "j", "account": account, "session": session, "uri": room,
        "sdp": "v=0\r\n...",
    })
    .to_string()
}

/// Joins, up to `established`; gives the publishers found.
async fn enter(client: &mut Client, account: &str, session: &str, room: &str) -> Vec<String> {
    client.send(&join(account, session, room)).await;
    client.expect_event("session-state", "progress").await;
    client
        .expect(r#"{"sylkrtc":"ack","transaction":"j"}"#)
        .await;
    client.expect_event("session-state", "accepted").await;
    let list = client.event("initial-publishers").await;
    let publishers = list["publishers"].as_array().unwrap();
    let ids = publishers
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned());
    let ids = ids.collect();
    client.expect_event("session-state", "established").await;
    ids
}

/// Everybody named is in the room, in this order, and knows it.
async fn gathered<const N: usize>(world: &World, names: [&str; N]) -> [Client; N] {
    let mut clients: Vec<Client> = Vec::new();
    for name in names {
        let account = format!("{name}@example.org");
        let mut client = world.registered(&account).await;
        let found = enter(&mut client, &account, &format!("V-{name}"), TEAM).await;
        assert_eq!(found.len(), clients.len());
        for other in &mut clients {
            let joined = other.event("publishers-joined").await;
            assert_eq!(joined["publishers"][0]["id"], format!("V-{name}"));
        }
        clients.push(client);
    }
    clients.try_into().ok().unwrap()
}

fn request(name: &str, members: serde_json::Value) -> String {
    let mut request = members;
    request["sylkrtc"] = name.into();
    request.to_string()
}

#[tokio::test]
async fn sessions_and_feeds_that_are_not_ones_own() {
    let world = world().await;
    let [mut alice, mut bob] = gathered(&world, ["alice", "bob"]).await;
    for (name, members) in [
        ("videoroom-leave", json!({"session": "V-bob"})),
        (
            "videoroom-session-trickle",
            json!({"session": "V-bob", "candidates": []}),
        ),
        (
            "videoroom-session-update",
            json!({"session": "V-bob", "options": {"audio": false}}),
        ),
        (
            "videoroom-feed-attach",
            json!({"session": "V-bob", "publisher": "V-alice", "feed": "F"}),
        ),
        (
            "videoroom-configure",
            json!({"session": "V-bob", "active_participants": []}),
        ),
        (
            "videoroom-invite",
            json!({"session": "V-bob", "participants": ["x@y"]}),
        ),
        (
            "videoroom-message",
            json!({"session": "V-bob", "message_id": "m", "content": "x", "content_type": "text/plain"}),
        ),
        (
            "videoroom-composing-indication",
            json!({"session": "V-bob", "state": "idle"}),
        ),
        (
            "videoroom-mute-audio-participants",
            json!({"session": "V-bob"}),
        ),
        ("videoroom-toggle-hand", json!({"session": "V-bob"})),
        (
            "videoroom-remove",
            json!({"session": "V-bob", "participants": ["x@y"]}),
        ),
        (
            "videoroom-mute-participant",
            json!({"session": "V-bob", "participant_id": "V-alice", "muted": true}),
        ),
    ] {
        let text = "Unknown room session: V-bob";
        alice.refused(&request(name, members), text).await;
    }
    let attach = |publisher: &str, feed: &str| {
        let members = json!({"session": "V-alice", "publisher": publisher, "feed": feed});
        request("videoroom-feed-attach", members)
    };
    let unknown = "Unknown publisher room session to attach to: V-x";
    alice.refused(&attach("V-x", "F-1"), unknown).await;
    alice.ask(&attach("V-bob", "F-1")).await;
    alice.event("feed-attached").await;
    for feed in ["F-1", "V-alice"] {
        let text = format!("Video room session ID {feed} already in use");
        alice.refused(&attach("V-bob", feed), &text).await;
    }
    // Bob knows the id of Alice's feed, but it is not his.
    let of_bob = |name, more: serde_json::Value| {
        let mut members = json!({"session": "V-bob", "feed": "F-1"});
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request(name, members)
    };
    let answer = of_bob("videoroom-feed-answer", json!({"sdp": "v=0"}));
    bob.refused(&answer, "Unknown room session: F-1").await;
    let detach = of_bob("videoroom-feed-detach", json!({}));
    bob.refused(&detach, "Unknown room session to detach: F-1")
        .await;
    let update = json!({"session": "F-1", "options": {"video": false}});
    let update = request("videoroom-session-update", update);
    bob.refused(&update, "Unknown room session: F-1").await;
    // Alice takes part a second time; a feed belongs to one participation.
    enter(
        &mut alice,
        "alice@example.org",
        "V-alice-2",
        "other@videoconference.example.org",
    )
    .await;
    let detach = json!({"session": "V-alice-2", "feed": "F-1"});
    let text = "F-1 is not an attached feed of V-alice-2";
    alice
        .refused(&request("videoroom-feed-detach", detach), text)
        .await;
    assert_eq!(world.switch.was_asked("DetachFeed"), 0);
    let detach = json!({"session": "V-alice", "feed": "F-1"});
    alice.ask(&request("videoroom-feed-detach", detach)).await;
    // Candidates that come too late do no harm.
    let late = json!({"session": "F-1", "candidates": []});
    alice.ask(&request("videoroom-session-trickle", late)).await;
    bob.expect_silence().await;
}

#[tokio::test]
async fn requests_become_commands() {
    let world = world().await;
    let [mut alice, mut bob] = gathered(&world, ["alice", "bob"]).await;
    let update = json!({"session": "V-alice", "options": {"audio": false, "bitrate": 128_000}});
    alice
        .ask(&request("videoroom-session-update", update))
        .await;
    let flow = world.switch.last(|command| match command {
        Command::UpdatePublication(update) => Some(update.flow),
        _ => None,
    });
    let flow = flow.unwrap();
    assert_eq!(
        (flow.audio, flow.video, flow.bitrate),
        (Some(false), None, Some(128_000))
    );
    for bitrate in [0, -1, 1_i64 << 40] {
        let update = json!({"session": "V-alice", "options": {"bitrate": bitrate}});
        let text = format!("Invalid value for 'bitrate' property: {bitrate}");
        alice
            .refused(&request("videoroom-session-update", update), &text)
            .await;
    }
    let composing = json!({"session": "V-alice", "state": "idle", "refresh": 70_000});
    let text = "Invalid value for 'refresh' property: 70000";
    alice
        .refused(&request("videoroom-composing-indication", composing), text)
        .await;
    let mute = json!({"session": "V-alice", "participant_id": "V-bob", "muted": true});
    alice
        .ask(&request("videoroom-mute-participant", mute))
        .await;
    bob.expect(r#"{"sylkrtc":"videoroom-event","session":"V-bob","event":"mute-request","muted":true,"originator":"V-alice"}"#)
        .await;
    let remove = json!({"session": "V-alice", "participants": ["bob@example.org"]});
    alice
        .refused(
            &request("videoroom-remove", remove),
            "Participants cannot be removed",
        )
        .await;
    world
        .switch
        .refuse("SayInVideoRoom", ErrorKind::LimitReached, "too much talk");
    let say = json!({"session": "V-alice", "message_id": "m", "content": "x", "content_type": "text/plain"});
    alice.ask(&request("videoroom-message", say)).await;
    alice
        .expect(r#"{"sylkrtc":"videoroom-event","session":"V-alice","event":"message-delivery","message_id":"m","delivered":false,"code":0,"reason":"too much talk"}"#)
        .await;
    bob.expect_silence().await;
}

#[tokio::test]
async fn what_the_switch_says_by_itself() {
    let world = world().await;
    let [mut alice, mut bob] = gathered(&world, ["alice", "bob"]).await;
    let phone = world
        .switch
        .phone_enters(TEAM, "+31201234567@example.org")
        .await;
    let joined = format!(
        r#"{{"id":"{phone}","uri":"+31201234567@example.org","display_name":"","type":"sip"}}"#
    );
    for (client, session) in [(&mut alice, "V-alice"), (&mut bob, "V-bob")] {
        client
            .expect(&format!(r#"{{"sylkrtc":"videoroom-event","session":"{session}","event":"publishers-joined","publishers":[{joined}]}}"#))
            .await;
    }
    let attach = json!({"session": "V-alice", "publisher": phone.as_str(), "feed": "F"});
    alice.ask(&request("videoroom-feed-attach", attach)).await;
    alice.event("feed-attached").await;
    let channel = world.switch.last(|command| match command {
        Command::AttachFeed(attach) => Some(attach.channel.clone()),
        _ => None,
    });
    let alices = channel.unwrap();
    let status = Kind::InviteStatus {
        channel: alices.clone(),
        participant: "+31201234567@example.org".into(),
        code: 403,
        phrase: "Forbidden".into(),
    };
    world.switch.in_room(TEAM, status).await;
    alice
        .expect(r#"{"sylkrtc":"videoroom-event","session":"V-alice","event":"invite-status","participant":"+31201234567@example.org","state":"failed","code":403,"reason":"Forbidden"}"#)
        .await;
    let status = Kind::Said {
        channel: None,
        from: support::party(TEAM, ""),
        content_type: "text/plain".into(),
        content: "Carol has joined".into(),
    };
    world.switch.in_room(TEAM, status).await;
    for client in [&mut alice, &mut bob] {
        assert_eq!(client.event("message").await["type"], "status");
    }
    // Its media has failed: she is out, and stays so.
    let left = Kind::Left {
        channel: alices.clone(),
        code: 0,
        phrase: "ICE failed".into(),
    };
    world.switch.in_room(TEAM, left).await;
    alice
        .expect(r#"{"sylkrtc":"videoroom-event","session":"V-alice","event":"session-state","state":"terminated","reason":"ICE failed"}"#)
        .await;
    world
        .switch
        .in_room(TEAM, Kind::PublisherLeft { channel: alices })
        .await;
    assert_eq!(
        bob.event("publishers-left").await["publishers"],
        json!(["V-alice"])
    );
    let leave = request("videoroom-leave", json!({"session": "V-alice"}));
    alice.refused(&leave, "Unknown room session: V-alice").await;
    alice.expect_silence().await;
}

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

#[tokio::test]
async fn leaving_is_heard_soon_even_when_the_switch_is_slow() {
    let world = world().await;
    let [mut alice, mut bob] = gathered(&world, ["alice", "bob"]).await;
    let held = world.switch.hold().await;
    let begun = Instant::now();
    alice
        .send(r#"{"sylkrtc":"videoroom-leave","transaction":"l","session":"V-alice"}"#)
        .await;
    alice.expect_event("session-state", "terminated").await;
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    alice.expect(r#"{"sylkrtc":"ack","transaction":"l"}"#).await;
    bob.expect_silence().await;
    drop(held);
    assert_eq!(
        bob.event("publishers-left").await["publishers"],
        json!(["V-alice"])
    );
    assert_eq!(
        enter(&mut alice, "alice@example.org", "V-alice", TEAM).await,
        ["V-bob"]
    );
}

#[tokio::test]
async fn who_goes_away_leaves() {
    let world = world().await;
    let [mut alice, bob, carol] = gathered(&world, ["alice", "bob", "carol"]).await;
    bob.close().await;
    assert_eq!(
        alice.event("publishers-left").await["publishers"],
        json!(["V-bob"])
    );
    // Carol may come back; her place is kept.
    carol.break_off();
    world
        .until("she is missed", |world| world.door.waiting() == 1)
        .await;
    alice.expect_silence().await;
    // She does, but has forgotten everything: what she was in, she has left.
    let mut carol = world.with_account("carol@example.org").await;
    assert_eq!(
        alice.event("publishers-left").await["publishers"],
        json!(["V-carol"])
    );
    let leave = request("videoroom-leave", json!({"session": "V-carol"}));
    carol.refused(&leave, "Unknown room session: V-carol").await;
    alice
        .send(r#"{"sylkrtc":"account-remove","transaction":"r","account":"alice@example.org"}"#)
        .await;
    alice.expect(r#"{"sylkrtc":"ack","transaction":"r"}"#).await;
    assert_eq!(world.switch.was_asked("LeaveVideoRoom"), 3);
}

#[tokio::test]
async fn who_comes_back_with_its_token_is_still_there() {
    let world = world().await;
    let [mut alice] = gathered(&world, ["alice"]).await;
    let mut bob = world.client().await;
    let added = bob.add("bob@example.net").await;
    let register = r#"{"sylkrtc":"account-register","account":"bob@example.net"}"#;
    bob.ask(register).await;
    bob.expect_event("registration-state", "registering").await;
    bob.expect_event("registration-state", "registered").await;
    enter(&mut bob, "bob@example.net", "V-bob", TEAM).await;
    alice.event("publishers-joined").await;
    bob.break_off();
    world
        .until("he is missed", |world| world.door.waiting() == 1)
        .await;
    // What happens meanwhile waits for him.
    alice
        .send(&request(
            "videoroom-toggle-hand",
            json!({"session": "V-alice", "transaction": "h"}),
        ))
        .await;
    alice.event("raised-hands").await;
    alice.expect(r#"{"sylkrtc":"ack","transaction":"h"}"#).await;
    let mut bob = world.client().await;
    let back = json!({
        "sylkrtc": "account-add", "account": "bob@example.net", "password": support::HA1,
        "previous_session_token": added["resume_token"],
    });
    assert_eq!(bob.ask(&back.to_string()).await["resumed"], true);
    assert_eq!(
        bob.event("raised-hands").await["raised_hands"],
        json!(["V-alice"])
    );
    let mute = request(
        "videoroom-mute-audio-participants",
        json!({"session": "V-bob", "transaction": "m"}),
    );
    bob.send(&mute).await;
    bob.event("mute-audio").await;
    assert_eq!(alice.event("mute-audio").await["originator"], "V-bob");
    alice.expect_silence().await;
    assert_eq!(world.switch.was_asked("LeaveVideoRoom"), 0);
}

/// A client of 2015 has no token to come back with, so it leaves with its connection; one that never comes back leaves
/// when the time is over.
#[tokio::test]
async fn who_does_not_come_back_leaves() {
    let world = world_with(|config| config.grace = Duration::from_millis(1_500)).await;
    let [mut alice] = gathered(&world, ["alice"]).await;
    let mut old = world.old_client().await;
    old.add("alice@example.org").await;
    old.send(&join("alice@example.org", "V-old", TEAM)).await;
    alice.event("publishers-joined").await;
    let gone = Instant::now();
    old.break_off();
    assert_eq!(
        alice.event("publishers-left").await["publishers"],
        json!(["V-old"])
    );
    assert!(gone.elapsed() < Duration::from_millis(1_000));
    let mut bob = world.registered("bob@example.net").await;
    enter(&mut bob, "bob@example.net", "V-bob", TEAM).await;
    alice.event("publishers-joined").await;
    let gone = Instant::now();
    bob.break_off();
    assert_eq!(
        alice.event("publishers-left").await["publishers"],
        json!(["V-bob"])
    );
    assert!(gone.elapsed() >= Duration::from_millis(1_490));
}
