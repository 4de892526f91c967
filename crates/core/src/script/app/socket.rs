//! `socket` and `webapp`: a program takes the channel over (event-socket.md §3, decision 0034). The switch says that one
//! is wanted and waits; a door dials, and says how it went.

use std::time::Duration;

use api::cause::Blame;
use api::command::control::{
    BeginControl, ClaimControl, ControlId, EndControl, ExecuteControlled, ParkForControl,
};
use api::event::{ChannelEvent, ControllerWanted, EventKind, Spoken, SystemEvent};
use api::{ChannelId, CommandError, ErrorKind, HangupCause, RequestId};

use super::{App, Started, park};
use crate::Switch;
use crate::script::{QueuedMessage, Run};
use crate::timers::{Deadline, in_time};
use crate::work::Work;

/// Time for a door to say that it dials. Without one there is nothing to wait for.
const CLAIM_TIME: Duration = Duration::from_secs(2);

/// A channel in the hands of a program, or on its way there.
///
/// | From | To | Because |
/// |---|---|---|
/// | `Wanted` | `Dialling` | a door claimed it |
/// | `Wanted`, `Dialling` | through | nobody dialled, or nobody was reached, in time |
/// | `Dialling` | `Served` | the program was reached |
/// | `Served` | `Parked` | asynchronous, and the program spoke |
/// | `Served`, `Parked` | `Left` | the program left while something runs on top |
/// | `Served`, `Parked`, `Left` | through | the program left and nothing runs on top |
#[derive(Debug)]
pub(crate) struct Socket {
    control: ControlId,
    spoken: Spoken,
    asynchronous: bool,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// No door has said yet that it dials.
    Wanted,
    /// A door dials.
    Dialling,
    /// The program has the channel. Synchronous: it runs what the program says, one at a time.
    Served,
    /// The program has the channel, which waits for queued messages.
    Parked {
        /// What `park_timeout` ends it with.
        cause: HangupCause,
    },
    /// The program left; what runs on top is still to end.
    Left {
        /// It was parked: CHANNEL_UNPARK is owed.
        parked: bool,
    },
}

impl Socket {
    /// Whether any queued message may run on top of it.
    pub(crate) fn reads_messages(&self) -> bool {
        match self.stage {
            Stage::Parked { .. } => true,
            Stage::Wanted | Stage::Dialling | Stage::Served | Stage::Left { .. } => false,
        }
    }

    /// Whether what its program runs itself may run on top of it.
    pub(crate) fn runs_for_program(&self) -> bool {
        self.stage == Stage::Served && !self.asynchronous
    }

    /// A channel that nothing reads digits from keeps them for the application that does.
    pub(crate) fn reads_digits(&self) -> bool {
        self.reads_messages()
    }

    /// Whether the channel is parked for its program, and so cannot be parked again (event-socket.md §3.5).
    pub(super) fn is_parked(&self) -> bool {
        match self.stage {
            Stage::Parked { .. } | Stage::Left { parked: true } => true,
            Stage::Wanted | Stage::Dialling | Stage::Served | Stage::Left { parked: false } => {
                false
            }
        }
    }
}

/// `<host>[:<port>][/<path>][|<host2>…] [async] [full]`; other words mean nothing.
pub(super) fn socket(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let Some(address) = words.next() else {
        tracing::warn!(channel = %id, "socket does not say where");
        return Started::Done;
    };
    let has = |flag: &str| {
        data.split_ascii_whitespace()
            .skip(1)
            .any(|word| word.eq_ignore_ascii_case(flag))
    };
    let (asynchronous, full) = (has("async"), has("full"));
    switch.want_controller(id, Spoken::EventSocket, address, asynchronous, full)
}

/// `<url>|<name> [<option>=<value> ...]`, which the door reads. Synchronous: the answers of a web application are lists of
/// what is to be done one after the other.
pub(super) fn webapp(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    switch.want_controller(id, Spoken::Http, data, false, false)
}

impl Switch {
    fn want_controller(
        &mut self,
        id: &ChannelId,
        spoken: Spoken,
        address: &str,
        asynchronous: bool,
        full: bool,
    ) -> Started {
        self.serials.control += 1;
        let control = ControlId(self.serials.control);
        let wanted = ControllerWanted {
            channel: id.clone(),
            control,
            spoken,
            address: address.into(),
            asynchronous,
            full,
        };
        let event = SystemEvent::ControllerWanted(Box::new(wanted));
        self.publish(EventKind::System(event), None);
        self.wait(id, CLAIM_TIME);
        Started::Waits(App::Socket(Socket {
            control,
            spoken,
            asynchronous,
            stage: Stage::Wanted,
        }))
    }

