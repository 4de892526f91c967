//! sylkrtc.md §3.5, §5.2, §5.4: calls that go out.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use std::time::Instant;

use api::event::WebEventKind as Web;
use api::{Command, ErrorKind, ObjectKind};
use support::calling::*;
use support::{world, world_with};

#[tokio::test]
async fn an_outgoing_call_without_early_media() {
    let world = world().await;
    let (mut client, channel) = calling(&world).await;
    let place = world.switch.last(|command| match command {
        Command::PlaceWebCall(place) => Some(place.clone()),
        _ => None,
    });
    let place = place.unwrap();
    assert_eq!(
        (&*place.to, &*place.offer),
        ("bob@example.net", "v=0\r\n...")
    );
    assert_eq!(place.headers, [("X-Acme-Case".into(), "1234".into())]);
    tell(
        &world,
        Web::Proceeding {
            channel: channel.clone(),
            code: 180,
        },
    )
    .await;
    tell(
        &world,
        Web::Proceeding {
            channel: channel.clone(),
            code: 182,
        },
    )
    .await;
    tell(&world, accepted(&channel, Some("v=0\r\n..."))).await;
    tell(
        &world,
        Web::Established {
            channel: channel.clone(),
        },
    )
    .await;
    tell(
        &world,
        Web::Established {
            channel: channel.clone(),
        },
    )
    .await;
    tell(
        &world,
        terminated(&channel, 200, "Session Terminated", false),
    )
    .await;
    tell(
        &world,
        terminated(&channel, 200, "Session Terminated", false),
    )
    .await;
    for frame in [
        r#""state":"ringing"}"#,
        r#""state":"proceeding","code":180}"#,
        r#""state":"proceeding","code":182}"#,
        r#""state":"accepted","sdp":"v=0\r\n...","call_id":"b7Kq0fT2xYw9LmN4cRs1vDz8"}"#,
        r#""state":"established"}"#,
        r#""state":"terminated","reason":"200 Session Terminated"}"#,
    ] {
        client
            .expect(&format!(
                r#"{{"sylkrtc":"session-event","session":"S1","event":"state",{frame}"#
            ))
            .await;
    }
    client.expect_silence().await;
}

