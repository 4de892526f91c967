//! The rules of this repository that a machine can check. `tests/tidy.rs` runs them under plain
//! `cargo test`; `cargo xtask tidy` adds formatting, clippy and licences.

pub mod dependencies;
pub mod doors;
pub mod files;
pub mod links;
pub mod protocol_pages;
pub mod purity;
pub mod words;

use std::process::Command;

use anyhow::Result;

use crate::lanes::cargo;
use crate::outcome::{exists, run};
use crate::repository::Repository;

/// One broken rule, said so that the reader knows where to go.
pub type Fault = String;

/// A rule: what is broken, and where.
pub type Check = fn(&Repository) -> Result<Vec<Fault>>;

/// Every check with the name it is reported under.
pub const CHECKS: &[(&str, Check)] = &[
    ("uses of ours", dependencies::uses_of_ours),
    ("pure crates", dependencies::pure_crates),
    ("calls in pure crates", purity::calls),
    ("wire types", purity::wire_types),
    ("doors", doors::anatomy),
    ("file lengths", files::lengths),
    ("left behind", files::left_behind),
    ("words", words::out_of_place),
    ("links", links::resolve),
    ("protocol pages", protocol_pages::event_socket),
];

/// `cargo xtask tidy`: true when everything held.
///
/// # Errors
/// When a tool cannot be started.
pub fn command(repository: &Repository) -> Result<bool> {
    let mut held = true;
    for (name, check) in CHECKS {
        for fault in check(repository)? {
            println!("{name}: {fault}");
            held = false;
        }
    }
    println!("\nlongest files");
    for (lines, path) in files::longest(repository).into_iter().take(10) {
        println!("{lines:>6}  {path}");
    }
    held &= run(cargo(repository).args(["fmt", "--all", "--check"]))?;
    held &= run(cargo(repository).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    // They are a workspace of their own: nothing else would notice when they no longer compile.
    held &= run(cargo(repository)
        .args(["clippy", "--bins", "--locked"])
        .args(["--no-default-features", "--features", "everything"])
        .args([
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target-dir",
            "target",
        ])
        .args(["--quiet", "--", "-D", "warnings"]))?;
    if exists("cargo-deny") {
        held &= run(Command::new("cargo")
            .args(["deny", "check", "licenses", "bans", "sources"])
            .current_dir(repository.root()))?;
    } else {
        println!("cargo-deny is not installed: licences were not checked");
    }
    println!("{}", if held { "tidy" } else { "not tidy" });
    Ok(held)
}
