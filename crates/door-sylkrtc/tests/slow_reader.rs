//! A reader that stops is cut off and counted, a peer that is gone is found, and nobody else notices.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::event::WebEventKind as Web;
use net::Cause;
use support::{Client, World, world_with};

const ALICE: &str = "alice@example.org";

async fn flood(world: &World, client: api::id::WebClientId, until: impl Fn(&World) -> bool) {
    let sdp = "x".repeat(20_000);
    for number in 0..20_000 {
        if until(world) {
            return;
        }
        let incoming = Web::Incoming {
            channel: world.switch.new_channel().await,
            offer: sdp.as_str().into(),
            from: support::party("bob@example.net", "Bob"),
            call_id: format!("call-{number}").into(),
            headers: vec![],
        };
        world.switch.web(client, incoming).await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stuck_reader_is_cut_and_the_other_is_served() {
    let world = world_with(|config| {
        config.send_buffer = Some(16 << 10);
        config.max_queue_bytes = 500_000;
        // On a busy machine a full queue has to be found before a deadline is.
        config.write_deadline = Duration::from_secs(3600);
        config.ping = Duration::from_secs(3600);
        config.incoming_calls = 100_000;
        config.max_calls = 100_000;
        config.grace = Duration::ZERO;
    })
    .await;
    let mut stuck = Client::connect_narrow(world.door.local_addrs()[0]).await;
    stuck.frame().await;
    stuck.add(ALICE).await;
    let mut well = world.with_account("bob@example.net").await;
    let client = world.switch.client_of(ALICE);
    let cut = |world: &World| world.door.counters().get(Cause::SlowBytes) == 1;
    flood(&world, client, cut).await;
    world.counted(Cause::SlowBytes, 1).await;
    well.ask(r#"{"sylkrtc":"ping"}"#).await;
    well.ask(r#"{"sylkrtc":"account-register","account":"bob@example.net"}"#)
        .await;
    let (_, close) = stuck.rest().await;
    // The close frame arrives only if the reader comes back in time; then it says why.
    assert!(close.is_none_or(|close| close == (1008, "reading too slowly".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_for_too_long_is_cut() {
    let world = world_with(|config| {
        config.send_buffer = Some(16 << 10);
        config.write_deadline = Duration::from_millis(200);
        config.incoming_calls = 100_000;
        config.max_calls = 100_000;
    })
    .await;
    let mut stuck = Client::connect_narrow(world.door.local_addrs()[0]).await;
    stuck.frame().await;
    stuck.add(ALICE).await;
    let client = world.switch.client_of(ALICE);
    let mut sent = 0;
    while world.door.counters().get(Cause::SlowDeadline) == 0 && sent < 200 {
        let start = std::cell::Cell::new(0);
        flood(&world, client, |_| {
            start.set(start.get() + 1);
            start.get() > 20
        })
        .await;
        sent += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.counted(Cause::SlowDeadline, 1).await;
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_gone() {
    let world = world_with(|config| {
        config.ping = Duration::from_millis(100);
        config.grace = Duration::from_millis(10);
    })
    .await;
    // Reads nothing, so it answers nothing.
    let mut silent = world.client().await;
    silent.add(ALICE).await;
    world.counted(Cause::PeerGone, 1).await;
    drop(silent);
    // Reads, and its library answers.
    let mut well = world.client().await;
    let reading = tokio::time::timeout(Duration::from_millis(600), well.frame()).await;
    assert!(reading.is_err(), "nothing came, and nothing ended");
    well.ask(r#"{"sylkrtc":"ping"}"#).await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye() {
    let world = world_with(|_| {}).await;
    let mut client = world.registered(ALICE).await;
    let (drained, rest) = tokio::join!(world.door.drain(Duration::from_secs(10)), client.rest());
    assert_eq!(drained, net::Drained::InTime);
    assert_eq!(rest.1, Some((1001, "server is going down".to_owned())));
    assert_eq!(world.switch.was_asked("RemoveWebClient"), 1);
    let refused = tokio::net::TcpStream::connect(world.door.local_addrs()[0]).await;
    assert!(refused.is_err());
}
