//! `jackfield cli`: talks to an event socket, ours or FreeSWITCH's.

use std::process::ExitCode;

/// Options of `jackfield cli`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached.
pub(crate) fn run(_: &Arguments) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
