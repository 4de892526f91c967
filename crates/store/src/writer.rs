//! The thread that owns the database, and the handle everybody else has.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Error};
use tokio::sync::{mpsc, oneshot};

use crate::migration::{LATEST, migrate};
use crate::{Limits, OpenError, StoreError};

/// Jobs that may wait; whoever asks beyond waits itself.
const QUEUE: usize = 1_024;

/// Most jobs of one transaction.
const BATCH: usize = 256;

/// How long another process may hold the database.
const BUSY: Duration = Duration::from_secs(5);

/// Where the database is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In memory: gone with the server.
    Memory,
    /// In a file. Two more lie beside it while it is in use.
    File(PathBuf),
}

/// The store. Cheap to clone; the database closes with the last clone.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    pub(crate) limits: Limits,
}

/// Does something in the transaction; gives what is to be done with the outcome of the commit.
type Job = Box<dyn FnOnce(&Connection) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>)>;

impl Store {
    /// Opens the database, makes it when there is none, and brings its schema up to date. Waits for the disk.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(place: &Place, limits: Limits) -> Result<Self, OpenError> {
        let path = match place {
            Place::Memory => PathBuf::from(":memory:"),
            Place::File(path) => path.clone(),
        };
        if *place != Place::Memory {
            prepare(&path).map_err(|source| OpenError::Folder {
                path: path.clone(),
                source,
            })?;
        }
        let opened = connect(place).and_then(|mut database| {
            let version = migrate(&mut database)?;
            Ok((database, version))
        });
        let (database, found) = opened.map_err(|source| OpenError::Database {
            path: path.clone(),
            source,
        })?;
        if found > LATEST {
            let known = LATEST;
            return Err(OpenError::TooNew { path, found, known });
        }
        let (jobs, waiting) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(&database, waiting))
            .map_err(OpenError::Thread)?;
        Ok(Self { jobs, limits })
    }

    /// Has something done, and answers when it is on the disk. Once it waits for its turn it is done even if nobody
    /// waits for the answer any more.
    pub(crate) async fn perform<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (to, from) = oneshot::channel();
        let job = Box::new(move |database: &Connection| {
            let done = in_savepoint(database, work);
            let finish = move |committed: Result<(), StoreError>| {
                // Whoever asked may be gone.
                to.send(committed.and(done)).ok();
            };
            Box::new(finish) as Finish
        });
        let closed = StoreError::Failed;
        self.jobs.send(job).await.map_err(|_| closed)?;
        from.await.map_err(|_| closed)?
    }
}

/// Makes the folder, and the file for nobody else's eyes: the two beside it get the same rights.
fn prepare(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn connect(place: &Place) -> Result<Connection, Error> {
    let database = match place {
        Place::Memory => Connection::open_in_memory()?,
        Place::File(path) => Connection::open(path)?,
    };
    database.busy_timeout(BUSY)?;
    // In memory there is no such journal, and the answer says so.
    database.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    Ok(database)
}

/// A job that fails leaves nothing behind and does not disturb the others of its transaction.
fn in_savepoint<T>(
    database: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    database.execute_batch("SAVEPOINT job")?;
    let done = work(database);
    database.execute_batch(match &done {
        Ok(_) => "RELEASE job",
        Err(_) => "ROLLBACK TO job; RELEASE job",
    })?;
    done
}

fn run(database: &Connection, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        transact(database, batch);
    }
    // Nothing waits for it: the journal beside the file is as good.
    if let Err(error) = database.execute_batch("PRAGMA optimize") {
        tracing::debug!(%error, "The store was not tidied");
    }
}

/// Runs a batch in one transaction. When that fails, all of it has failed.
fn transact(database: &Connection, batch: Vec<Job>) {
    let begun = database.execute_batch("BEGIN IMMEDIATE");
    if let Err(error) = begun {
        tracing::error!(%error, "The store takes nothing");
        // Without their answers, whoever waits for them knows.
        return;
    }
    let finishes: Vec<Finish> = batch.into_iter().map(|job| job(database)).collect();
    let committed = database.execute_batch("COMMIT").map_err(|error| {
        tracing::error!(%error, "The store has lost a transaction");
        if let Err(error) = database.execute_batch("ROLLBACK") {
            tracing::debug!(%error, "There was none any more");
        }
        StoreError::Failed
    });
    for finish in finishes {
        finish(committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a write-ahead log, `FULL` (2) syncs it at every commit, so that an answer is on the disk;
    /// `NORMAL` (1) only at checkpoints. <https://www.sqlite.org/pragma.html#pragma_synchronous>
    #[test]
    fn every_commit_is_synced() {
        let name = format!("jackfield-store-sync-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        let database = connect(&Place::File(path.clone())).unwrap();
        let asked = |pragma| database.pragma_query_value(None, pragma, |row| row.get(0));
        assert_eq!(asked("synchronous"), Ok(2));
        let mode: String = database
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        drop(database);
        for end in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{end}", path.display())).ok();
        }
    }
}
