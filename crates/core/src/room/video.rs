//! What a video room asks of the conference that bears its name.

use std::sync::Arc;

use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use super::Place;
use crate::Switch;

impl Switch {
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
        self.record_room(mix, path)
    }
}
