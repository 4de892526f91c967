//! What the kernel keeps account of for a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks per second in `/proc/<pid>/stat`: 100 on every Linux that is not built otherwise.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process that is watched through `/proc`.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self(id)
    }

    /// Processor time used so far by all its threads, user and system.
    pub(crate) fn processor_time(self) -> Result<Duration> {
        let text =
            fs::read_to_string(format!("/proc/{}/stat", self.0)).context("reading its account")?;
        let (_, fields) = text
            .rsplit_once(')')
            .context("the account names its program")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| -> Result<f64> {
            let field = fields
                .get(index)
                .context("the account has all its fields")?;
            field.parse().context("the account counts ticks")
        };
        // Fields 14 and 15 of the line; the first two are cut off.
        Ok(Duration::from_secs_f64(
            (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        ))
    }

    /// Resident memory, bytes.
    pub(crate) fn resident_bytes(self) -> Result<f64> {
        let text =
            fs::read_to_string(format!("/proc/{}/status", self.0)).context("reading its memory")?;
        let kilobytes: f64 = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the status names the resident memory")?
            .parse()
            .context("resident memory is a number")?;
        Ok(kilobytes * 1024.0)
    }

    /// Number of its threads.
    pub(crate) fn threads(self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/task", self.0))
            .context("listing its threads")?
            .count())
    }
}
