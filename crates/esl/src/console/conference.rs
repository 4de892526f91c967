//! `conference <name> …` (event-socket.md §6.6): which sub-command goes where. Members, sound and lists have files of
//! their own.

use super::call::{Call, OK};
use super::conference_list;
use super::conference_media::check_recordings;
use api::command::room::{ControlRoom, RoomControl};
use api::dial::DialString;
use api::view::Room;
use api::{ErrorKind, HangupCause, JobId, ObjectKind};
use std::sync::Arc;

const TARGET: &str = "<[member_id|all]|last|non_moderator>";

/// Sub-commands of a named conference with their syntax: what help prints, and what wrong arguments answer.
const SUB_COMMANDS: [(&str, &str); 54] = [
    ("count", ""),
    ("list", "[delim <string>]|[count]"),
    ("xml_list", ""),
    ("json_list", "[compact]"),
    ("energy", "<member_id|all|last|non_moderator> [<newval>]"),
    (
        "auto-energy",
        "<member_id|all|last|non_moderator> [<newval>]",
    ),
    (
        "max-energy",
        "<member_id|all|last|non_moderator> [<newval>]",
    ),
    ("agc", "<member_id|all|last|non_moderator> [<newval>]"),
    ("volume_in", "<member_id|all|last|non_moderator> [<newval>]"),
    (
        "volume_out",
        "<member_id|all|last|non_moderator> [<newval>]",
    ),
    ("position", "<member_id> <x>:<y>:<z>"),
    ("auto-3d-position", "[on|off]"),
    ("play", "<file_path> [async|<member_id> [nomux]]"),
    ("moh", "<file_path>|toggle|[on|off]"),
    ("pause_play", "[<member_id>]"),
    ("play_status", "[<member_id>]"),
    ("file_seek", "[+-]<val> [<member_id>]"),
    ("say", "<text>"),
    ("saymember", "<member_id> <text>"),
    ("stop", "<[current|all|async|last]> [<member_id>]"),
    ("dtmf", "<[member_id|all|last|non_moderator]> <digits>"),
    (
        "kick",
        "<[member_id|all|last|non_moderator]> [<optional sound file>]",
    ),
    ("hup", "<[member_id|all|last|non_moderator]>"),
    ("hold", "<[member_id|all]|last|non_moderator> [file]"),
    ("unhold", TARGET),
    ("mute", "<[member_id|all]|last|non_moderator> [<quiet>]"),
    ("tmute", "<[member_id|all]|last|non_moderator> [<quiet>]"),
    ("unmute", "<[member_id|all]|last|non_moderator> [<quiet>]"),
    ("deaf", TARGET),
    ("undeaf", TARGET),
    (
        "relate",
        "<member_id>[,<member_id>] <other_member_id>[,<other_member_id>] [nospeak|nohear|clear]",
    ),
    ("getvar", "<varname>"),
    ("setvar", "<varname> <value>"),
    ("lock", ""),
    ("unlock", ""),
    (
        "dial",
        "<endpoint_module_name>/<destination> <callerid number> <callerid name>",
    ),
    (
        "bgdial",
        "<endpoint_module_name>/<destination> <callerid number> <callerid name>",
    ),
    ("transfer", "<conference_name> <member id> [...<member id>]"),
    ("record", "<filename>"),
    ("chkrecord", "<confname>"),
    ("norecord", "<[filename|all]>"),
    ("pause", "<filename>"),
    ("resume", "<filename>"),
    (
        "recording",
        "[start|stop|check|pause|resume] [<filename>|all]",
    ),
    ("exit_sound", "on|off|none|file <filename>"),
    ("enter_sound", "on|off|none|file <filename>"),
    ("pin", "<pin#>"),
    ("nopin", ""),
    ("get", "<parameter-name>"),
    (
        "set",
        "<max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>",
    ),
    ("file-vol", "<vol#>"),
    ("floor", "<member_id|last>"),
    ("get-uuid", "<member_id|last>"),
    ("help", ""),
];

/// One request to a conference that may or may not be running.
pub(super) struct Target<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) name: &'a str,
    pub(super) command: &'a str,
    pub(super) words: &'a [String],
}

pub(super) async fn conference(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(first) = words.first() else {
        return SUB_COMMANDS
            .iter()
            .map(|(name, syntax)| format!("<conf name> {name} {syntax}\n"))
            .collect();
    };
    match first.as_str() {
        "help" => {
            return SUB_COMMANDS
                .iter()
                .map(|(name, syntax)| format!("\t\t{name} {syntax}\n"))
                .collect();
        }
        "list" | "xml_list" | "json_list" | "count" => return conference_list::all(call, &words),
        _ => {}
    }
    let room = call.view().rooms.get(first.as_str()).cloned();
    let command = words.get(1).map(|word| word.to_ascii_lowercase());
    let dials = matches!(command.as_deref(), Some("dial" | "bgdial"));
    if room.is_none() && !dials {
        return format!("-ERR Conference {first} not found\n");
    }
    let Some(command) = command else {
        return "Conference command, not specified.\nTry 'help'\n".to_owned();
    };
    let target = Target {
        call,
        name: first,
        command: &command,
        words: &words[2..],
    };
    match (&room, dials) {
        (_, true) => target.dial().await,
        (Some(room), false) => target.run(room).await,
        (None, false) => format!("-ERR Conference {first} not found\n"),
    }
}

