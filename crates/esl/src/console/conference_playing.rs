//! The file a conference plays, and its music (event-socket.md §6.6).

use super::conference::Target;
use crate::frame::leading_number;
use api::command::room::{MusicChange, RoomControl, Toggle};
use api::id::MemberId;
use api::{CommandError, ErrorKind, ObjectKind};

impl Target<'_> {
    pub(super) async fn pause_play(&self) -> String {
        let member = self.member_at(0);
        match self.ask(RoomControl::PausePlaying { member }).await {
            Ok(state) if state.first().is_some_and(|state| &**state == "paused") => {
                "+OK Pause\n".to_owned()
            }
            Ok(_) => "+OK Resume\n".to_owned(),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    /// Position, length and file. The length is not known before the end, so it is 0; recorded was nothing else.
    pub(super) async fn play_status(&self) -> String {
        let member = self.member_at(0);
        match self
            .ask(RoomControl::PlayStatus { member })
            .await
            .as_deref()
        {
            Ok([position, file]) => {
                // A stream is named without its kind (golden conf-04-play-record).
                let name = file.split_once("://").map_or(&**file, |(_, name)| name);
                format!("+OK {position}/0 {name}\n")
            }
            Ok(_) | Err(_) => "-ERR Nothing is playing\n".to_owned(),
        }
    }

    /// `[+-]<milliseconds> [<member>]`
    pub(super) async fn file_seek(&self) -> String {
        let Some(word) = self.words.first() else {
            return self.syntax();
        };
        let action = RoomControl::SeekPlaying {
            ms: leading_number(word.strip_prefix('+').unwrap_or(word)),
            relative: word.starts_with(['+', '-']),
            member: self.member_at(1),
        };
        match self.ask(action).await.as_deref() {
            Ok([position, ..]) => format!("+OK seek to position {position}\n"),
            Ok([]) => self.not_playing(),
            Err(error) => self.not_done(error),
        }
    }

    /// `<-4 to 4>`
    pub(super) async fn file_volume(&self) -> String {
        let Some(word) = self.words.first() else {
            return self.syntax();
        };
        let level = i8::try_from(leading_number(word).clamp(-4, 4)).unwrap_or(0);
        match self.ask(RoomControl::PlayVolume { level }).await {
            Ok(_) => format!("+OK volume {level}\n"),
            Err(error) => self.not_done(&error),
        }
    }

    /// `<file>|toggle|on|off`
    pub(super) async fn music(&self) -> String {
        let change = match self.words.first().map(String::as_str) {
            Some("on") => MusicChange::Switch(Toggle::On),
            Some("off") => MusicChange::Switch(Toggle::Off),
            Some("toggle") => MusicChange::Switch(Toggle::Toggle),
            Some(file) if !file.is_empty() => MusicChange::File(file.into()),
            Some(_) | None => return "-ERR invalid moh param\n".to_owned(),
        };
        match self.ask(RoomControl::Music(change)).await {
            Ok(_) => "+OK moh\n".to_owned(),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    fn member_at(&self, place: usize) -> Option<MemberId> {
        let word = self.words.get(place)?;
        word.parse().ok().map(MemberId)
    }

    fn not_done(&self, error: &CommandError) -> String {
        if error.kind == ErrorKind::NotFound(ObjectKind::File) {
            self.not_playing()
        } else {
            format!("-ERR {}\n", error.detail)
        }
    }

    fn not_playing(&self) -> String {
        format!("-ERR File not playing\n{}", self.syntax())
    }
}
