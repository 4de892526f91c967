//! sylkrtc.md §3.6: video rooms, beyond the conversations of `golden/sylkrtc`.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use std::time::{Duration, Instant};

use api::event::VideoRoomEventKind as Kind;
use api::{Command, ErrorKind};
use serde_json::json;
use support::joining::*;
use support::{world, world_with};

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
    // Bob knows the id of Alice's feed, but it is another's.
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
    // Nobody passes himself off as the phone, not even where it is not.
    let mut mallory = world.registered("mallory@example.org").await;
    for room in [TEAM, "other@videoconference.example.org"] {
        let text = format!("Session ID {phone} already in use");
        let id = phone.as_str();
        mallory
            .refused(&join("mallory@example.org", id, room), &text)
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
        .until("Bob is missed", |world| world.door.waiting() == 1)
        .await;
    // What happens meanwhile waits for them.
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

#[tokio::test]
async fn another_hand_is_not_taken_for_ones_own() {
    let world = world().await;
    let [mut alice, _bob] = gathered(&world, ["alice", "bob"]).await;
    let of_bob = world.switch.placed().await;
    let held = world.switch.hold().await;
    let toggle = json!({"session": "V-alice", "transaction": "h"});
    alice.send(&request("videoroom-toggle-hand", toggle)).await;
    // Her session asks the switch before it hears of Bob.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let hands = vec![of_bob];
    world
        .switch
        .in_room(TEAM, Kind::HandsChanged { hands })
        .await;
    drop(held);
    assert_eq!(
        alice.event("raised-hands").await["raised_hands"],
        json!(["V-bob"])
    );
    let own = alice.event("raised-hands").await;
    assert_eq!(own["raised_hands"], json!(["V-alice"]));
    alice.expect(r#"{"sylkrtc":"ack","transaction":"h"}"#).await;
}
