//! The pages as a browser gets them: over a socket.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jackfield_console::{
    BindError, Config, Console, Contents, Entry, Gateway, ROOMS_SOCKET, Rooms,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

fn start() -> Running {
    let console = Console::bind(&Config {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Config::default()
    });
    let console = console.unwrap();
    let address = console.address().unwrap();
    let stop = CancellationToken::new();
    let contents = Contents {
        version: "9.9.9".to_owned(),
        entries: vec![Entry {
            name: "event socket".to_owned(),
            address: "127.0.0.1:8021".to_owned(),
            purpose: "programs".to_owned(),
        }],
        gateway: Some(Gateway {
            ws_port: Some(10888),
            wss_port: None,
            path: "/webrtcgateway/ws".to_owned(),
        }),
        rooms: Some(Rooms {
            header: Some("Immersitech".to_owned()),
            known_key: None,
        }),
        panel: true,
        panel_frame: Some("https://crm.example.org:8443".to_owned()),
        domain: "127.0.0.1".to_owned(),
    };
    let token = stop.clone();
    let served = tokio::spawn(async move {
        let sockets = Router::new().route(ROOMS_SOCKET, get(|| async { "a door" }));
        console.serve(&contents, sockets, token).await;
    });
    Running {
        address,
        stop,
        served,
    }
}

/// The whole answer to a request of ours.
async fn asked(server: &Running, method: &str, path: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

fn value<'a>(answer: &'a str, header: &str) -> &'a str {
    answer
        .lines()
        .find_map(|line| line.strip_prefix(header)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{header} in\n{answer}"))
}

#[tokio::test]
async fn the_pages_come_with_their_policy() {
    let server = start();
    for (path, form) in [
        ("/", "text/html; charset=utf-8"),
        ("/phone", "text/html; charset=utf-8"),
        ("/rooms", "text/html; charset=utf-8"),
        ("/rooms/main.js", "text/javascript; charset=utf-8"),
        ("/rooms/rooms.css", "text/css; charset=utf-8"),
        ("/panel", "text/html; charset=utf-8"),
        ("/panel/main.js", "text/javascript; charset=utf-8"),
        ("/caller", "text/html; charset=utf-8"),
        ("/caller/main.js", "text/javascript; charset=utf-8"),
        ("/caller/caller.css", "text/css; charset=utf-8"),
        ("/panel/panel.css", "text/css; charset=utf-8"),
        ("/phone/main.js", "text/javascript; charset=utf-8"),
        ("/phone/phone.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = asked(&server, "GET", path, "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert_eq!(value(&answer, "content-type"), form, "{path}");
        let policy = value(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(value(&answer, "x-content-type-options"), "nosniff");
    }
    let missing = asked(&server, "GET", "/nothing", "").await;
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert!(value(&missing, "content-security-policy").contains("'none'"));
    let posted = asked(&server, "POST", "/phone", "Content-Length: 0\r\n").await;
    assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
}

#[tokio::test]
async fn only_the_panel_shows_a_page_and_only_the_card_is_shown() {
    let server = start();
    for (path, shows, shown_by) in [
        ("/", None, "'none'"),
        ("/phone", None, "'none'"),
        ("/panel", Some("https://crm.example.org:8443"), "'none'"),
        ("/caller", None, "'self'"),
        ("/nothing", None, "'none'"),
    ] {
        let answer = asked(&server, "GET", path, "").await;
        let policy = value(&answer, "content-security-policy");
        let said = |name: &str| {
            let mut parts = policy.split("; ");
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix(' '))
        };
        assert_eq!(said("frame-src"), shows, "{path}");
        assert_eq!(said("frame-ancestors"), Some(shown_by), "{path}");
        assert_eq!(answer.matches("content-security-policy").count(), 1);
    }
}

#[tokio::test]
async fn the_telephone_is_told_where_the_gateway_is() {
    let server = start();
    let page = asked(&server, "GET", "/phone", "").await;
    let expected = "data-ws-port=\"10888\" data-wss-port=\"\" data-path=\"/webrtcgateway/ws\" \
                    data-domain=\"127.0.0.1\"";
    assert!(page.contains(expected), "{page}");
    let front = asked(&server, "GET", "/", "").await;
    assert!(
        front.contains("127.0.0.1:8021") && front.contains("9.9.9"),
        "{front}"
    );
}

#[tokio::test]
async fn the_room_page_is_told_its_way_in() {
    let server = start();
    let page = asked(&server, "GET", "/rooms", "").await;
    let expected = "data-socket=\"/rooms/socket\" data-header=\"Immersitech\" data-key=\"\"";
    assert!(page.contains(expected), "{page}");
    let door = asked(&server, "GET", ROOMS_SOCKET, "").await;
    assert!(door.ends_with("a door"), "{door}");
}

#[tokio::test]
async fn the_panel_is_told_where_its_door_is() {
    let server = start();
    let page = asked(&server, "GET", "/panel", "").await;
    assert!(page.contains("data-base=\"/panel\""), "{page}");
    let moved = asked(&server, "GET", "/panel/", "").await;
    assert_eq!(value(&moved, "location"), "../panel");
    // Only the pages are the console's; the rest is the door's, and here there is none.
    let door = asked(&server, "GET", "/panel/session", "").await;
    assert!(door.starts_with("HTTP/1.1 404"), "{door}");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let server = start();
    let first = asked(&server, "GET", "/phone/main.js", "").await;
    let tag = value(&first, "etag");
    for known in [tag, &format!("\"other\", W/{tag}"), "*"] {
        let again = asked(
            &server,
            "GET",
            "/phone/main.js",
            &format!("If-None-Match: {known}\r\n"),
        )
        .await;
        assert!(again.starts_with("HTTP/1.1 304"), "{known}: {again}");
        assert!(again.ends_with("\r\n\r\n"), "no body: {again}");
    }
    let other = asked(&server, "GET", "/phone/main.js", "If-None-Match: \"x\"\r\n").await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    let css = asked(&server, "GET", "/phone/phone.css", "").await;
    assert_ne!(value(&css, "etag"), tag);
    let head = asked(&server, "HEAD", "/phone/main.js", "").await;
    assert!(
        head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn it_ends_although_a_browser_keeps_a_connection_open() {
    let server = start();
    // Browsers open connections ahead and say nothing on them.
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 64];
    kept.read_exact(&mut some).await.unwrap();
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.served)
        .await
        .expect("it ends")
        .unwrap();
    drop(silent);
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let server = start();
    let taken = Console::bind(&Config {
        listen: Some(server.address),
        ..Config::default()
    });
    let said = taken.err().unwrap().to_string();
    assert!(
        said.starts_with(&format!("{} cannot be bound: ", server.address)),
        "{said}"
    );
    let bare = Console::bind(&Config {
        tls_listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Config::default()
    });
    assert!(matches!(bare, Err(BindError::NoCertificate)));
}
