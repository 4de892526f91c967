//! Jackfield: a communications server.

mod admin;
mod app;
mod banner;
mod bindings;
mod call_records;
mod check;
mod cli;
mod console_page;
mod documents;
mod event_positions;
mod file;
mod hash_password;
mod import;
mod kept;
mod kept_tables;
mod log_layer;
mod log_writer;
mod machine;
mod metrics;
mod signals;
mod voicemail;
mod written_behind;

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
    /// Print what the event socket says, for other programs: AsyncAPI, or a JSON Schema of its events.
    Document {
        /// Which of the two.
        #[arg(value_enum)]
        which: documents::Document,
    },
    /// Print the hash of a password, for [[door.event_socket.user]]: the first line of standard input.
    HashPassword,
    /// Take over what an installation of another product had.
    #[command(subcommand)]
    Import(import::What),
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let config = arguments.config.as_deref();
    match arguments.command {
        Some(Command::Check) => Ok(check::run(config)),
        Some(Command::Cli(arguments)) => cli::run(&arguments),
        Some(Command::Document { which }) => {
            println!("{:#}", which.made());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::HashPassword) => hash_password::run(),
        Some(Command::Import(what)) => import::run(&what, config),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// clap looks at that in debug builds only, and when a command line is read.
    #[test]
    fn options_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
