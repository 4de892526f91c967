//! sylkrtc.md §6.3: files shared in rooms, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use api::command::video_room::LeaveVideoRoom;
use api::{BusLimits, ChannelId, ErrorKind, ObjectKind, Origin};
use jackfield_door_sylkrtc::RoomConfig;
use serde_json::json;
use support::{Client, World, http_bytes, world_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TEAM: &str = "team@videoconference.example.org";
const KEPT: &str = "kept@videoconference.example.org";

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Folder {
    fn new() -> Self {
        let name = format!("jackfield-sharing-{}", api::Uuid::from_u128(rand()));
        Self(std::env::temp_dir().join(name))
    }

    /// Every file below.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with(".lock") {
                    files.push(path);
                }
            }
        }
        files
    }
}

fn rand() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    u128::from(RandomState::new().hash_one(std::process::id()))
}

async fn sharing(folder: &Path) -> World {
    world_with(|config| {
        config.rooms.files = Some(folder.to_owned());
        config.rooms.max_file = 100_000;
        config.rooms.max_files_bytes = 250_000;
        config.rooms.max_files = 6;
        let kept = RoomConfig {
            persistent: true,
            ..RoomConfig::default()
        };
        config.rooms.rooms.insert(KEPT.to_owned(), kept);
    })
    .await
}

async fn enter(world: &World, name: &str, room: &str) -> (Client, Option<serde_json::Value>) {
    let account = format!("{name}@example.org");
    let mut client = world.registered(&account).await;
    let join = json!({
        "sylkrtc": "videoroom-join", "transaction": "j", "account": account, "session": format!("V-{name}"),
        "uri": room, "sdp": "v=0\r\n...",
    });
    client.send(&join.to_string()).await;
    client.expect_event("session-state", "progress").await;
    client.json().await;
    client.expect_event("session-state", "accepted").await;
    client.event("initial-publishers").await;
    let next = client.json().await;
    let files = (next["event"] == "file-sharing").then_some(next.clone());
    if files.is_some() {
        client.expect_event("session-state", "established").await;
    }
    (client, files)
}

