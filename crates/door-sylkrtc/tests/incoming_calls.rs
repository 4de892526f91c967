//! sylkrtc.md §3.5, §5.3: calls that come in.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::Command;
use api::event::WebEventKind as Web;
use support::calling::*;
use support::{party, world, world_with};

#[tokio::test]
async fn an_incoming_call_is_answered() {
    let world = world().await;
    let mut client = world.registered(ALICE).await;
    let channel = ring(&world, CALL_ID).await;
    client
        .expect(&format!(
            r#"{{"sylkrtc":"account-event","account":"alice@example.org","event":"incoming-session","session":"{INCOMING}","originator":{{"uri":"bob@example.net","display_name":"Bob"}},"sdp":"v=0\r\n...","call_id":"{CALL_ID}","headers":{{"X-Acme-Case":"1234"}}}}"#
        ))
        .await;
    let answer = format!(
        r#"{{"sylkrtc":"session-answer","session":"{INCOMING}","sdp":"v=0 answer","headers":[{{"name":"X-A","value":"b"}}]}}"#
    );
    client.ask(&answer).await;
    let answered = world.switch.last(|command| match command {
        Command::AnswerWebCall(answer) => Some((answer.channel.clone(), answer.answer.clone())),
        _ => None,
    });
    assert_eq!(answered.unwrap(), (channel.clone(), "v=0 answer".into()));
    tell(&world, accepted(&channel, None)).await;
    client
        .expect(&format!(r#"{{"sylkrtc":"session-event","session":"{INCOMING}","event":"state","state":"accepted"}}"#))
        .await;
    tell(&world, Web::Established { channel }).await;
    client.expect_event("state", "established").await;
    client
        .refused(
            &answer,
            &format!("Invalid state for answering session {INCOMING}: established"),
        )
        .await;
}

#[tokio::test]
async fn an_incoming_call_is_declined_or_missed() {
    let world = world_with(|config| config.decline_code = 603).await;
    let mut client = world.registered(ALICE).await;
    ring(&world, CALL_ID).await;
    client.event("incoming-session").await;
    client
        .ask(&format!(
            r#"{{"sylkrtc":"session-terminate","session":"{INCOMING}"}}"#
        ))
        .await;
    assert_eq!(
        client.expect_event("state", "terminated").await["reason"],
        "603 Decline"
    );
    let refused_with = world.switch.last(|command| match command {
        Command::EndWebCall(end) => Some(end.refuse_with),
        _ => None,
    });
    assert_eq!(refused_with, Some(603));

    let channel = ring(&world, CALL_ID).await;
    client.event("incoming-session").await;
    tell(
        &world,
        terminated(&channel, 487, "Request Terminated", true),
    )
    .await;
    assert_eq!(
        client.expect_event("state", "terminated").await["reason"],
        "487 Request Terminated"
    );
    client
        .expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"missed-session","originator":{"uri":"bob@example.net","display_name":"Bob"}}"#)
        .await;
    let elsewhere = ring(&world, CALL_ID).await;
    client.event("incoming-session").await;
    tell(
        &world,
        terminated(&elsewhere, 487, "Request Terminated", false),
    )
    .await;
    client.expect_event("state", "terminated").await;
    client.expect_silence().await;
}

#[tokio::test]
async fn a_third_incoming_call_is_busy_and_missed() {
    let world = world().await;
    let mut client = world.registered(ALICE).await;
    for call in ["1", "2"] {
        ring(&world, call).await;
        client.event("incoming-session").await;
    }
    let third = ring(&world, "3").await;
    client.event("missed-session").await;
    let refused = world.switch.last(|command| match command {
        Command::EndWebCall(end) => Some((end.channel.clone(), end.refuse_with)),
        _ => None,
    });
    assert_eq!(refused, Some((third, 486)));
}

#[tokio::test]
async fn a_call_forked_to_two_accounts_of_one_page_has_two_ids() {
    let world = world().await;
    let mut client = world.registered(ALICE).await;
    client.add("carol@example.org").await;
    ring(&world, CALL_ID).await;
    let first = client.event("incoming-session").await;
    let incoming = Web::Incoming {
        channel: world.switch.new_channel().await,
        offer: "v=0".into(),
        from: party("bob@example.net", ""),
        call_id: CALL_ID.into(),
        headers: vec![],
    };
    world
        .switch
        .web(world.switch.client_of("carol@example.org"), incoming)
        .await;
    let second = client.event("incoming-session").await;
    assert_eq!(
        (&first["session"], &second["account"]),
        (&INCOMING.into(), &"carol@example.org".into())
    );
    assert_ne!(second["session"], first["session"]);
    assert!(
        second.get("headers").is_none(),
        "null would crash the client"
    );
}
