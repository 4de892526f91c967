//! Playing to a channel whatever it does: `uuid_broadcast`.

use std::sync::Arc;

use api::command::channel::{Broadcast, LegChoice, QueuedAction};
use api::{ChannelId, CommandError, HangupCause};

use crate::Switch;
use crate::script::QueuedMessage;

impl Switch {
    /// Queues what `uuid_broadcast` names on the legs it is for.
    ///
    /// # Errors
    /// `NotFound(Channel)`.
    pub(crate) fn broadcast_command(&mut self, command: &Broadcast) -> Result<(), CommandError> {
        let Broadcast {
            channel,
            path,
            leg,
            hold_bleg,
        } = command.clone();
        self.require(&channel)?;
        let peer = self.partner(&channel);
        let targets: Vec<ChannelId> = match leg {
            Some(LegChoice::A) | None => vec![channel],
            Some(LegChoice::B) => peer.into_iter().collect(),
            Some(LegChoice::Both) => std::iter::once(channel).chain(peer).collect(),
        };
        let (name, data, cause) = parse(&path);
        for target in targets {
            self.queue_message(&target, message(&name, &data, hold_bleg), false)?;
            if let Some(cause) = cause {
                let hangup = QueuedMessage {
                    action: QueuedAction::Hangup(cause),
                    ..QueuedMessage::default()
                };
                self.queue_message(&target, hangup, false)?;
            }
        }
        Ok(())
    }
}

/// `app[!cause]::args`, or a file to play.
fn parse(path: &str) -> (Arc<str>, Arc<str>, Option<HangupCause>) {
    // `tone_stream://…` and other schemes hold a colon too, but never two in a row.
    match path.split_once("::") {
        Some((app, args)) => {
            let (app, cause) = match app.split_once('!') {
                Some((app, cause)) => (app, Some(HangupCause::from_client(cause))),
                None => (app, None),
            };
            (app.into(), args.into(), cause)
        }
        None => ("playback".into(), path.into(), None),
    }
}

fn message(name: &Arc<str>, data: &Arc<str>, hold_bleg: bool) -> QueuedMessage {
    // The headers clients see in the event that follows (recorded).
    let mut request: Vec<(Arc<str>, Arc<str>)> = vec![
        ("call-command".into(), "execute".into()),
        ("execute-app-name".into(), name.clone()),
        ("execute-app-arg".into(), data.clone()),
        ("event-lock".into(), "true".into()),
        ("lead-frames".into(), "5".into()),
    ];
    if hold_bleg {
        request.push(("hold-bleg".into(), "true".into()));
    }
    request.retain(|(_, value)| !value.is_empty());
    QueuedMessage {
        action: QueuedAction::Run {
            name: name.clone(),
            data: data.clone(),
            loops: 1,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg,
            lead_frames: 0,
        },
        request,
        body: None,
        event_lock: true,
        ..QueuedMessage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_applications() {
        let check = |path: &str, name: &str, data: &str, cause: Option<HangupCause>| {
            let got = parse(path);
            assert_eq!((&*got.0, &*got.1, got.2), (name, data, cause), "{path}");
        };
        check("/a/b.wav", "playback", "/a/b.wav", None);
        check(
            "tone_stream://%(1,2,3)",
            "playback",
            "tone_stream://%(1,2,3)",
            None,
        );
        check("set::a=b", "set", "a=b", None);
        check(
            "playback!user_busy::/a.wav",
            "playback",
            "/a.wav",
            Some(HangupCause::UserBusy),
        );
    }
}
