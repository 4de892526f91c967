//! `conference <name> …`: members, files, recordings (event-socket.md §6.6). Lists are in `conference_list`.

use super::call::{Call, OK};
use super::conference_list;
use crate::frame::leading_number;
use api::command::room::{
    ControlRoom, MemberTarget, RelateRule, RoomControl, SoundChange, StopPlaying, Toggle,
};
use api::dial::DialString;
use api::id::MemberId;
use api::view::{Member, Room};
use api::{ErrorKind, HangupCause, JobId, ObjectKind};
use std::sync::Arc;

const TARGET: &str = "<[member_id|all]|last|non_moderator>";

/// Sub-commands of a named conference with their syntax: what help prints, and what wrong arguments answer.
const SUB_COMMANDS: [(&str, &str); 44] = [
    ("count", ""),
    ("list", "[delim <string>]|[count]"),
    ("xml_list", ""),
    ("json_list", "[compact]"),
    ("energy", "<member_id|all|last|non_moderator> [<newval>]"),
    ("volume_in", "<member_id|all|last|non_moderator> [<newval>]"),
    (
        "volume_out",
        "<member_id|all|last|non_moderator> [<newval>]",
    ),
    ("play", "<file_path> [async|<member_id> [nomux]]"),
    ("pause_play", "[<member_id>]"),
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
    ("floor", "<member_id|last>"),
    ("get-uuid", "<member_id|last>"),
    ("help", ""),
];

