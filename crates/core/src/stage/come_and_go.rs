//! Participants come, are renamed, and go.

use std::sync::Arc;

use api::event::StageAction;
use api::id::{MemberId, ParticipantId};
use api::spatial::{Control, Controls, ParticipantKind};
use api::view::Participant;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use super::{MAX_PARTICIPANTS, too_many};
use crate::Switch;

/// Somebody who comes.
pub(super) struct Newcomer {
    pub(super) id: ParticipantId,
    pub(super) name: Arc<str>,
    pub(super) kind: ParticipantKind,
    pub(super) rate_hz: u32,
    pub(super) channels: u8,
    pub(super) member: Option<(MemberId, ChannelId)>,
    pub(super) muted: bool,
}

impl Switch {
    /// A participant comes and is seated; the layout's own settings are made.
    ///
    /// # Errors
    /// `NotFound(Room)`, `AlreadyExists(Member)`, `LimitReached`.
    pub(super) fn add_to_stage(&mut self, room: &str, new: Newcomer) -> Result<(), CommandError> {
        let live = self.stages.live(room)?;
        let place = live
            .seen
            .participants
            .binary_search_by_key(&new.id, |p| p.id);
        let Err(at) = place else {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::Member),
                "a participant of that number is there",
            ));
        };
        if live.seen.participants.len() >= MAX_PARTICIPANTS {
            return Err(too_many("too many participants of one room"));
        }
        let layout = live.seen.layout.clone();
        let (seat, pose) = live.seating.take_any(&layout, new.id);
        let mut controls = Controls::default();
        let muted = new.muted.then_some((Control::Mute, 1));
        let arranged = live.arranged.then_some((Control::Mixing3d, 1));
        let own = muted.into_iter().chain(arranged);
        for (control, value) in layout.defaults.iter().copied().chain(own) {
            if let Err(error) = controls.set(control, value) {
                tracing::warn!(room, layout = %layout.name, %error, "Layout has a bad setting");
            }
        }
        let (member, channel) = new.member.unzip();
        let participant = Participant {
            id: new.id,
            name: new.name,
            kind: new.kind,
            rate_hz: new.rate_hz,
            channels: new.channels,
            seat: Some(seat),
            pose,
            controls,
            member,
            channel,
        };
        live.seen_mut()
            .participants
            .insert(at, Arc::new(participant));
        self.stage_event(room, Some(new.id), StageAction::Added);
        self.stage_event(room, Some(new.id), StageAction::Seated);
        for &control in Control::ALL {
            let value = controls.get(control);
            if value != control.usual() {
                let action = StageAction::ControlSet { control, value };
                self.stage_event(room, Some(new.id), action);
            }
        }
        self.place_in_mix(room, new.id);
        self.settle_in_mix(room, new.id);
        Ok(())
    }

    /// A participant goes.
    pub(super) fn remove_from_stage(&mut self, room: &str, id: ParticipantId) {
        let Some(live) = self.stages.all.get_mut(room) else {
            return;
        };
        let participants = &live.seen.participants;
        let Ok(at) = participants.binary_search_by_key(&id, |p| p.id) else {
            return;
        };
        // The view gets the room back below. Until then nobody else holds the list, unless it is as it was told last: of
        // many who go at once, one alone costs a copy.
        self.view.stages.remove_mut(room);
        let participant = live.seen_mut().participants.remove(at);
        live.seating.leave(id);
        live.recorders.retain(|_, recorder| *recorder != id);
        let stage = live.seen.clone();
        self.publish_stage(stage, Some(participant), StageAction::Removed);
    }
}
