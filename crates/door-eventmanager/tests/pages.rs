//! The way in for our own pages, and for nobody else's.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jackfield_door_eventmanager::{ControlNumbering, Credential, Dialect, ReplyShape};
use net::http::{self, HttpTimes};
use net::{Cause, Counters, Drain, Listener, ListenerConfig, PageHosts};
use support::{Client, PATIENCE, World, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "only we know";

/// A door, and a listener of somebody else's that serves its route.
struct Site {
    world: World,
    address: SocketAddr,
    _drain: Drain,
}

async fn site(value: Option<&str>) -> Site {
    let credential = value.map(|value| Credential::new("Immersitech", value).unwrap());
    let world = world_with(|config| {
        config.credential = credential;
        // What other clients are used to is not what pages read.
        config.dialect = Dialect {
            reply_shape: ReplyShape::Legacy,
            control_numbering: ControlNumbering::Legacy0,
            ..Dialect::default()
        };
    })
    .await;
    let counters = Arc::new(Counters::new("pages"));
    let any = ListenerConfig::new("127.0.0.1:0".parse().unwrap());
    let listener = Listener::bind(any, counters.clone()).unwrap();
    let address = listener.local_addr();
    let drain = Drain::new(&CancellationToken::new());
    let hosts = PageHosts(vec!["pbx.example.org".to_owned()]);
    let route = world.door.socket_for_pages("/rooms/socket", hosts);
    let times = HttpTimes {
        handshake: Duration::from_secs(5),
        write: None,
    };
    let serving = http::serve(listener, None, route, times, counters, drain.clone());
    tokio::spawn(serving);
    Site {
        world,
        address,
        _drain: drain,
    }
}

impl Site {
    /// The status and body of an answer to `POST`, with these headers beside the host.
    async fn asked(&self, host: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "POST /rooms/socket HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = stream.read_to_string(&mut answer);
        tokio::time::timeout(PATIENCE, reading)
            .await
            .unwrap()
            .unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, body.to_owned())
    }

    /// Asked by a page that was fetched from there, with this key.
    async fn asked_with(&self, host: &str, key: &str) -> (String, String) {
        let headers = format!("Origin: http://{host}\r\nImmersitech: {key}\r\n");
        self.asked(host, &headers).await
    }

    /// The client of the tests says that it was led to `localhost`.
    async fn connected(&self, origin: &str) -> Result<Client, u16> {
        let token = "imm-auth, b25seSB3ZSBrbm93";
        let headers = [("Origin", origin), ("Sec-WebSocket-Protocol", token)];
        match Client::try_connect(self.address, "/rooms/socket", &headers).await {
            Ok((client, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "imm-auth");
                Ok(client)
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_page_of_ours_comes_in_and_always_reads_the_same_dialect() {
    let site = site(Some(SECRET)).await;
    let own = site.address.to_string();
    assert_eq!(site.asked_with(&own, SECRET).await.0, "204");
    let mut page = site.connected("http://localhost").await.unwrap();
    page.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    assert_eq!(
        page.event().await,
        r#"{"Event":"IMM_EVENT_CREATE_ROOM","values":{"room_id":12},"room_id":12}"#
    );
    page.ok(r#"{"Command":"add_participant","room_id":12,"participant_id":3}"#)
        .await;
    page.event().await;
    page.event().await;
    page.ok(r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":101,"value":2}"#)
        .await;
    let told = page.event().await;
    assert!(
        told.contains(r#""control_to_edit":101,"value":2"#),
        "{told}"
    );
}

#[tokio::test]
async fn a_page_of_others_does_not_come_in_and_harms_nobody() {
    let site = site(Some(SECRET)).await;
    let own = site.address.to_string();
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:1",
        "http://localhost:1",
        "null",
        "https://evil.example",
    ] {
        assert_eq!(site.connected(origin).await.err(), Some(403), "{origin}");
        for _ in 0..3 {
            let headers = format!("Origin: {origin}\r\nImmersitech: guessed\r\n");
            assert_eq!(site.asked(&own, &headers).await.0, "403", "{origin}");
        }
    }
    let no_page = format!("Immersitech: {SECRET}\r\n");
    assert_eq!(site.asked(&own, &no_page).await.0, "403");
    assert_eq!(site.world.door.counters().get(Cause::LoginFailed), 0);
    // A name that has been made to lead here is the page's own origin, and still none of ours.
    let rebound = format!("evil.example:{}", site.address.port());
    let (status, why) = site.asked_with(&rebound, SECRET).await;
    assert_eq!(status, "403");
    assert!(why.contains("[console] names"), "{why}");
    assert_eq!(site.asked_with("PBX.example.org", SECRET).await.0, "204");
    assert_eq!(site.asked_with(&own, SECRET).await.0, "204");
}

#[tokio::test]
async fn wrong_keys_count_as_at_the_door() {
    let site = site(Some(SECRET)).await;
    let own = site.address.to_string();
    for key in ["", "Only we know", "only we know!", "a", "b"] {
        let (status, why) = site.asked_with(&own, key).await;
        assert_eq!(
            (status.as_str(), why.as_str()),
            ("401", "The key is not the right one.")
        );
    }
    assert_eq!(site.world.door.counters().get(Cause::LoginFailed), 5);
    assert_eq!(site.asked_with(&own, SECRET).await.0, "429");
    let door = site.world.door.local_addrs()[0];
    let header = [("Immersitech", SECRET)];
    assert!(Client::try_connect(door, "/", &header).await.is_err());
}

#[tokio::test]
async fn a_key_everybody_knows_opens_to_this_machine_alone() {
    for value in [None, Some(Credential::USUAL.1)] {
        let site = site(value).await;
        let key = value.unwrap_or_default();
        let own = site.address.to_string();
        assert_eq!(site.asked_with(&own, key).await.0, "204");
        assert_eq!(site.asked_with("localhost:8870", key).await.0, "204");
        // A proxy stands on this machine, too; whom it serves does not.
        for far in ["192.0.2.1:8870", "pbx.example.org"] {
            let (status, why) = site.asked_with(far, key).await;
            assert_eq!(status, "403", "{far}");
            assert!(why.contains("[door.eventmanager]"), "{why}");
        }
    }
}

#[tokio::test]
async fn what_is_no_websocket_is_refused_although_it_may_come_in() {
    let site = site(None).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let own = site.address;
    let request = format!(
        "GET /rooms/socket HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn the_door_ends_its_pages_when_it_closes() {
    let site = site(Some(SECRET)).await;
    let mut page = site.connected("http://localhost").await.unwrap();
    page.ok(r#"{"Command":"get_version"}"#).await;
    let drained = site.world.door.drain(PATIENCE);
    let (_, (_, close)) = tokio::join!(drained, page.rest());
    assert_eq!(close.unwrap().0, 1001);
}
