use std::path::PathBuf;

/// Why the store did not do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// A limit is reached.
    #[error("quota exceeded")]
    Full,
    /// The database failed or was closed; the log says how.
    #[error("storage failed")]
    Failed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
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
    #[error("{path} cannot be used: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A later version of this server has written it.
    #[error("{path} has version {found} of the schema; this server knows up to {known}")]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// There is no thread for it.
    #[error("the store has no thread: {0}")]
    Thread(std::io::Error),
}
