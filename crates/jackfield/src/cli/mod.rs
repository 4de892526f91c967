//! `jackfield cli`: talks to an event socket, ours or FreeSWITCH's, as fs_cli does.

mod commands;
mod complete;
mod connection;
mod frames;
mod interactive;
mod link;
mod trust;
mod view;

use std::io::IsTerminal;
use std::process::ExitCode;

use tokio::sync::mpsc;

use connection::Connection;
use link::Link;
use view::View;

/// Requests on their way; nobody types faster.
const REQUESTS: usize = 16;

/// Frames read ahead of the printer; the server waits beyond.
const NOTICES: usize = 1_024;

/// Options of `jackfield cli`.
#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    /// Host of the event socket.
    #[arg(short = 'H', long, default_value = "127.0.0.1")]
    host: String,
    /// Port of the event socket.
    #[arg(short = 'P', long, default_value_t = 8021)]
    port: u16,
    #[command(flatten)]
    trust: trust::Secured,
    /// Password.
    #[arg(short, long, default_value = "ClueCon")]
    password: String,
    /// Log in as a user of the directory instead.
    #[arg(short, long, value_name = "USER@DOMAIN")]
    user: Option<String>,
    /// Run one console command, print what it prints, and leave.
    #[arg(short = 'x', long, value_name = "COMMAND")]
    execute: Option<String>,
    /// Log level to show at the start: 0 to 7 or a name.
    #[arg(short, long, value_name = "LEVEL", default_value = "info")]
    loglevel: String,
    /// Show no log.
    #[arg(short, long)]
    quiet: bool,
    /// No prompt and no colour: read commands from standard input.
    #[arg(short, long)]
    batch: bool,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or lets us not in.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let mut connection = runtime.block_on(Connection::open(arguments))?;
    let view = View {
        colour: !arguments.batch && std::io::stdout().is_terminal(),
    };
    if let Some(command) = &arguments.execute {
        let answer = runtime.block_on(connection.ask(&commands::api(command)))?;
        print!("{}", answer.body);
        if !answer.body.ends_with('\n') {
            println!();
        }
        return Ok(ExitCode::SUCCESS);
    }
    let name = runtime.block_on(connection.ask("api switchname"))?.body;
    let log = (!arguments.quiet).then(|| format!("log {}", arguments.loglevel));
    let (requests, asked) = mpsc::channel(REQUESTS);
    let (told, notices) = mpsc::channel(NOTICES);
    runtime.spawn(connection::keep(
        connection,
        arguments.clone(),
        log,
        asked,
        told,
    ));
    let link = Link::new(requests);
    let prompt = interactive::prompt(&name);
    interactive::run(&link, notices, view, &prompt, arguments.batch)?;
    drop(link);
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}
