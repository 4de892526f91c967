//! `cargo xtask test`: the lanes, in the order in which a fault is cheapest to find.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::background::Background;
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

/// The tests mostly wait for something to happen; the release build takes the processors meanwhile, as far as they leave
/// them to it.
fn everything(repository: &Repository) -> Vec<Outcome> {
    let prepared = lane("prerequisites", || {
        prerequisites::conformance(repository).map(|()| Counts::default())
    });
    let may_drive_clients = prepared.counts.failed == 0;
    let compiled = lane("compiling tests", || {
        let worked = run(cargo(repository).args(["test", "--workspace", "--no-run"]))?;
        Ok(Counts::of_preparation(worked))
    });
    let release = Background::begin(
        "release build",
        repository.target().join("release-build.log"),
        &mut release_build_command(repository),
    );
    let mut outcomes = vec![prepared, compiled, cargo_tests(repository)];
    if may_drive_clients {
        outcomes.push(speech(repository));
    }
    let release = release.finish();
    let built = release.counts.failed == 0;
    outcomes.push(release);
    if built && may_drive_clients {
        outcomes.push(conformance(repository, &[]));
    }
    outcomes
}

fn cargo_tests(repository: &Repository) -> Outcome {
    lane("cargo test", || {
        let mut command = cargo(repository);
        command.args(["test", "--workspace", "--no-fail-fast"]);
        if prerequisites::has_postgres() {
            // The tests of the store insist on it then.
            command.env("JACKFIELD_TEST_POSTGRES", "1");
        }
        libtest(&mut command)
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
        let worked = run(&mut release_build_command(repository))?;
        Ok(Counts::of_preparation(worked))
    })
}

/// One call, so that both are built from one set of features and nothing is compiled twice.
fn release_build_command(repository: &Repository) -> Command {
    let mut command = cargo(repository);
    command.args([
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
    ]);
    command
}

/// How many of the conformance tests run beside each other; `harness/ports.py` has a slice of ports for each.
const WORKERS: &str = "3";

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
                // Most of these tests wait for calls that take their time. A file stays on one worker: its tests share a server.
                "-n",
                WORKERS,
                "--dist",
                "loadfile",
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
