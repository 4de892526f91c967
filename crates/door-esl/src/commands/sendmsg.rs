//! `sendmsg` (event-socket.md §2.12).

use std::sync::Arc;

use api::command::channel::{Execute, QueuedAction};
use api::{Application, HangupCause};
use esl::command::OK;
use esl::command::sendmsg::{Message, SendMsg, invalid_session};

use super::sendevent::pairs;
use crate::ending::End;
use crate::error::sendmsg_reply;
use crate::session::Session;

impl Session {
    /// Queued for the channel, whose own turn it is to run it: the reply tells no more than that.
    pub(super) async fn sendmsg(&mut self, message: &SendMsg) -> Result<(), End> {
        let own = self.controlled.as_ref().map(|c| c.channel.to_string());
        let target = message.target.clone().or(own);
        let view = self.shared.switch.view();
        let Some(channel) = target.as_deref().and_then(|id| view.channel(id)) else {
            return self.answer(&invalid_session(target.as_deref()));
        };
        let headers = message.event_headers();
        let body = headers.body().filter(|body| !body.is_empty());
        let (action, event_lock, priority) = action(message.message());
        let execute = Execute {
            channel: channel.id.clone(),
            action,
            request: pairs(&headers),
            body: body.map(|body| String::from_utf8_lossy(body).into()),
            event_lock,
            priority,
        };
        let asked = self.shared.switch.ask(execute, self.console.origin.clone());
        match asked.await {
            Ok(_) => self.answer(OK),
            Err(error) => self.answer(&sendmsg_reply(&error, target.as_deref())),
        }
    }
}

/// What the channel is to do, whether others wait for it, and whether it goes first.
fn action(message: Message) -> (QueuedAction, bool, bool) {
    let text = |text: String| Arc::<str>::from(text);
    match message {
        Message::Execute(execute) => {
            let run = QueuedAction::Run {
                name: text(execute.application),
                data: text(execute.argument),
                loops: execute.loops,
                event_uuid: execute.event_uuid.map(text),
                event_uuid_name: execute.event_uuid_name.map(text),
                hold_bleg: execute.hold_bleg,
            };
            let lock = execute.event_lock || execute.event_lock_priority;
            (run, lock, execute.event_lock_priority)
        }
        Message::Hangup { cause } => {
            let cause = if cause.is_empty() {
                HangupCause::NormalClearing
            } else {
                HangupCause::from_client(&cause)
            };
            (QueuedAction::Hangup(cause), false, false)
        }
        Message::Transfer { applications } => {
            let list = applications
                .into_iter()
                .map(|(name, data)| Application::new(name, data));
            (QueuedAction::Replace(list.collect()), false, false)
        }
        Message::Unicast(_) | Message::NoMedia { .. } => {
            tracing::warn!("unicast and nomedia are not supported; nothing happens");
            (QueuedAction::Nothing, false, false)
        }
        Message::Nothing => (QueuedAction::Nothing, false, false),
    }
}
