//! Where everybody is: seats, poses, layouts.

use api::command::stage::{Place, PlaceParticipant, SeatParticipant, SetLayout};
use api::event::StageAction;
use api::id::ParticipantId;
use api::spatial::{Control, Pose};
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::MediaCommand;

use crate::Switch;

impl Switch {
    /// Gives a participant a seat. Nothing is told when it has it already.
    pub(crate) fn seat_participant(
        &mut self,
        asked: &SeatParticipant,
    ) -> Result<Place, CommandError> {
        let live = self.stages.live(&asked.room)?;
        let before = live.participant(asked.participant)?.clone();
        let layout = live.seen.layout.clone();
        let taken = live.seating.take(&layout, asked.participant, asked.seat);
        let (seat, pose) = taken.ok_or_else(|| CommandError::not_found(ObjectKind::Seat))?;
        let place = Place {
            seat: Some(seat),
            pose,
        };
        if (before.seat, before.pose) == (place.seat, place.pose) {
            return Ok(place);
        }
        self.move_to(&asked.room, asked.participant, place, StageAction::Seated)?;
        Ok(place)
    }

    /// Puts a participant anywhere.
    pub(crate) fn place_participant(
        &mut self,
        asked: &PlaceParticipant,
    ) -> Result<Place, CommandError> {
        let live = self.stages.live(&asked.room)?;
        let before = live.participant(asked.participant)?.clone();
        if !live.seen.layout.open {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the room's layout has seats only",
            ));
        }
        live.seating.leave(asked.participant);
        let place = Place {
            seat: None,
            pose: Pose {
                position: asked.position,
                heading: asked.heading.unwrap_or(before.pose.heading),
            },
        };
        if (before.seat, before.pose) == (place.seat, place.pose) {
            return Ok(place);
        }
        self.move_to(&asked.room, asked.participant, place, StageAction::Placed)?;
        Ok(place)
    }

    fn move_to(
        &mut self,
        room: &str,
        id: ParticipantId,
        place: Place,
        action: StageAction,
    ) -> Result<(), CommandError> {
        let participant = self.stages.live(room)?.participant(id)?;
        participant.seat = place.seat;
        participant.pose = place.pose;
        self.stage_event(room, Some(id), action);
        self.place_in_mix(room, id);
        Ok(())
    }

    /// Gives a room another layout: everybody sits down anew, then its settings are made for all.
    pub(crate) fn set_layout(&mut self, asked: &SetLayout) -> Result<(), CommandError> {
        let layout = self.view.layout(asked.layout).cloned();
        let live = self.stages.live(&asked.room)?;
        let layout = layout.ok_or_else(|| CommandError::not_found(ObjectKind::Layout))?;
        live.seen_mut().layout = layout.clone();
        let mut order: Vec<_> = live
            .seen
            .participants
            .iter()
            .map(|p| (p.seat.map_or(i32::MAX, |seat| seat.0), p.id))
            .collect();
        order.sort_unstable();
        live.seating.clear();
        let mut moved = Vec::new();
        for (_, id) in order {
            let (seat, pose) = live.seating.take_any(&layout, id);
            let participant = live.participant(id)?;
            let place = Place {
                seat: Some(seat),
                pose,
            };
            if (participant.seat, participant.pose) != (place.seat, place.pose) {
                moved.push((id, place));
            }
        }
        self.stage_event(&asked.room, None, StageAction::LayoutSet);
        for (id, place) in moved {
            self.move_to(&asked.room, id, place, StageAction::Seated)?;
        }
        for &(control, value) in &layout.defaults {
            self.set_for_all(&asked.room, control, value)?;
        }
        Ok(())
    }

    /// Tells the mix where a member is.
    pub(super) fn place_in_mix(&mut self, room: &str, id: ParticipantId) {
        let Some((worker, mix, leg)) = self.leg_of_participant(room, id) else {
            return;
        };
        let Ok(participant) = self.stages.live(room).and_then(|live| live.participant(id)) else {
            return;
        };
        let Pose { position, heading } = participant.pose;
        let place = media::control::Place {
            position_cm: [position.x, position.y, position.z],
            azimuth_deg: heading.azimuth,
            elevation_deg: heading.elevation,
        };
        self.media(
            worker,
            MediaCommand::Place {
                room: mix,
                leg,
                place,
            },
        );
    }

    /// Tells the mix what is set about a member, where it differs from what every member starts with.
    pub(super) fn settle_in_mix(&mut self, room: &str, id: ParticipantId) {
        let Ok(participant) = self.stages.live(room).and_then(|live| live.participant(id)) else {
            return;
        };
        if participant.controls != api::spatial::Controls::default() {
            self.control_in_mix(room, id);
        }
        self.follow_mute(room, id);
    }

    /// A member's mute in the conference follows its control.
    pub(super) fn follow_mute(&mut self, room: &str, id: ParticipantId) {
        let Some((mix, member)) = self.member_of_participant(room, id) else {
            return;
        };
        let Ok(participant) = self.stages.live(room).and_then(|live| live.participant(id)) else {
            return;
        };
        let muted = participant.controls.is_on(Control::Mute);
        if self.is_muted_member(mix, member) != Some(muted) {
            self.mute_member(mix, member, muted);
        }
    }
}
