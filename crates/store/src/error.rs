use std::path::PathBuf;

use crate::Place;

/// Why the store did not do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// A limit is reached.
    #[error("quota exceeded")]
    Full,
    /// The database failed, cannot be reached, is too busy or was closed; the log says how. When the connection to a
    /// server broke, the change may have been made all the same.
    #[error("storage failed")]
    Failed,
    /// What was asked for took longer than it may.
    #[error("took too long")]
    TooLong,
}

/// A statement was interrupted: `SQLITE_INTERRUPT` of SQLite, and `query_canceled` of PostgreSQL (its manual, appendix A).
const INTERRUPTED: [&str; 2] = ["9", "57014"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| INTERRUPTED.contains(&&*code)) {
            return Self::TooLong;
        }
        tracing::warn!(%error, "The store failed");
        Self::Failed
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be made, or not be written.
    #[error("{path} cannot be written: {source}")]
    Folder {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be opened, is none, or is damaged.
    #[error("{place} cannot be used: {source}")]
    Database {
        /// The database.
        place: Place,
        /// Why.
        source: sqlx::Error,
    },
    /// A later version of this server has written it.
    #[error("{place} has version {found} of the schema; this server knows up to {known}")]
    TooNew {
        /// The database.
        place: Place,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
}

/// Of PostgreSQL: it has too many connections, or is starting or stopping (its manual, appendix A).
const NOT_NOW: [&str; 4] = ["53300", "57P01", "57P02", "57P03"];

impl OpenError {
    /// Whether the database cannot be reached now, and may be there later. Whoever is there with the wrong certificate is
    /// not it, and waiting does not help.
    pub(crate) fn is_absence(&self) -> bool {
        let Self::Database { source, .. } = self else {
            return false;
        };
        match source.as_database_error().and_then(|error| error.code()) {
            Some(code) => NOT_NOW.contains(&&*code),
            // What TLS refuses is told as this kind.
            None => matches!(
                source,
                sqlx::Error::Io(error) if error.kind() != std::io::ErrorKind::InvalidData
            ),
        }
    }
}
