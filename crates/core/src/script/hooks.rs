//! `execute_on_…` and `api_on_…` variables (event-socket.md §6.4).

use api::ChannelId;
use api::command::channel::QueuedAction;
use api::event::{EventKind, SystemEvent};

use super::QueuedMessage;
use crate::Switch;

impl Switch {
    /// Runs the hooks of `moment` (`answer`, `ring`, `media`, `originate`): applications on the channel, console
    /// lines by whoever runs console lines.
    pub(crate) fn run_hooks(&mut self, id: &ChannelId, moment: &str) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let execute = format!("execute_on_{moment}");
        let console = format!("api_on_{moment}");
        let of = |prefix: &str| {
            let matches = |name: &str| {
                name.strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            };
            live.seen
                .variables
                .iter()
                .filter(|(name, _)| matches(name))
                .map(|(_, value)| value.to_text())
                .collect::<Vec<_>>()
        };
        let (applications, lines) = (of(&execute), of(&console));
        for text in applications {
            let (name, data) = split_application(&text);
            let action = QueuedAction::Run {
                name: name.into(),
                data: data.into(),
                loops: 1,
                event_uuid: None,
                event_uuid_name: None,
                hold_bleg: false,
                lead_frames: 0,
            };
            let message = QueuedMessage {
                action,
                ..QueuedMessage::default()
            };
            if let Err(error) = self.queue_message(id, message, true) {
                tracing::warn!(channel = %id, %error, "Hook is not run");
            }
        }
        for line in lines {
            self.console_line(id, &line);
        }
    }

    /// `api_hangup_hook`
    pub(crate) fn run_hangup_hooks(&mut self, id: &ChannelId) {
        if let Some(line) = self.var(id, "api_hangup_hook").map(str::to_owned) {
            self.console_line(id, &line);
        }
    }

    pub(crate) fn console_line(&mut self, id: &ChannelId, line: &str) {
        let line = self.expand_for(id, line);
        let channel = self.channels.get(id).map(|live| live.seen.clone());
        let event = SystemEvent::ConsoleLineDue {
            line,
            channel: Some(id.clone()),
        };
        self.publish(EventKind::System(event), channel);
    }
}

/// `app::data`, `app data`, or `app` alone.
pub(crate) fn split_application(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once("::")
        .or_else(|| text.split_once(' '))
        .unwrap_or((text, ""))
}
