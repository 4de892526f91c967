//! The dependency rule: the column "Uses of ours" of ARCHITECTURE.md against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Fault;
use crate::lanes::cargo;
use crate::repository::Repository;

/// Crates that decide and therefore reach no clock, socket or runtime.
pub const PURE: &[&str] = &["api", "sip", "media", "core", "esl"];

/// Of a runtime, `api` may use the synchronisation primitives: its queues are awaited by doors.
const RUNTIME_ALLOWED_TO_API: &str = "tokio";
const RUNTIME_FEATURES_ALLOWED_TO_API: &[&str] = &["sync"];

/// Runtimes, sockets and clocks.
const OUTSIDE_WORLD: &[&str] = &[
    "async-io",
    "async-net",
    "async-std",
    "axum",
    "chrono",
    "clocksource",
    "coarsetime",
    "hyper",
    "hyper-util",
    "if-addrs",
    "mio",
    "monoio",
    "polling",
    "quanta",
    "quinn",
    "quinn-udp",
    "reqwest",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tokio-tungstenite",
    "tokio-uring",
    "tokio-util",
    "ureq",
];

/// The library of the WebRTC peers brings `time` for the two dates in a certificate; its functions that read a clock are
/// behind a feature nobody turns on (docs/decisions/0009-peers-beside-the-media-threads.md).
const CALENDAR_OF_CERTIFICATES: (&str, &str) = ("time", "/str0m/");

/// Test kits: crates that only tests may use.
const FOR_TESTS: &[&str] = &["testkit"];

/// Compares what each crate uses of ours with the table.
///
/// # Errors
/// When the table or the metadata cannot be read.
pub fn uses_of_ours(repository: &Repository) -> Result<Vec<Fault>> {
    let packages = packages(repository)?;
    let table = table(repository)?;
    let mut faults = Vec::new();
    let ours: BTreeMap<&str, &Package> = packages
        .values()
        .filter_map(|package| Some((package.folder.as_deref()?, package)))
        .collect();
    for (name, package) in &ours {
        let Some(allowed) = table.get(*name) else {
            faults.push(format!(
                "crates/{name} has no row in the table of ARCHITECTURE.md"
            ));
            continue;
        };
        let used = package.uses(&packages, &["normal", "build"]);
        if used != *allowed {
            faults.push(format!(
                "crates/{name} uses {{{}}}, the table of ARCHITECTURE.md says {{{}}}",
                listed(&used),
                listed(allowed)
            ));
        }
        let mut in_tests = package.uses(&packages, &["dev"]);
        in_tests.retain(|used| !allowed.contains(used) && !FOR_TESTS.contains(&used.as_str()));
        if !in_tests.is_empty() && !FOR_TESTS.contains(name) {
            faults.push(format!(
                "tests of crates/{name} use {{{}}}, which the crate itself may not",
                listed(&in_tests)
            ));
        }
    }
    for name in table.keys() {
        if !ours.contains_key(name.as_str()) {
            faults.push(format!(
                "ARCHITECTURE.md has a row for \"{name}\", which is no crate"
            ));
        }
    }
    Ok(faults)
}

/// No pure crate reaches a runtime, socket or clock crate, directly or through others.
///
/// # Errors
/// When the metadata cannot be read.
pub fn pure_crates(repository: &Repository) -> Result<Vec<Fault>> {
    let packages = packages(repository)?;
    let mut faults = Vec::new();
    for package in packages.values() {
        let Some(name) = package.folder.as_deref().filter(|name| PURE.contains(name)) else {
            continue;
        };
        let mut reached = BTreeMap::new();
        package.reach(&packages, String::new(), &mut reached);
        for (other, way) in reached {
            if !OUTSIDE_WORLD.contains(&other.as_str()) {
                continue;
            }
            if other == RUNTIME_ALLOWED_TO_API && name == "api" {
                continue;
            }
            let (calendar, behind) = CALENDAR_OF_CERTIFICATES;
            if other == calendar && way.contains(behind) {
                continue;
            }
            faults.push(format!("crates/{name} reaches {other} through {way}"));
        }
        if name == "api" {
            for feature in package.features_of(RUNTIME_ALLOWED_TO_API) {
                if !RUNTIME_FEATURES_ALLOWED_TO_API.contains(&feature.as_str()) {
                    faults.push(format!(
                        "crates/api asks {RUNTIME_ALLOWED_TO_API} for \"{feature}\"; only {RUNTIME_FEATURES_ALLOWED_TO_API:?} is allowed"
                    ));
                }
            }
        }
    }
    Ok(faults)
}

