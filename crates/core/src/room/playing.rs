//! The file that plays now: where it is, and what is changed about it (event-socket.md §6.6).

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::id::MemberId;
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::{MediaCommand, RoomId as MixId, SeekTo};

use super::member::MAX_VOLUME;
use super::play::RoomPlay;
use crate::Switch;

/// Gain of one step of the volume of a file, decibels; as of members.
const STEP_DB: f32 = 5.0;

/// How far a file has come, by the clock.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Played before `since`.
    before: Duration,
    /// Playing since then; `None`: it stands still.
    since: Option<Instant>,
}

impl Progress {
    pub(super) fn go_on(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    pub(super) fn stand(&mut self, now: Instant) {
        self.before = self.at(now);
        self.since = None;
    }

    fn at(&self, now: Instant) -> Duration {
        let running = self.since.map(|since| now.saturating_duration_since(since));
        self.before + running.unwrap_or_default()
    }

    fn seek(&mut self, to: SeekTo, now: Instant) -> Duration {
        let at = self.at(now);
        self.before = match to {
            SeekTo::Start { ms } => Duration::from_millis(ms),
            SeekTo::Ahead { ms } => at.saturating_add(Duration::from_millis(ms)),
            SeekTo::Back { ms } => at.saturating_sub(Duration::from_millis(ms)),
        };
        self.since = self.since.map(|_| now);
        self.before
    }
}

/// A place in milliseconds as commands name it; before the beginning is the beginning.
pub(super) fn seek_to(ms: i64, relative: bool) -> SeekTo {
    let (back, ms) = (ms < 0, ms.unsigned_abs());
    match (relative, back) {
        (true, true) => SeekTo::Back { ms },
        (true, false) => SeekTo::Ahead { ms },
        (false, true) => SeekTo::Start { ms: 0 },
        (false, false) => SeekTo::Start { ms },
    }
}

/// Whether a file has places to go to. Streams have none.
fn has_places(file: &str) -> bool {
    !file.contains("://") || file.starts_with("file_string://")
}

/// Samples at a rate in hertz.
fn samples(time: Duration, rate_hz: u32) -> u128 {
    time.as_millis() * u128::from(rate_hz) / 1000
}

fn nothing_plays() -> CommandError {
    CommandError::not_found(ObjectKind::File)
}

impl Switch {
    fn heard_play(
        &mut self,
        mix: MixId,
        member: Option<MemberId>,
    ) -> Result<(usize, u32, &mut RoomPlay), CommandError> {
        let room = self.rooms.all.get_mut(&mix).ok_or_else(nothing_plays)?;
        let (worker, rate_hz) = (room.worker, room.seen.rate_hz);
        let mut plays = room.plays.iter_mut();
        let play = plays.find(|play| play.is_heard_by(member));
        Ok((worker, rate_hz, play.ok_or_else(nothing_plays)?))
    }

    /// Stops and continues the file that plays; the word for what it does then.
    ///
    /// # Errors
    /// `NotFound(File)` when none plays.
    pub(super) fn pause_room_play(
        &mut self,
        mix: MixId,
        member: Option<MemberId>,
    ) -> Result<&'static str, CommandError> {
        let now = self.now.mono;
        let (worker, _, play) = self.heard_play(mix, member)?;
        let (play, paused) = (play.id, play.turn(now));
        self.media(worker, MediaCommand::PausePlay { play, paused });
        Ok(if paused { "paused" } else { "playing" })
    }

    /// Position and file of what plays.
    ///
    /// # Errors
    /// `NotFound(File)` when nothing does.
    pub(super) fn room_play_status(
        &mut self,
        mix: MixId,
        member: Option<MemberId>,
    ) -> Result<Vec<Arc<str>>, CommandError> {
        let now = self.now.mono;
        let (_, rate_hz, play) = self.heard_play(mix, member)?;
        let position = if has_places(&play.file) {
            samples(play.progress.at(now), rate_hz)
        } else {
            0
        };
        Ok(vec![position.to_string().into(), play.file.clone()])
    }

    /// Moves what plays; the position then, in samples.
    ///
    /// # Errors
    /// `NotFound(File)` when nothing plays, `InvalidState` when it has no places to go to.
    pub(super) fn seek_room_play(
        &mut self,
        mix: MixId,
        member: Option<MemberId>,
        to: SeekTo,
    ) -> Result<u128, CommandError> {
        let now = self.now.mono;
        let (worker, rate_hz, play) = self.heard_play(mix, member)?;
        if !has_places(&play.file) {
            let error = "what plays cannot be moved";
            return Err(CommandError::new(ErrorKind::InvalidState, error));
        }
        let (id, position) = (play.id, play.progress.seek(to, now));
        self.media(worker, MediaCommand::SeekPlay { play: id, to });
        Ok(samples(position, rate_hz))
    }

    /// Louder or quieter; the level taken.
    ///
    /// # Errors
    /// `NotFound(File)` when nothing plays.
    pub(super) fn set_room_play_volume(
        &mut self,
        mix: MixId,
        level: i8,
    ) -> Result<i8, CommandError> {
        let (worker, _, play) = self.heard_play(mix, None)?;
        let (play, level) = (play.id, level.clamp(-MAX_VOLUME, MAX_VOLUME));
        let gain_db = f32::from(level) * STEP_DB;
        self.media(worker, MediaCommand::SetPlayGain { play, gain_db });
        Ok(level)
    }
}
