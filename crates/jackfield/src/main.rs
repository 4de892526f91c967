//! Jackfield: a communications server.

mod admin;
mod app;
mod banner;
mod check;
mod cli;
mod console_page;
mod file;
mod log_layer;
mod log_writer;
mod machine;
mod metrics;
mod signals;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A communications server: SIP registrar and switch, conferences, controlled by programs written for
/// FreeSWITCH's event socket. Without arguments it starts on loopback with a built-in configuration.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The TOML file; see config/jackfield.toml.
    #[arg(short, long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Name everything that is wrong with the configuration, and what has no effect.
    Check,
    /// Talk to a running server over its event socket.
    Cli(cli::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let config = arguments.config.as_deref();
    match arguments.command {
        Some(Command::Check) => Ok(check::run(config)),
        Some(Command::Cli(arguments)) => cli::run(&arguments),
        None => match file::load(config) {
            Ok(loaded) => app::run(loaded.settings, loaded.notes.len()),
            Err(problems) => {
                for problem in &problems {
                    eprintln!("{problem}");
                }
                eprintln!(
                    "Not started: {} in the configuration.",
                    check::errors(problems.len())
                );
                Ok(ExitCode::FAILURE)
            }
        },
    }
}
