//! What accounts leave behind is there again after a restart (sylkrtc.md §3.3, §3.4).

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use api::Command;
use api::command::message::AnswerMessage;
use api::event::MessageEvent;
use api::id::MessageId;
use jackfield_door_sylkrtc::StorePlace;
use serde_json::json;
use sqlx::ConnectOptions;
use support::{World, letter, world_with};

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.net";

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("jackfield-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn database(&self) -> PathBuf {
        self.0.join("store.db")
    }

    /// From now on the disk refuses something.
    fn fails(&self, what: &str, whose: &str) {
        self.ask(format!(
            "CREATE TRIGGER broken BEFORE {what} ON journal
             WHEN NEW.account = (SELECT id FROM account WHERE name = '{whose}')
             BEGIN SELECT RAISE(ABORT, 'broken'); END"
        ));
    }

    /// How many entries with that content there are.
    fn entries(&self, content: &str) -> usize {
        let those = format!("SELECT id FROM journal WHERE content = '{content}'");
        self.ask(those)
    }

    /// Another program's look at the database, on a thread of its own; gives the number of rows.
    fn ask(&self, sql: String) -> usize {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.database());
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut database = options.connect().await.unwrap();
                let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                let rows = sql.fetch_all(&mut database).await.unwrap();
                rows.len()
            })
        });
        asked.join().unwrap()
    }
}

async fn kept(folder: &Folder) -> World {
    let place = store::Place::File(folder.database());
    let store = store::Store::open(&place, store::Limits::default()).await;
    let store = store.unwrap();
    world_with(|config| config.store_place = StorePlace::Server(store)).await
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_was_acknowledged() {
    let folder = Folder::new("durable");
    {
        let world = kept(&folder).await;
        let mut alice = world.registered("alice@example.org").await;
        for (id, content, content_type) in [
            ("m1", "Lunch?", "text/plain"),
            ("k1", "-----BEGIN PGP", "text/pgp-public-key"),
        ] {
            let message = json!({
                "sylkrtc": "account-message", "transaction": id, "account": "alice@example.org",
                "uri": "bob@example.net", "message_id": id, "content": content, "content_type": content_type,
                "timestamp": "2026-03-01T09:15:30.120Z",
            });
            alice.send(&message.to_string()).await;
            alice
                .expect(&format!(r#"{{"sylkrtc":"ack","transaction":"{id}"}}"#))
                .await;
            alice.event("disposition-notification").await;
        }
        let contact = json!({
            "sylkrtc": "account-update-addressbook", "transaction": "b", "account": "alice@example.org",
            "action": "add", "type": "contact",
            "data": {"id": "c1", "name": "Bob", "uris": [{"id": "u1", "uri": "bob@example.net", "type": "SIP"}]},
        });
        alice.send(&contact.to_string()).await;
        alice.expect(r#"{"sylkrtc":"ack","transaction":"b"}"#).await;
        alice.event("addressbook-updated").await;
        world.door.drain(Duration::from_secs(1)).await;
    }
    let world = kept(&folder).await;
    // Phones may write to her before she is back.
    assert_eq!(world.switch.was_asked("KeepMessages"), 1);
    let mut alice = world.registered("alice@example.org").await;
    alice
        .ask(r#"{"sylkrtc":"account-sync-conversations","account":"alice@example.org"}"#)
        .await;
    let journal = alice.event("sync-conversations").await;
    let first = &journal["messages"][0];
    assert_eq!(
        (&first["message_id"], &first["content"]),
        (&json!("m1"), &json!("Lunch?"))
    );
    assert_eq!(first["state"], "accepted");
    alice
        .ask(r#"{"sylkrtc":"account-fetch-addressbook","account":"alice@example.org"}"#)
        .await;
    let book = alice.event("addressbook-fetched").await;
    assert_eq!(
        book["addressbook"]["contacts"][0]["uris"][0]["uri"],
        "bob@example.net"
    );
    let key = r#"{"sylkrtc":"lookup-public-key","transaction":"k","uri":"alice@example.org"}"#;
    alice.send(key).await;
    assert_eq!(alice.json().await["public_key"], "-----BEGIN PGP");
}

/// The status for a telephone that writes to an account that is away.
async fn answer(world: &World, number: u64, to: &str, content: &str) -> u16 {
    let awaited = MessageEvent {
        awaited: Some(MessageId(number)),
        ..letter(ALICE, to, "text/plain", content)
    };
    world.switch.write(awaited).await;
    let answer = || {
        world.switch.last(|command| match command {
            Command::AnswerMessage(AnswerMessage { message, code }) if message.0 == number => {
                Some(*code)
            }
            _ => None,
        })
    };
    world.until("it is answered", |_| answer().is_some()).await;
    answer().unwrap()
}

#[tokio::test]
async fn a_message_is_accepted_when_it_is_on_the_disk() {
    let folder = Folder::new("accepted");
    let world = kept(&folder).await;
    world.registered(BOB).await.close().await;
    assert_eq!(answer(&world, 1, BOB, "Lunch?").await, 202);
    assert_eq!(folder.entries("Lunch?"), 1);
    assert_eq!(answer(&world, 2, "carol@example.net", "Lunch?").await, 480);
    folder.fails("INSERT", BOB);
    assert_eq!(answer(&world, 3, BOB, "Dinner?").await, 500);
    assert_eq!(folder.entries("Dinner?"), 0);
}

#[tokio::test]
async fn a_journal_that_fails_is_only_its_owners_loss() {
    let folder = Folder::new("fails");
    let world = kept(&folder).await;
    let mut alice = world.registered(ALICE).await;
    let mut bob = world.registered(BOB).await;
    folder.fails("INSERT", ALICE);
    let sent = letter(ALICE, BOB, "text/plain", "from my desk");
    world.switch.write(sent).await;
    assert_eq!(bob.event("message").await["content"], "from my desk");
    world
        .until("it is in Bob's journal", |_| {
            folder.entries("from my desk") == 1
        })
        .await;
    alice.expect_silence().await;
}

#[tokio::test]
async fn how_a_message_went_is_told_when_it_cannot_be_kept() {
    let folder = Folder::new("told");
    let world = kept(&folder).await;
    let mut alice = world.registered(ALICE).await;
    folder.fails("UPDATE OF state", ALICE);
    let message = json!({
        "sylkrtc": "account-message", "account": ALICE, "uri": BOB, "message_id": "m1", "content": "x",
        "content_type": "text/plain", "timestamp": "2026-03-01T09:15:30.120Z",
    });
    alice.ask(&message.to_string()).await;
    alice
        .expect_event("disposition-notification", "accepted")
        .await;
    let report = "<?xml version=\"1.0\"?><imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>m1</message-id>\
        <datetime>2026-03-01T09:15:30Z</datetime><display-notification><status><displayed/></status>\
        </display-notification></imdn>";
    let report = letter(BOB, ALICE, "message/imdn+xml", report);
    world.switch.write(report).await;
    alice
        .expect_event("disposition-notification", "displayed")
        .await;
}
