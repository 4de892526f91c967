//! The protocol page lists what the source has: no command is missing, none is promised in vain.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::Fault;
use crate::repository::Repository;

const PAGE: &str = "docs/protocols/event-socket.md";

/// The page's lists of console commands and applications are those of the source.
///
/// # Errors
/// When a file cannot be read.
pub fn event_socket(repository: &Repository) -> Result<Vec<Fault>> {
    let page = read(repository, PAGE)?;
    let commands = read(repository, "crates/esl/src/console/table.rs")?;
    let applications = read(repository, "crates/core/src/script/app/table.rs")?;
    let commands: BTreeSet<String> = commands
        .lines()
        .filter(|line| line.contains("=>"))
        .filter_map(|line| line.trim_start().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .collect();
    let applications: BTreeSet<String> = applications
        .split_once("TABLE: &[Entry]")
        .and_then(|(_, rest)| rest.split_once("];"))
        .context("the applications stand in a table")?
        .0
        .split('(')
        .skip(1)
        .filter_map(|entry| entry.trim_start().strip_prefix('"')?.split('"').next())
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect();
    let mut faults = Vec::new();
    for (heading, have) in [
        ("## Console commands", commands),
        ("## Applications", applications),
    ] {
        let listed = listed(&page, heading)?;
        if have.is_empty() {
            faults.push(format!("{heading}: nothing was found in the source"));
        }
        for name in have.difference(&listed) {
            faults.push(format!("{PAGE}, {heading}: `{name}` is missing"));
        }
        for name in listed.difference(&have) {
            faults.push(format!("{PAGE}, {heading}: `{name}` does not exist"));
        }
    }
    Ok(faults)
}

fn read(repository: &Repository, path: &str) -> Result<String> {
    fs::read_to_string(repository.at(path)).with_context(|| format!("reading {path}"))
}

/// Names in backticks in the lists under a heading; running text below a list is not one.
fn listed(page: &str, heading: &str) -> Result<BTreeSet<String>> {
    let section = page
        .split_once(heading)
        .with_context(|| format!("{PAGE} has the heading {heading}"))?
        .1;
    let section = section.split("\n## ").next().unwrap_or_default();
    Ok(section
        .split("\n\n")
        .filter(|paragraph| paragraph.contains(": `"))
        .flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect())
}
