//! Playing files and tones: `playback`, `endless_playback`, `loop_playback`, `gentones`
//! (event-socket.md §5.3 S5).

use std::sync::Arc;

use api::ChannelId;
use api::dial::parse_variables;
use api::event::{ChannelEvent, PlaybackStatus};
use media::control::{MediaCommand, PlayEnd, PlayId, RecordLength, SeekTo};

use super::{App, Started};
use crate::Switch;
use crate::switch::PlayOwner;

/// The `playback` family.
#[derive(Debug)]
pub(crate) struct Playback {
    playing: Playing,
    terminators: Box<str>,
}

/// Something being played to a channel by one of its applications.
#[derive(Debug)]
pub(crate) struct Playing {
    pub(crate) play: PlayId,
    started: bool,
    /// `uuid_break` or a digit ended it.
    stopped_by: Option<StoppedBy>,
    file_type: Option<Arc<str>>,
    path: Arc<str>,
    params: Vec<(Arc<str>, Arc<str>)>,
    offset_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StoppedBy {
    Digit,
    Break,
}

/// How a playing file ended, for the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Played {
    Through,
    Stopped,
    NotFound,
    Failed,
}

pub(super) fn playback(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    start(switch, id, data, Some(0))
}

pub(super) fn endless_playback(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    start(switch, id, data, None)
}

pub(super) fn loop_playback(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    match data.strip_prefix('+').and_then(|rest| rest.split_once(' ')) {
        Some((loops, file)) => {
            let loops = loops.parse::<i32>().unwrap_or(1);
            let repeats = if loops < 0 {
                None
            } else {
                Some(u32::try_from(loops - 1).unwrap_or(0))
            };
            start(switch, id, file, repeats)
        }
        None => start(switch, id, data, Some(0)),
    }
}

pub(super) fn gentones(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (tones, loops) = data.split_once('|').unwrap_or((data, "1"));
    let repeats = match loops.trim().parse::<i64>() {
        Ok(n) if n < 0 => None,
        Ok(n) => Some(u32::try_from(n.saturating_sub(1)).unwrap_or(0)),
        Err(_) => Some(0),
    };
    start(switch, id, &format!("tone_stream://{tones}"), repeats)
}

/// Prompts one after the other, as `playback` plays a file.
pub(super) fn play_all(switch: &mut Switch, id: &ChannelId, prompts: &[String]) -> Started {
    start(switch, id, &list_of(prompts), Some(0))
}

/// Plays again and again until that key is pressed.
pub(super) fn play_until(switch: &mut Switch, id: &ChannelId, file: &str, key: &str) -> Started {
    start_until(switch, id, file, None, key.into())
}

/// One source of several.
pub(super) fn list_of(files: &[String]) -> String {
    format!("file_string://{}", files.join("!"))
}

fn start(switch: &mut Switch, id: &ChannelId, file: &str, repeats: Option<u32>) -> Started {
    let terminators: Box<str> = match switch.var(id, "playback_terminators") {
        Some("none") => "",
        Some("any") => "0123456789*#ABCD",
        Some(digits) => digits,
        None => "*",
    }
    .into();
    start_until(switch, id, file, repeats, terminators)
}

/// Plays until one of these keys is pressed.
fn start_until(
    switch: &mut Switch,
    id: &ChannelId,
    file: &str,
    repeats: Option<u32>,
    terminators: Box<str>,
) -> Started {
    let file = file.trim();
    if file.is_empty() {
        return Started::Answered("PLAYBACK ERROR".into());
    }
    let playing = switch.start_playing(id, file, repeats);
    Started::Waits(App::Playback(Playback {
        playing,
        terminators,
    }))
}

impl Switch {
    /// Begins to play to a channel.
    pub(crate) fn start_playing(
        &mut self,
        id: &ChannelId,
        file: &str,
        repeats: Option<u32>,
    ) -> Playing {
        self.serials.play += 1;
        let play = PlayId(self.serials.play);
        self.plays.insert(play, PlayOwner::Channel(id.clone()));
        let (params, path) = split_params(file);
        let asked = params
            .iter()
            .find(|(name, _)| &**name == "loops")
            .and_then(|(_, n)| n.parse::<i32>().ok());
        // `{loops=n}` in front of a file: negative = for ever.
        let repeats = match asked {
            Some(n) if n < 0 => None,
            Some(n) => Some(u32::try_from(n - 1).unwrap_or(0)),
            None => repeats,
        };
        let (path, offset_ms) = match path.rsplit_once("@@") {
            Some((path, samples)) => (path, samples.parse::<u64>().unwrap_or(0) / 8),
            None => (path, 0),
        };
        let scheme = path.split_once("://").map(|(scheme, _)| scheme);
        let file_type = scheme
            .filter(|s| matches!(*s, "tone_stream" | "local_stream"))
            .map(Arc::from);
        let command_file = self.worded(id, path);
        self.media_of(id, |leg| MediaCommand::Play {
            leg,
            play,
            file: command_file,
            repeats,
            gain_db: 0.0,
            mix: false,
        });
        Playing {
            play,
            started: false,
            stopped_by: None,
            file_type,
            path: path.into(),
            params,
            offset_ms,
        }
    }

