//! The file being copied, and where in it the copying stands.

use std::path::PathBuf;

use crate::config_xml::Origin;

/// The file being copied.
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) number: usize,
    /// Copied up to this byte.
    pub(super) done: usize,
    /// Line and column of byte `counted`; moved on by [`Source::here`].
    pub(super) counted: usize,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Source<'_> {
    /// Line and column of byte `at`, which never lies before an earlier question.
    pub(super) fn here(&mut self, at: usize) -> (u32, u32) {
        for c in self.text.get(self.counted..at).unwrap_or_default().chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.counted = self.counted.max(at);
        (self.line, self.column)
    }

    pub(super) fn origin(&mut self, at: usize) -> Origin {
        let (line, column) = self.here(at);
        Origin {
            file: self.name.as_str().into(),
            line,
            column,
        }
    }
}
