//! Lengths of files, and what must not be left in them.

use anyhow::Result;

use super::Fault;
use crate::repository::Repository;

/// Above this a file is worth a look for its seam.
pub const LONG: usize = 600;

/// Above this the first comment has to say why the file is one thing.
const TOO_LONG: usize = 800;

/// The words by which such a comment is recognised.
const REASON: &str = "one file because";

/// Macros that are fine while writing and not afterwards. Spelled in halves, because this file is
/// checked too.
const LEFT_BEHIND: &[&str] = &[
    concat!("dbg", "!("),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ig", "nore"),
    concat!("unbounded_", "channel"),
];

/// Rust files with their number of lines, longest first.
#[must_use]
pub fn longest(repository: &Repository) -> Vec<(usize, String)> {
    let mut files: Vec<(usize, String)> = repository
        .files()
        .into_iter()
        .filter(super::super::repository::SourceFile::is_rust)
        .map(|file| (file.text.lines().count(), file.path))
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    files
}

/// No Rust file above 800 lines without its reason.
///
/// # Errors
/// Never; the signature is that of every check.
pub fn lengths(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in repository.files().iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        let comment: Vec<&str> = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect();
        if lines > TOO_LONG && !comment.join(" ").contains(REASON) {
            faults.push(format!(
                "{}: {lines} lines; find the seam, or say in the first comment \"{REASON} …\"",
                file.path
            ));
        }
    }
    Ok(faults)
}

/// Nothing of [`LEFT_BEHIND`] in any Rust file, tests included.
///
/// # Errors
/// Never; the signature is that of every check.
pub fn left_behind(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in repository.files().iter().filter(|file| file.is_rust()) {
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for word in LEFT_BEHIND {
                if line.contains(word) {
                    faults.push(format!("{}:{}: {word}", file.path, index + 1));
                }
            }
        }
    }
    Ok(faults)
}
