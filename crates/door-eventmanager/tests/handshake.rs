//! Who is let in, and who is not (event-manager.md §3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_eventmanager::Credential;
use net::{Cause, OriginPattern};
use support::{Client, PATIENCE, World, world, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;

const VALUE: &str = "I_am_valid_immersitech_please_accept_me";

/// The handshake of event-manager.md §3.1.
const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: pbx.example.net:9002\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

async fn guarded(change: impl FnOnce(&mut Credential)) -> World {
    let mut credential = Credential::new("Immersitech", VALUE).unwrap();
    change(&mut credential);
    world_with(|config| config.credential = Some(credential)).await
}

/// Sends this and gives what comes until the peer closes, or until the headers end.
async fn raw(world: &World, request: &str) -> String {
    let mut stream = TcpStream::connect(world.door.local_addrs()[0])
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        loop {
            let mut bytes = [0; 1024];
            let length = stream.read(&mut bytes).await.unwrap_or(0);
            answer.extend_from_slice(&bytes[..length]);
            let upgraded = answer.starts_with(b"HTTP/1.1 101") && answer.ends_with(b"\r\n\r\n");
            if length == 0 || upgraded {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("an answer comes");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn the_documented_handshakes() {
    let world = guarded(|_| {}).await;
    let accepted = raw(&world, &format!("{HANDSHAKE}Immersitech: {VALUE}\r\n\r\n")).await;
    assert!(
        accepted.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{accepted}"
    );
    let accept = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=";
    assert!(accepted.to_lowercase().contains(accept), "{accepted}");
    assert!(!accepted.to_lowercase().contains("sec-websocket-protocol"));

    for wrong in [
        "",
        "Immersitech: i_am_valid_immersitech_please_accept_me\r\n",
    ] {
        let refused = raw(&world, &format!("{HANDSHAKE}{wrong}\r\n")).await;
        let (head, body) = refused.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "Event Manager: handshake authentication failed.");
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("HTTP/1.1 403 Forbidden"));
        let headers: Vec<String> = lines.map(str::to_lowercase).collect();
        for header in [
            "content-type: text/plain",
            "content-length: 47",
            "connection: close",
        ] {
            assert!(
                headers.contains(&header.to_owned()),
                "{header} in {headers:?}"
            );
        }
    }
    assert_eq!(world.door.counters().get(Cause::LoginFailed), 2);
}

#[tokio::test]
async fn any_path_and_any_case_of_the_name() {
    let world = guarded(|_| {}).await;
    let address = world.door.local_addrs()[0];
    for (path, header) in [("/", "IMMERSITECH"), ("/some/where?x=y", "immersitech")] {
        let (mut client, _) = Client::try_connect(address, path, &[(header, VALUE)])
            .await
            .unwrap();
        client.ok(r#"{"Command":"get_version"}"#).await;
    }
    // What is offered and not ours is not chosen.
    let headers = [("Immersitech", VALUE), ("Sec-WebSocket-Protocol", "chat")];
    let chosen = Client::try_connect(address, "/", &headers).await;
    assert!(
        matches!(chosen.err(), Some(Error::Protocol(_))),
        "the client wanted one"
    );
}

#[tokio::test]
async fn browsers_may_use_the_url_or_a_subprotocol() {
    let world = guarded(|credential| {
        credential.in_query = true;
        credential.in_subprotocol = true;
    })
    .await;
    let address = world.door.local_addrs()[0];
    let path = format!("/?Immersitech={VALUE}");
    Client::try_connect(address, &path, &[]).await.unwrap();
    let token = "imm-auth, SV9hbV92YWxpZF9pbW1lcnNpdGVjaF9wbGVhc2VfYWNjZXB0X21l";
    let offer = [("Sec-WebSocket-Protocol", token)];
    let (_, response) = Client::try_connect(address, "/", &offer).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "imm-auth");
    let closed = guarded(|_| {}).await;
    let address = closed.door.local_addrs()[0];
    for (path, headers) in [(path.as_str(), &[][..]), ("/", &offer[..])] {
        let refused = Client::try_connect(address, path, headers).await;
        assert!(matches!(refused.err(), Some(Error::Http(r)) if r.status() == 403));
    }
}

#[tokio::test]
async fn five_failures_close_the_door_for_an_address() {
    let world = guarded(|_| {}).await;
    for _ in 0..5 {
        let refused = raw(&world, &format!("{HANDSHAKE}\r\n")).await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    }
    let right = format!("{HANDSHAKE}Immersitech: {VALUE}\r\n\r\n");
    assert_eq!(raw(&world, &right).await, "", "closed without a byte");
    world.counted(Cause::LoginLockedOut, 1).await;
    assert_eq!(world.door.counters().get(Cause::LoginFailed), 5);
}

#[tokio::test]
async fn what_is_no_websocket_is_refused() {
    let world = world().await;
    let answer = raw(
        &world,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(world.door.counters().get(Cause::Malformed), 1);
}

/// Whoever opened connections before failing has no guess on each of them.
#[tokio::test]
async fn connections_opened_beforehand_are_no_guesses_more() {
    const WAITING: usize = 12;
    let world = guarded(|_| {}).await;
    let mut waiting = Vec::new();
    for _ in 0..WAITING {
        let stream = TcpStream::connect(world.door.local_addrs()[0]).await;
        waiting.push(stream.unwrap());
    }
    world.counted(Cause::Accepted, WAITING as u64).await;
    let right = format!("Immersitech: {VALUE}\r\n");
    for (n, stream) in waiting.iter_mut().enumerate() {
        let header = if n < WAITING - 1 { "" } else { &right };
        let request = format!("{HANDSHAKE}{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer));
        reading.await.expect("it is closed").unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{n}: {answer}");
    }
    let counters = world.door.counters();
    assert_eq!(counters.get(Cause::LoginFailed), 5);
    assert_eq!(counters.get(Cause::LoginLockedOut), WAITING as u64 - 5);
}

/// A page of anybody, in a browser on this machine.
#[tokio::test]
async fn a_page_of_a_stranger_commands_nothing() {
    let evil = [("Origin", "https://evil.example")];
    let refused = async |world: &World, path: &str| {
        let address = world.door.local_addrs()[0];
        let tried = Client::try_connect(address, path, &evil).await;
        matches!(tried.err(), Some(Error::Http(r)) if r.status() == 403)
    };
    let open = world().await;
    let address = open.door.local_addrs()[0];
    assert!(
        refused(&open, "/").await,
        "anybody may connect, but no page"
    );
    let own = [("Origin", "http://localhost")];
    for given in [&[][..], &own[..]] {
        Client::try_connect(address, "/", given).await.unwrap();
    }
    let path = format!("/?Immersitech={VALUE}");
    let well_known = guarded(|credential| credential.in_query = true).await;
    for _ in 0..9 {
        assert!(
            refused(&well_known, &path).await,
            "everybody knows the value"
        );
    }
    // Nobody is shut out for what a page did in their browser.
    let counters = well_known.door.counters();
    assert_eq!(counters.get(Cause::LoginFailed), 0);
    assert_eq!(counters.get(Cause::AclDenied), 9);
    let address = well_known.door.local_addrs()[0];
    Client::try_connect(address, &path, &[]).await.unwrap();
    let program = [evil[0], ("Immersitech", VALUE)];
    Client::try_connect(address, "/", &program).await.unwrap();
    let listed =
        world_with(|config| config.origins = vec![OriginPattern::new("https://*.example")]);
    let listed = listed.await;
    let address = listed.door.local_addrs()[0];
    Client::try_connect(address, "/", &evil).await.unwrap();
}
