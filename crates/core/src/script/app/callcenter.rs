//! `callcenter`: wait in a queue for an agent, and talk with them; [`crate::queue`] does the rest.

use std::sync::Arc;

use api::ChannelId;
use api::event::{EndOfStay, LeaveReason};
use api::id::QueueCallerId;
use media::control::PlayId;

use super::playback::{Played, Playing};
use super::{App, Started};
use crate::Switch;

/// A caller in a queue.
#[derive(Debug)]
pub(crate) struct InQueue {
    queue: Arc<str>,
    caller: QueueCallerId,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Waits and hears something.
    Waiting(Sound),
    /// Talks with an agent.
    Talking,
}

#[derive(Debug)]
enum Sound {
    Nothing,
    Music(Playing),
    Announcement(Playing),
}

impl InQueue {
    pub(super) fn talks(&self) -> bool {
        match self.stage {
            Stage::Waiting(_) => false,
            Stage::Talking => true,
        }
    }

    /// What is being played.
    pub(super) fn playing_mut(&mut self) -> Option<&mut Playing> {
        match &mut self.stage {
            Stage::Waiting(Sound::Music(playing) | Sound::Announcement(playing)) => Some(playing),
            Stage::Waiting(Sound::Nothing) | Stage::Talking => None,
        }
    }

    fn take_sound(&mut self) -> Option<Playing> {
        match &mut self.stage {
            Stage::Waiting(sound) => match std::mem::replace(sound, Sound::Nothing) {
                Sound::Music(playing) | Sound::Announcement(playing) => Some(playing),
                Sound::Nothing => None,
            },
            Stage::Talking => None,
        }
    }
}

pub(super) fn callcenter(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((queue, caller)) = switch.join_queue(id, data.trim()) else {
        return Started::Done;
    };
    let music = switch.queue_music(id, &queue);
    let sound = match music {
        Some(music) => Sound::Music(switch.start_playing(id, &music, None)),
        None => Sound::Nothing,
    };
    Started::Waits(App::Queue(InQueue {
        queue,
        caller,
        stage: Stage::Waiting(sound),
    }))
}

impl Switch {
    fn queue_app(&mut self, id: &ChannelId) -> Option<&mut InQueue> {
        let live = self.channels.get_mut(id)?;
        live.script
            .runs
            .iter_mut()
            .find_map(|run| match &mut run.app {
                App::Queue(app) => Some(app),
                App::Starting
                | App::Park(_)
                | App::Sleep
                | App::Echo
                | App::Playback(_)
                | App::Record(_)
                | App::Collect(_)
                | App::Bridge(_)
                | App::Valet(_)
                | App::Fifo(_)
                | App::Listen(_)
                | App::Await(_)
                | App::Consult(_)
                | App::Voicemail(_)
                | App::Nested(_)
                | App::Socket(_)
                | App::Eavesdrop(_)
                | App::Conference => None,
            })
    }

    /// Whether the channel waits for an agent now.
    pub(crate) fn is_in_line(&mut self, id: &ChannelId) -> bool {
        self.queue_app(id).is_some_and(|app| !app.talks())
    }

    /// Whether the channel talks with an agent now.
    pub(crate) fn is_served(&mut self, id: &ChannelId) -> bool {
        self.queue_app(id).is_some_and(|app| app.talks())
    }

    /// An agent is there: whatever the caller hears and does ends.
    pub(crate) fn end_music(&mut self, id: &ChannelId) {
        self.end_applications_over_queue(id);
        let Some(app) = self.queue_app(id) else {
            return;
        };
        let sound = app.take_sound();
        app.stage = Stage::Talking;
        if let Some(playing) = sound {
            self.abort_playing(id, playing);
        }
    }

    /// What a program lets the caller do meanwhile ends.
    fn end_applications_over_queue(&mut self, id: &ChannelId) {
        loop {
            let live = self.channels.get(id);
            let top = live.and_then(|live| live.script.runs.last());
            match top.map(|run| &run.app) {
                Some(App::Queue(_)) | None => return,
                Some(
                    App::Starting
                    | App::Park(_)
                    | App::Sleep
                    | App::Echo
                    | App::Playback(_)
                    | App::Record(_)
                    | App::Collect(_)
                    | App::Bridge(_)
                    | App::Valet(_)
                    | App::Fifo(_)
                    | App::Listen(_)
                    | App::Await(_)
                    | App::Consult(_)
                    | App::Voicemail(_)
                    | App::Nested(_)
                    | App::Socket(_)
                    | App::Eavesdrop(_)
                    | App::Conference,
                ) => {
                    self.end_innermost(id);
                }
            }
        }
    }

