//! Running applications: start, wait, end.

use std::sync::Arc;
use std::time::Duration;

use api::cause::Blame;
use api::event::{ChannelEvent, RanApplication};
use api::view::{ChannelState, Direction};
use api::{Application, ChannelId, HangupCause};

use super::app::{self, App, Started};
use super::{QueuedMessage, Run};
use crate::Switch;
use crate::dialplan::inline;
use crate::timers::{Deadline, in_time};
use crate::work::Work;

/// A pass of a looped message that was shorter than this ends the loop (event-socket.md §2.12).
const SHORTEST_PASS: Duration = Duration::from_millis(500);

/// How an application is to be run.
pub(crate) struct Start {
    pub(crate) name: Arc<str>,
    pub(crate) data: Arc<str>,
    pub(crate) uuid: Option<Arc<str>>,
    pub(crate) uuid_name: Option<Arc<str>>,
    pub(crate) message: Option<Box<QueuedMessage>>,
    pub(crate) loops_left: i32,
    pub(crate) pass: u32,
}

impl Switch {
    /// Looks up the dialplan for the channel's profile and begins to run what it says.
    pub(crate) fn hunt(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.is_up() {
            return;
        }
        let Some(profile) = live.seen.profile.clone() else {
            return;
        };
        let actions = if let Some(bridge) = self.take_direct_route(id) {
            vec![bridge]
        } else if profile.dialplan.eq_ignore_ascii_case("inline") {
            let given = self
                .channels
                .get_mut(id)
                .and_then(|live| live.inline_route.take());
            inline::parse(given.as_deref().unwrap_or(&profile.destination_number))
                .into_iter()
                .map(|item| Application::new(&*item.application, &*item.data))
                .collect()
        } else if profile.dialplan.eq_ignore_ascii_case("xml") {
            self.hunt_xml(id, &profile.context)
        } else {
            tracing::warn!(channel = %id, dialplan = %profile.dialplan, "No such dialplan");
            Vec::new()
        };
        self.make_own_call(id);
        if actions.is_empty() {
            tracing::info!(channel = %id, number = %profile.destination_number, context = %profile.context, "No route");
            self.hangup(id, HangupCause::NoRouteDestination, Blame::Caller);
            return;
        }
        self.execute_actions(id, actions);
    }

    fn hunt_xml(&mut self, id: &ChannelId, context: &str) -> Vec<Application> {
        let xml = self.config.xml.clone();
        let now = self.local_time();
        let mut hunting = app::HuntingChannel { switch: self, id };
        match xml.dialplan.route(context, &mut hunting, &now) {
            Ok(route) => route
                .actions
                .into_iter()
                .map(|item| Application::new(&*item.application, &*item.data))
                .collect(),
            Err(error) => {
                tracing::warn!(channel = %id, context, %error, "Dialplan has no answer");
                Vec::new()
            }
        }
    }

    /// Whatever call a channel was part of, what it does from here on is its own (recorded).
    pub(crate) fn make_own_call(&mut self, id: &ChannelId) {
        self.set_var(id, "call_uuid", id.as_str());
    }

