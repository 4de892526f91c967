//! What a channel runs: the rest of its dialplan, and the applications in progress.
//!
//! Applications are explicit machines, one file each in [`app`]. An application that waits sits on the
//! channel's stack; a queued message runs *nested*, on top of the one that waits (event-socket.md §2.12).

pub(crate) mod app;
mod digits;
mod hold_music;
mod hooks;
mod messages;
mod run;

pub(crate) use messages::QueuedMessage;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use api::Application;
use api::event::RanApplication;

use app::App;

/// The script of one channel.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Actions still to come.
    pub(crate) actions: VecDeque<Application>,
    /// Applications in progress, innermost last.
    pub(crate) runs: Vec<Run>,
    /// `last_app` and `last_arg`.
    pub(crate) last_application: Option<(Arc<str>, Arc<str>)>,
    /// It was given something to do: when that is through, the channel ends.
    pub(crate) started: bool,
}

/// One application in progress.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ran: RanApplication,
    pub(crate) app: App,
    /// Number of the wait in progress: a timer with another number is stale.
    pub(crate) wait: u64,
    /// The message that asked for it.
    pub(crate) message: Option<Box<QueuedMessage>>,
    /// Passes still to come after this one; negative = for ever.
    pub(crate) loops_left: i32,
    /// Number of this pass, from 1.
    pub(crate) pass: u32,
    pub(crate) began: Instant,
}

impl Script {
    /// The application that sees digits and timers.
    pub(crate) fn innermost(&mut self) -> Option<&mut Run> {
        self.runs.last_mut()
    }

    /// A message with `event-lock` is running.
    pub(crate) fn is_locked(&self) -> bool {
        self.runs
            .iter()
            .any(|run| run.message.as_ref().is_some_and(|m| m.event_lock))
    }
}
