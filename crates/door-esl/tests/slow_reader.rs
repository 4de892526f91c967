//! A reader that stops is cut off with the reference's own notice, and nobody else misses anything
//! (event-socket.md §1.2, §7.3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use net::Cause;
use support::{Client, World, reply, response, world_with};
use tokio::io::AsyncReadExt;

const EVENTS: usize = 3_000;
const FAST: usize = 99;
/// On a busy machine a full queue has to be found before a deadline is.
const NEVER: Duration = Duration::from_secs(3600);
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
        config.write_deadline = NEVER;
        config.max_queue = 1_000;
    })
    .await;
    let mut stuck = subscribed(&world, true).await;
    let received: Arc<Vec<AtomicUsize>> =
        Arc::new((0..FAST).map(|_| AtomicUsize::new(0)).collect());
    let mut readers = Vec::new();
    for number in 0..FAST {
        let mut client = subscribed(&world, false).await;
        let received = received.clone();
        readers.push(tokio::spawn(async move {
            let mut last = 0;
            for count in 1..=EVENTS {
                let event = client.frame().await;
                let next = sequence(&event);
                assert!(next > last);
                last = next;
                received[number].store(count, Ordering::Relaxed);
            }
        }));
    }
    // Fast readers have a queue of 1,000 too: the pace is what all of them keep.
    let body = "x".repeat(700);
    let slowest = || {
        received
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .min()
    };
    for sent in 0..EVENTS {
        while slowest().is_some_and(|count| count + 500 < sent) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world
            .switch
            .fire("CUSTOM", Some("load::test"), Some(&body))
            .await;
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
        config.write_deadline = NEVER;
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
    world.busy(&mut client, 400).await;
    flood(&world, 300).await;
    client.expect(&response("-+OK")).await;
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
        config.write_deadline = NEVER;
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
