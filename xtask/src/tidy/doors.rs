//! Every door has the same anatomy, so that who knows one door knows them all.

use std::fs;

use anyhow::{Context, Result};

use super::Fault;
use crate::repository::Repository;

/// Modules of every door.
const ANATOMY: &[&str] = &["config", "start", "session", "events", "commands", "error"];

/// The door whose wire format is a crate of its own, because a backend speaks it too.
const WIRE_ELSEWHERE: &str = "door-esl";

/// Each `crates/door-*` has the modules of [`ANATOMY`] and its wire types in `wire`.
///
/// # Errors
/// When the folder of crates cannot be read.
pub fn anatomy(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for entry in fs::read_dir(repository.at("crates")).context("reading crates/")? {
        let folder = entry.context("reading crates/")?.file_name();
        let door = folder.to_string_lossy();
        if !door.starts_with("door-") {
            continue;
        }
        let has = |module: &str| {
            let source = repository.at("crates").join(&folder).join("src");
            source.join(format!("{module}.rs")).is_file()
                || source.join(module).join("mod.rs").is_file()
        };
        for module in ANATOMY {
            if !has(module) {
                faults.push(format!("crates/{door} has no module \"{module}\""));
            }
        }
        if door != WIRE_ELSEWHERE && !has("wire") {
            faults.push(format!("crates/{door} has no module \"wire\""));
        }
    }
    Ok(faults)
}
