//! Messages queued for a channel: `sendmsg`, `uuid_broadcast` (event-socket.md §2.12).

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::cause::Blame;
use api::command::channel::{Execute, QueuedAction};
use api::event::ChannelEvent;
use api::view::ChannelState;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};

use super::app;
use super::run::Start;
use crate::Switch;
use crate::timers::{Deadline, in_time};
use crate::work::Work;

/// Messages one channel may have waiting (event-socket.md §1.9).
const MAX_MESSAGES: usize = 256;

/// A frame of audio, of which a message may want some to pass first.
const FRAME: Duration = Duration::from_millis(20);

/// One message.
#[derive(Debug)]
pub(crate) struct QueuedMessage {
    pub(crate) action: QueuedAction,
    pub(crate) request: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) body: Option<Arc<str>>,
    pub(crate) event_lock: bool,
    /// The program of a synchronous `socket` that waits for its end; then it is no queued message of anybody.
    pub(crate) answer: Option<RequestId>,
    /// Its argument is not expanded.
    pub(crate) verbatim: bool,
    /// When its lead frames will have passed; `None` before they are waited for.
    pub(crate) lead_until: Option<Instant>,
    /// The partner that hears hold music meanwhile.
    pub(crate) holds: Option<ChannelId>,
    /// It is that music, for as long as this channel does something else.
    pub(crate) music_for: Option<ChannelId>,
}

impl Default for QueuedMessage {
    fn default() -> Self {
        Self {
            action: QueuedAction::Nothing,
            request: Vec::new(),
            body: None,
            event_lock: false,
            answer: None,
            verbatim: false,
            lead_until: None,
            holds: None,
            music_for: None,
        }
    }
}

impl QueuedMessage {
    /// Whether it is run even where the queue is not read: what a synchronous program says itself, and hooks.
    fn runs_for_program(&self) -> bool {
        self.answer.is_some() || self.request.is_empty()
    }
}

impl Switch {
    /// Queues a message and runs it when the channel can.
    pub(crate) fn execute_command(&mut self, request: RequestId, command: Execute) {
        let Execute {
            channel,
            action,
            request: headers,
            body,
            event_lock,
            priority,
        } = command;
        let message = QueuedMessage {
            action,
            request: headers,
            body,
            event_lock,
            ..QueuedMessage::default()
        };
        let answer = self.queue_message(&channel, message, priority);
        self.answer(request, answer);
    }