    /// A door dials.
    pub(crate) fn claim_control(&mut self, command: &ClaimControl) -> Result<(), CommandError> {
        let ClaimControl {
            channel,
            control,
            within,
        } = command;
        self.advance(channel, *control, Stage::Wanted, Stage::Dialling)?;
        // The door says itself that it failed; this is for one that cannot any more.
        self.wait_for_socket(channel, *control, Some(*within));
        Ok(())
    }

    /// The program was reached.
    pub(crate) fn begin_control(&mut self, command: &BeginControl) -> Result<(), CommandError> {
        let BeginControl { channel, control } = command;
        self.advance(channel, *control, Stage::Dialling, Stage::Served)?;
        self.wait_for_socket(channel, *control, None);
        // Whoever was sent here is served, by a machine.
        self.transfer_decided(channel, 200);
        Ok(())
    }

    /// The program spoke. What it said to a synchronous channel needs no parking.
    pub(crate) fn park_for_control(
        &mut self,
        command: &ParkForControl,
    ) -> Result<(), CommandError> {
        let ParkForControl { channel, control } = command;
        let Some(app) = self.socket_app(channel, *control) else {
            return Err(left());
        };
        if !app.asynchronous {
            return Ok(());
        }
        let (limit, cause) = park::limit(self, channel);
        self.advance(channel, *control, Stage::Served, Stage::Parked { cause })?;
        self.emit(channel, ChannelEvent::Parked);
        self.settle_unicast(channel);
        self.wait_for_socket(channel, *control, limit);
        self.read_digits(channel);
        self.work.push_back(Work::Messages(channel.clone()));
        Ok(())
    }

    /// Runs something for the program of a synchronous channel; the answer comes when it is through.
    pub(crate) fn execute_controlled(&mut self, request: RequestId, command: ExecuteControlled) {
        let ExecuteControlled {
            channel,
            control,
            action,
            body,
            event_lock,
            verbatim,
        } = command;
        let serves = self
            .socket_app(&channel, control)
            .is_some_and(|app| app.runs_for_program());
        let live = self.channels.get_mut(&channel);
        let Some(live) = live.filter(|live| serves && live.is_up()) else {
            self.answer(request, Err::<(), _>(left()));
            return;
        };
        live.messages.push_front(QueuedMessage {
            action,
            body,
            event_lock,
            verbatim,
            answer: Some(request),
            ..QueuedMessage::default()
        });
        self.work.push_back(Work::Messages(channel));
    }

    /// The program was not reached, or left.
    pub(crate) fn end_control(&mut self, command: &EndControl) {
        let EndControl { channel, control } = command;
        let Some(app) = self.socket_app(channel, *control) else {
            return;
        };
        app.stage = Stage::Left {
            parked: app.is_parked(),
        };
        if self.var_true(channel, "socket_resume") && !self.talks_with_somebody(channel) {
            self.drop_messages(channel);
            while !self.is_on_top(channel, *control) && self.end_innermost(channel) {}
        }
        // Whoever was told to wait for the program's commands waits for nothing.
        let on_top = self
            .channels
            .get(channel)
            .and_then(|live| live.script.runs.last());
        if on_top.is_some_and(|run| matches!(run.app, App::Park(_))) {
            self.end_innermost(channel);
        }
        self.resume_innermost(channel);
    }

    /// The application is on top again; when its program has left, it is through.
    pub(super) fn resume_socket(&mut self, id: &ChannelId) {
        let Some(App::Socket(app)) = self.innermost_app(id) else {
            return;
        };
        if let Stage::Left { parked } = app.stage {
            if parked {
                self.emit(id, ChannelEvent::Unparked);
            }
            self.application_done(id, None);
        }
    }

