//! `cargo xtask bench`: the divan benches of the crates and the load figures of the running server.

use std::process::Command;

use anyhow::{Result, bail};

use crate::lanes::cargo;
use crate::outcome::run;
use crate::repository::Repository;

/// Runs the divan benches, the load figures, or both; prints everything and writes nothing.
///
/// # Errors
/// When the words cannot be understood or a program cannot be started.
pub fn command(repository: &Repository, words: &[&str]) -> Result<bool> {
    match words {
        [] => Ok(divan(repository, &[])? & load(repository, &[])?),
        ["divan", rest @ ..] => divan(repository, rest),
        ["load", rest @ ..] => load(repository, rest),
        _ => bail!("usage: cargo xtask bench [divan|load] [WORDS]"),
    }
}

fn divan(repository: &Repository, words: &[&str]) -> Result<bool> {
    run(cargo(repository)
        .args(["bench", "--workspace", "--benches", "--"])
        .args(words))
}

fn load(repository: &Repository, words: &[&str]) -> Result<bool> {
    if !run(cargo(repository).args([
        "build",
        "--release",
        "-p",
        "jackfield",
        "-p",
        "jackfield-load",
    ]))? {
        return Ok(false);
    }
    let release = repository.target().join("release");
    let figures: &[&str] = if words.is_empty() { &["all"] } else { words };
    run(Command::new(release.join("jackfield-load"))
        .args(figures)
        .arg("--server")
        .arg(release.join("jackfield"))
        .current_dir(repository.root()))
}
