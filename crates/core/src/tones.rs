//! Tones looked for beside a call: `tone_detect`.

use std::sync::Arc;
use std::time::Duration;

use api::command::channel::QueuedAction;
use api::command::leg::{Tone, Window};
use api::event::{ChannelEvent, MediaBug};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::{MediaCommand, MuteSide, Wanted, Watch, WatchId};

use crate::Switch;
use crate::script::QueuedMessage;
use crate::script::app::Listening;
use crate::timers::{Deadline, in_time};

/// `Media-Bug-Function` of it.
pub(crate) const BUG: &str = "tone_detect";

/// One tone of one channel.
#[derive(Clone, Debug)]
pub(crate) struct ToneWatch {
    watch: WatchId,
    key: Arc<str>,
    application: Option<(Arc<str>, Arc<str>)>,
    /// How often it still has to be heard; 0: it was, and is told no more.
    missing: u32,
    hits: u32,
}

impl Switch {
    /// Looks for a tone from now on, or once more.
    ///
    /// # Errors
    /// `NotFound(Channel)`; `InvalidState` without media or frequencies; `LimitReached`.
    pub(crate) fn detect_tone(&mut self, id: &ChannelId, tone: Tone) -> Result<(), CommandError> {
        self.need_media(id);
        let asked = self
            .var(id, "tone_detect_hits")
            .and_then(|hits| hits.parse().ok());
        let hits = tone.hits.or(asked).unwrap_or(1).max(1);
        let now = self.now;
        let Some(live) = self.channels.get_mut(id).filter(|live| live.is_up()) else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        if tone.hz.is_empty() {
            // Only its name: it may be told once more.
            let known = live.tones.iter_mut().find(|one| one.key == tone.key);
            let Some(known) = known else {
                let kind = ErrorKind::InvalidState;
                return Err(CommandError::new(
                    kind,
                    "no tone of that name is looked for",
                ));
            };
            known.missing = known.hits;
            return Ok(());
        }
        if !live.media.open {
            let kind = ErrorKind::InvalidState;
            return Err(CommandError::new(kind, "the channel has no media"));
        }
        let window = match tone.window {
            Window::Always => None,
            Window::For(span) => Some(span),
            Window::Until(epoch) => {
                let now = now.wall.as_micros() / 1_000_000;
                let left = i64::try_from(epoch).unwrap_or(i64::MAX).saturating_sub(now);
                Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
            }
        };
        self.stop_tone(id, &tone.key);
        let Some(live) = self.channels.get_mut(id) else {
            return Ok(());
        };
        if live.tones.len() >= MediaCommand::MAX_WATCHES - 1 {
            let kind = ErrorKind::LimitReached;
            return Err(CommandError::new(kind, "too many tones are looked for"));
        }
        self.serials.watch += 1;
        let watch = WatchId(self.serials.watch);
        live.tones.push(ToneWatch {
            watch,
            key: tone.key.clone(),
            application: tone.application,
            missing: hits,
            hits,
        });
        self.watches.insert(watch, id.clone());
        if let Some(window) = window {
            let at = in_time(self.now.mono, window);
            self.timers.set(at, Deadline::Tone(watch));
        }
        let side = if tone.write {
            MuteSide::Write
        } else {
            MuteSide::Read
        };
        let wanted = Wanted::Tone { hz: tone.hz };
        self.begin_watch(id, watch, side, wanted);
        self.emit(id, ChannelEvent::MediaBugStarted(bug(&tone.key)));
        Ok(())
    }

    /// Has one side of a channel watched.
    pub(crate) fn begin_watch(
        &mut self,
        id: &ChannelId,
        watch: WatchId,
        side: MuteSide,
        wanted: Wanted,
    ) {
        self.media_of(id, |leg| {
            MediaCommand::Watch(Watch {
                leg,
                watch,
                side,
                wanted,
            })
        });
    }

    /// What a watch looks for is there.
    pub(crate) fn noticed(&mut self, watch: WatchId) {
        let Some(id) = self.watches.get(&watch).cloned() else {
            return;
        };
        let tones = self.channels.get_mut(&id).map(|live| &mut live.tones);
        let tone = tones.and_then(|tones| tones.iter_mut().find(|one| one.watch == watch));
        let Some(tone) = tone else {
            return self.listened(&id, watch);
        };
        if tone.missing != 1 {
            tone.missing = tone.missing.saturating_sub(1);
            return;
        }
        tone.missing = 0;
        let (key, application) = (tone.key.clone(), tone.application.clone());
        self.emit(&id, ChannelEvent::ToneDetected { key });
        if let Some((name, data)) = application {
            let action = QueuedAction::Run {
                name,
                data,
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
            if let Err(error) = self.queue_message(&id, message, true) {
                tracing::warn!(channel = %id, %error, "What a tone was to begin is not begun");
            }
        }
        self.run_hooks(&id, "tone_detect");
    }

    /// A tone was not to be looked for any longer.
    pub(crate) fn tone_window_over(&mut self, watch: WatchId) {
        let Some(id) = self.watches.get(&watch).cloned() else {
            return;
        };
        let live = self.channels.get(&id);
        let tone = live.and_then(|live| live.tones.iter().find(|one| one.watch == watch));
        if let Some(key) = tone.map(|one| one.key.clone()) {
            self.stop_tone(&id, &key);
        }
    }

    /// Looks for no tone any more.
    pub(crate) fn stop_tones(&mut self, id: &ChannelId) {
        let live = self.channels.get(id);
        let tones = live.map(|live| live.tones.iter().map(|one| one.key.clone()));
        let keys: Vec<_> = tones.into_iter().flatten().collect();
        for key in keys {
            self.stop_tone(id, &key);
        }
    }

    fn stop_tone(&mut self, id: &ChannelId, key: &str) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(at) = live.tones.iter().position(|one| *one.key == *key) else {
            return;
        };
        let tone = live.tones.remove(at);
        self.end_watch(id, tone.watch);
        self.emit(id, ChannelEvent::MediaBugStopped(bug(&tone.key)));
    }

    /// Nobody wants to know any more.
    pub(crate) fn end_watch(&mut self, id: &ChannelId, watch: WatchId) {
        if self.watches.remove(&watch).is_some() {
            self.media_of(id, |leg| MediaCommand::StopWatch { leg, watch });
        }
    }

    /// A new watch of an application.
    pub(crate) fn listen(&mut self, id: &ChannelId, wanted: Wanted) -> Listening {
        self.serials.watch += 1;
        let watch = WatchId(self.serials.watch);
        self.watches.insert(watch, id.clone());
        self.begin_watch(id, watch, MuteSide::Read, wanted);
        Listening { watch }
    }
}

fn bug(key: &Arc<str>) -> MediaBug {
    MediaBug {
        function: BUG.into(),
        target: key.clone(),
    }
}

#[cfg(test)]
mod tests;
