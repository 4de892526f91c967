//! A peer that does not read gets what it has chosen, and nobody else notices (event-socket.md §7.3). What everybody gets
//! who has not chosen is in `slow_reader.rs`.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::Origin;
use api::command::server::Fire;
use api::event::CustomEvent;
use support::{Client, FakeSwitch, Frame, LogFolder, World, reply};

/// Far more than all buffers between switch and peer hold.
const EVENTS: u32 = 6_000;
const ENABLED: &str = "+OK event listener enabled plain";

fn narrow(config: &mut jackfield_door_esl::Config) {
    config.send_buffer = Some(16 << 10);
    // Everybody else would be cut off long before.
    config.write_deadline = Duration::from_millis(300);
    config.max_queue = 8_000;
}

async fn stuck(world: &World, contract: &str) -> Client {
    let mut client = Client::connect_narrow(world.door.local_addrs()[0]).await;
    client.expect(support::GREETING).await;
    client.ask("auth ClueCon", support::ACCEPTED).await;
    let chosen = reply(&format!("+OK slow-reader {contract}"));
    client
        .ask(&format!("slow-reader {contract}"), &chosen)
        .await;
    client
        .ask("event plain CUSTOM slow::test", &reply(ENABLED))
        .await;
    client
}

/// Events of ten objects in turn, and one reader that reads all of them meanwhile.
async fn flood(world: &World, numbers: std::ops::RangeInclusive<u32>) {
    let mut fast = world.client().await;
    // It reads all the time, but on a busy machine a while may pass.
    fast.ask("slow-reader disk", &reply("+OK slow-reader disk"))
        .await;
    fast.ask("event plain CUSTOM slow::test", &reply(ENABLED))
        .await;
    let count = numbers.clone().count();
    let reading = tokio::spawn(async move {
        for _ in 0..count {
            fast.frame().await;
        }
    });
    for number in numbers {
        fire(&world.switch, number).await;
    }
    reading.await.unwrap();
}

async fn fire(switch: &FakeSwitch, number: u32) {
    let event = CustomEvent {
        name: "CUSTOM".into(),
        subclass: Some("slow::test".into()),
        headers: vec![
            ("Unique-ID".into(), format!("object-{}", number % 10).into()),
            ("Number".into(), number.to_string().into()),
        ],
        body: Some("x".repeat(700).into()),
        from_client: true,
    };
    let origin = Origin::internal("test");
    switch.handle().ask(Fire { event }, origin).await.unwrap();
}

fn number(frame: &Frame) -> u32 {
    frame.header("Number").unwrap().parse().unwrap()
}

fn field(frame: &Frame, name: &str) -> u64 {
    frame.header(name).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_disk_nothing_is_lost() {
    let folder = LogFolder::new();
    let logged = folder.world(narrow).await;
    let world = &logged.world;
    let mut client = stuck(world, "disk").await;
    flood(world, 1..=EVENTS).await;
    for expected in 1..=EVENTS {
        assert_eq!(number(&client.frame().await), expected);
    }
    // And on it goes as before.
    fire(&world.switch, EVENTS + 1).await;
    assert_eq!(number(&client.frame().await), EVENTS + 1);
    client.expect_silence().await;
    client.ask("api echo x", &support::response("x")).await;
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_tells_which_and_how_many() {
    let folder = LogFolder::new();
    let logged = folder.world(narrow).await;
    let world = &logged.world;
    let mut client = stuck(world, "drop").await;
    flood(world, 1..=EVENTS).await;
    let (mut next, mut dropped) = (1, 0);
    let mut last_sequence = 0;
    while next <= EVENTS {
        let frame = client.frame().await;
        if frame.header("Event-Subclass") == Some("event_socket%3A%3Adropped") {
            let count = field(&frame, "Dropped-Count");
            let (first, last) = (
                field(&frame, "First-Sequence"),
                field(&frame, "Last-Sequence"),
            );
            assert_eq!(first, last_sequence + 1, "no other events are fired here");
            assert_eq!(last - first + 1, count);
            let durable = field(&frame, "Jackfield-First-Sequence");
            assert_eq!(
                field(&frame, "Jackfield-Last-Sequence") - durable + 1,
                count
            );
            dropped += count;
            next += u32::try_from(count).unwrap();
            last_sequence = last;
        } else {
            assert_eq!(number(&frame), next);
            next += 1;
            last_sequence = field(&frame, "Event-Sequence");
        }
    }
    assert!(dropped > u64::from(EVENTS) / 4, "{dropped} of {EVENTS}");
    fire(&world.switch, EVENTS + 1).await;
    assert_eq!(number(&client.frame().await), EVENTS + 1);
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_each_object_the_newest_comes() {
    let folder = LogFolder::new();
    let logged = folder.world(narrow).await;
    let world = &logged.world;
    let mut client = stuck(world, "newest").await;
    flood(world, 1..=EVENTS).await;
    let mut got = Vec::new();
    while got.last() != Some(&EVENTS) {
        got.push(number(&client.frame().await));
    }
    assert!(got.is_sorted_by(|a, b| a < b), "in order");
    assert!(got.len() < EVENTS as usize * 3 / 4, "{}", got.len());
    let last_ten = &got[got.len() - 10..];
    assert_eq!(last_ten, (EVENTS - 9..=EVENTS).collect::<Vec<_>>());
    fire(&world.switch, EVENTS + 1).await;
    assert_eq!(number(&client.frame().await), EVENTS + 1);
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_can_be_taken_back_and_must_be_one() {
    let folder = LogFolder::new();
    let logged = folder.world(narrow).await;
    let world = &logged.world;
    let mut client = stuck(world, "disconnect").await;
    let usage = reply("-ERR usage: slow-reader disk|newest|drop|disconnect");
    client.ask("slow-reader", &usage).await;
    client.ask("slow-reader never", &usage).await;
    client
        .ask("slow-reader DROP", &reply("+OK slow-reader drop"))
        .await;
    client
        .ask(
            "slow-reader disconnect",
            &reply("+OK slow-reader disconnect"),
        )
        .await;
    flood(world, 1..=EVENTS).await;
    world.counted(net::Cause::SlowDeadline, 1).await;
    logged.stop().await;
}