struct Package {
    name: String,
    /// The folder below `crates/`, for ours.
    folder: Option<String>,
    manifest: Value,
    /// Package ids by kind of dependency.
    uses: Vec<(String, String)>,
}

impl Package {
    fn uses(&self, packages: &BTreeMap<String, Self>, kinds: &[&str]) -> BTreeSet<String> {
        self.uses
            .iter()
            .filter(|(_, kind)| kinds.contains(&kind.as_str()))
            .filter_map(|(id, _)| packages.get(id)?.folder.clone())
            .collect()
    }

    /// Every package that the shipped code of this one contains, with the way to it. What lies
    /// behind `api` is left out: `api` is judged once, by itself.
    fn reach(
        &self,
        packages: &BTreeMap<String, Self>,
        way: String,
        reached: &mut BTreeMap<String, String>,
    ) {
        for (id, kind) in &self.uses {
            if kind != "normal" {
                continue;
            }
            let Some(next) = packages.get(id) else {
                continue;
            };
            if reached.contains_key(&next.name) {
                continue;
            }
            let here = format!("{way}/{}", next.name);
            reached.insert(next.name.clone(), here.clone());
            // A package is built once for the whole workspace, so the graph shows a runtime's features
            // as the shells want them; what `api` asks of it is judged by its manifest.
            let judged_elsewhere = next.folder.as_deref() == Some("api")
                || (self.folder.as_deref() == Some("api") && next.name == RUNTIME_ALLOWED_TO_API);
            if judged_elsewhere {
                continue;
            }
            next.reach(packages, here, reached);
        }
    }

    /// The features this crate's own manifest asks of a dependency.
    fn features_of(&self, dependency: &str) -> Vec<String> {
        self.manifest["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["name"] == dependency && entry["kind"].is_null())
            .flat_map(|entry| entry["features"].as_array().into_iter().flatten())
            .filter_map(|feature| feature.as_str().map(str::to_owned))
            .collect()
    }
}

/// Everything `cargo metadata` knows, by package id.
fn packages(repository: &Repository) -> Result<BTreeMap<String, Package>> {
    let output = cargo(repository)
        // It may have to fetch packages of other platforms, which no build here needed.
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("starting cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let crates = repository.at("crates");
    let mut packages = BTreeMap::new();
    for package in metadata["packages"]
        .as_array()
        .context("metadata has packages")?
    {
        let folder = std::path::Path::new(package["manifest_path"].as_str().unwrap_or_default())
            .parent()
            .and_then(|folder| folder.strip_prefix(&crates).ok())
            .map(|folder| folder.to_string_lossy().into_owned());
        packages.insert(
            text(&package["id"]),
            Package {
                name: text(&package["name"]),
                folder,
                manifest: package.clone(),
                uses: Vec::new(),
            },
        );
    }
    for node in metadata["resolve"]["nodes"]
        .as_array()
        .context("metadata has nodes")?
    {
        let uses = node["deps"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|dependency| {
                let id = text(&dependency["pkg"]);
                dependency["dep_kinds"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(move |kind| {
                        let kind = kind["kind"].as_str().unwrap_or("normal").to_owned();
                        (id.clone(), kind)
                    })
            })
            .collect();
        if let Some(package) = packages.get_mut(&text(&node["id"])) {
            package.uses = uses;
        }
    }
    Ok(packages)
}

/// Rows `| \`crate\` | purpose | uses | why |` of ARCHITECTURE.md.
fn table(repository: &Repository) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text =
        fs::read_to_string(repository.at("ARCHITECTURE.md")).context("reading ARCHITECTURE.md")?;
    let mut rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| Crate |"));
    let heading = rows
        .next()
        .context("ARCHITECTURE.md has a table headed \"| Crate |\"")?;
    let column = cells(heading)
        .iter()
        .position(|cell| *cell == "Uses of ours")
        .context("the table has a column \"Uses of ours\"")?;
    let mut table = BTreeMap::new();
    for row in rows.skip(1).take_while(|row| row.starts_with('|')) {
        let cells = cells(row);
        let name = cells.first().copied().unwrap_or_default().trim_matches('`');
        let uses = cells
            .get(column)
            .context("every row has all columns")?
            .split_whitespace()
            .map(|word| word.trim_matches('`').to_owned())
            .filter(|word| word != "–")
            .collect();
        table.insert(name.to_owned(), uses);
    }
    Ok(table)
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}