    pub(crate) fn queue_message(
        &mut self,
        id: &ChannelId,
        message: QueuedMessage,
        ahead: bool,
    ) -> Result<(), CommandError> {
        let Some(live) = self.channels.get_mut(id).filter(|live| live.is_up()) else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        if live.messages.len() >= MAX_MESSAGES {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "too many messages wait for the channel",
            ));
        }
        if ahead {
            live.messages.push_front(message);
        } else {
            live.messages.push_back(message);
        }
        self.work.push_back(Work::Messages(id.clone()));
        Ok(())
    }

    /// The place in the queue of the message to be run now; `None` while the channel does nothing that reads its queue.
    fn next_message(&self, id: &ChannelId) -> Option<usize> {
        let live = self.channels.get(id)?;
        if !live.is_up() || live.script.is_locked() {
            return None;
        }
        let for_program = live.script.runs.last().is_some_and(
            |run| matches!(&run.app, app::App::Socket(socket) if socket.runs_for_program()),
        );
        let at = if for_program {
            live.messages
                .iter()
                .position(QueuedMessage::runs_for_program)?
        } else {
            0
        };
        let message = live.messages.get(at)?;
        if let QueuedAction::Run { name, .. } = &message.action
            && app::name_waits_for_media(name)
            && live.awaits_media()
        {
            return None;
        }
        let reads = match live.script.runs.last() {
            Some(run) => for_program || run.app.reads_messages(),
            None => {
                live.script.started
                    || matches!(
                        live.seen.state,
                        ChannelState::ExchangeMedia
                            | ChannelState::Execute
                            | ChannelState::SoftExecute
                    )
            }
        };
        reads.then_some(at)
    }

    /// Runs queued messages until one waits; true when any ran.
    pub(crate) fn run_messages(&mut self, id: &ChannelId) -> bool {
        let mut ran = false;
        while let Some(at) = self.next_message(id) {
            if self.leads(id, at) {
                break;
            }
            let Some(message) = self
                .channels
                .get_mut(id)
                .and_then(|live| live.messages.remove(at))
            else {
                break;
            };
            ran = true;
            self.run_message(id, message);
        }
        ran
    }

    /// Whether the message waits for frames to pass first.
    fn leads(&mut self, id: &ChannelId, at: usize) -> bool {
        let now = self.now.mono;
        let Some(live) = self.channels.get_mut(id).filter(|live| live.media.open) else {
            return false;
        };
        let Some(message) = live.messages.get_mut(at) else {
            return false;
        };
        let QueuedAction::Run { lead_frames, .. } = message.action else {
            return false;
        };
        match message.lead_until {
            Some(until) => until > now,
            None if lead_frames == 0 => false,
            None => {
                let until = in_time(now, FRAME.saturating_mul(lead_frames));
                message.lead_until = Some(until);
                self.timers.set(until, Deadline::Messages(id.clone()));
                true
            }
        }
    }

    /// Whether a message waits for frames to pass, before anything else is done.
    pub(crate) fn waits_for_lead(&self, id: &ChannelId) -> bool {
        let live = self.channels.get(id);
        let first = live.and_then(|live| live.messages.front());
        first.is_some_and(|message| {
            message
                .lead_until
                .is_some_and(|until| until > self.now.mono)
        })
    }

    fn run_message(&mut self, id: &ChannelId, mut message: QueuedMessage) {
        match &message.action {
            QueuedAction::Run {
                name,
                data,
                loops,
                event_uuid,
                event_uuid_name,
                hold_bleg,
                lead_frames: _,
            } => {
                if *loops == 0 {
                    self.message_done(id, message);
                    return;
                }
                if *hold_bleg {
                    message.holds = self.hold_partner(id);
                }
                let start = Start {
                    name: name.clone(),
                    data: if data.is_empty() {
                        message.body.clone().unwrap_or_else(|| data.clone())
                    } else {
                        data.clone()
                    },
                    uuid: event_uuid.clone(),
                    uuid_name: event_uuid_name.clone(),
                    loops_left: if *loops < 0 { -1 } else { *loops - 1 },
                    pass: 1,
                    message: Some(Box::new(message)),
                };
                self.run_application(id, start);
            }
            QueuedAction::Hangup(cause) => {
                self.hangup(id, *cause, Blame::Ours);
                self.message_dropped(id, Some(&message));
            }
            QueuedAction::Replace(actions) => {
                let actions = actions.clone();
                self.message_done(id, message);
                self.leave_for_transfer(id);
                self.set_next_state(id, ChannelState::Routing);
                self.enter_state(id, ChannelState::Routing);
                self.execute_actions(id, actions);
            }
            QueuedAction::Unicast(link) => {
                let link = *link;
                self.start_unicast(id, link);
                self.message_done(id, message);
            }
            QueuedAction::NoMedia(of) => {
                let of = of.clone();
                if let Err(error) = self.pass_media(&of, true) {
                    tracing::warn!(channel = %of, %error, "Media stays with the server");
                }
                self.message_done(id, message);
            }
            QueuedAction::Nothing => self.message_done(id, message),
        }
    }

    /// A queued message was run.
    pub(crate) fn message_done(&mut self, id: &ChannelId, message: QueuedMessage) {
        if message.answer.is_some() {
            self.message_dropped(id, Some(&message));
            return;
        }
        self.end_music_of(id, &message);
        if message.request.is_empty() {
            // A hook of the switch's own; nobody sent it.
            return;
        }
        self.emit(
            id,
            ChannelEvent::PrivateCommand {
                headers: message.request,
                body: message.body,
            },
        );
    }

    /// A message leaves without having been run, or with nothing more to tell than that it was: whoever waits for its
    /// end hears of it.
    pub(crate) fn message_dropped(&mut self, id: &ChannelId, message: Option<&QueuedMessage>) {
        let Some(message) = message else { return };
        self.end_music_of(id, message);
        if let Some(request) = message.answer {
            self.answer(request, Ok(()));
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]
mod tests {
    use api::Application;
    use api::event::EventKind;

    use super::*;
    use crate::rig::Rig;

    #[test]
    fn a_list_of_applications_takes_the_place_of_what_the_channel_does() {
        // As recorded of the original (sendmsg-04): the end of park, two states, and the list as a dialplan.
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        rig.events.clear();
        let list = [("set", "foo=bar"), ("park", "")].map(|(n, d)| Application::new(n, d));
        let execute = Execute {
            channel: id.clone(),
            action: QueuedAction::Replace(list.to_vec()),
            request: Vec::new(),
            body: None,
            event_lock: false,
            priority: false,
        };
        rig.get(execute).unwrap();
        let told = rig.seen(|event| match &event.kind {
            EventKind::Channel(ChannelEvent::Executed(ran)) => Some(format!("> {}", ran.name)),
            EventKind::Channel(ChannelEvent::ExecuteComplete { application, .. }) => {
                Some(format!("< {}", application.name))
            }
            EventKind::Channel(ChannelEvent::StateChanged) => {
                let channel = event.channel.as_ref()?;
                Some(format!("{:?}", channel.state))
            }
            _ => None,
        });
        assert_eq!(
            told,
            ["< park", "Routing", "Execute", "> set", "< set", "> park"]
        );
        assert_eq!(rig.channel(&id).variable("foo"), Some("bar"));
    }
}
