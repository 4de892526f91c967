//! FreeSWITCH-style XML configuration: many files become one text, one text becomes a tree, the tree becomes
//! a dialplan, a directory and the settings of modules.
//!
//! Nothing here touches a disk. [`Files`] is what the caller lends us to read with; [`TextFiles`] is the same
//! thing held in memory, used by the built-in configuration and by tests.
//!
//! Errors are collected, never only the first, and every one of them names the file, line and column that a
//! person typed, not the place in the joined text.

mod built_in;
mod complaints;
mod configuration;
mod document;
mod error;
mod files;
mod globals;
mod origin;
mod preprocess;
mod scan;

pub use built_in::{BUILT_IN_ROOT, built_in};
pub(crate) use complaints::Complaints;
pub use configuration::{Configuration, ModuleXml};
pub use document::Tree;
pub(crate) use document::elements;
pub use error::ConfigError;

pub use files::{Files, TextFiles, glob_matches};
pub use globals::Globals;
pub use origin::{Origin, Origins};
pub use preprocess::{Expanded, MAX_INCLUDE_DEPTH, MAX_TEXT, preprocess};

/// Runs the whole loading path over untrusted bytes: one root file that may include itself and one other file.
/// Bounded by [`MAX_TEXT`] and [`MAX_INCLUDE_DEPTH`]; never panics.
pub fn fuzz_entry(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut files = TextFiles::new();
    files.insert("/c/freeswitch.xml", text.as_ref());
    files.insert(
        "/c/other/part.xml",
        "<include><context name=\"a\"/></include>",
    );
    match Configuration::load(&files, "/c/freeswitch.xml".as_ref(), Globals::new()) {
        Ok(loaded) => drop(loaded),
        Err(errors) => assert!(!errors.is_empty(), "a refusal names at least one reason"),
    }
}
