//! What was answered is still there when the server is killed at any moment.
//!
//! Killing a process takes nothing away that it has handed to the kernel, so these tests see an answer that comes before
//! its commit, and not one that comes before its `fsync`: that the database syncs each commit is asserted where it is
//! opened. What is handed to PostgreSQL is that server's: `database_killed.rs` kills that one.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jackfield_store::{
    After, Entry, Limits, NewObject, ObjectLimits, ObjectName, OpenError, Owner, Place, Store,
    Unique,
};
use support::{own_server, place_of};

/// Says where the child writes.
const WRITE_INTO: &str = "JACKFIELD_STORE_TEST";

/// Which of the two children it is.
const WRITE_WHAT: &str = "JACKFIELD_STORE_TEST_WHAT";

const LIMITS: Limits = Limits {
    accounts: 100,
    foreign_accounts: 2,
    entries: 100_000,
    bytes: 1 << 30,
    items: 100,
    devices: 3,
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("jackfield-store-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn database(&self) -> PathBuf {
        self.0.join("deep/store.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn open(path: &Path) -> Store {
    open_at(&path.display().to_string()).await
}

/// `place` is the path of a file, or the address of a database.
async fn open_at(place: &str) -> Store {
    let place = if place.starts_with("postgres://") {
        place_of(place)
    } else {
        Place::File(place.into())
    };
    Store::open(&place, LIMITS).await.unwrap()
}

fn entry(id: &str) -> Entry {
    Entry {
        contact: "bob@example.net".into(),
        contact_key: "bob@example.net".into(),
        timestamp: "2026-03-01T09:15:30.120000+00:00".into(),
        wanted: vec!["display".to_owned()],
        message_id: id.into(),
        content_type: "text/plain".into(),
        content: "x".repeat(300).into(),
        direction: "incoming".to_owned(),
        state: None,
    }
}

/// Not a test of its own: the process that is killed. Sixteen writers say what was answered to them.
#[test]
fn child() {
    let Ok(place) = std::env::var(WRITE_INTO) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let store = runtime.block_on(open_at(&place));
    let objects = std::env::var(WRITE_WHAT).is_ok_and(|what| what == "objects");
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let store = store.clone();
            runtime.spawn(async move {
                if objects {
                    write_objects(store, writer).await;
                } else {
                    write_journal(store, writer).await;
                }
            })
        })
        .collect();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
}

async fn write_journal(store: Store, writer: u32) {
    let account = format!("a{}@example.org", writer % 4);
    store.open_account(&account, Owner::Ours).await.unwrap();
    for number in 0.. {
        let id = format!("{writer}-{number}");
        store.append(&account, number, entry(&id)).await.unwrap();
        say(&format!("{account} {id}"));
    }
}

/// Makes objects, changes every second one, and removes every third.
async fn write_objects(store: Store, writer: u32) {
    let objects = store.objects("panel", ObjectLimits::default());
    for number in 0_u64.. {
        let id = format!("{writer}-{number}");
        let name = ObjectName::new("extension", id.as_str());
        let unique = |value: &str| {
            vec![Unique {
                member: "number".into(),
                scope: "k".into(),
                value: value.into(),
            }]
        };
        let new = NewObject {
            name: name.clone(),
            parent: None,
            unique: unique(&id),
            json: "\"new\"".into(),
        };
        objects.put_new(new).await.unwrap();
        say(&format!("new {id}"));
        if number.is_multiple_of(2) {
            let changed = unique(&format!("changed {id}"));
            objects
                .replace(&name, "\"changed\"".into(), changed)
                .await
                .unwrap();
            say(&format!("changed {id}"));
        }
        if number.is_multiple_of(3) {
            assert_eq!(objects.remove(&name).await.unwrap(), [name]);
            say(&format!("removed {id}"));
        }
    }
}

/// Says that something was acknowledged.
fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "done {what}").unwrap();
    out.flush().unwrap();
}

