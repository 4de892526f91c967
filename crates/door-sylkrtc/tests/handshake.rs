//! sylkrtc.md §1.1 – §1.5: who may connect, with what, and what is a request.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_sylkrtc::OriginPattern;
use net::Cause;
use support::{Client, http, world, world_with};
use tokio_tungstenite::tungstenite::{Error, Message};

async fn status(world: &support::World, headers: &[(&str, &str)]) -> Result<(), u16> {
    match Client::try_connect(world.door.local_addrs()[0], headers).await {
        Ok(_) => Ok(()),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

const D2: (&str, &str) = ("Sec-WebSocket-Protocol", "sylkRTC-2");

#[tokio::test]
async fn the_token_is_echoed_and_the_newer_one_preferred() {
    let world = world().await;
    world.client().await;
    world.old_client().await;
    let mut both = Client::connect(world.door.local_addrs()[0], "sylkRTC-1, sylkRTC-2").await;
    both.expect(r#"{"sylkrtc":"ready-event"}"#).await;
}

#[tokio::test]
async fn no_compatible_protocol_is_said_in_the_status_line() {
    let world = world_with(|config| config.handshake = std::time::Duration::from_millis(200)).await;
    for token in [
        "",
        "Sec-WebSocket-Protocol: sylkRTC-3\r\n",
        "Sec-WebSocket-Protocol: sylkrtc-2\r\n",
    ] {
        let request = format!(
            "GET /webrtcgateway/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{token}\r\n"
        );
        let answer = http(world.door.local_addrs()[0], &request).await;
        assert!(
            answer.starts_with("HTTP/1.1 406 No compatible protocol specified\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_malformed_handshake_is_a_bad_request() {
    let world = world().await;
    let no_key = "GET /webrtcgateway/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sylkRTC-2\r\n\r\n";
    let answer = http(world.door.local_addrs()[0], no_key).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let twice = [D2, ("Origin", "http://a"), ("Origin", "http://b")];
    assert_eq!(status(&world, &twice).await, Err(400));
    assert_eq!(world.door.counters().get(Cause::Malformed), 2);
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_closed() {
    let world = world_with(|config| config.handshake = std::time::Duration::from_millis(100)).await;
    let answer = http(
        world.door.local_addrs()[0],
        "GET /webrtcgateway/ws HTTP/1.1\r\nHost: x\r\n",
    )
    .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn origins_are_checked() {
    let world =
        world_with(|config| config.origins = vec![OriginPattern::new("https://app.example.org")])
            .await;
    assert_eq!(
        status(&world, &[D2, ("Origin", "https://app.example.org")]).await,
        Ok(())
    );
    assert_eq!(
        status(&world, &[D2, ("Origin", "https://app.example.org:443")]).await,
        Ok(())
    );
    assert_eq!(status(&world, &[D2]).await, Ok(()), "a program");
    assert_eq!(status(&world, &[D2, ("Origin", "null")]).await, Err(400));
    let request = "GET /webrtcgateway/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://evil\r\n\
        Sec-WebSocket-Protocol: sylkRTC-2\r\nConnection: close\r\n\r\n";
    let answer = http(world.door.local_addrs()[0], request).await;
    let line = "HTTP/1.1 400 WebSocket connection denied: origin 'http://evil' not allowed\r\n";
    assert!(answer.starts_with(line), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_ignored_and_what_is_unknown_is_an_error() {
    let world = world().await;
    let mut client = world.client().await;
    for ignored in [
        "nonsense",
        "[]",
        "\"x\"",
        "7",
        "{}",
        r#"{"sylkrtc":"nothing"}"#,
        r#"{"sylkrtc":"ping"}"#,
    ] {
        client.send(ignored).await;
    }
    use futures_util::SinkExt;
    client
        .socket
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    client
        .send(r#"{"sylkrtc":"dance","transaction":"1"}"#)
        .await;
    client
        .expect(r#"{"sylkrtc":"error","transaction":"1","error":"Unknown request: dance"}"#)
        .await;
    client
        .send(r#"{"sylkrtc":"session-create","transaction":"2","session":"S"}"#)
        .await;
    client
        .expect(r#"{"sylkrtc":"error","transaction":"2","error":"Mandatory property 'account' of 'SessionCreateRequest' object is missing"}"#)
        .await;
}

#[tokio::test]
async fn a_message_that_is_too_big_ends_the_connection() {
    let world = world_with(|config| config.max_frame = 10_000).await;
    let mut client = world.client().await;
    client.send(&"x".repeat(20_000)).await;
    let (_, close) = client.rest().await;
    assert_eq!(close.map(|(code, _)| code), Some(1009));
    world.counted(Cause::Malformed, 1).await;
}

#[tokio::test]
async fn tls_has_a_certificate_of_its_own() {
    let folder = std::env::temp_dir().join(format!("jackfield-sylkrtc-{}", std::process::id()));
    let world = world_with(|config| {
        config.tls_listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.tls = Some(net::tls::TlsSource::SelfSigned {
            folder: folder.clone(),
            names: vec!["localhost".to_owned()],
        });
    })
    .await;
    assert_eq!(world.door.tls_addrs().len(), 1);
    // Plain text is no handshake.
    let answer = http(
        world.door.tls_addrs()[0],
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    .await;
    assert!(!answer.starts_with("HTTP"), "{answer}");
    world.counted(Cause::Malformed, 1).await;
    std::fs::remove_dir_all(&folder).ok();
}
