//! The program with its sylkRTC door open: a page registers and is seen.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use support::{FREE_PORTS, Server, word_after};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Of user 1000 with password 1234, in realm 127.0.0.1.
const HA1: &str = "e2f582b9dc317e63b6fe82419883aac5";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_registers_and_is_seen() {
    let closed = "listen = []\ntls_listen = []";
    let open = "listen = \"127.0.0.1:0\"\ntls_listen = \"127.0.0.1:0\"";
    let toml = FREE_PORTS.replace(closed, open) + "[paths]\nstate = \"state\"\n";
    let server = Server::start(&toml);
    let url = word_after(&server.banner, "web phones      ").to_owned();
    assert!(url.starts_with("ws://127.0.0.1:") && server.banner.contains("wss://127.0.0.1:"));
    let mut request = url.as_str().into_client_request().unwrap();
    let token = "sylkRTC-2".parse().unwrap();
    request
        .headers_mut()
        .append("Sec-WebSocket-Protocol", token);
    let (mut page, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let add = format!(
        r#"{{"sylkrtc":"account-add","transaction":"1","account":"1000@127.0.0.1","password":"{HA1}"}}"#
    );
    let register = r#"{"sylkrtc":"account-register","transaction":"2","account":"1000@127.0.0.1"}"#;
    page.send(Message::text(add)).await.unwrap();
    page.send(Message::text(register)).await.unwrap();
    let mut registered = false;
    while !registered {
        let next = timeout(Duration::from_secs(20), page.next()).await;
        let frame = next.unwrap().unwrap().unwrap().to_string();
        assert!(
            !frame.contains("error") && !frame.contains("failed"),
            "{frame}"
        );
        registered = frame.contains(r#""state":"registered""#);
    }
    assert!(
        server
            .console("show registrations")
            .contains("1000,127.0.0.1,")
    );
    let metrics = server.page("/metrics");
    assert!(
        metrics.contains("\njackfield_sylkrtc_accounts 1\n"),
        "{metrics}"
    );

    server.signal("TERM");
    loop {
        let next = timeout(Duration::from_secs(20), page.next()).await;
        if let Message::Close(close) = next.unwrap().unwrap().unwrap() {
            assert_eq!(close.unwrap().reason, "server is going down");
            break;
        }
    }
    assert_eq!(server.ended().code(), Some(0));
}
