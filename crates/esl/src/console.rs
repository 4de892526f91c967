//! Console commands: what `api` and `bgapi` run, one file per family (event-socket.md §6).

mod alias;
mod call;
mod call_files;
mod callcenter;
mod callcenter_list;
mod chat;
mod complete;
mod conference;
mod conference_list;
mod conference_media;
mod conference_members;
mod conference_parameters;
mod conference_places;
mod conference_playing;
mod directory;
mod domain;
mod fifo;
mod fsctl;
mod imm_adapter;
mod json;
mod local_stream;
mod modules;
mod network;
mod originate;
mod record;
mod refused;
mod schedule;
mod server;
mod show;
mod show_rows;
mod sofia;
mod sofia_gateways;
mod sofia_status;
mod strings;
mod surroundings;
mod table;
mod tables;
mod text;
mod uuid_leg;
mod uuid_media;
mod uuid_state;
mod uuid_variables;
mod valet;
mod voicemail;

pub(crate) use alias::{aliased, expand as expand_alias};
pub(crate) use json::inner as inner_of_json;
pub use modules::{MODULES, Module};
pub use table::{COMMANDS, Entry};
pub use uuid_variables::lookup as variable;

use crate::command::api::{Api, Line, command_not_found};
use crate::view::Server;
use api::command::server::{AnnounceApi, AnnounceJob};
use api::event::JobEvent;
use api::{ChannelId, JobId, Origin, Switch, Timestamp, Uuid};
use call::Call;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A boxed future, as handlers and jobs are.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How deep commands may call commands (`expand`, `eval`, `cond`). Ours.
pub const MAX_DEPTH: u8 = 8;

/// Files that records of calls are written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallFiles {
    /// Lines: `cdr_csv`.
    Csv,
    /// Documents: `xml_cdr`.
    Xml,
}

/// What a command needs from whoever runs it: clock, randomness, access lists, tasks.
pub trait Host: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// A fresh version 4 UUID.
    fn new_uuid(&self) -> Uuid;
    /// Whether the named list, or the CIDR, lets the address in.
    fn acl_allows(&self, address: IpAddr, list: &str) -> bool;
    /// Reads the access lists again.
    ///
    /// # Errors
    /// What is wrong with them.
    fn reload_acl(&self) -> Result<(), String>;
    /// The first address of a name of the network.
    fn address_of(&self, name: String) -> BoxFuture<'static, Option<IpAddr>>;
    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
    /// Runs a job in the background; false when no more jobs are taken.
    fn spawn(&self, job: BoxFuture<'static, ()>) -> bool;
    /// Idle CPU in hundredths of a percent.
    fn idle_cpu(&self) -> u32;
    /// Whether there is a file, or a folder, of that name.
    fn file_exists(&self, path: String) -> BoxFuture<'static, bool>;
    /// A variable of the server's environment; `None` also of one that may not be told.
    fn environment_variable(&self, name: &str) -> Option<String>;
    /// Has certificates and keys read again, and does not wait for it.
    fn reload_certificates(&self);
    /// Whether programs of the machine may be run; without it their commands do not exist.
    fn may_run_programs(&self) -> bool;
    /// Runs a line of a shell, and gives what it wrote to its standard output: so much of it as is within bounds, in the
    /// time it has. Nothing when it may not be run.
    fn run_program(&self, line: String) -> BoxFuture<'static, Vec<u8>>;
    /// Whether records of calls are written to such files; without it their command does not exist.
    fn writes(&self, files: CallFiles) -> bool;
    /// Puts the files aside and begins new ones, where the configuration says so; waits until that is done.
    fn rotate(&self, files: CallFiles) -> BoxFuture<'static, Result<(), String>>;
    /// Writes a line to the log, under one of the eight level numbers.
    fn log(&self, level: u8, text: &str);
}

