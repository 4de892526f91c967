//! Applications that let the channel run others: `limit_execute`, [`ivr`](super::ivr) and [`phrase`](super::phrase).

use std::collections::VecDeque;
use std::sync::Arc;

use api::ChannelId;
use api::command::channel::QueuedAction;
use api::command::table::Limit;
use api::view::TableKey;
use media::control::PlayId;

use super::ivr::Ivr;
use super::playback::Playing;
use super::{App, Started};
use crate::Switch;
use crate::script::QueuedMessage;

/// One of them.
#[derive(Debug)]
pub(crate) enum Nested {
    Limited(Limited),
    Ivr(Box<Ivr>),
    Phrase(Parts),
}

/// `limit_execute`: what is held for as long as the other application runs.
#[derive(Debug)]
pub(crate) struct Limited {
    /// `None`: the channel held it before.
    key: Option<TableKey>,
    running: Arc<str>,
}

/// `phrase` with applications in it: what is run one after the other.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Applications with their arguments, still to come.
    pub(super) rest: VecDeque<(String, String)>,
    pub(super) running: Arc<str>,
}

impl Nested {
    pub(super) fn reads_digits(&self) -> bool {
        matches!(self, Self::Ivr(_))
    }

    pub(super) fn playing_mut(&mut self) -> Option<&mut Playing> {
        match self {
            Self::Ivr(ivr) => ivr.playing.as_mut(),
            Self::Limited(_) | Self::Phrase(_) => None,
        }
    }

    pub(super) fn is_playing(&self, play: PlayId) -> bool {
        match self {
            Self::Ivr(ivr) => ivr.playing.as_ref().is_some_and(|one| one.play == play),
            Self::Limited(_) | Self::Phrase(_) => false,
        }
    }
}

/// Words in front of the application: backend, realm, name, number.
const LIMIT_WORDS: usize = 4;

/// `<backend> <realm> <id> <max>[/<interval>] <application> [<argument>]`: runs the application if the limit allows it, and
/// gives the resource back behind it. The words in front are expanded here, what is behind them when it is run.
pub(super) fn limit_execute(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = Vec::new();
    let mut rest = data.trim_start();
    for _ in 0..LIMIT_WORDS {
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        words.push(switch.expand_and_tell(id, word).to_string());
        rest = behind.trim_start();
    }
    let (name, argument) = rest.split_once(' ').unwrap_or((rest, ""));
    let limit = Limit::parse(&words.join(" "));
    let (Some(limit), false) = (limit, name.is_empty()) else {
        tracing::warn!(channel = %id, data, "limit_execute does not say what to run");
        return Started::Done;
    };
    let held = switch.holds_limit(id, &limit.key);
    if !switch.try_limit(id, &limit) {
        tracing::info!(channel = %id, realm = &*limit.key.0, resource = &*limit.key.1, "A limit keeps an application from running");
        return Started::Done;
    }
    let Some(running) = switch.run_nested(id, name, argument, false) else {
        return Started::Done;
    };
    let key = (!held).then_some(limit.key);
    Started::Waits(App::Nested(Nested::Limited(Limited { key, running })))
}

/// [`limit_execute`] of the backend `hash`: `<realm> <id> …`
pub(super) fn limit_hash_execute(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    limit_execute(switch, id, &format!("hash {data}"))
}

impl Switch {
    /// Runs another application on top of the one that says so; the name of that run. `None`: it cannot be run.
    /// `verbatim`: its argument is not expanded.
    pub(super) fn run_nested(
        &mut self,
        id: &ChannelId,
        name: &str,
        data: &str,
        verbatim: bool,
    ) -> Option<Arc<str>> {
        let run: Arc<str> = self.new_uuid().to_string().into();
        let action = QueuedAction::Run {
            name: name.into(),
            data: data.into(),
            loops: 1,
            event_uuid: Some(run.clone()),
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        };
        let message = QueuedMessage {
            action,
            verbatim,
            ..QueuedMessage::default()
        };
        match self.queue_message(id, message, true) {
            Ok(()) => Some(run),
            Err(error) => {
                tracing::warn!(channel = %id, %error, application = name, "An application is not run");
                None
            }
        }
    }

    /// Whether what was to be run has not even begun.
    pub(super) fn still_waits(&self, id: &ChannelId, run: &Arc<str>) -> bool {
        let live = self.channels.get(id);
        live.is_some_and(|live| {
            live.messages.iter().any(|message| match &message.action {
                QueuedAction::Run { event_uuid, .. } => event_uuid.as_ref() == Some(run),
                QueuedAction::Hangup(_)
                | QueuedAction::Replace(_)
                | QueuedAction::Unicast(_)
                | QueuedAction::NoMedia(_)
                | QueuedAction::Nothing => false,
            })
        })
    }

    /// What ran on top is through.
    pub(super) fn resume_nested(&mut self, id: &ChannelId, missed: bool) {
        match self.innermost_app(id) {
            Some(App::Nested(Nested::Limited(limited))) => {
                let (key, running) = (limited.key.take(), limited.running.clone());
                if self.still_waits(id, &running) {
                    if let Some(App::Nested(Nested::Limited(limited))) = self.innermost_app(id) {
                        limited.key = key;
                    }
                    return;
                }
                if let Some(key) = key {
                    self.release_limits(id, Some(&key));
                }
                self.application_done(id, None);
            }
            Some(App::Nested(Nested::Ivr(_))) => self.resume_ivr(id, missed),
            Some(App::Nested(Nested::Phrase(parts))) => {
                let running = parts.running.clone();
                if !self.still_waits(id, &running) {
                    self.next_part(id);
                }
            }
            Some(_) | None => {}
        }
    }

    /// The next part of a phrase that can be run, or its end.
    fn next_part(&mut self, id: &ChannelId) {
        while let Some(App::Nested(Nested::Phrase(parts))) = self.innermost_app(id) {
            let Some((name, data)) = parts.rest.pop_front() else {
                return self.application_done(id, None);
            };
            let Some(run) = self.run_nested(id, &name, &data, true) else {
                continue;
            };
            if let Some(App::Nested(Nested::Phrase(parts))) = self.innermost_app(id) {
                parts.running = run;
            }
            return;
        }
    }

    pub(super) fn abort_nested(&mut self, id: &ChannelId, nested: Nested) {
        match nested {
            Nested::Limited(limited) => {
                if let Some(key) = limited.key {
                    self.release_limits(id, Some(&key));
                }
            }
            // What runs on top is ended by itself.
            Nested::Phrase(_) => {}
            Nested::Ivr(ivr) => {
                if let Some(playing) = ivr.playing {
                    self.abort_playing(id, playing);
                }
            }
        }
    }
}
