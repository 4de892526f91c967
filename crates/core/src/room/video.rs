//! What a video room asks of the conference that bears its name.

use std::sync::Arc;

use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use super::Place;
use super::enter::{Entrance, MemberFlags};
use super::settings::Settings;
use crate::Switch;

/// The profile of such a conference.
const PROFILE: &str = "default";

/// The argument of `conference` that means the conference of a video room, whatever the room's name looks like.
pub(crate) fn conference_of(video_room: &str) -> String {
    format!("{video_room}@{PROFILE}")
}

fn entrance_of(video_room: &str, flags: MemberFlags) -> Entrance {
    Entrance {
        name: video_room.into(),
        profile: PROFILE.into(),
        pin: None,
        flags,
    }
}

impl Switch {
    /// Reads the argument of `conference`: the name of a video room stands for its conference.
    pub(super) fn entrance(&self, text: &str) -> Option<Entrance> {
        let (name, flags) = match text.split_once("+flags{") {
            Some((name, flags)) => (name.trim(), flags.split('}').next().unwrap_or_default()),
            None => (text.trim(), ""),
        };
        let room = name
            .strip_suffix(PROFILE)
            .and_then(|room| room.strip_suffix('@'))
            .filter(|room| self.video_rooms.has(room))
            .or_else(|| self.is_plainly_video_room(name).then_some(name));
        match room {
            Some(room) => Some(entrance_of(room, MemberFlags::parse(flags))),
            None => Entrance::parse(text),
        }
    }

    /// Whether `room@host` cannot mean a conference and its profile. Anybody may call a new room what they like, so
    /// `3000@default` is never one.
    fn is_plainly_video_room(&self, name: &str) -> bool {
        let host = name.rsplit_once('@').map_or("", |(_, host)| host);
        self.video_rooms.has(name)
            && host.contains('.')
            && !Settings::has_profile(&self.config.xml, host)
    }

    /// Whether somebody more may enter the conference of a video room: no PIN is asked, as the room's own door has
    /// decided.
    ///
    /// # Errors
    /// `Forbidden` when it is locked, `LimitReached` when it is full.
    pub(crate) fn check_conference_entry(&self, name: &str) -> Result<(), CommandError> {
        let room = self.rooms.by_name(name);
        let Some(room) = room.and_then(|mix| self.rooms.all.get(&mix)) else {
            return Ok(());
        };
        if room.seen.flags.locked {
            return Err(CommandError::new(
                ErrorKind::Forbidden,
                "the conference is locked",
            ));
        }
        if room.is_full() {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "the conference is full",
            ));
        }
        Ok(())
    }

    /// The media thread of a conference, while it runs.
    pub(crate) fn conference_worker(&self, name: &str) -> Option<usize> {
        let mix = self.rooms.by_name(name)?;
        Some(self.rooms.all.get(&mix)?.worker)
    }

    /// Who is in a conference and counts, in order of joining.
    pub(crate) fn conference_channels(&self, name: &str) -> Vec<ChannelId> {
        let room = self.rooms.by_name(name);
        let room = room.and_then(|mix| self.rooms.all.get(&mix));
        let members = room.into_iter().flat_map(|room| &room.seen.members);
        members
            .filter(|member| !member.ghost)
            .map(|member| member.channel.id.clone())
            .collect()
    }

    /// Whether the others in a conference hear a channel: it is not muted, held or waiting for a moderator.
    pub(crate) fn is_heard_in_conference(&self, id: &ChannelId) -> bool {
        let Some(Place::Member(mix, number)) = self.rooms.places.get(id) else {
            return true;
        };
        let room = self.rooms.all.get(mix);
        room.is_none_or(|room| !room.mix_settings(*number).mute)
    }

    /// Records what a conference hears.
    ///
    /// # Errors
    /// As for `conference … record`.
    pub(crate) fn record_conference(
        &mut self,
        name: &str,
        path: &Arc<str>,
    ) -> Result<(), CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Room);
        let mix = self.rooms.by_name(name).ok_or_else(missing)?;
        self.record_room(mix, path, false)
    }

    /// Whoever publishes in a video room is in its conference to be heard and controlled. The door of the video room
    /// has decided that it may.
    pub(super) fn enter_as_participant(&mut self, id: &ChannelId, room: &str) -> bool {
        self.answer_channel(id);
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            return false;
        }
        let flags = MemberFlags {
            deaf: true,
            no_music: true,
            ..MemberFlags::default()
        };
        let entrance = entrance_of(room, flags);
        let mix = match self.rooms.by_name(room) {
            Some(mix) => Some(mix),
            None => self.open_room(id, &entrance),
        };
        if let Some(mix) = mix {
            self.enter_room(mix, id, flags);
        }
        mix.is_some()
    }
}
