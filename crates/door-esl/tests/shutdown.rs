//! Opening and closing the door.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use jackfield_door_esl::{Config, StartError, start};
use net::{Cause, Drained};
use support::{Client, FakeSwitch, GREETING, environment, reply, response, world, world_with};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const SHUT_DOWN: &str =
    "Content-Type: text/disconnect-notice\nContent-Length: 31\n\nThe system is being shut down.\n";

#[tokio::test]
async fn everybody_is_told_and_nobody_is_let_in_any_more() {
    let world = world().await;
    let address = world.door.local_addrs()[0];
    let mut stranger = world.stranger().await;
    let mut client = world.client().await;
    let closing = async {
        let told = async {
            stranger.expect_end(SHUT_DOWN).await;
            client.expect_end(SHUT_DOWN).await;
            drop((stranger, client));
        };
        let (drained, ()) = tokio::join!(world.door.drain(Duration::from_secs(10)), told);
        drained
    };
    assert_eq!(closing.await, Drained::InTime);
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(world.door.counters().get(Cause::Closed), 2);
}

#[tokio::test]
async fn a_request_under_way_is_answered_within_the_grace() {
    let world = world().await;
    let mut client = world.client().await;
    world.busy(&mut client, 300).await;
    let last = async {
        client
            .expect_end(&format!("{}{SHUT_DOWN}", response("-+OK")))
            .await;
        drop(client);
    };
    let (drained, ()) = tokio::join!(world.door.drain(Duration::from_secs(10)), last);
    assert_eq!(drained, Drained::InTime);
}

#[tokio::test]
async fn beyond_the_grace_it_is_broken_off() {
    let world = world().await;
    let mut client = world.client().await;
    client.send("bgapi msleep 60000\n\n").await;
    client.frame().await;
    world.busy(&mut client, 60_000).await;
    assert_eq!(world.door.jobs_running(), 1);
    let last = async {
        client.expect_end(SHUT_DOWN).await;
        drop(client);
    };
    let (drained, ()) = tokio::join!(world.door.drain(Duration::from_millis(200)), last);
    assert!(matches!(drained, Drained::Forced(_)));
    assert_eq!(world.door.jobs_running(), 0);
}

#[tokio::test]
async fn the_end_of_the_process_takes_all_at_once() {
    let world = world().await;
    let mut client = world.client().await;
    world.busy(&mut client, 60_000).await;
    world.process.cancel();
    client.expect_end(SHUT_DOWN).await;
}

#[tokio::test]
async fn an_address_in_use_is_said_at_once_or_waited_for() {
    let first = world().await;
    let taken = first.door.local_addrs()[0];
    let switch = FakeSwitch::start();
    let process = CancellationToken::new();
    let strict = Config {
        listen: vec![taken],
        ..Config::default()
    };
    let opened = start(strict.clone(), switch.handle(), environment(), &process).await;
    assert!(matches!(opened, Err(StartError::Bind(why)) if why.address == taken));
    let patient = Config {
        stop_on_bind_error: false,
        ..strict
    };
    let door = start(patient, switch.handle(), environment(), &process)
        .await
        .unwrap();
    assert!(door.local_addrs().is_empty());
    first.door.drain(Duration::from_secs(5)).await;
    drop(first);
    let mut client = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let Ok(stream) = TcpStream::connect(taken).await {
                drop(stream);
                return Client::connect(taken).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    client.expect(GREETING).await;
}

#[tokio::test]
async fn a_bad_configuration_opens_nothing() {
    let switch = FakeSwitch::start();
    let config = Config {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        apply_inbound_acl: Vec::new(),
        ..Config::default()
    };
    let opened = start(
        config,
        switch.handle(),
        environment(),
        &CancellationToken::new(),
    )
    .await;
    assert!(matches!(opened, Err(StartError::Config(errors)) if errors.len() == 1));
}

#[tokio::test]
async fn too_many_connections_are_closed_at_the_door() {
    let world = world_with(|config| config.max_connections = 2).await;
    let mut one = world.client().await;
    let _two = world.client().await;
    let mut three = Client::connect(world.door.local_addrs()[0]).await;
    three.expect_end("").await;
    world.counted(Cause::TooMany, 1).await;
    one.ask("exit", &reply("+OK bye")).await;
    one.rest().await;
    drop(one);
    let mut patient = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..200 {
        patient.tick().await;
        let mut next = Client::connect(world.door.local_addrs()[0]).await;
        let mut first = [0];
        if matches!(
            tokio::io::AsyncReadExt::read(&mut next.stream, &mut first).await,
            Ok(1)
        ) {
            return;
        }
    }
    panic!("the place never came back");
}

#[tokio::test]
async fn reloading_the_module_ends_all_connections_and_lets_new_ones_in() {
    let world = world().await;
    let mut other = world.client().await;
    let mut client = world.client().await;
    client
        .ask(
            "api echo reload mod_event_socket now",
            &response("reload mod_event_socket now"),
        )
        .await;
    client.send("api reload mod_event_socket\n\n").await;
    let accepted = client.frame().await;
    assert!(accepted.headers.starts_with("Content-Type: api/response\n"));
    assert!(accepted.body.starts_with("+OK Job-UUID: "));
    client.expect_end(SHUT_DOWN).await;
    other.expect_end(SHUT_DOWN).await;
    let mut again = world.client().await;
    again.ask("api echo back", &response("back")).await;
}
