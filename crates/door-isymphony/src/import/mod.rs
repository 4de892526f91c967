//! What an older installation had, read from its files (event-api.md §2.2, §9).
//!
//! Of both formats names of things are known and their shape is not: readers go by the names, wherever they stand, and say
//! what they did not understand.

mod security;
mod tree;
mod version2;

pub use security::{Keystore, Security, security};
pub use tree::ReadError;
pub use version2::{ConferenceLines, ImportError, Outcome, PanelLines, Version2, version_2};

/// What was read, in words for people: nothing in them is secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// What was understood.
    pub understood: Vec<String>,
    /// What was not, or what there is nothing of ours for.
    pub left_out: Vec<String>,
}

impl Notes {
    fn took(&mut self, what: impl Into<String>) {
        self.understood.push(what.into());
    }

    fn left(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }
}
