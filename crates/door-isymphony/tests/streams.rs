//! Server-sent events, resumed where they were; and who reads too slowly (event-api.md §5.4).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use api::Origin;
use api::command::server::Fire;
use api::event::CustomEvent;
use net::Cause;
use support::{Client, USUAL, http_as, world, world_with};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const STREAM: &str = "/communication_manager/sse/event";

/// A stream being read.
struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn open(address: SocketAddr, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {STREAM}{query} HTTP/1.1\r\nHost: x\r\n{USUAL}{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Self(BufReader::new(stream));
        assert!(stream.line().await.starts_with("HTTP/1.1 200"));
        while !stream.line().await.is_empty() {}
        stream
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(support::PATIENCE, self.0.read_line(&mut line));
        read.await.expect("a line comes").unwrap();
        line.trim_end().to_owned()
    }

    /// The next event: its id and what it says.
    async fn event(&mut self) -> (String, serde_json::Value) {
        let mut id = String::new();
        loop {
            let line = self.line().await;
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            }
            if let Some(text) = line.strip_prefix("data: ") {
                return (id, serde_json::from_str(text).unwrap());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_it_was() {
    let world = world().await;
    let address = world.door.local_addrs()[0];
    world.phones(&["1000", "1001"]).await;
    let query = "?type=dial&type=link&type=linkEnd&type=hangup";
    let mut stream = Stream::open(address, query, "").await;
    world.call(0, "1001", 6).await;
    let (_, dial) = stream.event().await;
    assert_eq!(dial["type"], "dial");
    let (after_link, link) = stream.event().await;
    assert_eq!(link["type"], "link");
    world.hang_up(0).await;
    // One event of the switch became three of these.
    let mut ids = Vec::new();
    for kind in ["linkEnd", "hangup", "hangup"] {
        let (id, event) = stream.event().await;
        assert_eq!(event["type"], kind);
        ids.push((id, event));
    }
    drop(stream);
    let resumed = |id: String| async move {
        Stream::open(address, query, &format!("Last-Event-ID: {id}\r\n")).await
    };
    let mut again = resumed(after_link).await;
    for expected in &ids {
        assert_eq!(again.event().await, *expected);
    }
    // In the middle of them.
    let mut middle = resumed(ids[0].0.clone()).await;
    assert_eq!(middle.event().await, ids[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_any_more_is_gone() {
    let world = world().await;
    let address = world.door.local_addrs()[0];
    for (id, status) in [
        ("00000000-0000-0000-0000-000000000099:5:1", 410),
        ("00000000-0000-0000-0000-000000000008:999999:1", 410),
        ("00000000-0000-0000-0000-000000000008:0:1", 410),
        ("nonsense", 412),
    ] {
        let headers = format!("{USUAL}Last-Event-ID: {id}\r\n");
        let reply = http_as(address, "GET", STREAM, &headers, "").await;
        assert_eq!(reply.status, status, "{id}");
    }
    assert_eq!(
        http_as(address, "POST", STREAM, USUAL, "").await.status,
        405
    );
    assert_eq!(http_as(address, "GET", STREAM, "", "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_told_so_and_nobody_else_notices() {
    let world = world_with(|config| {
        config.starter = true;
        config.max_queue = 64;
        config.send_buffer = Some(4096);
        // On a busy machine a full queue has to be found before a deadline is.
        config.write_deadline = Duration::from_secs(3600);
        config.silence = Duration::from_secs(3600);
    })
    .await;
    world.phones(&["1000"]).await;
    let address = world.door.local_addrs()[0];
    let mut slow = Client::connect_narrow(address).await;
    slow.filter(&[("type", "hangup")]).await;
    let mut quick = world.client().await;
    quick.filter(&[("type", "hangup")]).await;
    let mut calls = 0;
    while world.door.counters().get(Cause::SlowMessages) == 0 {
        world.call(0, "7404", 1).await;
        calls += 1;
        assert!(calls < 2000, "the slow reader is never found");
        for event in world.told(&mut quick).await {
            assert_eq!(event["type"], "hangup");
        }
    }
    let (texts, close) = slow.rest().await;
    assert!(texts < calls);
    let (code, reason) = close.unwrap();
    assert_eq!((code, reason.as_str()), (1008, "reading too slowly"));
    world.call(0, "7404", 1).await;
    assert_eq!(world.told(&mut quick).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_clients_is_not_told() {
    let world = world().await;
    let mut client = world.client().await;
    let event = CustomEvent {
        name: "CUSTOM".into(),
        subclass: Some("x::y".into()),
        headers: Vec::new(),
        body: None,
        from_client: true,
    };
    let switch = world.switch.handle();
    switch
        .ask(Fire { event }, Origin::internal("test"))
        .await
        .unwrap();
    let mut told = world.told(&mut client).await;
    told.retain(|event| event["type"] != "agentState");
    assert_eq!(told, Vec::<serde_json::Value>::new());
}
