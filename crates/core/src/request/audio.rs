//! What commands change about what a channel hears and says.

use api::command::channel::{AdjustAudio, Break, ControlPlayback, PlaybackControl};
use api::event::{ChannelEvent, MediaBug};
use api::{ChannelId, CommandError, ErrorKind};
use media::control::{MediaCommand, MuteSide, SeekTo};

use crate::Switch;

/// Gain of one step of `uuid_audio … level` and of conference volumes, decibels.
const STEP_DB: f32 = 5.0;

impl Switch {
    pub(super) fn break_channel(&mut self, command: &Break) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        if command.all
            && let Some(live) = self.channels.get_mut(&command.channel)
        {
            // What a program waits for itself is no queued command.
            live.messages.retain(|message| message.answer.is_some());
        }
        self.break_playing(&command.channel);
        Ok(())
    }

    pub(super) fn control_playback(
        &mut self,
        command: &ControlPlayback,
    ) -> Result<(), CommandError> {
        let id = &command.channel;
        self.require(id)?;
        let Some(play) = self.current_play(id) else {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "nothing is being played",
            ));
        };
        let state = self.plays_state.entry(play).or_default();
        let order = match command.control {
            PlaybackControl::Pause => {
                state.paused = !state.paused;
                MediaCommand::PausePlay {
                    play,
                    paused: state.paused,
                }
            }
            PlaybackControl::Stand(still) => {
                state.paused = still;
                MediaCommand::PausePlay {
                    play,
                    paused: still,
                }
            }
            PlaybackControl::Stop => MediaCommand::StopPlay { play },
            PlaybackControl::Restart => MediaCommand::SeekPlay {
                play,
                to: SeekTo::Start { ms: 0 },
            },
            PlaybackControl::Seek { ms, relative } => MediaCommand::SeekPlay {
                play,
                to: match (relative, ms < 0) {
                    (true, true) => SeekTo::Back {
                        ms: ms.unsigned_abs(),
                    },
                    (true, false) => SeekTo::Ahead {
                        ms: ms.unsigned_abs(),
                    },
                    (false, _) => SeekTo::Start {
                        ms: u64::try_from(ms).unwrap_or(0),
                    },
                },
            },
            PlaybackControl::Volume { level, relative } => {
                state.volume = if relative {
                    state.volume + level
                } else {
                    level
                }
                .clamp(-4, 4);
                MediaCommand::SetPlayGain {
                    play,
                    gain_db: state.volume as f32 * STEP_DB,
                }
            }
            PlaybackControl::Speed { .. } | PlaybackControl::Truncate => {
                return Err(CommandError::new(
                    ErrorKind::NotSupported,
                    "not possible while playing",
                ));
            }
        };
        self.media_of(id, |_| order);
        Ok(())
    }

    pub(crate) fn adjust_audio(&mut self, command: &AdjustAudio) -> Result<(), CommandError> {
        let id = &command.channel;
        self.require(id)?;
        match command.change {
            Some(change) => {
                let bug = audio_bug(if change.mute { "mute" } else { "level" });
                self.note_audio_bug(id, Some(bug));
                let side = if change.read {
                    MuteSide::Read
                } else {
                    MuteSide::Write
                };
                if change.mute {
                    self.media_of(id, |leg| MediaCommand::Mute {
                        leg,
                        side,
                        on: change.level != 0,
                    });
                } else {
                    let gain_db = change.level.clamp(-4, 4) as f32 * STEP_DB;
                    self.media_of(id, |leg| MediaCommand::SetGain { leg, side, gain_db });
                }
            }
            None => {
                self.note_audio_bug(id, None);
                for side in [MuteSide::Read, MuteSide::Write] {
                    self.media_of(id, |leg| MediaCommand::Mute {
                        leg,
                        side,
                        on: false,
                    });
                    self.media_of(id, |leg| MediaCommand::SetGain {
                        leg,
                        side,
                        gain_db: 0.0,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Switch {
    /// Says what changes the sound of a channel now (recorded: one entry, however often it is changed).
    fn note_audio_bug(&mut self, id: &ChannelId, bug: Option<MediaBug>) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let before = live.seen.bugs.iter().find(|bug| &*bug.function == AUDIO);
        match (before.cloned(), bug) {
            (None, Some(bug)) => self.emit(id, ChannelEvent::MediaBugStarted(bug)),
            (Some(bug), None) => self.emit(id, ChannelEvent::MediaBugStopped(bug)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// `Media-Bug-Function` of a change of loudness.
pub(crate) const AUDIO: &str = "audio";

fn audio_bug(target: &str) -> MediaBug {
    MediaBug {
        function: AUDIO.into(),
        target: target.into(),
    }
}

#[cfg(test)]
mod tests {
    use api::Application;
    use api::command::call::Then;

    use super::*;
    use crate::rig::Rig;

    #[test]
    fn what_plays_is_moved_to_a_place_or_by_a_distance() {
        let mut rig = Rig::new();
        let play = Then::Run(Application::new("playback", "/a.wav"));
        let id = rig.originate("null/x", play);
        let mut moved = |ms, relative| {
            let channel = id.clone();
            let control = PlaybackControl::Seek { ms, relative };
            rig.get(ControlPlayback { channel, control }).unwrap();
            match rig.commands.last() {
                Some(MediaCommand::SeekPlay { to, .. }) => *to,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(moved(500, true), SeekTo::Ahead { ms: 500 });
        assert_eq!(moved(-500, true), SeekTo::Back { ms: 500 });
        assert_eq!(moved(500, false), SeekTo::Start { ms: 500 });
    }
}
