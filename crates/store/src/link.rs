//! Opening a connection as the store wants it.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqliteConnection, SqlitePool};

use crate::database::Database;
use crate::migration::{LATEST, migrate};
use crate::{OpenError, Place};

/// How long another process may hold a file.
const BUSY: Duration = Duration::from_secs(5);

/// How long connecting to a server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Connections beside the writer's.
const READERS: u32 = 4;

/// How many of them may be searching through texts at one time: whoever reads by an index does not wait for that.
pub(crate) const SEARCHERS: usize = 2;

/// How long whoever reads waits for one of them.
const READER_WAIT: Duration = Duration::from_secs(5);

/// The writer's connection.
pub(crate) enum Link {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Link {
    /// Connects, makes the database when there is none, and brings its schema up to date.
    pub(crate) async fn open(place: &Place) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Database {
            place: place.clone(),
            source,
        };
        if let Place::File(path) = place {
            prepare(path).map_err(|source| OpenError::Folder {
                path: path.clone(),
                source,
            })?;
        }
        let opening = async {
            let mut link = match place {
                Place::Memory | Place::File(_) => Self::Sqlite(sqlite(place).connect().await?),
                Place::Postgres(url) => {
                    let options = url.options()?.disable_statement_logging();
                    Self::Postgres(options.connect().await?)
                }
            };
            let version = migrate(&mut link.database()).await?;
            Ok((link, version))
        };
        let late = || std::io::Error::from(std::io::ErrorKind::TimedOut).into();
        let opened = match place {
            Place::Memory | Place::File(_) => opening.await,
            Place::Postgres(_) => {
                let opened = tokio::time::timeout(CONNECT, opening).await;
                opened.unwrap_or_else(|_| Err(late()))
            }
        };
        let (link, found) = opened.map_err(unusable)?;
        if found > LATEST {
            return Err(OpenError::TooNew {
                place: place.clone(),
                found,
                known: LATEST,
            });
        }
        Ok(link)
    }

    pub(crate) fn database(&mut self) -> Database<'_> {
        match self {
            Self::Sqlite(connection) => Database::Sqlite(connection),
            Self::Postgres(connection) => Database::Postgres(connection),
        }
    }

    /// Starts a transaction that writes.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let begin = match self {
            // It has the file from the start: waiting for it later could fail.
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.database().batch(begin).await
    }

    /// Whether the database answers at all.
    pub(crate) async fn is_alive(&mut self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.ping().await.is_ok(),
            Self::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }

    /// Takes leave. Nothing waits for its outcome: what was committed is there.
    pub(crate) async fn close(mut self) {
        if let Self::Sqlite(_) = self
            && let Err(error) = self.database().batch("PRAGMA optimize").await
        {
            tracing::debug!(%error, "The store was not tidied");
        }
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "The store was not closed");
        }
    }
}

/// Connections for those who read for longer than the writer may wait.
#[derive(Clone)]
pub(crate) enum Readers {
    /// What is in memory is the writer's alone.
    None,
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Readers {
    /// They connect when they are wanted.
    pub(crate) fn new(place: &Place) -> Result<Self, OpenError> {
        Ok(match place {
            Place::Memory => Self::None,
            Place::File(_) => {
                let pool = SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .acquire_timeout(READER_WAIT)
                    // The time limit of a statement nobody waited for is not that of the next one.
                    .after_release(|connection, _| {
                        Box::pin(async move {
                            connection.lock_handle().await?.remove_progress_handler();
                            Ok(true)
                        })
                    });
                Self::Sqlite(pool.connect_lazy_with(sqlite(place).pragma("query_only", "ON")))
            }
            Place::Postgres(url) => {
                let options = url.options().map_err(|source| OpenError::Database {
                    place: place.clone(),
                    source,
                })?;
                let pool = PgPoolOptions::new()
                    .max_connections(READERS)
                    .acquire_timeout(READER_WAIT);
                Self::Postgres(pool.connect_lazy_with(options.disable_statement_logging()))
            }
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::None => {}
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn sqlite(place: &Place) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .disable_statement_logging();
    match place {
        Place::File(path) => options
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full),
        Place::Memory | Place::Postgres(_) => options.in_memory(true),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// With a write-ahead log, `FULL` (2) syncs it at every commit, so that an answer is on the disk;
    /// `NORMAL` (1) only at checkpoints. <https://www.sqlite.org/pragma.html#pragma_synchronous>
    #[tokio::test]
    async fn every_commit_is_synced() {
        let name = format!("jackfield-store-sync-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut link = Link::open(&Place::File(path.clone())).await.unwrap();
        let mut database = link.database();
        let row = database.row("PRAGMA synchronous", Vec::new()).await;
        assert_eq!(row.unwrap().unwrap().int(0).unwrap(), 2);
        let row = database.row("PRAGMA journal_mode", Vec::new()).await;
        assert_eq!(&*row.unwrap().unwrap().text(0).unwrap(), "wal");
        let row = database.row("PRAGMA foreign_keys", Vec::new()).await;
        assert_eq!(row.unwrap().unwrap().int(0).unwrap(), 1);
        link.close().await;
        std::fs::remove_file(&path).unwrap();
    }
}
