//! Messages queued for a channel: `sendmsg`, `uuid_broadcast` (event-socket.md §2.12).

use std::sync::Arc;

use api::cause::Blame;
use api::command::channel::{Execute, QueuedAction};
use api::event::ChannelEvent;
use api::view::ChannelState;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};

use super::app;
use super::run::Start;
use crate::Switch;
use crate::work::Work;

/// Messages one channel may have waiting (event-socket.md §1.9).
const MAX_MESSAGES: usize = 256;

/// One message.
#[derive(Debug)]
pub(crate) struct QueuedMessage {
    pub(crate) action: QueuedAction,
    pub(crate) request: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) body: Option<Arc<str>>,
    pub(crate) event_lock: bool,
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

    /// Whether the channel is doing something that reads its queue.
    fn reads_messages(&self, id: &ChannelId) -> bool {
        let Some(live) = self.channels.get(id) else {
            return false;
        };
        if !live.is_up() || live.script.is_locked() || live.messages.is_empty() {
            return false;
        }
        let Some(message) = live.messages.front() else {
            return false;
        };
        if let QueuedAction::Run { name, .. } = &message.action
            && app::name_waits_for_media(name)
            && live.awaits_media()
        {
            return false;
        }
        match live.script.runs.last() {
            Some(run) => run.app.reads_messages(),
            None => {
                live.script.started
                    || matches!(
                        live.seen.state,
                        ChannelState::ExchangeMedia
                            | ChannelState::Execute
                            | ChannelState::SoftExecute
                    )
            }
        }
    }

    /// Runs queued messages until one waits; true when any ran.
    pub(crate) fn run_messages(&mut self, id: &ChannelId) -> bool {
        let mut ran = false;
        while self.reads_messages(id) {
            let Some(message) = self
                .channels
                .get_mut(id)
                .and_then(|live| live.messages.pop_front())
            else {
                break;
            };
            ran = true;
            self.run_message(id, message);
        }
        ran
    }

    fn run_message(&mut self, id: &ChannelId, message: QueuedMessage) {
        match &message.action {
            QueuedAction::Run {
                name,
                data,
                loops,
                event_uuid,
                event_uuid_name,
                hold_bleg: _,
            } => {
                if *loops == 0 {
                    self.message_done(id, message);
                    return;
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
            QueuedAction::Hangup(cause) => self.hangup(id, *cause, Blame::Ours),
            QueuedAction::Replace(actions) => {
                let actions = actions.clone();
                self.message_done(id, message);
                self.leave_for_transfer(id);
                self.set_next_state(id, ChannelState::Routing);
                self.enter_state(id, ChannelState::Routing);
                self.execute_actions(id, actions);
            }
            QueuedAction::Nothing => self.message_done(id, message),
        }
    }

    /// A queued message was run.
    pub(crate) fn message_done(&mut self, id: &ChannelId, message: QueuedMessage) {
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
}
