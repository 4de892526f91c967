//! Who may ask, and what others are told (event-api.md §1, §2, §11.1, §11.11).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_isymphony::{Config, Credentials, StartError, start};
use net::Cause;
use net::tls::TlsSource;
use support::{Client, USUAL, World, http, http_as, world, world_with};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_util::sync::CancellationToken;

const EVENTS: &str = "/communication_manager/ws/event";

async fn upgrade(world: &World, path: &str, headers: &str) -> u16 {
    let stream = TcpStream::connect(world.door.local_addrs()[0])
        .await
        .unwrap();
    match Client::over(stream, path, headers).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_before_the_upgrade() {
    let world = world().await;
    assert_eq!(upgrade(&world, EVENTS, "").await, 401);
    assert_eq!(
        upgrade(&world, EVENTS, "Authorization: Basic bWFuYWdlcjp4").await,
        401
    );
    for path in [
        EVENTS,
        "/communication_manager/ws/event/",
        "//communication_manager//ws/event",
    ] {
        assert_eq!(upgrade(&world, path, USUAL).await, 101, "{path}");
    }
    // Only where it is switched on.
    let access = format!("{EVENTS}?access=bWFuYWdlcjptYW5hZzNycGE1NXdvcmQ=");
    assert_eq!(upgrade(&world, &access, "").await, 401);
    let reply = http_as(
        world.door.local_addrs()[0],
        "GET",
        "/communication_manager/rest/config/server/brand",
        "",
        "",
    )
    .await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Basic realm=\"communication_manager\"")
    );
    assert_eq!(reply.body.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_say_it_in_the_query() {
    let world = world_with(|config| config.access_in_query = true).await;
    let access = format!("{EVENTS}?access=bWFuYWdlcjptYW5hZzNycGE1NXdvcmQ=");
    assert_eq!(upgrade(&world, &access, "").await, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_on_the_list_gets_403_whatever_it_knows() {
    let world = world_with(|config| {
        config.allow = vec!["192.0.2.0/24".parse().unwrap()];
        config.credentials = Credentials::new("manager", "other").unwrap();
    })
    .await;
    assert_eq!(upgrade(&world, EVENTS, USUAL).await, 403);
    assert_eq!(upgrade(&world, EVENTS, "").await, 403);
    let address = world.door.local_addrs()[0];
    assert_eq!(http(address, "GET", "/anything", "").await.status, 403);
    world.counted(Cause::AclDenied, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_strangers_are_refused() {
    let world = world().await;
    let headers = format!("{USUAL}Origin: https://evil.example");
    assert_eq!(upgrade(&world, EVENTS, &headers).await, 403);
    let own = format!("{USUAL}Origin: http://localhost");
    assert_eq!(upgrade(&world, EVENTS, &own).await, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_too_often_is_not_heard() {
    let world = world().await;
    for _ in 0..60 {
        let status = upgrade(&world, EVENTS, "Authorization: Basic bWFuYWdlcjp4").await;
        assert_eq!(status, 401);
    }
    assert_eq!(upgrade(&world, EVENTS, USUAL).await, 429);
    assert_eq!(world.door.counters().get(Cause::LoginFailed), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_everybody_is_sent_to_it_where_it_is_required() {
    let folder = std::env::temp_dir().join(format!("jackfield-isymphony-{}", std::process::id()));
    let tls = TlsSource::SelfSigned {
        folder: folder.clone(),
        names: vec!["localhost".to_owned()],
    };
    let world = world_with(|config| {
        config.tls_listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.tls = Some(tls);
        config.require_tls = true;
    })
    .await;
    let port = world.door.tls_addrs()[0].port();
    let address = world.door.local_addrs()[0];
    // Before it is asked who somebody is.
    let reply = http_as(
        address,
        "GET",
        "/communication_manager/rest/live/coreServers?a=b",
        "",
        "",
    )
    .await;
    assert_eq!(reply.status, 302);
    let there = format!("https://127.0.0.1:{port}/communication_manager/rest/live/coreServers?a=b");
    assert_eq!(reply.header("location"), Some(there.as_str()));
    assert_eq!(upgrade(&world, EVENTS, USUAL).await, 302);
    std::fs::remove_dir_all(folder).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_well_known_password_is_for_this_machine_only() {
    let world = world().await;
    let config = Config {
        listen: vec!["0.0.0.0:0".parse().unwrap()],
        tls_listen: Vec::new(),
        allow: vec!["0.0.0.0/0".parse().unwrap()],
        ..Config::default()
    };
    let process = CancellationToken::new();
    let refused = start(config, world.switch.handle(), &process).await;
    assert!(matches!(refused.err(), Some(StartError::Config(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_are_bounded() {
    let world = world_with(|config| config.max_body = 1000).await;
    let address = world.door.local_addrs()[0];
    let path = "/communication_manager/rest/config/server/coreServers";
    let long = "x".repeat(1001);
    assert_eq!(http(address, "POST", path, &long).await.status, 413);
    let headers = format!("{USUAL}X-Long: {}\r\n", "y".repeat(1 << 20));
    let reply = http_as(address, "GET", path, &headers, "").await;
    assert_eq!(reply.status, 431);
    let deep = "/a".repeat(10_000);
    assert_eq!(http(address, "GET", &deep, "").await.status, 404);
    assert_eq!(http(address, "GET", path, "").await.status, 200);
}
