//! sylkrtc.md §7.3: files from one account to another, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::PathBuf;

use api::Command;
use serde_json::{Value, json};
use support::writing::journal;
use support::{Client, World, http_bytes, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.net";
const ID: &str = "0f4b6f0a-3a7a-4a2e-9a55-2c5d9c1f6f01";
const BASE: &str = "https://gw.example.org:10888/webrtcgateway";

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = format!("jackfield-filetransfer-{}", api::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }

    /// Folders of transfers, those still coming among them.
    fn transfers(&self) -> usize {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.filter(|name| name != ".lock").count()
    }

    async fn world(&self) -> World {
        world_with(|config| {
            config.transfers.folder = Some(self.0.clone());
            config.transfers.max_file = 100_000;
            config.transfers.max_bytes_per_sender = 150_000;
            config.public_url = Some(format!("{BASE}/"));
        })
        .await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn request(world: &World, method: &str, path: &str, more: &str, body: &[u8]) -> String {
    let head = format!(
        "{method} /webrtcgateway/filetransfer/{path} HTTP/1.1\r\nHost: x\r\n{more}Connection: close\r\n\r\n"
    );
    let request = [head.as_bytes(), body].concat();
    http_bytes(world.door.local_addrs()[0], &request).await
}

async fn post(world: &World, path: &str, body: &[u8]) -> String {
    let length = format!("Content-Length: {}\r\n", body.len());
    request(world, "POST", path, &length, body).await
}

/// The status of an answer.
fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

/// The path after the door's own of a URL in a message.
fn path_of(message: &Value) -> String {
    let content: Value = serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
    let url = content["url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("{BASE}/filetransfer/"));
    path.unwrap().to_owned()
}

/// What the switch was asked to send: type, for telephones only, and body.
fn sent(world: &World) -> Vec<(String, bool, String)> {
    let asked = world.switch.asked.lock().unwrap();
    let sent = asked.iter().filter_map(|command| {
        let Command::SendMessage(send) = command else {
            return None;
        };
        let mut headers = send.headers.iter();
        Some((
            send.content_type.to_string(),
            headers.any(|(name, value)| &**name == "X-Sylk-To-Sip" && &**value == "yes"),
            String::from_utf8_lossy(&send.body).into_owned(),
        ))
    });
    sent.collect()
}

async fn two(world: &World) -> (Client, Client) {
    (world.registered(ALICE).await, world.registered(BOB).await)
}

#[tokio::test]
async fn a_file_reaches_pages_and_telephones() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let (mut alice, mut bob) = two(&world).await;
    let body: Vec<u8> = (0..48_211_u32).map(|n| (n % 251) as u8).collect();
    let answer = post(&world, &format!("{ALICE}/{BOB}/{ID}/my%20cat.jpg"), &body).await;
    assert!(
        status(&answer) == "200" && answer.ends_with("\r\n\r\nOK"),
        "{answer}"
    );
    assert!(answer.contains("access-control-allow-origin: *\r\n"));

    let told = bob.event("message").await;
    assert_eq!(
        (&told["content_type"], &told["message_id"], &told["sender"]),
        (
            &json!("application/sylk-file-transfer"),
            &json!(ID),
            &json!({"uri": ALICE, "display_name": "Alice"})
        )
    );
    let content: Value = serde_json::from_str(told["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["filename"], "my cat.jpg");
    assert_eq!(content["filesize"], 48_211);
    assert_eq!(content["filetype"], "image/jpeg");
    assert_eq!(content["receiver"]["uri"], BOB);
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &body);
    let pairs: Vec<String> = sha1
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    assert_eq!(content["hash"], format!("sha1:{}", pairs.join(":")));
    let until: jiff::Timestamp = content["until"].as_str().unwrap().parse().unwrap();
    let since: jiff::Timestamp = content["timestamp"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.duration_since(since).as_hours(), 30 * 24);

    // The sender's own page sees what it has not sent itself.
    let added = alice.event("sync").await;
    assert_eq!(added["content"]["server_generated"], true);
    assert_eq!(added["content"]["content"], told["content"]);
    alice
        .expect_event("disposition-notification", "accepted")
        .await;
    let kept = journal(&mut alice, ALICE, "").await;
    assert_eq!(kept[0]["message_id"], ID);
    assert_eq!(
        (&kept[0]["direction"], &kept[0]["state"]),
        (&json!("outgoing"), &json!("accepted"))
    );

    // Telephones get what they understand.
    let sent = sent(&world);
    let types: Vec<_> = sent
        .iter()
        .map(|(kind, phones, _)| (kind.as_str(), *phones))
        .collect();
    assert_eq!(
        types,
        [
            ("message/cpim", false),
            ("application/vnd.gsma.rcs-ft-http+xml", true),
            ("text/plain", true)
        ]
    );
    assert_eq!(sent[2].2, content["url"]);
    assert!(sent[1].2.contains(&*sent[2].2), "{}", sent[1].2);
    bob.expect_silence().await;

    // Whoever has the address has the file.
    let path = path_of(&told);
    assert!(
        path.starts_with("-_fGrsHUKAt8JwTBwEeL1g/6kJY4WKpdsH6ScW245MLKg/"),
        "{path}"
    );
    for path in [path.as_str(), &format!("{ALICE}/{BOB}/{ID}/my%20cat.jpg")] {
        let mut stream = TcpStream::connect(world.door.local_addrs()[0])
            .await
            .unwrap();
        let get = format!(
            "GET /webrtcgateway/filetransfer/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(&body) && answer.starts_with(b"HTTP/1.1 200"));
        let head = String::from_utf8_lossy(&answer[..answer.len() - body.len()]).into_owned();
        assert!(
            head.contains("content-disposition: attachment; filename=\"my cat.jpg\""),
            "{head}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    }
}

#[tokio::test]
async fn it_is_sent_by_who_is_signed_in_there() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let path = format!("{ALICE}/{BOB}/{ID}/a.txt");
    assert_eq!(
        status(&post(&world, &path, b"x").await),
        "403",
        "nobody is there"
    );
    let unproven = world.with_account(ALICE).await;
    assert_eq!(
        status(&post(&world, &path, b"x").await),
        "403",
        "anybody can say so"
    );
    let alice = world.registered(ALICE).await;
    for wrong in [
        format!("{BOB}/{ALICE}/{ID}/a.txt"),
        format!("carol@example.org/{BOB}/{ID}/a.txt"),
    ] {
        assert_eq!(status(&post(&world, &wrong, b"x").await), "403", "{wrong}");
    }
    for wrong in [
        format!("alice/{BOB}/{ID}/a.txt"),
        format!("{ALICE}/b%20b@x/{ID}/a.txt"),
        format!("{ALICE}/{BOB}/{}/a.txt", "x".repeat(129)),
        format!("{ALICE}/{BOB}/a%0d%0ab/a.txt"),
    ] {
        assert_eq!(status(&post(&world, &wrong, b"x").await), "400", "{wrong}");
    }
    assert_eq!(status(&post(&world, &path, b"x").await), "200");
    alice.break_off();
    unproven.close().await;
    world
        .until("the account waits", |world| world.door.waiting() == 1)
        .await;
    let late = format!("{ALICE}/{BOB}/late/a.txt");
    assert_eq!(
        status(&post(&world, &late, b"x").await),
        "403",
        "only its grace is left"
    );
}

#[tokio::test]
async fn pages_of_others_send_nothing() {
    let scratch = Scratch::new();
    let world = world_with(|config| {
        config.transfers.folder = Some(scratch.0.clone());
        config.origins = vec![jackfield_door_sylkrtc::OriginPattern::new(
            "https://app.example.org",
        )];
    })
    .await;
    let _alice = world.registered(ALICE).await;
    let path = |id: &str| format!("{ALICE}/{BOB}/{id}/a.txt");
    let by = |origin: &str| format!("Origin: {origin}\r\nContent-Length: 1\r\n");
    let answer = request(
        &world,
        "POST",
        &path("1"),
        &by("https://evil.example"),
        b"x",
    )
    .await;
    assert_eq!(status(&answer), "403");
    let answer = request(
        &world,
        "POST",
        &path("1"),
        &by("https://app.example.org"),
        b"x",
    )
    .await;
    assert_eq!(status(&answer), "200");
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let _both = two(&world).await;
    let path = |id: &str| format!("{ALICE}/{BOB}/{id}/a.txt");
    assert_eq!(
        status(&post(&world, &path("1"), &vec![0; 100_001]).await),
        "413"
    );
    assert_eq!(
        status(&post(&world, &path("1"), &vec![0; 100_000]).await),
        "200"
    );
    assert_eq!(status(&post(&world, &path("1"), b"x").await), "409");
    assert_eq!(
        status(&post(&world, &path("2"), &vec![0; 60_000]).await),
        "507"
    );
    let answer = request(&world, "POST", &path("3"), "", b"").await;
    assert_eq!(status(&answer), "411");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let answer = request(&world, "POST", &path("3"), chunked, b"1\r\nx\r\n0\r\n\r\n").await;
    assert_eq!(status(&answer), "411");
    assert_eq!(scratch.transfers(), 1);
}

#[tokio::test]
async fn an_upload_is_cancelled_or_breaks_off() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let (mut alice, _bob) = two(&world).await;
    let path = format!("{ALICE}/{BOB}/{ID}/a.txt");
    for how in ["POST", "GET", "break off"] {
        let mut stream = TcpStream::connect(world.door.local_addrs()[0])
            .await
            .unwrap();
        let head = format!(
            "POST /webrtcgateway/filetransfer/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nbegin"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        world
            .until("it has begun", |_| scratch.transfers() == 1)
            .await;
        if how == "break off" {
            drop(stream);
        } else {
            let unknown = request(&world, how, "cancel/other", "Content-Length: 0\r\n", b"").await;
            assert_eq!(status(&unknown), "404");
            let cancel = format!("cancel/{ID}");
            let answer = request(&world, how, &cancel, "Content-Length: 0\r\n", b"").await;
            assert_eq!(status(&answer), "200");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(status(&answer), "410", "{answer}");
        }
        world
            .until("nothing is left of it", |_| scratch.transfers() == 0)
            .await;
    }
    alice.expect_silence().await;
    assert_eq!(status(&post(&world, &path, b"again").await), "200");
}

#[tokio::test]
async fn the_file_goes_with_its_message() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let (mut alice, mut bob) = two(&world).await;
    post(&world, &format!("{ALICE}/{BOB}/{ID}/a.txt"), b"x").await;
    let path = path_of(&bob.event("message").await);
    assert_eq!(status(&request(&world, "GET", &path, "", b"").await), "200");
    alice.event("sync").await;
    alice.event("disposition-notification").await;
    alice
        .ask(&format!(
            r#"{{"sylkrtc":"account-remove-message","account":"{ALICE}","message_id":"{ID}","contact":"{BOB}"}}"#
        ))
        .await;
    assert_eq!(status(&request(&world, "GET", &path, "", b"").await), "404");
    world
        .until("the file is deleted", |_| scratch.transfers() == 0)
        .await;
}

#[tokio::test]
async fn ids_cannot_be_tried_for_long() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let (_alice, mut bob) = two(&world).await;
    post(&world, &format!("{ALICE}/{BOB}/{ID}/a.txt"), b"x").await;
    let path = path_of(&bob.event("message").await);
    for n in 0..200 {
        let guess = path.replace(ID, &n.to_string());
        assert_eq!(
            status(&request(&world, "GET", &guess, "", b"").await),
            "404"
        );
    }
    let answer = request(&world, "GET", &path, "", b"").await;
    assert_eq!(status(&answer), "404", "it is not looked for any more");
}

#[tokio::test]
async fn a_telephone_that_takes_the_link_has_the_file() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    let mut alice = world.registered(ALICE).await;
    let refused = (415, "Unsupported Media Type");
    *world.switch.deliveries.lock().unwrap() = vec![refused, refused, (200, "OK")];
    post(&world, &format!("{ALICE}/{BOB}/1/a.txt"), b"x").await;
    alice.event("sync").await;
    alice
        .expect_event("disposition-notification", "accepted")
        .await;
    // Nobody at a telephone can read it: only web clients are asked.
    *world.switch.deliveries.lock().unwrap() = vec![refused, (200, "OK")];
    post(&world, &format!("{ALICE}/{BOB}/2/a.txt.asc"), b"x").await;
    alice.event("sync").await;
    alice
        .expect_event("disposition-notification", "failed")
        .await;
    assert_eq!(sent(&world).len(), 5);
}

#[tokio::test]
async fn preflights_are_answered() {
    let scratch = Scratch::new();
    let world = scratch.world().await;
    for path in [format!("{ALICE}/{BOB}/{ID}/a.txt"), format!("cancel/{ID}")] {
        let answer = request(&world, "OPTIONS", &path, "", b"").await;
        assert_eq!(status(&answer), "200");
        assert!(
            answer.contains("access-control-allow-headers: content-type\r\n"),
            "{answer}"
        );
    }
    let nowhere = world_with(|_| {}).await;
    let answer = post(&nowhere, &format!("{ALICE}/{BOB}/{ID}/a.txt"), b"x").await;
    assert_eq!(status(&answer), "404");
}