/// Starts a child, lets it say `until` different things, kills it, and gives all that it said.
fn killed_after(place: &str, what: &str, until: usize) -> Vec<(String, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(WRITE_INTO, place)
        .env(WRITE_WHAT, what)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    let mut line = String::new();
    // A line that was cut was not said.
    while out.read_line(&mut line).unwrap_or(0) > 0 && line.ends_with('\n') {
        // A test's name may stand before the first one.
        if let Some((_, told)) = line.trim_end().split_once("done ") {
            let (one, other) = told.split_once(' ').unwrap();
            said.push((one.to_owned(), other.to_owned()));
        }
        line.clear();
        if said.len() == until {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(said.len() >= until, "it ended by itself");
    said
}

/// How often the server is killed in the middle of it, each time later.
const ROUNDS: usize = 20;

#[tokio::test]
async fn every_object_is_as_it_was_answered_when_the_server_is_killed() {
    let folder = Folder::new("kill-objects");
    let path = folder.database();
    for round in 0..ROUNDS {
        // The children start with the same names again.
        std::fs::remove_dir_all(&folder.0).ok();
        objects_of_a_killed_server(&path.display().to_string(), round).await;
    }
}

#[tokio::test]
async fn every_object_is_as_it_was_answered_when_a_server_with_postgresql_is_killed() {
    let Some(server) = own_server("kill-objects") else {
        return;
    };
    for round in 0..ROUNDS {
        objects_of_a_killed_server(&server.url(&server.new_database()), round).await;
    }
}

async fn objects_of_a_killed_server(place: &str, round: usize) {
    let said = killed_after(place, "objects", 20 + 37 * round);
    let store = open_at(place).await;
    let objects = store.objects("panel", ObjectLimits::default());
    let mut there = HashMap::new();
    let mut loading = objects.load_all().await.unwrap();
    while let Some(object) = loading.next().await {
        let object = object.unwrap();
        there.insert(object.name.id.to_string(), object.json.to_string());
    }
    let mut last = HashMap::new();
    for (what, id) in &said {
        last.insert(id, what.as_str());
    }
    for (id, what) in last {
        let number: u64 = id.split_once('-').unwrap().1.parse().unwrap();
        let found = there.get(id).map(String::as_str);
        // What comes next may have been done, without its answer having been heard.
        let may_change = what == "new" && number.is_multiple_of(2);
        let may_go = number.is_multiple_of(3) && !may_change;
        let is_right = match (what, found) {
            ("removed", found) => found.is_none(),
            (_, None) => may_go,
            ("new", Some(json)) => json == "\"new\"" || (may_change && json == "\"changed\""),
            (_, Some(json)) => json == "\"changed\"",
        };
        assert!(is_right, "round {round}: {id} was {what} and is {found:?}");
    }
    drop(loading);
    store.close().await;
}

#[tokio::test]
async fn nothing_answered_is_lost_when_the_server_is_killed() {
    let folder = Folder::new("kill");
    let path = folder.database();
    for until in [37, 210, 523] {
        std::fs::remove_dir_all(&folder.0).ok();
        journal_of_a_killed_server(&path.display().to_string(), until).await;
    }
}

#[tokio::test]
async fn nothing_answered_is_lost_when_a_server_with_postgresql_is_killed() {
    let Some(server) = own_server("kill") else {
        return;
    };
    for until in [37, 210, 523] {
        journal_of_a_killed_server(&server.url(&server.new_database()), until).await;
    }
}

async fn journal_of_a_killed_server(place: &str, until: usize) {
    let said = killed_after(place, "journal", until);
    let mut answered: HashSet<_> = said.into_iter().collect();
    let store = open_at(place).await;
    for account in 0..4 {
        let account = format!("a{account}@example.org");
        let journal = store
            .journal(&account, After::Beginning, 100_000)
            .await
            .unwrap();
        for entry in &journal {
            answered.remove(&(account.clone(), entry.message_id.to_string()));
        }
        assert!(journal.len() > 1);
    }
    assert!(answered.is_empty(), "after {until}: {answered:?} were lost");
    store.close().await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = Folder::new("restart");
    let path = folder.database();
    let store = open(&path).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "messages are nobody else's business");
    }
    store.open_account("a@b", Owner::Ours).await.unwrap();
    store.append("a@b", 5, entry("1")).await.unwrap();
    store.append("a@b", 5, entry("2")).await.unwrap();
    store.set_public_key("a@b", "key".into()).await.unwrap();
    store
        .put_item("a@b", "contact", "c1", "{}".to_owned())
        .await
        .unwrap();
    store.close().await;
    let store = open(&path).await;
    let journal = store.journal("a@b", After::Beginning, 10).await.unwrap();
    assert_eq!(journal, [entry("1"), entry("2")]);
    assert_eq!(
        store
            .journal("a@b", After::Time(5), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        store.public_key("a@b").await.unwrap().as_deref(),
        Some("key")
    );
    assert_eq!(
        store.address_book("a@b").await.unwrap(),
        [("contact".to_owned(), "{}".to_owned())]
    );
    assert!(store.knows("a@b").await.unwrap() && !store.knows("c@d").await.unwrap());
}

#[tokio::test]
async fn what_is_no_database_is_said() {
    let folder = Folder::new("wrong");
    let path = folder.database();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(
        &path,
        "this is no database at all, but long enough to look like one".repeat(20),
    )
    .unwrap();
    let place = Place::File(path.clone());
    let error = Store::open(&place, LIMITS).await.err().unwrap();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    let below = Place::File(path.join("below/store.db"));
    let error = Store::open(&below, LIMITS).await.err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}
