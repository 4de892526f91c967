//! `cargo xtask fuzz`: one target after another, each for a bounded time, from the seeds kept in
//! the repository.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::outcome::{exists, run};
use crate::repository::Repository;

/// Seconds per target when nothing is said.
const DEFAULT_SECONDS: u32 = 60;

/// Longest input tried, bytes: enough for a whole SIP message with a body, short enough for speed.
const LONGEST_INPUT: u32 = 16 * 1024;

/// Runs the named target, or every target; true when none found anything.
///
/// # Errors
/// When the words cannot be understood or the fuzzer is not installed.
pub fn command(repository: &Repository, words: &[&str]) -> Result<bool> {
    let (wanted, seconds) = understand(words)?;
    let known = targets(repository)?;
    let chosen: Vec<&String> = match wanted {
        None => known.iter().collect(),
        Some(name) => match known.iter().find(|target| *target == name) {
            Some(target) => vec![target],
            None => bail!("no fuzz target \"{name}\"; there are: {}", known.join(", ")),
        },
    };
    if !exists("cargo-fuzz") {
        bail!("cargo-fuzz is missing; install it: cargo install cargo-fuzz --locked");
    }
    let mut findings = Vec::new();
    for target in chosen {
        if !one(repository, target, seconds)? {
            findings.push(target.clone());
        }
    }
    if findings.is_empty() {
        println!("no finding");
    } else {
        println!(
            "findings in: {}; inputs lie in fuzz/artifacts/",
            findings.join(", ")
        );
    }
    Ok(findings.is_empty())
}

fn one(repository: &Repository, target: &str, seconds: u32) -> Result<bool> {
    let corpus = repository.at("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).with_context(|| format!("creating {}", corpus.display()))?;
    let mut command = Command::new("cargo");
    command
        .current_dir(repository.at("fuzz"))
        // The outer cargo names its own toolchain in the environment; the fuzzer needs nightly.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .args(["+nightly", "fuzz", "run", "--fuzz-dir", "."])
        // Only what the target is of is compiled for it.
        .args(["--no-default-features", "--features"])
        .arg(format!("fuzzer,{}", features(repository, target)?))
        .arg(target)
        .arg(&corpus);
    let seeds = repository.at("fuzz/seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.arg("--").args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={LONGEST_INPUT}"),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    run(&mut command)
}

fn understand<'a>(words: &[&'a str]) -> Result<(Option<&'a str>, u32)> {
    let number = |text: &str| {
        text.parse::<u32>()
            .with_context(|| format!("--seconds takes a whole number, not \"{text}\""))
    };
    match words {
        [] => Ok((None, DEFAULT_SECONDS)),
        ["--seconds", seconds] => Ok((None, number(seconds)?)),
        [target] if !target.starts_with('-') => Ok((Some(target), DEFAULT_SECONDS)),
        [target, "--seconds", seconds] => Ok((Some(target), number(seconds)?)),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N]"),
    }
}

/// What a target says it needs in `fuzz/Cargo.toml`, with commas between.
fn features(repository: &Repository, target: &str) -> Result<String> {
    let mut command = Command::new("cargo");
    command.current_dir(repository.at("fuzz")).args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]);
    let said = command.output().context("asking cargo for the targets")?;
    let said: serde_json::Value =
        serde_json::from_slice(&said.stdout).context("reading what cargo says")?;
    needed(&said, target)
        .with_context(|| format!("fuzz/Cargo.toml: {target} needs required-features"))
}

fn needed(metadata: &serde_json::Value, target: &str) -> Option<String> {
    let targets = metadata["packages"][0]["targets"].as_array()?;
    let found = targets.iter().find(|one| one["name"] == target)?;
    let features = found["required-features"].as_array()?;
    let names: Option<Vec<&str>> = features.iter().map(serde_json::Value::as_str).collect();
    Some(names?.join(","))
}

/// The targets, from the files that are them.
fn targets(repository: &Repository) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository.at("fuzz/fuzz_targets")).context("reading fuzz_targets")? {
        let name = entry.context("reading fuzz_targets")?.file_name();
        if let Some(name) = name.to_string_lossy().strip_suffix(".rs") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_says_what_it_needs() {
        let repository = Repository::around_this_crate();
        for target in targets(&repository).unwrap() {
            assert!(
                !features(&repository, &target).unwrap().is_empty(),
                "{target}"
            );
        }
    }

    #[test]
    fn target_and_seconds_are_both_optional() {
        assert_eq!(understand(&[]).unwrap(), (None, 60));
        assert_eq!(understand(&["rtp"]).unwrap(), (Some("rtp"), 60));
        assert_eq!(
            understand(&["rtp", "--seconds", "5"]).unwrap(),
            (Some("rtp"), 5)
        );
        assert_eq!(understand(&["--seconds", "5"]).unwrap(), (None, 5));
        assert!(understand(&["rtp", "--seconds", "soon"]).is_err());
        assert!(understand(&["--minutes", "5"]).is_err());
    }
}