/// Whether nobody may be left to hear of the command when it has been run (golden server-03-shutdown).
fn ends_server(line: &Line) -> bool {
    let is = |name: &str| line.name.eq_ignore_ascii_case(name);
    let (first, _) = crate::splitter::head(&line.args);
    is("shutdown") || is("...") || (is("fsctl") && first.eq_ignore_ascii_case("shutdown"))
}

/// The console of one asker. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    /// The switch asked.
    pub switch: Switch,
    /// What is printed about the server.
    pub server: Arc<Server>,
    /// Everything else.
    pub host: Arc<dyn Host>,
    /// Who asks.
    pub origin: Origin,
}

/// What a command printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Empty when it printed nothing.
    pub text: String,
    /// Whether the command exists.
    pub known: bool,
}

impl Console {
    /// Runs one command and fires the API event. Not cancel-safe: a command given to the switch is not taken back.
    pub async fn execute(&self, line: &Line) -> Outcome {
        self.execute_for(line, None).await
    }

    async fn execute_for(&self, line: &Line, job: Option<JobId>) -> Outcome {
        let announce = AnnounceApi {
            command: line.name.as_str().into(),
            argument: (!line.args.is_empty()).then(|| line.args.as_str().into()),
            job,
        };
        let announced = self.switch.ask(announce, self.origin.clone());
        // A switch that has stopped cannot fire events; the text is still right.
        if ends_server(line) {
            announced.await.ok();
            return self.run(line, 0).await;
        }
        let outcome = self.run(line, 0).await;
        announced.await.ok();
        outcome
    }

    /// Runs what an `api` request asks for and answers its body; empty when nothing was printed.
    pub async fn execute_api(&self, api: &Api) -> String {
        let mut text = String::new();
        let mut known = true;
        for (index, line) in api.lines.iter().enumerate() {
            let outcome = self.execute(line).await;
            known = outcome.known;
            text.push_str(api.notes.get(index).map_or("", String::as_str));
            if known || !api.console {
                text.push_str(&outcome.text);
            }
        }
        if api.console && (!known || api.lines.is_empty()) {
            command_not_found(&api.text)
        } else {
            text
        }
    }

    /// Runs a `bgapi` command and announces its end.
    pub async fn run_job(&self, job: JobId, owner: Option<ChannelId>, line: Line) {
        let outcome = self.execute_for(&line, Some(job.clone())).await;
        self.announce(job, owner, &line, &outcome.text).await;
    }

    /// The same for `api bgapi`, which words the failure differently.
    pub(crate) async fn run_console_job(&self, job: JobId, line: Line) {
        let outcome = self.execute_for(&line, Some(job.clone())).await;
        let text = if outcome.known {
            outcome.text
        } else {
            format!("{}: Command not found!\n", line.name)
        };
        self.announce(job, None, &line, &text).await;
    }

    async fn announce(&self, job: JobId, owner: Option<ChannelId>, line: &Line, output: &str) {
        let event = JobEvent {
            job,
            owner,
            command: line.name.as_str().into(),
            argument: (!line.args.is_empty()).then(|| line.args.as_str().into()),
            output: (!output.is_empty()).then(|| output.into()),
        };
        // Nobody is left to hear of a job once the switch has stopped.
        self.switch
            .ask(AnnounceJob { job: event }, self.origin.clone())
            .await
            .ok();
    }

    /// The commands there are, in the order they are listed.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &'static Entry> {
        table::listed(&*self.host)
    }

    /// Runs a command inside another one.
    pub(crate) fn run<'a>(&'a self, line: &'a Line, depth: u8) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match table::find(&line.name, &*self.host) {
                Some(entry) => {
                    let call = Call {
                        console: self,
                        args: &line.args,
                        depth,
                    };
                    Outcome {
                        text: (entry.run)(&call).await,
                        known: true,
                    }
                }
                None => match refused::answer(&line.name, &line.args, &self.switch.view()) {
                    Some(text) => Outcome { text, known: true },
                    None => Outcome {
                        text: command_not_found(&line.name),
                        known: false,
                    },
                },
            }
        })
    }
}