    /// The media side has begun to play.
    pub(crate) fn play_started(&mut self, play: PlayId) {
        let id = match self.plays.get(&play).cloned() {
            Some(PlayOwner::Channel(id)) => id,
            Some(PlayOwner::Displacing(id)) => return self.displace_started(&id, play),
            Some(PlayOwner::Room(_)) => return self.room_play_started(play),
            None => return,
        };
        let Some(playing) = self.playing_mut(&id, play) else {
            return;
        };
        playing.started = true;
        let offset_ms = playing.offset_ms;
        let (file_type, path, params) = (
            playing.file_type.clone(),
            playing.path.clone(),
            playing.params.clone(),
        );
        if offset_ms > 0 {
            self.media_of(&id, |_| MediaCommand::SeekPlay {
                play,
                to: SeekTo::Start { ms: offset_ms },
            });
        }
        self.emit(
            &id,
            ChannelEvent::PlaybackStarted {
                file_type,
                path,
                params,
            },
        );
    }

    /// The media side has ended a playback.
    pub(crate) fn play_done(&mut self, play: PlayId, end: PlayEnd, length: RecordLength) {
        self.plays_state.remove(&play);
        match self.plays.remove(&play) {
            Some(PlayOwner::Channel(id)) => self.channel_play_done(&id, play, end, length),
            Some(PlayOwner::Displacing(id)) => self.displace_done(&id, play),
            Some(PlayOwner::Room(room)) => self.room_play_done(&room, play, end, length),
            None => {}
        }
    }

    fn channel_play_done(
        &mut self,
        id: &ChannelId,
        play: PlayId,
        end: PlayEnd,
        length: RecordLength,
    ) {
        let Some(playing) = self.playing_mut(id, play) else {
            return;
        };
        let played = match (end, playing.stopped_by) {
            (PlayEnd::NotFound, _) => Played::NotFound,
            (PlayEnd::Failed, _) => Played::Failed,
            (PlayEnd::Finished, _) => Played::Through,
            (PlayEnd::Stopped, _) => Played::Stopped,
        };
        self.announce_stop(id, play, length);
        if self.valet_played(id, play) {
            return;
        }
        if self.fifo_played(id, play) {
            return;
        }
        if self.voicemail_played(id, play, played) {
            return;
        }
        if self.ivr_heard_below(id, play) {
            return;
        }
        if self.is_heard_in_queue(id, play) {
            return self.queue_played(id, played);
        }
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(run) = live.script.innermost() else {
            return;
        };
        match &run.app {
            App::Playback(playback) if playback.playing.play == play => {
                let response = match played {
                    Played::Through | Played::Stopped => "FILE PLAYED",
                    Played::NotFound => "FILE NOT FOUND",
                    Played::Failed => "PLAYBACK ERROR",
                };
                self.application_done(id, Some(response));
            }
            App::Collect(_) => self.collect_played(id, play),
            App::Nested(nested) if nested.is_playing(play) => self.ivr_played(id),
            App::Playback(_)
            | App::Park(_)
            | App::Sleep
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Echo
            | App::Record(_)
            | App::Bridge(_)
            | App::Socket(_)
            | App::Conference
            | App::Queue(_)
            | App::Valet(_)
            | App::Fifo(_)
            | App::Voicemail(_)
            | App::Eavesdrop(_)
            | App::Nested(_)
            | App::Starting => self.outer_play_done(id, play, played),
        }
    }

    /// A playback under another application ended: it is over when the other one is.
    fn outer_play_done(&mut self, id: &ChannelId, play: PlayId, played: Played) {
        tracing::debug!(channel = %id, ?play, ?played, "Playback ended under another application");
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let at = live.script.runs.iter().position(
            |run| matches!(&run.app, App::Playback(playback) if playback.playing.play == play),
        );
        if let Some(at) = at {
            // Ends in its turn: the application on top is not disturbed.
            live.script.runs[at].app = App::Sleep;
            live.script.runs[at].wait = u64::MAX;
        }
    }

    /// PLAYBACK_STOP with its variables, when it had started.
    fn announce_stop(&mut self, id: &ChannelId, play: PlayId, length: RecordLength) {
        let Some(playing) = self.playing_mut(id, play) else {
            return;
        };
        if !playing.started {
            return;
        }
        playing.started = false;
        let status = match playing.stopped_by {
            Some(StoppedBy::Break) => PlaybackStatus::Break,
            Some(StoppedBy::Digit) | None => PlaybackStatus::Done,
        };
        let (file_type, path, params) = (
            playing.file_type.clone(),
            playing.path.clone(),
            playing.params.clone(),
        );
        self.set_var(id, "playback_last_offset_pos", length.samples.to_string());
        self.set_var(id, "playback_seconds", (length.as_ms() / 1000).to_string());
        self.set_var(id, "playback_ms", length.as_ms().to_string());
        self.set_var(id, "playback_samples", length.samples.to_string());
        self.emit(
            id,
            ChannelEvent::PlaybackStopped {
                file_type,
                path,
                params,
                status,
            },
        );
    }

