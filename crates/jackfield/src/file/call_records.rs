//! `[call_records]`: whether and how long records of calls are kept.

use std::time::Duration;

use super::schema::count;
use super::toml_tree::Table;
use crate::call_records::CallRecords;

/// A day, in seconds.
const DAY_S: u64 = 86_400;

/// Most days anybody can ask for: a century.
const MOST_DAYS: u64 = 36_500;

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    save: Option<bool>,
    keep_days: Option<u64>,
    most: Option<usize>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let section = Section {
        save: table.boolean("save"),
        keep_days: table.number("keep_days", 1, MOST_DAYS),
        most: count(&mut table, "most", 1),
    };
    table.finish();
    section
}

/// `None`: none are kept. Otherwise the last 90 days, a million at most; in memory ten thousand.
pub(super) fn convert(section: &Section, in_memory: bool) -> Option<CallRecords> {
    let most = if in_memory { 10_000 } else { 1_000_000 };
    section.save.unwrap_or(true).then(|| CallRecords {
        keep: Duration::from_secs(section.keep_days.unwrap_or(90) * DAY_S),
        most: section.most.unwrap_or(most),
    })
}
