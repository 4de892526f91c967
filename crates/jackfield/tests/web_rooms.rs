//! The program with its sylkRTC door open: two pages meet in a video room.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::{FREE_PORTS, Server, word_after};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Of user 1000 with password 1234, in realm 127.0.0.1.
const HA1: &str = "e2f582b9dc317e63b6fe82419883aac5";
const ROOM: &str = "team@videoconference.127.0.0.1";

/// As a browser offers what it publishes; nobody is behind it, so media never comes up.
const OFFER: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    a=msid-semantic: WMS s\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 AF:12:F6:38:2C:66:B8:B6:9C:5E:2D:6C:3C:8A:4E:9E:5F:8B:8E:34:8D:5B:0F:1C:6E:48:4E:8D:2B:7A:90:11\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=msid:s a\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=ssrc:1001 cname:x\r\na=ssrc:1001 msid:s a\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 AF:12:F6:38:2C:66:B8:B6:9C:5E:2D:6C:3C:8A:4E:9E:5F:8B:8E:34:8D:5B:0F:1C:6E:48:4E:8D:2B:7A:90:11\r\n\
    a=setup:actpass\r\na=mid:1\r\na=sendonly\r\na=msid:s v\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:98 VP9/90000\r\n\
    a=rtcp-fb:98 nack\r\na=rtcp-fb:98 nack pli\r\na=rtcp-fb:98 goog-remb\r\na=fmtp:98 profile-id=0\r\n\
    a=ssrc:1002 cname:x\r\na=ssrc:1002 msid:s v\r\n";

struct Page(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Page {
    async fn open(url: &str, session: &str) -> Self {
        let mut request = url.into_client_request().unwrap();
        let token = "sylkRTC-2".parse().unwrap();
        request
            .headers_mut()
            .append("Sec-WebSocket-Protocol", token);
        let (page, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut page = Self(page);
        page.say(json!({"sylkrtc": "account-add", "account": "1000@127.0.0.1", "password": HA1, "display_name": session}))
            .await;
        page.hear(&["ready-event"]).await;
        page.hear(&["ack"]).await;
        page
    }

    async fn say(&mut self, mut request: Value) {
        request["transaction"] = "t".into();
        self.0
            .send(Message::text(request.to_string()))
            .await
            .unwrap();
    }

    /// The next frame but notices of the room, named by its event and state, or its type.
    async fn next(&mut self) -> (String, Value) {
        loop {
            let next = timeout(Duration::from_secs(20), self.0.next()).await;
            let Message::Text(text) = next.expect("a frame comes").unwrap().unwrap() else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "status" {
                continue;
            }
            let word = |name: &str| frame[name].as_str();
            let name = word("state").or(word("event")).or(word("sylkrtc"));
            return (name.unwrap().to_owned(), frame);
        }
    }

    /// Exactly these frames come next; the last one.
    async fn hear(&mut self, expected: &[&str]) -> Value {
        let mut last = Value::Null;
        for expected in expected {
            let (name, frame) = self.next().await;
            assert_eq!(name, *expected, "{frame}");
            last = frame;
        }
        last
    }

    async fn join(&mut self, session: &str) -> Value {
        self.say(json!({
            "sylkrtc": "videoroom-join", "account": "1000@127.0.0.1", "session": session, "uri": ROOM, "sdp": OFFER,
        }))
        .await;
        let accepted = self.hear(&["progress", "ack", "accepted"]).await;
        let sdp = accepted["sdp"].as_str().unwrap();
        assert!(
            sdp.contains("a=recvonly") && sdp.contains("a=candidate:"),
            "{sdp}"
        );
        self.hear(&["initial-publishers"]).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pages_meet_in_a_room() {
    let closed = "listen = []\ntls_listen = []";
    let open = "listen = \"127.0.0.1:0\"\ntls_listen = \"127.0.0.1:0\"";
    let toml = FREE_PORTS.replace(closed, open) + "[paths]\nstate = \"state\"\n";
    let server = Server::start(&toml);
    let url = word_after(&server.banner, "web phones      ").to_owned();
    let (mut alice, mut bob) = (Page::open(&url, "V-a").await, Page::open(&url, "V-b").await);
    assert_eq!(alice.join("V-a").await["publishers"], json!([]));
    let found = bob.join("V-b").await;
    assert_eq!(found["publishers"][0]["id"], "V-a");
    let joined = alice.hear(&["publishers-joined"]).await;
    assert_eq!(joined["publishers"][0]["id"], "V-b");
    assert_eq!(joined["publishers"][0]["uri"], "1000@127.0.0.1");

    bob.say(json!({"sylkrtc": "videoroom-feed-attach", "session": "V-b", "publisher": "V-a", "feed": "F"}))
        .await;
    let offered = bob.hear(&["ack", "feed-attached"]).await;
    let sdp = offered["sdp"].as_str().unwrap();
    // What the library looks for (sylkrtc.md §5.5).
    assert!(
        sdp.contains("a=sendonly") && sdp.contains("a=ssrc:"),
        "{sdp}"
    );
    bob.say(json!({"sylkrtc": "videoroom-feed-detach", "session": "V-b", "feed": "F"}))
        .await;
    bob.hear(&["ack"]).await;

    alice
        .say(json!({"sylkrtc": "videoroom-configure", "session": "V-a", "active_participants": ["V-b"]}))
        .await;
    alice.hear(&["configure", "ack"]).await;
    assert_eq!(bob.hear(&["configure"]).await["originator"], "V-a");
    bob.say(json!({"sylkrtc": "videoroom-toggle-hand", "session": "V-b"}))
        .await;
    bob.hear(&["raised-hands", "ack"]).await;
    assert_eq!(
        alice.hear(&["raised-hands"]).await["raised_hands"],
        json!(["V-b"])
    );
    bob.say(json!({
        "sylkrtc": "videoroom-message", "session": "V-b", "message_id": "m", "content": "hello", "content_type": "text/plain",
    }))
    .await;
    bob.hear(&["ack", "message-delivery"]).await;
    assert_eq!(alice.hear(&["message"]).await["content"], "hello");

    let address = url.trim_start_matches("ws://").split('/').next().unwrap();
    let mut upload = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /webrtcgateway/filesharing/{ROOM}/V-a/plan.pdf HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nplan"
    );
    upload.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("OK"), "{answer}");
    for page in [&mut alice, &mut bob] {
        let file = page.hear(&["file-sharing"]).await;
        assert_eq!(file["files"][0]["session"], "V-a");
    }
    let metrics = server.page("/metrics");
    let participants = "\njackfield_sylkrtc_room_participants{room=\"others\"} 2\n";
    assert!(metrics.contains(participants), "{metrics}");

    bob.say(json!({"sylkrtc": "videoroom-leave", "session": "V-b"}))
        .await;
    bob.hear(&["terminated", "ack"]).await;
    assert_eq!(
        alice.hear(&["publishers-left"]).await["publishers"],
        json!(["V-b"])
    );
    assert_eq!(
        alice.hear(&["raised-hands"]).await["raised_hands"],
        json!([])
    );
    assert_eq!(alice.hear(&["configure"]).await["originator"], "videoroom");
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
}
