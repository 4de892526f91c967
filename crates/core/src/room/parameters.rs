//! What of a room can be changed while it runs, and what follows from it.

use std::sync::Arc;
use std::time::Duration;

use api::command::room::RoomParameter;
use api::id::MemberId;
use media::control::RoomId as MixId;

use super::LiveRoom;
use super::settings::Sounds;
use crate::Switch;
use crate::timers::{Deadline, in_time};

impl LiveRoom {
    /// One of the configured sounds as it is to be played.
    pub(super) fn sound(
        &self,
        which: impl FnOnce(&Sounds) -> &Option<Arc<str>>,
    ) -> Option<Arc<str>> {
        which(&self.settings.sounds)
            .as_deref()
            .map(|file| self.sound_file(file))
    }

    /// Relative names stand below the sound prefix; streams and absolute paths are complete.
    pub(super) fn sound_file(&self, file: &str) -> Arc<str> {
        match self.seen.parameters.sound_prefix.as_deref() {
            Some(prefix) if !file.starts_with('/') && !file.contains("://") => {
                format!("{}/{file}", prefix.trim_end_matches('/')).into()
            }
            Some(_) | None => file.into(),
        }
    }

    /// Whether nobody else may come in.
    pub(super) fn is_full(&self) -> bool {
        let most = self.seen.parameters.max_members as usize;
        most > 0 && self.size() >= most
    }
}

impl Switch {
    pub(super) fn set_parameter(&mut self, mix: MixId, parameter: RoomParameter) {
        let text = |text: Arc<str>| (!text.is_empty()).then_some(text);
        self.change_room(mix, |room| {
            let parameters = &mut room.parameters;
            match parameter {
                RoomParameter::MaxMembers(most) => parameters.max_members = most,
                RoomParameter::SoundPrefix(prefix) => parameters.sound_prefix = text(prefix),
                RoomParameter::CallerIdName(name) => parameters.caller_id_name = text(name),
                RoomParameter::CallerIdNumber(number) => parameters.caller_id_number = text(number),
                RoomParameter::EndGraceS(seconds) => parameters.end_grace_s = seconds,
            }
        });
    }

    /// The last member the room ends with has left.
    pub(super) fn end_room_after_grace(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let grace = Duration::from_secs(room.seen.parameters.end_grace_s.into());
        let at = in_time(self.now.mono, grace);
        room.ends = Some(at);
        if grace.is_zero() {
            self.room_ends(mix);
        } else {
            self.timers.set(at, Deadline::RoomEnds(mix));
        }
    }

    /// The grace is over: everybody goes, unless somebody the room ends with has come meanwhile.
    pub(crate) fn room_ends(&mut self, mix: MixId) {
        let now = self.now.mono;
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        // A later end overrules an earlier one.
        let due = room.ends.is_some_and(|at| at <= now);
        if !due || room.seen.members.iter().any(|member| member.end_conference) {
            return;
        }
        let rest: Vec<MemberId> = room.members.iter().map(|member| member.id).collect();
        for member in rest {
            self.evict(mix, member);
        }
    }
}