    /// Enters CS_EXECUTE with a list of applications.
    pub(crate) fn execute_actions(&mut self, id: &ChannelId, actions: Vec<Application>) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        live.script.actions = actions.into();
        live.script.started = true;
        self.set_next_state(id, ChannelState::Execute);
        if self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == Direction::Inbound)
        {
            self.presence(id, "CS_ROUTING");
        }
        self.enter_state(id, ChannelState::Execute);
        self.make_own_call(id);
        self.work.push_back(Work::Continue(id.clone()));
    }

    /// Runs the next actions until one waits.
    pub(crate) fn continue_script(&mut self, id: &ChannelId) {
        loop {
            let Some(live) = self.channels.get_mut(id) else {
                return;
            };
            if !live.is_up() || !live.script.runs.is_empty() || !live.script.started {
                return;
            }
            // Messages queued meanwhile come between two actions.
            if !live.messages.is_empty() {
                if self.run_messages(id) {
                    continue;
                }
                if self.waits_for_lead(id) {
                    return;
                }
            }
            let Some(live) = self.channels.get_mut(id) else {
                return;
            };
            if !live.is_up() || !live.script.runs.is_empty() {
                return;
            }
            let Some(next) = live.script.actions.front() else {
                live.script.started = false;
                if live.bridge.is_none() {
                    self.hangup(id, HangupCause::NormalClearing, Blame::Ours);
                }
                return;
            };
            if app::waits_for_media(next) && live.awaits_media() {
                return;
            }
            let Some(next) = live.script.actions.pop_front() else {
                return;
            };
            self.run_application(
                id,
                Start {
                    name: next.name,
                    data: next.data,
                    uuid: None,
                    uuid_name: None,
                    message: None,
                    loops_left: 0,
                    pass: 1,
                },
            );
        }
    }

    /// Runs one application: CHANNEL_EXECUTE, and CHANNEL_EXECUTE_COMPLETE unless it waits.
    pub(crate) fn run_application(&mut self, id: &ChannelId, start: Start) {
        let programs = self.config.may_run_programs;
        let Some(entry) = app::find(&start.name).filter(|entry| entry.is_there(programs)) else {
            tracing::warn!(channel = %id, application = %start.name, "No such application");
            self.hangup(id, HangupCause::DestinationOutOfOrder, Blame::Ours);
            self.message_dropped(id, start.message.as_deref());
            return;
        };
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            self.message_dropped(id, start.message.as_deref());
            return;
        }
        if entry.needs_media {
            self.pre_answer_if_needed(id);
            self.need_media(id);
        }
        let verbatim = start.message.as_ref().is_some_and(|m| m.verbatim);
        let data = if entry.raw || verbatim {
            start.data.clone()
        } else {
            self.expand_and_tell(id, &start.data)
        };
        let uuid = start
            .uuid
            .unwrap_or_else(|| self.new_uuid().to_string().into());
        let name: Arc<str> = entry.name.into();
        if start.message.is_some() {
            let total = if start.loops_left < 0 {
                -1
            } else {
                start.loops_left + start.pass as i32
            };
            self.set_var(id, "current_loop", start.pass.to_string());
            self.set_var(id, "total_loops", total.to_string());
        }
        self.unset_var(id, "current_application_response");
        self.set_var(id, "current_application", &*name);
        self.set_var(id, "current_application_data", &*data);
        let ran = RanApplication {
            name: name.clone(),
            data: data.clone(),
            uuid,
            uuid_name: start.uuid_name,
        };
        let now = self.now.mono;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        live.seen_mut().application = Some((name.clone(), data.clone()));
        live.script.last_application = Some((name, data.clone()));
        live.script.runs.push(Run {
            ran: ran.clone(),
            app: App::Starting,
            wait: 0,
            message: start.message,
            loops_left: start.loops_left,
            pass: start.pass,
            began: now,
        });
        let depth = live.script.runs.len();
        self.emit(id, ChannelEvent::Executed(ran));
        // Clients of the original find it behind its argument from here on (recorded).
        self.set_var(id, "current_application", entry.name);
        let started = (entry.start)(self, id, &data);
        // The application may have hung up or replaced the script.
        let Some(run) = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.runs.get_mut(depth - 1))
        else {
            return;
        };
        if !matches!(run.app, App::Starting) {
            return;
        }
        match started {
            Started::Done => self.application_done(id, None),
            Started::Answered(response) => self.application_done(id, Some(&response)),
            Started::Waits(app) => {
                let dials = matches!(app, App::Bridge(_) | App::Socket(_));
                run.app = app;
                self.settle_unicast(id);
                self.work.push_back(Work::Messages(id.clone()));
                self.read_digits(id);
                if !dials {
                    // Whoever was sent here is served, by a machine.
                    self.transfer_decided(id, 200);
                }
            }
        }
    }

    /// The innermost application is through.
    pub(crate) fn application_done(&mut self, id: &ChannelId, response: Option<&str>) {
        if let Some(response) = response {
            self.set_var(id, "current_application_response", response);
        }
        let Some(run) = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.runs.pop())
        else {
            return;
        };
        self.complete(id, &run);
        let up = self
            .channels
            .get(id)
            .is_some_and(super::super::channel::Live::is_up);
        if let Some(message) = run.message {
            let long_enough = self.now.mono.saturating_duration_since(run.began) >= SHORTEST_PASS;
            if up && run.loops_left != 0 && long_enough {
                let start = Start {
                    name: run.ran.name.clone(),
                    data: run.ran.data.clone(),
                    uuid: Some(run.ran.uuid.clone()),
                    uuid_name: run.ran.uuid_name.clone(),
                    message: Some(message),
                    loops_left: if run.loops_left > 0 {
                        run.loops_left - 1
                    } else {
                        -1
                    },
                    pass: run.pass + 1,
                };
                self.run_application(id, start);
                return;
            }
            self.unset_var(id, "current_loop");
            self.unset_var(id, "total_loops");
            self.message_done(id, *message);
        }
        self.settle_unicast(id);
        if up {
            self.resume_innermost(id);
            self.work.push_back(Work::Messages(id.clone()));
            self.work.push_back(Work::Continue(id.clone()));
        }
    }

    /// CHANNEL_EXECUTE_COMPLETE.
    fn complete(&mut self, id: &ChannelId, run: &Run) {
        let response = self
            .var(id, "current_application_response")
            .unwrap_or("_none_")
            .into();
        self.emit(
            id,
            ChannelEvent::ExecuteComplete {
                application: run.ran.clone(),
                response,
            },
        );
    }

    /// Ends everything the channel runs, innermost first: hangup, transfer, bridge by command.
    pub(crate) fn end_script(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        live.script.actions.clear();
        live.script.started = false;
        while self.end_innermost(id) {}
    }

    /// Ends the innermost application from outside; false when there is none.
    pub(crate) fn end_innermost(&mut self, id: &ChannelId) -> bool {
        let live = self.channels.get_mut(id);
        let Some(mut run) = live.and_then(|live| live.script.runs.pop()) else {
            return false;
        };
        let app = std::mem::replace(&mut run.app, App::Starting);
        self.abort_app(id, app);
        self.settle_unicast(id);
        self.complete(id, &run);
        if let Some(message) = run.message {
            self.unset_var(id, "current_loop");
            self.unset_var(id, "total_loops");
            self.message_done(id, *message);
        }
        true
    }

    /// Starts a wait of the innermost application.
    pub(crate) fn wait(&mut self, id: &ChannelId, span: Duration) {
        self.serials.wait += 1;
        let number = self.serials.wait;
        let at = in_time(self.now.mono, span);
        if let Some(run) = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.innermost())
        {
            run.wait = number;
            self.timers
                .set(at, Deadline::Application(id.clone(), number));
        }
    }

    /// A wait is over.
    pub(crate) fn application_timeout(&mut self, id: &ChannelId, wait: u64) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(depth) = live.script.runs.iter().position(|run| run.wait == wait) else {
            return;
        };
        self.app_timeout(id, depth);
    }
}
