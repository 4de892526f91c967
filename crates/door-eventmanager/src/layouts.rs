//! The file of room layouts (event-manager.md §9.2).

mod read;

use std::path::Path;

use api::id::LayoutId;
use api::spatial::Layout;
use serde_json::value::RawValue;

use crate::import::read_bounded;
use crate::wire::{LayoutMember, Members, Object};

/// Bytes of the largest file that is read.
const MAX_FILE: u64 = 4 << 20;
/// Layouts of one file.
const MAX_LAYOUTS: usize = 1000;

/// Members of replies, which members of a file must not look like.
const RESERVED: [&str; 7] = [
    "Status",
    "Error",
    "Error Code",
    "Error Description",
    "Request",
    "value",
    "Event",
];

/// A file of layouts that was read.
#[derive(Clone, Debug)]
pub struct LayoutFile {
    members: Vec<(String, Box<RawValue>)>,
    layouts: Vec<Layout>,
    usual: LayoutId,
}

/// Why a file of layouts cannot be used: one line with place and reason.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LayoutFileError(String);

impl LayoutFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`LayoutFileError`].
    pub fn read(path: &Path) -> Result<Self, LayoutFileError> {
        let said = |why: String| LayoutFileError(format!("{}: {why}", path.display()));
        let text = read_bounded(path, MAX_FILE).map_err(said)?;
        Self::parse(&text).map_err(|error| said(error.0))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`LayoutFileError`], with the place inside the text.
    pub fn parse(text: &str) -> Result<Self, LayoutFileError> {
        let members = Members::read(text).map_err(one_line)?;
        let (layouts, usual) = read::layouts(&members, MAX_LAYOUTS).map_err(one_line)?;
        let repeated = members
            .iter()
            .filter(|(name, _)| !RESERVED.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            members: repeated.collect(),
            layouts,
            usual,
        })
    }

    /// The layouts in order.
    pub fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    /// The layout of new rooms.
    pub fn usual(&self) -> LayoutId {
        self.usual
    }

    /// Its members as they stand in the file.
    pub(crate) fn repeat(&self) -> Object {
        let mut object = Object::new();
        for (name, value) in &self.members {
            object.add_raw(name, value);
        }
        object
    }
}

/// Names in the file may hold anything.
fn one_line(why: String) -> LayoutFileError {
    LayoutFileError(why.replace(char::is_control, " "))
}

/// What the file would be that has these layouts.
pub(crate) fn as_file<'a>(layouts: impl Iterator<Item = &'a Layout>, usual: &Layout) -> Object {
    let mut list = Object::new();
    for layout in layouts {
        list.add(&layout.name, LayoutMember::from(layout));
    }
    let mut file = Object::new().with("default", &*usual.name);
    file.add_text("room_list", &list.print());
    file
}

#[cfg(test)]
mod tests;
