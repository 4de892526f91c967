//! Something wrong, or worth knowing, at a place in a file.

use std::fmt;
use std::sync::Arc;

use switch_core::config_xml::{ConfigError, Origin};

/// Printed as `file:line:column: what`, which editors and terminals turn into links.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Problem {
    pub(crate) file: Arc<str>,
    /// From 1; 0 when it is about the whole file.
    pub(crate) line: u32,
    /// From 1; 0 when it is about the whole line.
    pub(crate) column: u32,
    pub(crate) what: String,
}

impl Problem {
    /// About a whole file.
    pub(crate) fn of_file(file: impl Into<Arc<str>>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            what: what.into(),
        }
    }

    /// At a place in an XML file.
    pub(crate) fn at(origin: Origin, what: impl Into<String>) -> Self {
        Self {
            file: origin.file,
            line: origin.line,
            column: origin.column,
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        Self {
            file: error.file,
            line: error.line,
            column: error.column,
            what: error.message,
        }
    }
}