    /// The caller does not wait any more and goes on: to `destination`, or in their dialplan.
    pub(crate) fn queue_app_over(&mut self, id: &ChannelId, destination: Option<&str>) {
        if !self.is_in_line(id) {
            return;
        }
        self.end_applications_over_queue(id);
        if let Some(app) = self.queue_app(id)
            && let Some(playing) = app.take_sound()
        {
            self.abort_playing(id, playing);
        }
        let mut words = destination.unwrap_or_default().split_whitespace();
        match words.next() {
            Some(extension) => {
                let (dialplan, context) = (words.next(), words.next());
                let (dialplan, context) = (dialplan.map(Arc::from), context.map(Arc::from));
                let extension = self.expand_for(id, extension);
                self.transfer_channel(id, &extension, dialplan, context);
            }
            None => self.application_done(id, None),
        }
    }

    /// Whether that is what the channel hears in line.
    pub(super) fn is_heard_in_queue(&mut self, id: &ChannelId, play: PlayId) -> bool {
        let playing = self.queue_app(id).and_then(InQueue::playing_mut);
        playing.is_some_and(|playing| playing.play == play)
    }

    /// Something the caller heard is over.
    pub(super) fn queue_played(&mut self, id: &ChannelId, played: Played) {
        let Some(app) = self.queue_app(id) else {
            return;
        };
        let Stage::Waiting(sound) = &mut app.stage else {
            return;
        };
        match std::mem::replace(sound, Sound::Nothing) {
            Sound::Announcement(_) => self.resume_music(id),
            Sound::Music(_) => {
                // It has no end of its own: there is no such file, or somebody broke it off.
                if played != Played::Stopped {
                    tracing::warn!(channel = %id, ?played, "A queue's music cannot be played");
                }
            }
            Sound::Nothing => {}
        }
    }

    /// Music again, when nothing else is heard.
    pub(crate) fn resume_music(&mut self, id: &ChannelId) {
        let Some(app) = self.queue_app(id) else {
            return;
        };
        let Stage::Waiting(Sound::Nothing) = &app.stage else {
            return;
        };
        let queue = app.queue.clone();
        let Some(music) = self.queue_music(id, &queue) else {
            return;
        };
        let playing = self.start_playing(id, &music, None);
        if let Some(app) = self.queue_app(id) {
            app.stage = Stage::Waiting(Sound::Music(playing));
        }
    }

    /// Says something to a caller in line, unless something is being said, or a program lets them do something else.
    pub(crate) fn announce_to(&mut self, id: &ChannelId, file: &str) {
        let Some(App::Queue(app)) = self.innermost_app(id) else {
            return;
        };
        match &app.stage {
            Stage::Waiting(Sound::Nothing | Sound::Music(_)) => {}
            Stage::Waiting(Sound::Announcement(_)) | Stage::Talking => return,
        }
        if let Some(music) = app.take_sound() {
            self.abort_playing(id, music);
        }
        let playing = self.start_playing(id, file, Some(0));
        if let Some(app) = self.queue_app(id) {
            app.stage = Stage::Waiting(Sound::Announcement(playing));
        }
    }

    /// A caller in line pressed a key.
    pub(super) fn queue_digit(&mut self, id: &ChannelId, digit: char) {
        let keys = self.var(id, "cc_exit_keys").unwrap_or_default();
        if !keys.contains(digit) || !self.is_in_line(id) {
            return;
        }
        let Some(app) = self.queue_app(id) else {
            return;
        };
        let (queue, caller) = (app.queue.clone(), app.caller);
        self.set_var(id, "cc_exit_key", digit.to_string());
        self.leave_line(&queue, caller, LeaveReason::Transferred, EndOfStay::ExitKey);
        self.queue_app_over(id, None);
    }

    /// The agent has gone; the caller goes on as after a bridge.
    pub(crate) fn service_over(&mut self, id: &ChannelId) {
        self.end_talk(id);
        self.bridge_over(id);
    }

    pub(super) fn abort_queue(&mut self, id: &ChannelId, mut app: InQueue) {
        if let Some(playing) = app.take_sound() {
            self.abort_playing(id, playing);
        }
        let up = self
            .channels
            .get(id)
            .is_some_and(crate::channel::Live::is_up);
        match app.stage {
            Stage::Talking => {
                self.end_talk(id);
                if up {
                    self.disconnect(id);
                }
            }
            Stage::Waiting(_) => {
                let reason = if up {
                    LeaveReason::Transferred
                } else {
                    LeaveReason::Abandoned
                };
                self.leave_line(&app.queue, app.caller, reason, EndOfStay::BrokenOff);
            }
        }
    }
}
