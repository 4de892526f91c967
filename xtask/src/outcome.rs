//! What a lane came to: how many checks passed and failed, and how long it took.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Counts of one lane.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Checks that held.
    pub passed: u64,
    /// Checks that did not, and steps that could not be run at all.
    pub failed: u64,
}

/// A lane that was run.
#[derive(Debug)]
pub struct Outcome {
    /// The lane's name as printed.
    pub lane: &'static str,
    /// Its counts.
    pub counts: Counts,
    /// How long it took, wall clock.
    pub took: Duration,
}

impl Counts {
    /// A single step that either worked or did not.
    #[must_use]
    pub fn of_step(worked: bool) -> Self {
        Self {
            passed: u64::from(worked),
            failed: u64::from(!worked),
        }
    }

    /// A step that is no check in itself: it counts only when it did not work.
    #[must_use]
    pub fn of_preparation(worked: bool) -> Self {
        Self {
            passed: 0,
            failed: u64::from(!worked),
        }
    }

    /// Adds the figures of a `test result:` line of libtest, if this line is one.
    pub fn add_libtest_line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return;
        };
        let before = |word: &str| -> u64 {
            rest.split([';', '.'])
                .filter_map(|part| part.trim().strip_suffix(word))
                .filter_map(|number| number.trim().parse::<u64>().ok())
                .sum()
        };
        self.passed += before(" passed");
        self.failed += before(" failed");
    }
}

/// Runs `work` as a lane: a heading before it, its time after it.
pub fn lane(name: &'static str, work: impl FnOnce() -> Result<Counts>) -> Outcome {
    println!("\n== {name}");
    let began = Instant::now();
    let counts = work().unwrap_or_else(|error| {
        println!("{name}: {error:#}");
        Counts::of_step(false)
    });
    let took = began.elapsed();
    println!(
        "== {name}: {} passed, {} failed, {:.1} s",
        counts.passed,
        counts.failed,
        took.as_secs_f64()
    );
    Outcome {
        lane: name,
        counts,
        took,
    }
}

/// Prints one line per lane and, last and alone on its line, the sums; true when nothing failed.
pub fn summary(outcomes: &[Outcome]) -> bool {
    println!();
    let mut sum = Counts::default();
    for outcome in outcomes {
        sum.passed += outcome.counts.passed;
        sum.failed += outcome.counts.failed;
        println!(
            "{:<28} {:>5} passed {:>4} failed {:>8.1} s",
            outcome.lane,
            outcome.counts.passed,
            outcome.counts.failed,
            outcome.took.as_secs_f64()
        );
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    sum.failed == 0 && sum.passed > 0
}

/// Runs a command to its end with its output on ours; true when it succeeded.
///
/// # Errors
/// When the command cannot be started.
pub fn run(command: &mut Command) -> Result<bool> {
    println!("$ {}", spelled(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    Ok(status.success())
}

/// Runs a command, passes its standard output on line by line and shows each line to `see`;
/// true when the command succeeded.
///
/// # Errors
/// When the command cannot be started or its output cannot be read.
pub fn run_reading(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool> {
    println!("$ {}", spelled(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    let output = child
        .stdout
        .take()
        .context("the child's standard output is piped")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("reading the child's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        see(&line);
    }
    Ok(child.wait().context("waiting for the child")?.success())
}

/// True when the program exists and can be started.
#[must_use]
pub fn exists(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

pub(crate) fn spelled(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_libtest_result_line_is_counted() {
        let mut counts = Counts::default();
        counts.add_libtest_line(
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        counts.add_libtest_line("test something ... ok");
        assert_eq!(
            counts,
            Counts {
                passed: 12,
                failed: 3
            }
        );
    }
}
