//! What conferences play and record (event-socket.md §6.6).

use super::conference::Target;
use crate::frame::leading_number;
use api::ErrorKind;
use api::command::room::{RoomControl, SoundChange, StopPlaying};
use api::id::MemberId;
use api::view::Room;

impl Target<'_> {
    pub(super) async fn play(&self, room: &Room) -> String {
        let Some(file) = self.words.first() else {
            return self.syntax();
        };
        let option = self.words.get(1).map(String::as_str);
        let asynchronous = option == Some("async");
        let member = option
            .filter(|_| !asynchronous)
            .map(|word| MemberId(u32::try_from(leading_number(word)).unwrap_or(0)));
        if let Some(id) = member.filter(|&id| room.member(id).is_none()) {
            return format!("-ERR Member: {id} not found.\n{}", self.syntax());
        }
        let action = RoomControl::Play {
            file: file.as_str().into(),
            member,
            asynchronous,
        };
        match (self.ask(action).await, member) {
            (Ok(_), None) => format!("+OK (play) Playing file {file}\n"),
            (Ok(_), Some(id)) => format!("+OK (play) Playing file {file} to member {id}\n"),
            (Err(_), _) => format!("-ERR (play) File: {file} not found.\n"),
        }
    }

    pub(super) async fn stop(&self) -> String {
        let which = match self.words.first().map(String::as_str) {
            None | Some("all") => StopPlaying::All,
            Some("current") => StopPlaying::Current,
            Some("async") => StopPlaying::Asynchronous,
            // `last` is in the syntax but not understood (golden conf-04-play-record).
            Some(_) => return self.syntax(),
        };
        let member = self
            .words
            .get(1)
            .and_then(|word| word.parse().ok())
            .map(MemberId);
        let stopped = self
            .ask(RoomControl::StopPlaying { which, member })
            .await
            .unwrap_or_default();
        format!(
            "+OK Stopped {} files.\n",
            stopped.first().map_or("0", |count| count)
        )
    }

    /// There is no speech engine: as in a server without one, nothing can be said.
    pub(super) fn say(&self) -> String {
        match (self.command, self.words.len()) {
            ("say", 0) => format!("-ERR (say) Error! No text.\n{}", self.syntax()),
            ("say", _) => format!("-ERR (say) Error!\n{}", self.syntax()),
            (_, 0 | 1) => format!("-ERR (saymember) No Text!\n{}", self.syntax()),
            _ => format!("-ERR (saymember) Error!\n{}", self.syntax()),
        }
    }

    /// `<file> [stereo]`; the second word is ours.
    pub(super) async fn record(&self, words: &[String]) -> String {
        let (path, stereo) = match words {
            [path, word, ..] if word == "stereo" => (path, true),
            [path, ..] => (path, false),
            [] => return self.syntax(),
        };
        match self
            .ask(RoomControl::Record {
                path: path.as_str().into(),
                stereo,
            })
            .await
        {
            Ok(_) => format!("+OK Record file {path}\n"),
            Err(error) if matches!(error.kind, ErrorKind::AlreadyExists(_)) => {
                format!("-ERR file [{path}] is already being used for recording.\n")
            }
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    /// The count in the last line is always 0; what was stopped stands in front (golden conf-04-play-record).
    pub(super) async fn stop_recording(&self, room: &Room, path: Option<&String>) -> String {
        let Some(path) = path else {
            return self.syntax();
        };
        let mut out = String::new();
        let all = path == "all";
        for recording in room
            .recordings
            .iter()
            .filter(|recording| all || *recording.path == **path)
        {
            let action = RoomControl::StopRecording {
                path: Some(recording.path.clone()),
            };
            if self.ask(action).await.is_ok() {
                out.push_str(&format!("Stopped recording file {}\n", recording.path));
            }
        }
        if out.is_empty() && !all {
            out = format!("-ERR non-existant recording '{path}'\n");
        }
        out + "+OK Stopped recording 0 files\n"
    }

    pub(super) async fn pause_recording(
        &self,
        room: &Room,
        word: &str,
        path: Option<&String>,
    ) -> String {
        let Some(path) = path else {
            return self.syntax();
        };
        let pause = word == "pause";
        let mut out = format!(
            "+OK {} recording file {path}\n",
            if pause { "Pause" } else { "Resume" }
        );
        let known = room
            .recordings
            .iter()
            .any(|recording| *recording.path == **path);
        let action = RoomControl::PauseRecording {
            path: path.as_str().into(),
            pause,
        };
        if !known || self.ask(action).await.is_err() {
            out.push_str(&format!("-ERR non-existant recording '{path}'\n"));
        }
        out
    }

    pub(super) async fn recording(&self, room: &Room) -> String {
        let path = self.words.get(1);
        match self.words.first().map(String::as_str) {
            Some("start") => self.record(&self.words[1..]).await,
            Some("stop") => {
                self.stop_recording(
                    room,
                    Some(&path.cloned().unwrap_or_else(|| "all".to_owned())),
                )
                .await
            }
            Some("check") => check_recordings(room),
            Some(word @ ("pause" | "resume")) => self.pause_recording(room, word, path).await,
            Some(_) | None => self.syntax(),
        }
    }

    pub(super) async fn sound(&self) -> String {
        let word = self.command.trim_end_matches("_sound");
        let (change, state) = match (self.words.first().map(String::as_str), self.words.get(1)) {
            (Some("on"), _) => (SoundChange::On, "on"),
            (Some("off"), _) => (SoundChange::Off, "off"),
            (Some("none"), _) => (SoundChange::None, "off"),
            (Some("file"), Some(file)) => (SoundChange::File(file.as_str().into()), ""),
            _ => return format!("-ERR Not enough args\n{}", self.syntax()),
        };
        let file = |room: &Room| {
            let sound = if word == "enter" {
                &room.enter_sound
            } else {
                &room.exit_sound
            };
            sound.as_deref().unwrap_or_default().to_owned()
        };
        let before = self
            .call
            .view()
            .rooms
            .get(self.name)
            .map(|room| file(room))
            .unwrap_or_default();
        let action = match word {
            "enter" => RoomControl::EnterSound(change),
            _ => RoomControl::ExitSound(change),
        };
        match (self.ask(action).await, state, self.words.get(1)) {
            (Ok(_), "", Some(file)) => {
                format!("+OK {} {word} sound file set to {file}\n", self.name)
            }
            (Ok(_), state, _) => format!("+OK {} {word} sounds {state} ({before})\n", self.name),
            (Err(error), ..) => format!("-ERR {}\n", error.detail),
        }
    }
}

pub(super) fn check_recordings(room: &Room) -> String {
    if room.recordings.is_empty() {
        return "-ERR Conference is not being recorded.\n".to_owned();
    }
    room.recordings
        .iter()
        .map(|recording| format!("+OK Record file {}\n", recording.path))
        .collect()
}