#[tokio::test]
async fn early_media_has_the_one_answer() {
    let world = world().await;
    let (mut client, channel) = calling(&world).await;
    let early = |answer: Option<&str>| Web::EarlyMedia {
        channel: channel.clone(),
        code: 183,
        answer: answer.map(Into::into),
        call_id: CALL_ID.into(),
    };
    tell(&world, early(Some("v=0"))).await;
    tell(&world, early(Some("another"))).await;
    tell(
        &world,
        Web::Established {
            channel: channel.clone(),
        },
    )
    .await;
    tell(&world, accepted(&channel, Some("yet another"))).await;
    for frame in [
        r#""state":"early-media","sdp":"v=0","call_id":"b7Kq0fT2xYw9LmN4cRs1vDz8"}"#,
        r#""state":"proceeding","code":183}"#,
        r#""state":"proceeding","code":183}"#,
        r#""state":"established"}"#,
        r#""state":"accepted"}"#,
    ] {
        client
            .expect(&format!(
                r#"{{"sylkrtc":"session-event","session":"S1","event":"state",{frame}"#
            ))
            .await;
    }
    // The state knows of all three: updating is allowed after early media too.
    client
        .ask(r#"{"sylkrtc":"session-update","session":"S1","sdp":"v=0"}"#)
        .await;
}

#[tokio::test]
async fn refusals_end_with_their_reason() {
    let world = world().await;
    for (code, phrase, reason) in [
        (486, "Busy Here", "486 Busy Here"),
        (404, "Not Found", "404 Not Found"),
        (408, "Request Timeout", "408 Request Timeout"),
        (0, "ICE failed", "ICE failed"),
    ] {
        let (mut client, channel) = calling(&world).await;
        tell(&world, terminated(&channel, code, phrase, false)).await;
        let end = client.expect_event("state", "terminated").await;
        assert_eq!(end["reason"], reason);
        client.close().await;
    }
}

#[tokio::test]
async fn terminated_comes_at_once_and_once() {
    let world = world().await;
    let (mut client, channel) = calling(&world).await;
    let started = Instant::now();
    client
        .ask(r#"{"sylkrtc":"session-terminate","session":"S1"}"#)
        .await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"state","state":"terminated","reason":"487 Request Terminated"}"#)
        .await;
    assert!(
        started.elapsed().as_millis() < 2_000,
        "the client waits 300 ms on a machine that is not busy"
    );
    tell(
        &world,
        terminated(&channel, 487, "Request Terminated", false),
    )
    .await;
    client.expect_silence().await;
    client
        .refused(
            r#"{"sylkrtc":"session-terminate","session":"S1"}"#,
            "Invalid state for terminating session S1: terminated",
        )
        .await;
    client
        .refused(
            r#"{"sylkrtc":"session-terminate","session":"S2"}"#,
            "Unknown session S2",
        )
        .await;

    let (mut client, _) = established(&world).await;
    client
        .ask(r#"{"sylkrtc":"session-terminate","session":"S1"}"#)
        .await;
    assert_eq!(
        client.expect_event("state", "terminated").await["reason"],
        "200 to BYE"
    );
}

#[tokio::test]
async fn a_call_that_ended_by_itself_still_ends_for_the_client() {
    let world = world().await;
    let (mut client, _) = established(&world).await;
    world.switch.refuse(
        "EndWebCall",
        ErrorKind::NotFound(ObjectKind::Channel),
        "gone",
    );
    client
        .ask(r#"{"sylkrtc":"session-terminate","session":"S1"}"#)
        .await;
    client.expect_event("state", "terminated").await;
}

#[tokio::test]
async fn trickling_never_fails() {
    let world = world().await;
    let mut client = world.with_account(ALICE).await;
    let trickle = |candidates: &str| {
        format!(r#"{{"sylkrtc":"session-trickle","session":"S1","candidates":{candidates}}}"#)
    };
    let one =
        r#"[{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"x"}]"#;
    client.ask(&trickle(one)).await;
    client.ask(CREATE).await;
    client.expect_event("state", "progress").await;
    let candidates = || {
        world.switch.last(|command| match command {
            Command::TrickleWebCall(trickle) => Some(trickle.candidates.clone()),
            _ => None,
        })
    };
    assert_eq!(candidates().unwrap(), ["candidate:1".into()], "it was held");
    client.ask(&trickle("[]")).await;
    assert_eq!(candidates().unwrap(), ["".into()], "the end of candidates");
    client.ask(&trickle(r#"[{"candidate":null}]"#)).await;
    world.switch.refuse(
        "TrickleWebCall",
        ErrorKind::NotFound(ObjectKind::Channel),
        "gone",
    );
    client.ask(&trickle(one)).await;
    client
        .ask(r#"{"sylkrtc":"session-terminate","session":"S1"}"#)
        .await;
    client.expect_event("state", "terminated").await;
    let before = world.switch.was_asked("TrickleWebCall");
    client.ask(&trickle(one)).await;
    assert_eq!(world.switch.was_asked("TrickleWebCall"), before, "dropped");
}

#[tokio::test]
async fn calls_are_refused_in_the_words_of_the_reference() {
    let world = world().await;
    let (mut client, _) = calling(&world).await;
    client.refused(CREATE, "Session ID S1 already in use").await;
    let other = CREATE.replace("alice@", "bob@");
    client
        .refused(
            &other.replace("S1", "S2"),
            "Unknown account specified: bob@example.org",
        )
        .await;
    world
        .switch
        .refuse("PlaceWebCall", ErrorKind::NotSupported, "no route");
    client
        .refused(&CREATE.replace("S1", "S2"), "DNS lookup error: no route")
        .await;
    client.ask(&CREATE.replace("S1", "S2")).await;
    client.expect_event("state", "progress").await;
    client
        .refused(
            r#"{"sylkrtc":"session-answer","session":"S1","sdp":"x"}"#,
            "Cannot answer outgoing session S1",
        )
        .await;
    client
        .refused(
            r#"{"sylkrtc":"session-message","session":"S1","message_id":"1","content":"x","content_type":"text/plain","timestamp":"2026-03-01T09:15:30Z"}"#,
            "Invalid state session S1: progress for sending messages",
        )
        .await;
    client
        .refused(
            r#"{"sylkrtc":"session-update","session":"S1","sdp":"x"}"#,
            "Invalid state for updating session S1: progress",
        )
        .await;
    let huge = CREATE
        .replace("v=0", &"x".repeat(70_000))
        .replace("S1", "S3");
    client
        .refused(
            &huge,
            "the value's length must be between 0 and 65536 inclusive",
        )
        .await;
    client
        .refused(
            &CREATE.replace("S1", &"x".repeat(129)),
            "the value's length must be between 1 and 128 inclusive",
        )
        .await;
}

#[tokio::test]
async fn who_may_call_without_proof() {
    let world = world_with(|config| config.guest_domains = vec!["guest.example".to_owned()]).await;
    let mut client = world.client().await;
    for account in ["guest@guest.example", "stranger@elsewhere.example", ALICE] {
        client.add(account).await;
    }
    let create = |account: &str, session: &str| {
        format!(
            r#"{{"sylkrtc":"session-create","account":"{account}","session":"{session}","uri":"bob@example.net","sdp":"x"}}"#
        )
    };
    client.ask(&create("guest@guest.example", "S1")).await;
    client.expect_event("state", "progress").await;
    client.ask(&create(ALICE, "S2")).await;
    client.expect_event("state", "progress").await;
    client
        .refused(
            &create("stranger@elsewhere.example", "S3"),
            "Account not authenticated",
        )
        .await;
    client
        .ask(r#"{"sylkrtc":"account-register","account":"stranger@elsewhere.example"}"#)
        .await;
    client
        .expect_event("registration-state", "registering")
        .await;
    client
        .expect_event("registration-state", "registered")
        .await;
    client
        .ask(&create("stranger@elsewhere.example", "S3"))
        .await;
    client.expect_event("state", "progress").await;
}

#[tokio::test]
async fn pings_are_answered_while_a_request_waits() {
    let world = world().await;
    let mut client = world.with_account(ALICE).await;
    let held = world.switch.hold().await;
    client
        .send(&CREATE.replace("{\"sylkrtc\"", "{\"transaction\":\"slow\",\"sylkrtc\""))
        .await;
    client.ask(r#"{"sylkrtc":"ping"}"#).await;
    client.ask(r#"{"sylkrtc":"ping"}"#).await;
    drop(held);
    client
        .expect(r#"{"sylkrtc":"ack","transaction":"slow"}"#)
        .await;
    client.expect_event("state", "progress").await;
}

#[tokio::test]
async fn a_client_of_2015_gets_its_answer_with_accepted() {
    let world = world().await;
    let mut client = world.old_client().await;
    client.add(ALICE).await;
    client.ask(CREATE).await;
    let channel = world.switch.placed().await;
    let early = Web::EarlyMedia {
        channel: channel.clone(),
        code: 183,
        answer: Some("v=0".into()),
        call_id: CALL_ID.into(),
    };
    tell(
        &world,
        Web::Proceeding {
            channel: channel.clone(),
            code: 180,
        },
    )
    .await;
    tell(&world, early).await;
    tell(&world, accepted(&channel, None)).await;
    tell(
        &world,
        Web::UpdateReceived {
            channel: channel.clone(),
            offer: "x".into(),
        },
    )
    .await;
    tell(
        &world,
        terminated(&channel, 200, "Session Terminated", false),
    )
    .await;
    for frame in [
        r#"{"sylkrtc":"session_event","session":"S1","event":"state","data":{"state":"progress"}}"#,
        r#"{"sylkrtc":"session_event","session":"S1","event":"state","data":{"state":"accepted","sdp":"v=0"}}"#,
        r#"{"sylkrtc":"session_event","session":"S1","event":"state","data":{"state":"terminated","reason":"200 Session Terminated"}}"#,
    ] {
        client.expect(frame).await;
    }
    ring(&world, CALL_ID).await;
    let incoming = client.event("incoming_session").await;
    assert_eq!(incoming["session"], INCOMING.replace('-', ""));
}
