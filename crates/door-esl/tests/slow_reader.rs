//! A reader that stops is cut off with the reference's own notice, and nobody else misses anything
//! (event-socket.md §1.2, §7.3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use net::Cause;
use support::{Client, World, reply, response, world_with};
use tokio::io::AsyncReadExt;

const EVENTS: usize = 3_000;
const FAST: usize = 99;
const ENABLED: &str = "+OK event listener enabled plain";

async fn subscribed(world: &World, narrow: bool) -> Client {
    let mut client = if narrow {
        Client::connect_narrow(world.door.local_addrs()[0]).await
    } else {
        Client::connect(world.door.local_addrs()[0]).await
    };
    client.expect(support::GREETING).await;
    client.ask("auth ClueCon", support::ACCEPTED).await;
    client
        .ask("event plain CUSTOM load::test", &reply(ENABLED))
        .await;
    client
}

async fn flood(world: &World, events: usize) {
    let body = "x".repeat(700);
    for _ in 0..events {
        world
            .switch
            .fire("CUSTOM", Some("load::test"), Some(&body))
            .await;
        tokio::task::yield_now().await;
    }
}

fn sequence(frame: &support::Frame) -> u64 {
    frame.header("Event-Sequence").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stuck_reader_is_cut_and_ninety_nine_get_everything() {
    let world = world_with(|config| {
        config.send_buffer = Some(32 << 10);
        config.max_queue = 1_000;
    })
    .await;
    let mut stuck = subscribed(&world, true).await;
    let mut readers = Vec::new();
    for _ in 0..FAST {
        let mut client = subscribed(&world, false).await;
        readers.push(tokio::spawn(async move {
            let mut last = 0;
            for _ in 0..EVENTS {
                let event = client.frame().await;
                let next = sequence(&event);
                assert!(next > last);
                last = next;
            }
        }));
    }
    // Fast readers have a queue of 1,000 too: the pace is what two cores shared by a hundred clients can keep.
    let body = "x".repeat(700);
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..EVENTS / 30 {
        pace.tick().await;
        for _ in 0..30 {
            world
                .switch
                .fire("CUSTOM", Some("load::test"), Some(&body))
                .await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
    world.counted(Cause::SlowMessages, 1).await;
    assert_eq!(world.door.counters().get(Cause::SlowMessages), 1);
    let mut rest = Vec::new();
    stuck.stream.read_to_end(&mut rest).await.ok();
    assert!(rest.len() < EVENTS * 700, "what it got ends early");
}

#[tokio::test]
async fn the_notice_reaches_a_reader_that_comes_back_in_time() {
    let world = world_with(|config| {
        config.send_buffer = Some(16 << 10);
        config.max_queue = 300;
    })
    .await;
    let mut slow = subscribed(&world, true).await;
    flood(&world, 2_000).await;
    world.counted(Cause::SlowMessages, 1).await;
    let mut last = 0;
    let notice = loop {
        let frame = slow.frame().await;
        if frame.headers.contains("text/disconnect-notice") {
            break frame;
        }
        let next = sequence(&frame);
        assert!(next > last, "what arrives is in order and whole");
        last = next;
    };
    assert_eq!(notice.body, "killed listener because of lost events\n");
    slow.expect_end("").await;
}

#[tokio::test]
async fn events_lost_while_api_runs_end_the_connection_too() {
    let world = world_with(|config| config.max_queue = 100).await;
    let mut client = subscribed(&world, false).await;
    client.send("api msleep 400\n\n").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    flood(&world, 300).await;
    client.expect(&response("+OK")).await;
    for _ in 0..100 {
        assert!(client.frame().await.headers.contains("text/event-plain"));
    }
    client
        .expect_end(
            "Content-Type: text/disconnect-notice\nContent-Length: 39\n\nkilled listener because of lost events\n",
        )
        .await;
    world.counted(Cause::LostEvents, 1).await;
}

#[tokio::test]
async fn lost_log_lines_have_their_own_notice() {
    use api::log::{LogLevel, LogLine};
    let world = world_with(|config| {
        config.send_buffer = Some(16 << 10);
        config.max_queue = 300;
    })
    .await;
    let mut client = Client::connect_narrow(world.door.local_addrs()[0]).await;
    client.expect(support::GREETING).await;
    client.ask("auth ClueCon", support::ACCEPTED).await;
    client
        .ask("log debug", &reply("+OK log level debug [7]"))
        .await;
    let tap = world.switch.handle();
    for _ in 0..3_000 {
        tap.log().publish(LogLine {
            level: LogLevel::Info,
            file: "a.rs".into(),
            function: "f".into(),
            line: 1,
            channel: None,
            text: format!("{}\n", "z".repeat(500)).into(),
        });
        tokio::task::yield_now().await;
    }
    world.counted(Cause::LostLogLines, 1).await;
    let got = client.rest().await;
    assert!(
        got.ends_with("\n\nkilled listener because of lost log lines\n"),
        "{:?}",
        &got[got.len().saturating_sub(200)..]
    );
}
