//! A reader that stops is cut off and counted, a silent one is found, and nobody else notices.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use net::Cause;
use support::{Client, PATIENCE, world, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// On a busy machine a full queue has to be found before a deadline is.
const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stuck_reader_is_cut_and_the_other_is_served() {
    let world = world_with(|config| {
        config.send_buffer = Some(8 << 10);
        config.slack = Duration::from_millis(50);
        (config.write_deadline, config.silence) = (NEVER, NEVER);
        config.commands.burst = 1_000_000;
    })
    .await;
    let mut stuck = Client::connect_narrow(world.door.local_addrs()[0]).await;
    stuck.ok(r#"{"Command":"get_version"}"#).await;
    let mut well = world.client().await;
    well.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    let pad = "x".repeat(200);
    let tell = format!(r#"{{"Command":"custom_event","room_id":12,"pad":"{pad}"}}"#);
    let mut told = 0;
    while world.door.counters().get(Cause::SlowMessages) == 0 && told < 200_000 {
        well.ok(&tell).await;
        well.seen();
        told += 1;
    }
    world.counted(Cause::SlowMessages, 1).await;
    well.ok(r#"{"Command":"get_version"}"#).await;
    let (_, close) = stuck.rest().await;
    // The close frame arrives only if the reader comes back in time; then it says why.
    assert!(close.is_none_or(|close| close == (1008, "reading too slowly".to_owned())));
}

/// More events at once than may wait for a slow reader are no fault of one that reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_events_is_no_fault_of_a_reader() {
    let world = world_with(|config| config.max_queue = 64).await;
    let mut client = world.client().await;
    client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    for id in 1..=300 {
        client
            .ok(&format!(
                r#"{{"Command":"add_participant","room_id":12,"participant_id":{id}}}"#
            ))
            .await;
        client.seen();
    }
    client
        .ok(r#"{"Command":"destroy_room","room_id":12}"#)
        .await;
    let mut removed = 0;
    loop {
        let event = client.event().await;
        if event.starts_with(r#"{"Event":"IMM_EVENT_DESTROY_ROOM""#) {
            break;
        }
        removed += usize::from(event.starts_with(r#"{"Event":"IMM_EVENT_REMOVE_PARTICIPANT""#));
    }
    assert_eq!(removed, 300);
    world.expect_nothing_more(&mut client).await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_for_too_long_is_cut() {
    let world = world_with(|config| {
        config.send_buffer = Some(8 << 10);
        config.write_deadline = Duration::from_millis(200);
    })
    .await;
    let mut stuck = Client::connect_narrow(world.door.local_addrs()[0]).await;
    let pad = "x".repeat(900_000);
    for _ in 0..3 {
        stuck
            .send(&format!(r#"{{"Command":"get_version","pad":"{pad}"}}"#))
            .await;
    }
    world.counted(Cause::SlowDeadline, 1).await;
}

#[tokio::test]
async fn a_silent_peer_is_gone_and_one_that_answers_pings_is_not() {
    let world = world_with(|config| {
        config.ping = Duration::from_millis(100);
        config.silence = Duration::from_millis(400);
    })
    .await;
    let mut silent = TcpStream::connect(world.door.local_addrs()[0])
        .await
        .unwrap();
    let handshake = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    silent.write_all(handshake.as_bytes()).await.unwrap();
    let mut well = world.client().await;
    // Reads, and its library answers.
    let reading = tokio::time::timeout(Duration::from_millis(1500), well.frame()).await;
    assert!(reading.is_err(), "nothing came, and nothing ended");
    world.counted(Cause::PeerGone, 1).await;
    let mut heard = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, silent.read_to_end(&mut heard));
    reading.await.unwrap().unwrap();
    // The last frame (RFC 6455 §5.5.1): close, 19 bytes, 1001 and why.
    assert!(
        heard.ends_with(b"\x88\x13\x03\xe9nothing was heard"),
        "{heard:?}"
    );
    well.ok(r#"{"Command":"get_version"}"#).await;
    assert_eq!(world.door.counters().get(Cause::PeerGone), 1);
}

#[tokio::test]
async fn a_shutdown_says_goodbye() {
    let world = world().await;
    let mut client = world.furnished().await;
    let (drained, rest) = tokio::join!(world.door.drain(Duration::from_secs(10)), client.rest());
    assert_eq!(drained, net::Drained::InTime);
    assert_eq!(rest.1, Some((1001, "server is going down".to_owned())));
    let refused = TcpStream::connect(world.door.local_addrs()[0]).await;
    assert!(refused.is_err());
}

/// Somebody who moves a participant far more often than a thousand times a second, and somebody who asks now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_positions_is_done_or_refused_and_others_are_served() {
    const POSITIONS: usize = 6000;
    let world = world().await;
    let mut well = world.furnished().await;
    well.ok(r#"{"Command":"set_room_layout","room_id":12,"layout_id":2}"#)
        .await;
    let flooding = world.client().await;
    let (mut sink, mut stream) = flooding.socket.split();
    let flood = tokio::spawn(async move {
        for x in 0..POSITIONS {
            let position = format!(
                r#"{{"Command":"set_participant_position","room_id":12,"participant_id":3,"x":{x},"y":0,"z":0,"azimuth_heading":0,"elevation_heading":0}}"#
            );
            sink.send(Message::text(position)).await.unwrap();
        }
        sink
    });
    let count = tokio::spawn(async move {
        let (mut done, mut refused, mut told) = (0, 0, 0);
        while done + refused < POSITIONS {
            let text = match stream.next().await {
                Some(Ok(Message::Text(text))) => text,
                // Where all this takes longer than usual it is asked whether it is there.
                Some(Ok(Message::Ping(_))) => continue,
                other => panic!("{other:?} instead of a text"),
            };
            if text.starts_with(r#"{"Status":"OK""#) {
                done += 1;
            } else if text.contains(r#""Error Code":-9000"#) {
                refused += 1;
            } else {
                assert!(
                    text.starts_with(r#"{"Event":"IMM_EVENT_SET_PARTICIPANT_"#),
                    "{text}"
                );
                told += 1;
            }
        }
        (done, refused, told)
    });
    let mut asked = 0;
    while !count.is_finished() {
        well.ok(r#"{"Command":"get_participant_position","room_id":12,"participant_id":4}"#)
            .await;
        well.seen();
        asked += 1;
        // Now and then, within the rate of a client.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (done, refused, _) = count.await.unwrap();
    assert_eq!(done + refused, POSITIONS);
    assert!(
        done >= 2000,
        "the burst is served: {done} done, {refused} refused"
    );
    assert!(asked > 5, "others are answered meanwhile: {asked}");
    drop(flood.await.unwrap());
    for cause in [Cause::SlowMessages, Cause::SlowBytes, Cause::LostEvents] {
        assert_eq!(world.door.counters().get(cause), 0);
    }
}
