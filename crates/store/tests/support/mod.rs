//! A store of each sort, empty.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "every test file uses its own part"
)]
#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod postgres;

use std::path::PathBuf;
use std::sync::LazyLock;

use jackfield_store::{Limits, Place, Store};
pub use postgres::{Certificate, Postgres, place_of};

pub const LIMITS: Limits = Limits {
    accounts: 100,
    foreign_accounts: 5,
    entries: 100,
    bytes: 1 << 20,
    items: 100,
    devices: 3,
};

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let name = format!("jackfield-store-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A store, and what it needs while it is used.
pub struct Kept {
    pub store: Store,
    pub place: Place,
    _folder: Option<Folder>,
}

/// An empty store of each sort: in memory, in a file, and in PostgreSQL where that is installed.
pub async fn kept(test: &str) -> Vec<Kept> {
    let folder = Folder::new(test);
    let file = Place::File(folder.database());
    let mut all = vec![of(Place::Memory, None).await, of(file, Some(folder)).await];
    if let Some(server) = &*SHARED {
        all.push(of(server.database(), None).await);
    }
    all
}

async fn of(place: Place, folder: Option<Folder>) -> Kept {
    Kept {
        store: open(&place).await,
        place,
        _folder: folder,
    }
}

/// The server all tests of a file share.
static SHARED: LazyLock<Option<Postgres>> = LazyLock::new(|| own_server("shared"));

/// A server of the test's own; none where PostgreSQL is not installed, unless `cargo xtask test` says that it is.
pub fn own_server(test: &str) -> Option<Postgres> {
    installed().map(|programs| Postgres::start(test, programs))
}

/// The same with TLS.
pub fn own_server_with_tls(test: &str, certificate: &Certificate) -> Option<Postgres> {
    installed().map(|programs| Postgres::start_with_tls(test, programs, certificate))
}

fn installed() -> Option<PathBuf> {
    let programs = postgres::programs();
    if programs.is_none() {
        let must = std::env::var_os("JACKFIELD_TEST_POSTGRES").is_some();
        assert!(
            !must,
            "PostgreSQL is not installed: apt-get install postgresql"
        );
        eprintln!("PostgreSQL is not installed, so nothing is tested with it");
    }
    programs
}

pub async fn open(place: &Place) -> Store {
    Store::open(place, LIMITS).await.unwrap()
}