    /// Nobody dialled, nobody was reached, or `park_timeout`.
    pub(super) fn socket_timeout(&mut self, id: &ChannelId, depth: usize) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let Some(Run {
            app: App::Socket(app),
            ..
        }) = live.script.runs.get(depth)
        else {
            return;
        };
        let (control, spoken) = (app.control, app.spoken);
        match app.stage {
            Stage::Wanted | Stage::Dialling => {
                tracing::warn!(channel = %id, stage = ?app.stage, "No program was reached");
                self.publish_over(id, control, spoken);
                self.application_done(id, None);
            }
            Stage::Parked { cause } => self.hangup(id, cause, Blame::Ours),
            Stage::Served | Stage::Left { .. } => {}
        }
    }

    /// The channel leaves the application: hangup, transfer.
    pub(super) fn abort_socket(&mut self, id: &ChannelId, app: &Socket) {
        if app.is_parked() {
            self.emit(id, ChannelEvent::Unparked);
        }
        let up = self
            .channels
            .get(id)
            .is_some_and(crate::channel::Live::is_up);
        self.drop_messages(id);
        let over = match app.stage {
            Stage::Wanted | Stage::Dialling => true,
            // The hangup speaks for itself, and a program beside the channel stays with it wherever it goes (recorded).
            Stage::Served => app.spoken == Spoken::Http || (up && !app.asynchronous),
            Stage::Parked { .. } | Stage::Left { .. } => false,
        };
        if over {
            self.publish_over(id, app.control, app.spoken);
        }
    }

    fn publish_over(&mut self, id: &ChannelId, control: ControlId, spoken: Spoken) {
        let over = SystemEvent::ControlOver {
            channel: id.clone(),
            control,
        };
        let live = self.channels.get(id);
        let seen = live.filter(|_| spoken == Spoken::Http);
        let seen = seen.map(|live| live.seen.clone());
        self.publish(EventKind::System(over), seen);
    }

    /// What the program waits for to be run is not run any more.
    fn drop_messages(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let waiting = live.messages.iter().filter_map(|message| message.answer);
        let waiting: Vec<RequestId> = waiting.collect();
        live.messages.retain(|message| message.answer.is_none());
        for request in waiting {
            self.answer(request, Ok(()));
        }
    }

    /// Bridged, in a conference, or served by an agent.
    fn talks_with_somebody(&self, id: &ChannelId) -> bool {
        let Some(live) = self.channels.get(id) else {
            return false;
        };
        live.bridge.is_some()
            || live.script.runs.iter().any(|run| match &run.app {
                App::Bridge(bridge) => bridge.is_up(),
                App::Queue(queue) => queue.talks(),
                App::Fifo(fifo) => fifo.talks(),
                App::Conference => true,
                App::Starting
                | App::Park(_)
                | App::Sleep
                | App::Echo
                | App::Playback(_)
                | App::Record(_)
                | App::Collect(_)
                | App::Valet(_)
                | App::Listen(_)
                | App::Await(_)
                | App::Consult(_)
                | App::Voicemail(_)
                | App::Eavesdrop(_)
                | App::Nested(_)
                | App::Socket(_) => false,
            })
    }

    fn is_on_top(&self, id: &ChannelId, control: ControlId) -> bool {
        let live = self.channels.get(id);
        live.and_then(|live| live.script.runs.last())
            .is_some_and(|run| is_of(run, control))
    }

    fn socket_run(&mut self, id: &ChannelId, control: ControlId) -> Option<&mut Run> {
        let live = self.channels.get_mut(id)?;
        live.script.runs.iter_mut().find(|run| is_of(run, control))
    }

    fn socket_app(&mut self, id: &ChannelId, control: ControlId) -> Option<&mut Socket> {
        let App::Socket(app) = &mut self.socket_run(id, control)?.app else {
            return None;
        };
        Some(app)
    }

    fn advance(
        &mut self,
        id: &ChannelId,
        control: ControlId,
        from: Stage,
        to: Stage,
    ) -> Result<(), CommandError> {
        let app = self.socket_app(id, control);
        let app = app.filter(|app| app.stage == from).ok_or_else(left)?;
        app.stage = to;
        Ok(())
    }

    /// Replaces the wait of the application; `None` ends it.
    fn wait_for_socket(&mut self, id: &ChannelId, control: ControlId, span: Option<Duration>) {
        self.serials.wait += 1;
        let number = self.serials.wait;
        let at = span.map(|span| in_time(self.now.mono, span));
        let Some(run) = self.socket_run(id, control) else {
            return;
        };
        run.wait = number;
        if let Some(at) = at {
            self.timers
                .set(at, Deadline::Application(id.clone(), number));
        }
    }
}

fn is_of(run: &Run, control: ControlId) -> bool {
    matches!(&run.app, App::Socket(app) if app.control == control)
}

fn left() -> CommandError {
    CommandError::new(
        ErrorKind::InvalidState,
        "the channel does not wait for that program",
    )
}

#[cfg(test)]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]
mod tests;
