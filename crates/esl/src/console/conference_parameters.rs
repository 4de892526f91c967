//! `conference <name> get` and `set` (event-socket.md §6.6).

use api::command::room::{RoomControl, RoomParameter};
use api::view::Room;
use std::sync::Arc;

use super::conference::Target;
use super::conference_list;

impl Target<'_> {
    /// The bare value; empty is what a switch that is off answers.
    pub(super) fn get(&self, room: &Room) -> String {
        let Some(name) = self.words.first() else {
            return self.syntax();
        };
        match name.as_str() {
            "run_time" => conference_list::seconds_since(self.call, room.created).to_string(),
            "count" => room.members.len().to_string(),
            "rate" => room.rate_hz.to_string(),
            "profile_name" => room.profile.to_string(),
            "uuid" => room.id.to_string(),
            "wait_mod" => if room.flags.wait_mod { "true" } else { "" }.to_owned(),
            "is_locked" => if room.flags.locked { "locked" } else { "" }.to_owned(),
            name => parameter(room, name).unwrap_or_else(|| self.syntax()),
        }
    }

    /// Answers the value before, as recorded; a value that is no number where one is needed is not taken.
    pub(super) async fn set(&self, room: &Room) -> String {
        let [name, value, ..] = self.words else {
            return self.syntax();
        };
        let text = || Arc::from(value.as_str());
        let new = match name.as_str() {
            "max_members" => value.parse().ok().map(RoomParameter::MaxMembers),
            "sound_prefix" => Some(RoomParameter::SoundPrefix(text())),
            "caller_id_name" => Some(RoomParameter::CallerIdName(text())),
            "caller_id_number" => Some(RoomParameter::CallerIdNumber(text())),
            "endconference_grace_time" => value.parse().ok().map(RoomParameter::EndGraceS),
            _ => None,
        };
        let (Some(new), Some(before)) = (new, parameter(room, name)) else {
            return self.syntax();
        };
        match self.ask(RoomControl::Set(new)).await {
            Ok(_) => before,
            Err(error) => format!("-ERR {}\n", error.detail),
        }
    }
}

/// One that can be set. `None`: there is none of that name.
fn parameter(room: &Room, name: &str) -> Option<String> {
    let parameters = &room.parameters;
    let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    Some(match name {
        "max_members" => parameters.max_members.to_string(),
        "sound_prefix" => text(&parameters.sound_prefix),
        "caller_id_name" => text(&parameters.caller_id_name),
        "caller_id_number" => text(&parameters.caller_id_number),
        "endconference_grace_time" => parameters.end_grace_s.to_string(),
        _ => return None,
    })
}
