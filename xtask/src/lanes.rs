//! `cargo xtask test`: the lanes, in the order in which a fault is cheapest to find.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::outcome::{Counts, Outcome, lane, run, run_reading, summary};
use crate::prerequisites;
use crate::repository::Repository;

/// Runs the lanes named by `words`, all default ones when there is none; true when every check
/// held. The last line printed is `N passed, N failed`.
///
/// # Errors
/// When a lane of that name does not exist.
pub fn test(repository: &Repository, words: &[&str]) -> Result<bool> {
    let outcomes = match words {
        [] => everything(repository),
        ["cargo"] => vec![cargo_tests(repository)],
        ["conformance", cases @ ..] => {
            let release = release_build(repository);
            let built = release.counts.failed == 0;
            let mut outcomes = vec![release];
            if built {
                outcomes.push(conformance(repository, cases));
            }
            outcomes
        }
        ["speech"] => vec![speech(repository)],
        ["from-nothing"] => vec![from_nothing(repository)],
        _ => bail!("no lane \"{}\"; see cargo xtask help", words.join(" ")),
    };
    Ok(summary(&outcomes))
}

fn everything(repository: &Repository) -> Vec<Outcome> {
    let prepared = lane("prerequisites", || {
        prerequisites::conformance(repository).map(|()| Counts::default())
    });
    let may_drive_clients = prepared.counts.failed == 0;
    let mut outcomes = vec![prepared, cargo_tests(repository)];
    if may_drive_clients {
        outcomes.push(speech(repository));
    }
    let release = release_build(repository);
    let built = release.counts.failed == 0;
    outcomes.push(release);
    if built && may_drive_clients {
        outcomes.push(conformance(repository, &[]));
    }
    outcomes
}

fn cargo_tests(repository: &Repository) -> Outcome {
    lane("cargo test", || {
        libtest(cargo(repository).args(["test", "--workspace", "--no-fail-fast"]))
    })
}

/// Tests that need sentences somebody says.
fn speech(repository: &Repository) -> Outcome {
    lane("speech", || {
        prerequisites::programs()?;
        // The whole workspace, so that nothing is compiled with other features than before.
        let words = ["test", "--workspace", "--test", "speech"];
        libtest(cargo(repository).args(words))
    })
}

fn libtest(command: &mut Command) -> Result<Counts> {
    let mut counts = Counts::default();
    let worked = run_reading(command, |line| counts.add_libtest_line(line))?;
    if !worked && counts.failed == 0 {
        // It did not compile, or a test program died without a result line.
        counts.failed = 1;
    }
    Ok(counts)
}

fn release_build(repository: &Repository) -> Outcome {
    lane("release build", || {
        // One call, so that both are built from one set of features and nothing is compiled twice.
        let worked = run(cargo(repository).args([
            "build",
            "--release",
            "-p",
            "jackfield",
            "--bin",
            "jackfield",
            "-p",
            "jackfield-testkit",
            "--example",
            "golden",
        ]))?;
        Ok(if worked {
            Counts::default()
        } else {
            Counts::of_step(false)
        })
    })
}

/// The real clients. The Python side writes its counts into a file, because a count read out of
/// prose breaks with the next version of the prose.
fn conformance(repository: &Repository, words: &[&str]) -> Outcome {
    lane("conformance", || {
        prerequisites::conformance(repository)?;
        let counts_file = repository.target().join("conformance-counts.json");
        if counts_file.exists() {
            std::fs::remove_file(&counts_file).context("removing the counts of an earlier run")?;
        }
        let mut command = Command::new(prerequisites::python(repository));
        command
            .args([
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "-q",
                "-rA",
                "--tb=short",
            ])
            .current_dir(repository.at("conformance"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("JACKFIELD_COUNTS", &counts_file)
            .env(
                "JACKFIELD_BINARY",
                repository.target().join("release/jackfield"),
            )
            .env(
                "JACKFIELD_GOLDEN",
                repository.target().join("release/examples/golden"),
            );
        if !words.is_empty() {
            command.args(["-k", &words.join(" ")]);
        }
        let worked = run(&mut command)?;
        let text = std::fs::read_to_string(&counts_file)
            .context("pytest ended without writing its counts")?;
        let counts: serde_json::Value =
            serde_json::from_str(&text).context("reading the counts")?;
        let count = |name: &str| {
            counts[name]
                .as_u64()
                .with_context(|| format!("the counts have no number \"{name}\""))
        };
        let mut counts = Counts {
            passed: count("passed")?,
            failed: count("failed")?,
        };
        if !worked && counts.failed == 0 {
            counts.failed = 1;
        }
        Ok(counts)
    })
}

fn from_nothing(repository: &Repository) -> Outcome {
    lane("from nothing", || {
        let worked = run(Command::new("sh").arg(repository.at("conformance/from-nothing.sh")))?;
        Ok(Counts::of_step(worked))
    })
}

/// The cargo that runs us, in the workspace root.
#[must_use]
pub fn cargo(repository: &Repository) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(repository.root());
    command
}
