//! What pure crates must not call, and where types may be turned into bytes.

use anyhow::Result;

use super::Fault;
use super::dependencies::PURE;
use crate::repository::{Repository, SourceFile};

/// A call that makes a pure crate impure, and what to do instead.
const CALLS: &[(&str, &str)] = &[
    ("Instant::now", "take `now` as a value"),
    ("SystemTime::now", "take `now` as a value"),
    ("Timestamp::now", "take `now` as a value"),
    ("Zoned::now", "take `now` as a value"),
    ("thread::spawn", "the shell owns the threads"),
    ("thread::sleep", "return a deadline"),
    ("thread_local!", "no globals"),
    ("static mut ", "no globals"),
    ("tokio::spawn", "the shell owns the tasks"),
    ("tokio::time", "return a deadline"),
    ("tokio::net", "the shell owns the sockets"),
    ("std::fs::", "take the text, or a function that fetches it"),
    (
        "use std::fs",
        "take the text, or a function that fetches it",
    ),
    ("std::env::", "take the value"),
    ("UdpSocket", "the shell owns the sockets"),
    ("TcpStream", "the shell owns the sockets"),
    ("TcpListener", "the shell owns the sockets"),
    ("ToSocketAddrs", "the shell resolves names"),
    ("rand::rng(", "randomness is injected"),
    ("thread_rng(", "randomness is injected"),
    ("from_os_rng(", "randomness is injected"),
];

/// Folders and crates in which a type may derive serde's traits: wire modules and config files.
fn may_serialise(file: &SourceFile) -> bool {
    file.path.contains("/wire/")
        || file.path.ends_with("/wire.rs")
        || matches!(file.crate_name(), Some("jackfield" | "store"))
}

/// The shipped code of pure crates calls nothing of [`CALLS`].
///
/// # Errors
/// Never; the signature is that of every check.
pub fn calls(repository: &Repository) -> Result<Vec<Fault>> {
    let files = repository.files();
    let for_tests = test_modules(&files);
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| is_pure(file)) {
        if for_tests.iter().any(|module| file.path.starts_with(module)) {
            continue;
        }
        for (number, line) in file.shipped_lines() {
            for (call, instead) in CALLS {
                if line.contains(call) {
                    faults.push(format!("{}:{number}: {call}: {instead}", file.path));
                }
            }
            if is_global_state(line) {
                faults.push(format!(
                    "{}:{number}: a static that changes: no globals",
                    file.path
                ));
            }
        }
    }
    Ok(faults)
}

/// serde's traits appear in wire modules and config files only.
///
/// # Errors
/// Never; the signature is that of every check.
pub fn wire_types(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in repository.files() {
        if !file.is_rust() || file.crate_name().is_none() || may_serialise(&file) {
            continue;
        }
        for (number, line) in file.shipped_lines() {
            let derives = line.contains("derive(")
                && (line.contains("Serialize") || line.contains("Deserialize"));
            if derives || line.contains("use serde::") {
                faults.push(format!(
                    "{}:{number}: serde outside a wire module",
                    file.path
                ));
            }
        }
    }
    Ok(faults)
}

/// A `static` whose type can change after the start. Tables that never change are fine.
fn is_global_state(line: &str) -> bool {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub ")
        .or_else(|| line.strip_prefix("pub(crate) "))
        .unwrap_or(line);
    line.starts_with("static ")
        && ["Lock<", "Mutex<", "Atomic", "Cell<"]
            .iter()
            .any(|kind| line.contains(kind))
}

/// Files and folders of modules that are declared under `#[cfg(test)]`.
fn test_modules(files: &[SourceFile]) -> Vec<String> {
    let mut modules = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let folder = match file.name() {
            "mod.rs" | "lib.rs" | "main.rs" => file.path.trim_end_matches(file.name()).to_owned(),
            _ => format!("{}/", file.path.trim_end_matches(".rs")),
        };
        let beside = file.path.trim_end_matches(file.name());
        let mut for_tests = false;
        for line in file.text.lines().map(str::trim) {
            let named = line
                .strip_prefix("#[path = \"")
                .and_then(|rest| rest.strip_suffix("\"]"));
            let declared = line
                .split_once("mod ")
                .and_then(|(_, rest)| rest.strip_suffix(';'));
            match (for_tests, named, declared) {
                (true, Some(path), _) => modules.push(format!("{beside}{path}")),
                (true, None, Some(name)) => {
                    modules.push(format!("{folder}{name}.rs"));
                    modules.push(format!("{folder}{name}/"));
                }
                _ => {}
            }
            for_tests = line == "#[cfg(test)]" || (for_tests && line.starts_with("#["));
        }
    }
    modules
}

fn is_pure(file: &SourceFile) -> bool {
    file.is_rust()
        && file.path.contains("/src/")
        && file.crate_name().is_some_and(|name| PURE.contains(&name))
}
