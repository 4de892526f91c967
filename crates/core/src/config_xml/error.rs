//! One complaint about a configuration file.

use std::sync::Arc;

/// Something wrong, or merely suspicious, at a place in a file. Printed as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ConfigError {
    /// Path of the file as it was named when it was read.
    pub file: Arc<str>,
    /// Line, counted from 1. 0 when the file could not be read at all.
    pub line: u32,
    /// Column in characters, counted from 1. 0 when the file could not be read at all.
    pub column: u32,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
}
