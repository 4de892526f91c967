//! `[events.log]`: whether, where and how long events are kept on disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::quantity;
use super::toml_tree::Table;

/// Kept unless the file says otherwise.
const MAX_BYTES: usize = 256 << 20;
const MAX_AGE: Duration = Duration::from_secs(86_400);
const SYNC: Duration = Duration::from_secs(1);

/// The folder below `paths.state`.
const FOLDER: &str = "events";

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    save: Option<bool>,
    path: Option<PathBuf>,
    max_bytes: Option<usize>,
    max_age: Option<Duration>,
    sync: Option<Duration>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let enough = "a size of at least \"1 MiB\"";
    let some_time = "a duration above nothing, as \"24h\"";
    let section = Section {
        save: table.boolean("save"),
        path: table.path("path"),
        max_bytes: table
            .parsed("max_bytes", enough, |text| {
                quantity::bytes(text)
                    .filter(|bytes| *bytes as u64 >= eventlog::Settings::LEAST_BYTES)
            })
            .map(|at| at.value),
        max_age: table
            .parsed("max_age", some_time, |text| {
                quantity::duration(text).filter(|age| !age.is_zero())
            })
            .map(|at| at.value),
        sync: table.duration("sync"),
    };
    table.finish();
    section
}

/// `None`: none are kept. Relative paths begin at `folder`; without one it is below `state`.
pub(super) fn convert(
    section: &Section,
    folder: &Path,
    state: &Path,
) -> Option<eventlog::Settings> {
    let path = section.path.as_ref().map(|path| folder.join(path));
    section.save.unwrap_or(false).then(|| eventlog::Settings {
        folder: path.unwrap_or_else(|| state.join(FOLDER)),
        max_bytes: section.max_bytes.unwrap_or(MAX_BYTES) as u64,
        max_age: section.max_age.unwrap_or(MAX_AGE),
        sync: section.sync.unwrap_or(SYNC),
    })
}