impl Target<'_> {
    async fn run(&self, room: &Arc<Room>) -> String {
        match self.command {
            "list" | "xml_list" | "json_list" | "count" => {
                conference_list::one(self.call, room, self.command, self.words)
            }
            "kick" | "hup" | "mute" | "unmute" | "tmute" | "deaf" | "undeaf" | "hold"
            | "unhold" | "dtmf" | "energy" | "auto-energy" | "max-energy" | "agc" | "volume_in"
            | "volume_out" => self.each_member(room).await,
            "position" => self.position(room).await,
            "auto-3d-position" => self.arrange().await,
            "floor" => self.floor(room).await,
            "lock" => self.flag(RoomControl::Lock(true), "locked").await,
            "unlock" => self.flag(RoomControl::Lock(false), "unlocked").await,
            "play" => self.play(room).await,
            "stop" => self.stop().await,
            "pause_play" => self.pause_play().await,
            "play_status" => self.play_status().await,
            "file_seek" => self.file_seek().await,
            "file-vol" => self.file_volume().await,
            "moh" => self.music().await,
            "say" | "saymember" => self.say(),
            "transfer" => self.transfer(room).await,
            "record" => self.record(self.words).await,
            "norecord" => self.stop_recording(room, self.words.first()).await,
            "chkrecord" => check_recordings(room),
            "pause" | "resume" => {
                self.pause_recording(room, self.command, self.words.first())
                    .await
            }
            "recording" => self.recording(room).await,
            "pin" | "nopin" => self.pin().await,
            "get" => self.get(room),
            "set" => self.set(room).await,
            "get-uuid" => self.get_uuid(room),
            "getvar" => self
                .words
                .first()
                .and_then(|name| room.variables.get(name))
                .map(|v| v.to_text().to_string())
                .unwrap_or_default(),
            "setvar" => self.set_variable().await,
            "relate" => self.relate(room).await,
            "enter_sound" | "exit_sound" => self.sound().await,
            _ => format!("-ERR Conference command '{}' not found.\n", self.command),
        }
    }

    /// The sub-command with its syntax, without a line end.
    pub(super) fn syntax(&self) -> String {
        let syntax = SUB_COMMANDS
            .iter()
            .find(|(name, _)| *name == self.command)
            .map_or("", |(_, syntax)| syntax);
        format!("{} {syntax}", self.command)
    }

    pub(super) async fn ask(
        &self,
        action: RoomControl,
    ) -> Result<Vec<Arc<str>>, api::CommandError> {
        self.call
            .ask(ControlRoom {
                room: self.name.into(),
                action,
            })
            .await
    }

    pub(super) async fn flag(&self, action: RoomControl, word: &str) -> String {
        match self.ask(action).await {
            Ok(_) => format!("+OK {} {word}\n", self.name),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    async fn pin(&self) -> String {
        let pin = self.words.first();
        match (self.command, pin) {
            ("pin", None) => format!("-ERR Invalid parameters:\n{}", self.syntax()),
            ("pin", Some(pin)) => match self.ask(RoomControl::Pin(Some(pin.as_str().into()))).await
            {
                Ok(_) => format!("+OK Pin for conference {} set: {pin}\n", self.name),
                Err(error) => format!("-ERR {}\n", error.detail),
            },
            _ => match self.ask(RoomControl::Pin(None)).await {
                Ok(_) => format!("+OK Pin for conference {} deleted\n", self.name),
                Err(error) => format!("-ERR {}\n", error.detail),
            },
        }
    }

    async fn set_variable(&self) -> String {
        let [name, value @ ..] = self.words else {
            return self.syntax();
        };
        let action = RoomControl::SetVariable {
            name: name.as_str().into(),
            value: value.join(" ").into(),
        };
        match self.ask(action).await {
            Ok(_) => OK.to_owned(),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    async fn dial(&self) -> String {
        let Some(dial) = self
            .words
            .first()
            .and_then(|word| DialString::parse(word).ok())
        else {
            return format!("-ERR Bad Args\n{}", self.syntax());
        };
        let background = (self.command == "bgdial")
            .then(|| JobId(self.call.console.host.new_uuid().to_string().into()));
        let action = RoomControl::Dial {
            dial,
            caller_id_number: self.words.get(1).map(|word| word.as_str().into()),
            caller_id_name: self.words.get(2).map(|word| word.as_str().into()),
            background: background.clone(),
        };
        match (self.ask(action).await, background) {
            (Ok(_), Some(job)) => format!("+OK Job-UUID: {job}\n"),
            (Ok(_), None) => "+OK Call Requested: result: [SUCCESS]\n".to_owned(),
            (Err(error), _) if error.kind == ErrorKind::NotFound(ObjectKind::Room) => {
                format!("-ERR Conference {} not found\n", self.name)
            }
            (Err(error), _) => {
                let cause = error.cause.unwrap_or(HangupCause::DestinationOutOfOrder);
                format!("+OK Call Requested: result: [{}]\n", cause.name())
            }
        }
    }
}
