//! What was answered is still there when the server is killed at any moment.
//!
//! Killing a process takes nothing away that it has handed to the kernel, so these tests see an answer that comes before
//! its commit, and not one that comes before its `fsync`: that the database syncs each commit is asserted where it is
//! opened.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jackfield_store::{After, Entry, Limits, OpenError, Owner, Place, Store};

/// Says where the child writes.
const WRITE_INTO: &str = "JACKFIELD_STORE_TEST";

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

fn open(path: &Path) -> Store {
    Store::open(&Place::File(path.to_owned()), LIMITS).unwrap()
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
    let Some(path) = std::env::var_os(WRITE_INTO) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let store = open(Path::new(&path));
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let store = store.clone();
            runtime.spawn(async move {
                let account = format!("a{}@example.org", writer % 4);
                store.open_account(&account, Owner::Ours).await.unwrap();
                for number in 0.. {
                    let id = format!("{writer}-{number}");
                    store.append(&account, number, entry(&id)).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "done {account} {id}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
}

#[tokio::test]
async fn nothing_answered_is_lost_when_the_server_is_killed() {
    let folder = Folder::new("kill");
    let path = folder.database();
    for (round, until) in [37, 210, 523].into_iter().enumerate() {
        std::fs::remove_dir_all(&folder.0).ok();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(WRITE_INTO, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut answered = HashSet::new();
        let mut hear = |line: String| {
            // A test's name may stand before the first one.
            if let Some((_, told)) = line.split_once("done ") {
                let (account, id) = told.split_once(' ').unwrap();
                answered.insert((account.to_owned(), id.to_owned()));
            }
            answered.len()
        };
        while hear(lines.next().unwrap().unwrap()) < until {}
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            hear(line);
        }
        child.wait().unwrap();
        let store = open(&path);
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
        // The last line may have been cut.
        assert!(answered.len() <= 1, "round {round}: {answered:?} were lost");
        for (account, id) in answered {
            let journal = store
                .journal(&account, After::Beginning, 100_000)
                .await
                .unwrap();
            assert!(
                journal
                    .iter()
                    .any(|entry| entry.message_id.starts_with(&id)),
                "{id} was lost"
            );
        }
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = Folder::new("restart");
    let path = folder.database();
    let store = open(&path);
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
    drop(store);
    let store = open(&path);
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
    let error = Store::open(&place, LIMITS).err().unwrap();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    let below = Place::File(path.join("below/store.db"));
    let error = Store::open(&below, LIMITS).err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}
