//! Console commands: what `api` and `bgapi` run, one file per family (event-socket.md §6).

mod call;
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
mod table;
mod tables;
mod text;
mod uuid_leg;
mod uuid_media;
mod uuid_state;
mod uuid_variables;
mod valet;
mod voicemail;

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
    /// Writes a line to the log, under one of the eight level numbers.
    fn log(&self, level: u8, text: &str);
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
        let outcome = self.run(line, 0).await;
        let announce = AnnounceApi {
            command: line.name.as_str().into(),
            argument: (!line.args.is_empty()).then(|| line.args.as_str().into()),
            job,
        };
        // A switch that has stopped cannot fire events; the text is still right.
        self.switch.ask(announce, self.origin.clone()).await.ok();
        outcome
    }

    /// Runs what an `api` request asks for and answers its body; empty when nothing was printed.
    pub async fn execute_api(&self, api: &Api) -> String {
        let mut text = String::new();
        let mut known = true;
        for line in &api.lines {
            let outcome = self.execute(line).await;
            known = outcome.known;
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

    /// Runs a command inside another one.
    pub(crate) fn run<'a>(&'a self, line: &'a Line, depth: u8) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match table::find(&line.name) {
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
