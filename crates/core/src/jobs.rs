//! Jobs the shell does for channels, and which of them are not done yet.

use std::collections::BTreeSet;

/// Jobs of one kind that are under way.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    last: u64,
    pending: BTreeSet<u64>,
}

impl Jobs {
    /// A number for one more, unless `most` are under way.
    pub(crate) fn begin(&mut self, most: usize) -> Option<u64> {
        if self.pending.len() >= most {
            return None;
        }
        self.last += 1;
        self.pending.insert(self.last);
        Some(self.last)
    }

    pub(crate) fn is_done(&self, number: u64) -> bool {
        !self.pending.contains(&number)
    }

    /// Whether it was under way until now.
    pub(crate) fn end(&mut self, number: u64) -> bool {
        self.pending.remove(&number)
    }
}