/// One request to a conference that may or may not be running.
struct Target<'a> {
    call: &'a Call<'a>,
    name: &'a str,
    command: &'a str,
    words: &'a [String],
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
            | "unhold" | "dtmf" | "energy" | "volume_in" | "volume_out" => {
                self.each_member(room).await
            }
            "floor" => self.floor(room).await,
            "lock" => self.flag(RoomControl::Lock(true), "locked").await,
            "unlock" => self.flag(RoomControl::Lock(false), "unlocked").await,
            "play" => self.play(room).await,
            "stop" => self.stop().await,
            "pause_play" => self.pause_play().await,
            "say" | "saymember" => self.say(),
            "transfer" => self.transfer(room).await,
            "record" => self.record(self.words.first()).await,
            "norecord" => self.stop_recording(room, self.words.first()).await,
            "chkrecord" => check_recordings(room),
            "pause" | "resume" => {
                self.pause_recording(room, self.command, self.words.first())
                    .await
            }
            "recording" => self.recording(room).await,
            "pin" | "nopin" => self.pin().await,
            "get" => self.get(room),
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
    fn syntax(&self) -> String {
        let syntax = SUB_COMMANDS
            .iter()
            .find(|(name, _)| *name == self.command)
            .map_or("", |(_, syntax)| syntax);
        format!("{} {syntax}", self.command)
    }

    async fn ask(&self, action: RoomControl) -> Result<Vec<Arc<str>>, api::CommandError> {
        self.call
            .ask(ControlRoom {
                room: self.name.into(),
                action,
            })
            .await
    }

    /// The members meant by the first word, newest first; the text to answer when there are none.
    fn members(&self, room: &Room) -> Result<Vec<MemberId>, String> {
        let Some(word) = self.words.first() else {
            return Err(self.syntax());
        };
        let newest_first = room.members.iter().rev();
        let found: Vec<MemberId> = match word.as_str() {
            "all" => newest_first.map(|member| member.id).collect(),
            "non_moderator" => newest_first
                .filter(|member| !member.moderator)
                .map(|member| member.id)
                .collect(),
            "last" => newest_first
                .map(|member| member.id)
                .max()
                .into_iter()
                .collect(),
            word => match (word.parse::<u32>(), word.split_once('=')) {
                (Ok(number), _) if room.member(MemberId(number)).is_some() => {
                    vec![MemberId(number)]
                }
                (Ok(number), _) => return Err(format!("-ERR Non-Existant ID {number}\n")),
                (Err(_), Some((name, value))) => newest_first
                    .filter(|member| member.channel.variable(name) == Some(value))
                    .map(|member| member.id)
                    .collect(),
                (Err(_), None) => return Err(self.syntax()),
            },
        };
        if found.is_empty() {
            Err("-ERR Non-Existant member\n".to_owned())
        } else {
            Ok(found)
        }
    }

    async fn each_member(&self, room: &Room) -> String {
        let members = match self.members(room) {
            Ok(members) => members,
            Err(text) => return text,
        };
        if self.command == "dtmf" && self.words.len() < 2 {
            return self.syntax();
        }
        let mut out = String::new();
        for id in members {
            let before = room.member(id).cloned();
            let action = self.member_action(id, before.as_deref());
            match self.ask(action).await {
                Ok(_) => out.push_str(&self.member_line(id)),
                Err(_) => out.push_str(&format!("-ERR Non-Existant ID {id}\n")),
            }
        }
        out
    }

    fn member_action(&self, id: MemberId, before: Option<&Member>) -> RoomControl {
        let target = MemberTarget::Id(id);
        let value = self.words.get(1);
        match self.command {
            "kick" => RoomControl::Kick {
                target,
                sound: value.map(|word| word.as_str().into()),
            },
            "hup" => RoomControl::HangUp { target },
            "mute" => RoomControl::Mute {
                target,
                on: Toggle::On,
            },
            "unmute" => RoomControl::Mute {
                target,
                on: Toggle::Off,
            },
            "tmute" => RoomControl::Mute {
                target,
                on: Toggle::Toggle,
            },
            "deaf" => RoomControl::Deaf {
                target,
                on: Toggle::On,
            },
            "undeaf" => RoomControl::Deaf {
                target,
                on: Toggle::Off,
            },
            "hold" => RoomControl::Hold {
                target,
                on: Toggle::On,
            },
            "unhold" => RoomControl::Hold {
                target,
                on: Toggle::Off,
            },
            "dtmf" => RoomControl::SendDtmf {
                target,
                digits: value.map_or("", String::as_str).into(),
            },
            "volume_in" => RoomControl::VolumeIn {
                target,
                level: value.map(|word| volume(word, before.map_or(0, |m| m.volume_in))),
            },
            "volume_out" => RoomControl::VolumeOut {
                target,
                level: value.map(|word| volume(word, before.map_or(0, |m| m.volume_out))),
            },
            _ => RoomControl::Energy {
                target,
                level: value
                    .map(|word| u32::try_from(leading_number(word).clamp(0, 32_767)).unwrap_or(0)),
            },
        }
    }

    /// The success line, with values as they are now.
    fn member_line(&self, id: MemberId) -> String {
        let view = self.call.view();
        let member = view.rooms.get(self.name).and_then(|room| room.member(id));
        match self.command {
            "kick" => format!("+OK kicked {id}\n"),
            "dtmf" => format!(
                "+OK sent {} to {id}\n",
                self.words.get(1).map_or("", String::as_str)
            ),
            "energy" => format!("Energy {id} = {}\n", member.map_or(0, |m| m.energy_level)),
            "volume_in" => format!(
                "+OK Volume IN {id} = {}\n",
                member.map_or(0, |m| m.volume_in)
            ),
            "volume_out" => format!(
                "+OK Volume OUT {id} = {}\n",
                member.map_or(0, |m| m.volume_out)
            ),
            "tmute" if member.is_some_and(|m| m.can_speak) => format!("+OK unmute {id}\n"),
            "tmute" => format!("+OK mute {id}\n"),
            word => format!("+OK {word} {id}\n"),
        }
    }

    async fn floor(&self, room: &Room) -> String {
        let id = match self.members(room) {
            Ok(members) => members[0],
            Err(text) => return text,
        };
        match room.floor {
            Some(holder) if holder != id => format!("-ERR floor is held by {holder}\n"),
            holder => match (self.ask(RoomControl::Floor { member: id }).await, holder) {
                (Ok(_), Some(_)) => "+OK floor none\n".to_owned(),
                (Ok(_), None) => format!("+OK floor {id}\n"),
                (Err(_), _) => format!("-ERR Non-Existant ID {id}\n"),
            },
        }
    }

    async fn flag(&self, action: RoomControl, word: &str) -> String {
        match self.ask(action).await {
            Ok(_) => format!("+OK {} {word}\n", self.name),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    async fn play(&self, room: &Room) -> String {
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

    async fn stop(&self) -> String {
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

    async fn pause_play(&self) -> String {
        let member = self
            .words
            .first()
            .and_then(|word| word.parse().ok())
            .map(MemberId);
        match self.ask(RoomControl::PausePlaying { member }).await {
            Ok(state) if state.first().is_some_and(|state| &**state == "paused") => {
                "+OK Pause\n".to_owned()
            }
            Ok(_) => "+OK Resume\n".to_owned(),
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }

    /// There is no speech engine: as in a server without one, nothing can be said.
    fn say(&self) -> String {
        match (self.command, self.words.len()) {
            ("say", 0) => format!("-ERR (say) Error! No text.\n{}", self.syntax()),
            ("say", _) => format!("-ERR (say) Error!\n{}", self.syntax()),
            (_, 0 | 1) => format!("-ERR (saymember) No Text!\n{}", self.syntax()),
            _ => format!("-ERR (saymember) Error!\n{}", self.syntax()),
        }
    }

    async fn transfer(&self, room: &Room) -> String {
        let Some((to, members)) = self
            .words
            .split_first()
            .filter(|(_, members)| !members.is_empty())
        else {
            return self.syntax();
        };
        let mut out = String::new();
        for word in members {
            let id = MemberId(u32::try_from(leading_number(word)).unwrap_or(0));
            let moved = match room.member(id) {
                Some(_) => self
                    .ask(RoomControl::Transfer {
                        to: to.as_str().into(),
                        member: id,
                    })
                    .await
                    .is_ok(),
                None => false,
            };
            out.push_str(&match moved {
                true => format!("+OK Member '{id}' sent to conference {to}.\n"),
                false => format!("-ERR No Member {id} in conference {}.\n", self.name),
            });
        }
        out
    }

    async fn record(&self, path: Option<&String>) -> String {
        let Some(path) = path else {
            return self.syntax();
        };
        match self
            .ask(RoomControl::Record {
                path: path.as_str().into(),
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
    async fn stop_recording(&self, room: &Room, path: Option<&String>) -> String {
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

    async fn pause_recording(&self, room: &Room, word: &str, path: Option<&String>) -> String {
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

    async fn recording(&self, room: &Room) -> String {
        let path = self.words.get(1);
        match self.words.first().map(String::as_str) {
            Some("start") => self.record(path).await,
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

    fn get(&self, room: &Room) -> String {
        match self.words.first().map(String::as_str) {
            Some("run_time") => conference_list::seconds_since(self.call, room.created).to_string(),
            Some("count") => room.members.len().to_string(),
            Some("rate") => room.rate_hz.to_string(),
            Some("profile_name") => room.profile.to_string(),
            Some("uuid") => room.id.to_string(),
            // There is no limit, and nobody outlives the conference.
            Some("max_members" | "endconference_grace_time") => "0".to_owned(),
            Some("wait_mod") => if room.flags.wait_mod { "true" } else { "" }.to_owned(),
            Some("is_locked") => if room.flags.locked { "locked" } else { "" }.to_owned(),
            Some(_) | None => self.syntax(),
        }
    }

    fn get_uuid(&self, room: &Room) -> String {
        match self.members(room) {
            Ok(members) => room
                .member(members[0])
                .map(|member| member.channel.id.to_string())
                .unwrap_or_default(),
            Err(text) => text,
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

    async fn relate(&self, room: &Room) -> String {
        let (members, others, rule) = match self.words {
            [] => return String::new(),
            [members, others, rule, ..] => (members, others, rule),
            _ => return self.syntax(),
        };
        let known = match rule.as_str() {
            "nospeak" => RelateRule::NoSpeak,
            "nohear" => RelateRule::NoHear,
            "clear" => RelateRule::Clear,
            _ => return self.syntax(),
        };
        let mut out = String::new();
        for member in members.split(',').map(member_number) {
            for other in others.split(',').map(member_number) {
                let action = RoomControl::Relate {
                    member,
                    other,
                    rule: known,
                };
                let there = room.member(member).is_some() && room.member(other).is_some();
                out.push_str(&match (there && self.ask(action).await.is_ok(), known) {
                    (true, RelateRule::Clear) => {
                        format!("+OK relationship {member}->{other} cleared.\n")
                    }
                    (true, RelateRule::NoSpeak | RelateRule::NoHear) => {
                        format!("+OK {member}->{other} {rule} set\n")
                    }
                    (false, _) => format!("-ERR relationship {member}->{other} not found.\n"),
                });
            }
        }
        out
    }

    async fn sound(&self) -> String {
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

fn check_recordings(room: &Room) -> String {
    if room.recordings.is_empty() {
        return "-ERR Conference is not being recorded.\n".to_owned();
    }
    room.recordings
        .iter()
        .map(|recording| format!("+OK Record file {}\n", recording.path))
        .collect()
}

/// `up` and `down` step, a number is taken as it is, anything else is 0; −4 to 4.
fn volume(word: &str, now: i8) -> i8 {
    let level = match word {
        "up" => i64::from(now) + 1,
        "down" => i64::from(now) - 1,
        number => leading_number(number),
    };
    i8::try_from(level.clamp(-4, 4)).unwrap_or(0)
}

fn member_number(word: &str) -> MemberId {
    MemberId(u32::try_from(leading_number(word)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_as_recorded() {
        // golden conf-03-controls
        assert_eq!(
            (
                volume("99", 0),
                volume("-4", 0),
                volume("up", -4),
                volume("foo", 2)
            ),
            (4, -4, -3, 0)
        );
    }
}
