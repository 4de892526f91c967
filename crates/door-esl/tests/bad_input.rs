//! What strangers and broken clients send: each costs one connection at most (event-socket.md §1.3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use net::Cause;
use support::{Client, NOTICE, World, reply, response, world, world_with};
use tokio::io::AsyncWriteExt;

/// Everybody else goes on.
async fn still_works(world: &World) {
    let mut client = world.client().await;
    client
        .ask("api echo still-here", &response("still-here"))
        .await;
}

#[tokio::test]
async fn byte_by_byte() {
    let world = world().await;
    let mut client = world.stranger().await;
    let conversation = "auth ClueCon\r\n\r\n\n\napi echo one\n\nsendevent GENERAL\ncontent-length: 3\n\n\n\n!api echo two\n\r\n";
    for byte in conversation.bytes() {
        client.send_bytes(&[byte]).await;
        tokio::task::yield_now().await;
    }
    client.expect(support::ACCEPTED).await;
    client.expect(&response("one")).await;
    assert!(client.frame().await.header("Reply-Text").is_some());
    client.expect(&response("two")).await;
}

#[tokio::test]
async fn noise_costs_a_reply() {
    let world = world().await;
    let noise: Vec<u8> = (0..300_u32)
        .map(|n| (n * 7919 % 251) as u8 | 0x80)
        .chain(*b"\n\n")
        .collect();
    let hello = [&[0x16, 3, 1, 2, 0, 1][..], &[0; 50], b"\n\n"].concat();
    for (bytes, text) in [
        (noise, "-ERR command not found"),
        (hello, "-ERR command not found"),
        (
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(),
            "-ERR command not found",
        ),
        (b"\xff\xfe\xfd\n\n".to_vec(), "-ERR command not found"),
        (b"%s%s%n\n\n".to_vec(), "-ERR command not found"),
    ] {
        let mut stranger = world.stranger().await;
        stranger.send_bytes(&bytes).await;
        stranger.expect(&reply(text)).await;
        let mut client = world.client().await;
        client.send_bytes(&bytes).await;
        client.expect(&reply(text)).await;
        client
            .ask("\n\napi echo still-here", &response("still-here"))
            .await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_ends_the_connection() {
    let world = world().await;
    let parse_error = reply("-ERR command parse error.");
    for (request, answer) in [
        ("api status\nContent-Length: 16777217\n\n", ""),
        ("api status\nContent-Length: -1\n\n", ""),
        ("api status\nContent-Length: 99999999999999999999\n\n", ""),
        ("\0\0\0\0\n\n", &*parse_error),
    ] {
        let mut client = world.client().await;
        client.send(request).await;
        client.expect_end(&format!("{answer}{NOTICE}")).await;
    }
    world.counted(Cause::Malformed, 4).await;
    still_works(&world).await;
}

#[tokio::test]
async fn a_header_block_without_end() {
    let world = world().await;
    let mut client = world.client().await;
    let letters = vec![b'a'; 1 << 20];
    for _ in 0..11 {
        if client.stream.write_all(&letters).await.is_err() {
            break;
        }
    }
    client
        .expect_end(&format!("{}{NOTICE}", reply("-ERR command parse error.")))
        .await;
    still_works(&world).await;
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_taken() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .send("api echo big\nContent-Length: 16777216\n\n")
        .await;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..16 {
        client.send_bytes(&piece).await;
    }
    client.expect(&response("big")).await;
    client.ask("api echo next", &response("next")).await;
}

#[tokio::test]
async fn a_stranger_cannot_make_us_keep_much() {
    let world = world().await;
    let mut stranger = world.stranger().await;
    stranger
        .send("api status\nContent-Length: 16777216\n\n")
        .await;
    let piece = vec![b'x'; 70_000];
    stranger.stream.write_all(&piece).await.ok();
    stranger.expect_end(NOTICE).await;
    world.counted(Cause::Malformed, 1).await;
    still_works(&world).await;
}

#[tokio::test]
async fn half_a_request_and_gone() {
    let world = world().await;
    let mut client = world.client().await;
    client.send("api echo unfinis").await;
    drop(client);
    world.counted(Cause::PeerGone, 1).await;
    still_works(&world).await;
}

#[tokio::test]
async fn half_open_connections_end_with_the_time_for_the_login() {
    let world = world_with(|config| config.login_time = Duration::from_millis(300)).await;
    let mut halves = Vec::new();
    for _ in 0..50 {
        let mut half = world.stranger().await;
        half.send("auth Clue").await;
        halves.push(half);
    }
    still_works(&world).await;
    for mut half in halves {
        half.expect_end(NOTICE).await;
    }
    world.counted(Cause::LoginTimeout, 50).await;
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_waits_alone() {
    let world = world_with(|config| {
        config.send_buffer = Some(16 << 10);
        config.write_deadline = Duration::from_millis(400);
    })
    .await;
    let mut client = Client::connect_narrow(world.door.local_addrs()[0]).await;
    client.send("auth ClueCon\n\n").await;
    let request = format!("api echo {}\n\n", "y".repeat(100_000));
    let flood = async {
        for _ in 0..1000 {
            if client.stream.write_all(request.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    // Its requests are not read any more, so that it cannot even send them all.
    let sent = tokio::time::timeout(Duration::from_secs(15), flood).await;
    assert!(sent.is_ok(), "the connection ends");
    world.counted(Cause::SlowDeadline, 1).await;
    still_works(&world).await;
}