    fn playing_mut(&mut self, id: &ChannelId, play: PlayId) -> Option<&mut Playing> {
        let live = self.channels.get_mut(id)?;
        live.script
            .runs
            .iter_mut()
            .find_map(|run| match &mut run.app {
                App::Playback(playback) if playback.playing.play == play => {
                    Some(&mut playback.playing)
                }
                App::Collect(collect) => collect.playing.as_mut().filter(|p| p.play == play),
                App::Queue(queue) => queue.playing_mut().filter(|p| p.play == play),
                App::Valet(valet) => valet.playing_mut().filter(|p| p.play == play),
                App::Fifo(fifo) => fifo.playing_mut().filter(|p| p.play == play),
                App::Voicemail(app) => app.playing_mut().filter(|p| p.play == play),
                App::Nested(nested) => nested.playing_mut().filter(|p| p.play == play),
                App::Playback(_)
                | App::Park(_)
                | App::Sleep
                | App::Listen(_)
                | App::Await(_)
                | App::Consult(_)
                | App::Echo
                | App::Record(_)
                | App::Bridge(_)
                | App::Socket(_)
                | App::Conference
                | App::Eavesdrop(_)
                | App::Starting => None,
            })
    }

    pub(super) fn playback_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(App::Playback(playback)) = self.innermost_app(id) else {
            return;
        };
        if !playback.terminators.contains(digit) {
            return;
        }
        playback.playing.stopped_by = Some(StoppedBy::Digit);
        let play = playback.playing.play;
        self.set_var(id, "playback_terminator_used", digit.to_string());
        self.media_of(id, |_| MediaCommand::StopPlay { play });
    }

    /// Breaks off what the innermost application plays (`uuid_break`); true when there was something.
    pub(crate) fn break_playing(&mut self, id: &ChannelId) -> bool {
        let playing = match self.innermost_app(id) {
            Some(App::Playback(playback)) => Some(&mut playback.playing),
            Some(App::Collect(collect)) => collect.playing.as_mut(),
            Some(App::Queue(queue)) => queue.playing_mut(),
            Some(App::Valet(valet)) => valet.playing_mut(),
            Some(App::Fifo(fifo)) => fifo.playing_mut(),
            Some(App::Voicemail(app)) => app.playing_mut(),
            Some(App::Nested(nested)) => nested.playing_mut(),
            Some(_) | None => None,
        };
        let Some(playing) = playing else { return false };
        playing.stopped_by = Some(StoppedBy::Break);
        let play = playing.play;
        self.media_of(id, |_| MediaCommand::StopPlay { play });
        true
    }

    /// The playback that file commands (`uuid_fileman`) are for.
    pub(crate) fn current_play(&mut self, id: &ChannelId) -> Option<PlayId> {
        match self.innermost_app(id)? {
            App::Playback(playback) => Some(playback.playing.play),
            App::Collect(collect) => collect.playing.as_ref().map(|p| p.play),
            App::Queue(queue) => queue.playing_mut().map(|p| p.play),
            App::Valet(valet) => valet.playing_mut().map(|p| p.play),
            App::Fifo(fifo) => fifo.playing_mut().map(|p| p.play),
            App::Voicemail(app) => app.playing_mut().map(|p| p.play),
            App::Nested(nested) => nested.playing_mut().map(|p| p.play),
            App::Park(_)
            | App::Sleep
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Echo
            | App::Record(_)
            | App::Bridge(_)
            | App::Socket(_)
            | App::Conference
            | App::Eavesdrop(_)
            | App::Starting => None,
        }
    }

    pub(crate) fn innermost_app(&mut self, id: &ChannelId) -> Option<&mut App> {
        self.channels
            .get_mut(id)?
            .script
            .innermost()
            .map(|run| &mut run.app)
    }

    pub(super) fn abort_playback(&mut self, id: &ChannelId, playback: Playback) {
        self.abort_playing(id, playback.playing);
    }

    /// Ends a playback whose application is being ended. The media side's own report comes too late to matter.
    pub(super) fn abort_playing(&mut self, id: &ChannelId, playing: Playing) {
        self.plays.remove(&playing.play);
        let play = playing.play;
        self.media_of(id, |_| MediaCommand::StopPlay { play });
        if playing.started {
            let Playing {
                file_type,
                path,
                params,
                ..
            } = playing;
            self.emit(
                id,
                ChannelEvent::PlaybackStopped {
                    file_type,
                    path,
                    params,
                    status: PlaybackStatus::Done,
                },
            );
        }
        self.set_var(id, "current_application_response", "FILE PLAYED");
    }
}

/// `{a=1,b=2}file` → parameters and file.
fn split_params(file: &str) -> (api::dial::VariableList, &str) {
    let Some((inner, path)) = file.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return (Vec::new(), file);
    };
    let mut params = Vec::new();
    parse_variables(inner, &mut params);
    (params, path.trim_start())
}
