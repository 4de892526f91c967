//! `[door.sylkrtc.transfers]`: files that accounts send each other.

use std::path::Path;

use door_sylkrtc::TransfersConfig;

use super::schema::count;
use super::toml_tree::Table;

/// Most days files can be kept: ten years.
const MOST_DAYS: u64 = 3_650;

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    enabled: Option<bool>,
    max_file: Option<usize>,
    max_bytes: Option<usize>,
    max_bytes_per_sender: Option<usize>,
    max_files: Option<usize>,
    expire_days: Option<u64>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let section = Section {
        enabled: table.boolean("enabled"),
        max_file: table.bytes("max_file"),
        max_bytes: table.bytes("max_bytes"),
        max_bytes_per_sender: table.bytes("max_bytes_per_sender"),
        max_files: count(&mut table, "max_files", 1),
        expire_days: table.number("expire_days", 1, MOST_DAYS),
    };
    table.finish();
    section
}

impl Section {
    /// Puts it over what an imported file has said; files go below the folder given.
    pub(super) fn overlay(self, config: &mut TransfersConfig, state: &Path) {
        let usual = || Some(state.join("file_transfers"));
        config.folder = match self.enabled {
            Some(false) => None,
            Some(true) | None => config.folder.take().or_else(usual),
        };
        let bytes = |given: Option<usize>, or: u64| given.map_or(or, |bytes| bytes as u64);
        config.max_file = bytes(self.max_file, config.max_file);
        config.max_bytes = bytes(self.max_bytes, config.max_bytes);
        config.max_bytes_per_sender = bytes(self.max_bytes_per_sender, config.max_bytes_per_sender);
        config.max_files = self.max_files.unwrap_or(config.max_files);
        let days = self.expire_days.and_then(|days| u32::try_from(days).ok());
        config.expire_days = days.unwrap_or(config.expire_days);
    }
}