async fn post(world: &World, path: &str, body: &[u8]) -> String {
    let length = body.len();
    let head = format!(
        "POST /webrtcgateway/filesharing/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let request = [head.as_bytes(), body].concat();
    http_bytes(world.door.local_addrs()[0], &request).await
}

async fn get(world: &World, path: &str) -> String {
    let request = format!(
        "GET /webrtcgateway/filesharing/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    http_bytes(world.door.local_addrs()[0], request.as_bytes()).await
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

#[tokio::test]
async fn a_file_goes_round() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (mut alice, _) = enter(&world, "alice", TEAM).await;
    let (mut bob, none) = enter(&world, "bob", TEAM).await;
    assert_eq!(none, None);
    alice.event("publishers-joined").await;
    let body: Vec<u8> = (0..48_211_u32).map(|n| (n % 251) as u8).collect();
    let answer = post(&world, &format!("{TEAM}/V-alice/plan.pdf"), &body).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(answer.ends_with("\r\n\r\nOK"));
    assert!(answer.contains("access-control-allow-origin: *\r\n"));
    let file = r#"{"filename":"plan.pdf","filesize":48211,"uploader":{"uri":"alice@example.org","display_name":"Alice"},"session":"V-alice"}"#;
    for (client, session) in [(&mut alice, "V-alice"), (&mut bob, "V-bob")] {
        client
            .expect(&format!(r#"{{"sylkrtc":"videoroom-event","session":"{session}","event":"file-sharing","files":[{file}]}}"#))
            .await;
    }
    // Bob gets it by another session, whatever the case of the room.
    let request = "GET /webrtcgateway/filesharing/Team@videoconference.example.org/V-bob/plan.pdf HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(world.door.local_addrs()[0])
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(&body));
    let head = String::from_utf8_lossy(&answer[..answer.len() - body.len()]).into_owned();
    assert!(head.contains("content-length: 48211\r\n"), "{head}");
    assert!(head.contains("content-disposition: attachment; filename=\"plan.pdf\""));
    assert!(head.contains("x-content-type-options: nosniff\r\n"));
    // A clash gets another name, and who comes later gets all in one event.
    let answer = post(&world, &format!("{TEAM}/V-bob/plan.pdf"), b"other").await;
    assert_eq!(status(&answer), "200");
    for client in [&mut alice, &mut bob] {
        let event = client.event("file-sharing").await;
        assert_eq!(event["files"][0]["filename"], "plan-1.pdf");
        assert_eq!(event["files"][0]["session"], "V-bob");
    }
    let (_carol, files) = enter(&world, "carol", TEAM).await;
    let files = files.unwrap();
    let names: Vec<&str> = files["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["filename"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["plan.pdf", "plan-1.pdf"]);
}

#[tokio::test]
async fn nothing_leads_out_of_the_folder() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (mut alice, _) = enter(&world, "alice", TEAM).await;
    for (name, kept) in [
        ("..%2F..%2F..%2Fevil.txt", "evil.txt"),
        ("%2Fetc%2Fpasswd", "passwd"),
        ("..%5C..%5Cboot.ini", "boot.ini"),
        (".bashrc", "bashrc"),
        ("a%0D%0ASet-Cookie:%20x", "a__Set-Cookie_ x"),
    ] {
        let answer = post(&world, &format!("{TEAM}/V-alice/{name}"), b"x").await;
        assert_eq!(status(&answer), "200", "{name}: {answer}");
        let event = alice.event("file-sharing").await;
        assert_eq!(event["files"][0]["filename"], kept);
    }
    assert_eq!(folder.files().len(), 5);
    std::fs::write(folder.0.join("secret"), "secret").unwrap();
    for name in [
        "..%2Fsecret",
        "..%2F..%2Fsecret",
        "secret",
        "%2Fetc%2Fpasswd",
        ".",
        "%2e%2e",
    ] {
        let answer = get(&world, &format!("{TEAM}/V-alice/{name}")).await;
        assert_eq!(status(&answer), "404", "{name}: {answer}");
    }
    // Somebody with access to the folder puts a link where a file was.
    let files = folder.files();
    let passwd = files.iter().find(|path| path.ends_with("passwd")).unwrap();
    std::fs::remove_file(passwd).unwrap();
    std::os::unix::fs::symlink(folder.0.join("secret"), passwd).unwrap();
    let answer = get(&world, &format!("{TEAM}/V-alice/passwd")).await;
    assert_eq!(status(&answer), "500", "{answer}");
}

#[tokio::test]
async fn a_live_session_of_the_room_is_needed() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (mut alice, _) = enter(&world, "alice", TEAM).await;
    let other = "other@videoconference.example.org";
    for path in [
        format!("{TEAM}/V-bob/plan.pdf"),
        format!("{other}/V-alice/plan.pdf"),
        format!("{TEAM}/%20/plan.pdf"),
    ] {
        assert_eq!(status(&post(&world, &path, b"x").await), "403", "{path}");
        assert_eq!(status(&get(&world, &path).await), "403", "{path}");
    }
    world
        .switch
        .refuse("ShareFile", ErrorKind::NotFound(ObjectKind::Member), "gone");
    let path = format!("{TEAM}/V-alice/plan.pdf");
    assert_eq!(status(&post(&world, &path, b"x").await), "403");
    world
        .switch
        .refuse("ShareFile", ErrorKind::Internal, "broken");
    assert_eq!(status(&post(&world, &path, b"x").await), "500");
    assert_eq!(status(&get(&world, &path).await), "404");
    assert!(folder.files().is_empty(), "{:?}", folder.files());
    alice.expect_silence().await;
    assert_eq!(status(&post(&world, &path, b"x").await), "200");
    alice.event("file-sharing").await;
    // Without the session there is nothing any more.
    alice
        .send(r#"{"sylkrtc":"videoroom-leave","transaction":"l","session":"V-alice"}"#)
        .await;
    alice.expect_event("session-state", "terminated").await;
    assert_eq!(status(&get(&world, &path).await), "403");
    world
        .until("the folder is empty", |_| folder.files().is_empty())
        .await;
}

#[tokio::test]
async fn sizes_are_limited() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (mut alice, _) = enter(&world, "alice", TEAM).await;
    let path = format!("{TEAM}/V-alice/big.bin");
    let address = world.door.local_addrs()[0];
    let send = |head: String| async move { http_bytes(address, head.as_bytes()).await };
    let head = |more: &str| {
        format!(
            "POST /webrtcgateway/filesharing/{TEAM}/V-alice/big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n\r\n"
        )
    };
    assert_eq!(status(&send(head("Content-Length: 100001")).await), "413");
    assert_eq!(
        status(&send(head("Content-Length: 99999999999999999999")).await),
        "400"
    );
    assert_eq!(
        status(&send(head("Transfer-Encoding: chunked") + "0\r\n\r\n").await),
        "411"
    );
    // Half of it came.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let half = head("Content-Length: 50000") + "half";
    stream.write_all(half.as_bytes()).await.unwrap();
    world
        .until("it begins", |_| folder.files().len() == 1)
        .await;
    drop(stream);
    world
        .until("it is given up", |_| folder.files().is_empty())
        .await;
    alice.expect_silence().await;
    for _ in 0..2 {
        assert_eq!(status(&post(&world, &path, &vec![0; 100_000]).await), "200");
    }
    assert_eq!(
        status(&post(&world, &path, &vec![0; 60_000]).await),
        "507",
        "too much"
    );
    for _ in 0..4 {
        assert_eq!(status(&post(&world, &path, b"").await), "200");
    }
    assert_eq!(status(&post(&world, &path, b"").await), "507", "too many");
    for _ in 0..6 {
        alice.event("file-sharing").await;
    }
    let request = format!(
        "OPTIONS /webrtcgateway/filesharing/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    let answer = http_bytes(address, request.as_bytes()).await;
    assert_eq!(status(&answer), "200");
    assert!(
        answer.contains("access-control-allow-headers: content-type\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn files_of_a_persistent_room_stay() {
    let folder = Folder::new();
    {
        let world = sharing(&folder.0).await;
        let (alice, _) = enter(&world, "alice", KEPT).await;
        let answer = post(&world, &format!("{KEPT}/V-alice/plan.pdf"), b"plan").await;
        assert_eq!(status(&answer), "200");
        alice.close().await;
        let (bob, files) = enter(&world, "bob", KEPT).await;
        assert_eq!(files.unwrap()["files"][0]["session"], "V-alice");
        bob.close().await;
        world.door.drain(Duration::from_secs(1)).await;
    }
    // Whoever had a part of the door has let go of it a moment later; only one may use the folder.
    let lock = std::fs::File::open(folder.0.join(".lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock())
        .await
        .unwrap()
        .unwrap();
    let world = sharing(&folder.0).await;
    let (_bob, files) = enter(&world, "bob", KEPT).await;
    assert_eq!(
        files.unwrap()["files"][0]["uploader"]["uri"],
        "alice@example.org"
    );
    let answer = get(&world, &format!("{KEPT}/V-bob/plan.pdf")).await;
    assert!(answer.ends_with("\r\n\r\nplan"), "{answer}");
}

#[tokio::test]
async fn without_a_folder_nothing_is_shared() {
    let world = support::world().await;
    let answer = post(&world, &format!("{TEAM}/V-alice/plan.pdf"), b"x").await;
    assert_eq!(status(&answer), "404");
}

#[tokio::test]
async fn a_file_that_is_there_is_told_even_if_its_uploader_is_gone() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (mut alice, _) = enter(&world, "alice", TEAM).await;
    // The switch is busy, and has no room for further commands.
    let gate = world.switch.hold().await;
    let asking: Vec<_> = (0..BusLimits::default().requests + 2)
        .map(|_| {
            let switch = world.switch.handle();
            let channel = ChannelId::from_text("nobody").unwrap();
            let leave = LeaveVideoRoom { channel };
            tokio::spawn(async move { switch.ask(leave, Origin::internal("test")).await })
        })
        .collect();
    let request = format!(
        "POST /webrtcgateway/filesharing/{TEAM}/V-alice/plan.pdf HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    );
    let address = world.door.local_addrs()[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    world
        .until("it is there", |_| {
            let mut files = folder.files().into_iter();
            files.any(|file| file.ends_with("plan.pdf"))
        })
        .await;
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty(), "nobody waits for it any more");
    drop(gate);
    for asked in asking {
        asked.await.unwrap().unwrap_err();
    }
    let event = alice.event("file-sharing").await;
    assert_eq!(event["files"][0]["filename"], "plan.pdf");
}

#[tokio::test]
async fn files_go_with_a_room_whose_end_was_not_told() {
    let folder = Folder::new();
    let world = sharing(&folder.0).await;
    let (_alice, _) = enter(&world, "alice", TEAM).await;
    let channel = world.switch.placed().await;
    let (_bob, _) = enter(&world, "bob", KEPT).await;
    for path in [format!("{TEAM}/V-alice/x"), format!("{KEPT}/V-bob/kept")] {
        assert_eq!(status(&post(&world, &path, b"x").await), "200");
    }
    world.switch.refuse(
        "LeaveVideoRoom",
        ErrorKind::NotFound(ObjectKind::Member),
        "",
    );
    world.switch.flood(&[channel]).await;
    world
        .until("the room's files are gone", |_| {
            !folder.files().iter().any(|file| file.ends_with("x"))
        })
        .await;
    assert!(folder.files().iter().any(|file| file.ends_with("kept")));
}
