//! Where everybody is: seats, poses, layouts.

use std::sync::Arc;

use api::command::stage::{Place, PlaceParticipant, SeatParticipant, SetLayout};
use api::event::StageAction;
use api::id::ParticipantId;
use api::spatial::{Control, Layout, Pose};
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::MediaCommand;

use super::LiveStage;
use crate::Switch;

impl Switch {
    /// Gives a participant a seat. Nothing is told when it has it already.
    pub(crate) fn seat_participant(
        &mut self,
        asked: &SeatParticipant,
    ) -> Result<Place, CommandError> {
        let live = self.stages.live(&asked.room)?;
        let before = live.seen(asked.participant)?.clone();
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
        let before = live.seen(asked.participant)?.clone();
        if !live.seen.layout.open {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the room's layout has seats only",
            ));
        }
        let pose = Pose {
            position: asked.position,
            heading: asked.heading.unwrap_or(before.pose.heading),
        };
        self.stand_at(&asked.room, asked.participant, pose)?;
        Ok(Place { seat: None, pose })
    }

    /// Takes a participant from its seat to a pose; whether that changed anything.
    pub(super) fn stand_at(
        &mut self,
        room: &str,
        id: ParticipantId,
        pose: Pose,
    ) -> Result<bool, CommandError> {
        let live = self.stages.live(room)?;
        let before = live.seen(id)?.clone();
        live.seating.leave(id);
        if (before.seat, before.pose) == (None, pose) {
            return Ok(false);
        }
        let place = Place { seat: None, pose };
        self.move_to(room, id, place, StageAction::Placed)?;
        Ok(true)
    }

    fn move_to(
        &mut self,
        room: &str,
        id: ParticipantId,
        place: Place,
        action: StageAction,
    ) -> Result<(), CommandError> {
        let participant = self.stages.live(room)?.change(id)?;
        participant.seat = place.seat;
        participant.pose = place.pose;
        self.moved(room, id, action);
        Ok(())
    }

    /// Tells that a participant is elsewhere.
    fn moved(&mut self, room: &str, id: ParticipantId, action: StageAction) {
        self.stage_event(room, Some(id), action);
        self.place_in_mix(room, id);
    }

    /// Gives a room another layout: everybody sits down anew, then its settings are made for all. The
    /// one it has changes nothing, and nothing is told (event-manager.md §7).
    pub(crate) fn set_layout(&mut self, asked: &SetLayout) -> Result<(), CommandError> {
        let layout = self.view.layout(asked.layout).cloned();
        let live = self.stages.live(&asked.room)?;
        let layout = layout.ok_or_else(|| CommandError::not_found(ObjectKind::Layout))?;
        if live.seen.layout.id == layout.id {
            return Ok(());
        }
        let moved = live.reseat(layout.clone());
        self.stage_event(&asked.room, None, StageAction::LayoutSet);
        for id in moved {
            self.moved(&asked.room, id, StageAction::Seated);
        }
        for &(control, value) in &layout.defaults {
            self.set_for_all(&asked.room, control, value)?;
        }
        Ok(())
    }

    /// Everybody sits down anew.
    pub(super) fn seat_all(&mut self, room: &str) -> Result<(), CommandError> {
        let live = self.stages.live(room)?;
        for id in live.reseat(live.seen.layout.clone()) {
            self.moved(room, id, StageAction::Seated);
        }
        Ok(())
    }

    /// Tells the mix where a member is.
    pub(super) fn place_in_mix(&mut self, room: &str, id: ParticipantId) {
        let Some((worker, mix, leg)) = self.leg_of_participant(room, id) else {
            return self.listen_on_tape(room, id);
        };
        let Ok(participant) = self.stages.participant(room, id) else {
            return;
        };
        let place = place_in_the_mix(participant.pose);
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
        let Ok(participant) = self.stages.participant(room, id) else {
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
        let Ok(participant) = self.stages.participant(room, id) else {
            return;
        };
        let muted = participant.controls.is_on(Control::Mute);
        if self.is_muted_member(mix, member) != Some(muted) {
            self.mute_member(mix, member, muted);
        }
    }
}

/// A pose in the words of the mix.
pub(super) fn place_in_the_mix(Pose { position, heading }: Pose) -> media::control::Place {
    media::control::Place {
        position_cm: [position.x, position.y, position.z],
        azimuth_deg: heading.azimuth,
        elevation_deg: heading.elevation,
    }
}

impl LiveStage {
    /// Gives the room a layout and seats everybody anew in the order of their seats, those without last; who moves by that
    /// (event-manager.md §9.3). All at once, as each change of a list that clients were told of costs a copy of it.
    fn reseat(&mut self, layout: Arc<Layout>) -> Vec<ParticipantId> {
        let participants = self.seen.participants.iter().enumerate();
        let mut order: Vec<_> = participants
            .map(|(at, p)| (p.seat.map_or(i32::MAX, |seat| seat.0), p.id, at))
            .collect();
        order.sort_unstable();
        self.seating.clear();
        let stage = Arc::make_mut(&mut self.seen);
        let mut moved = Vec::new();
        for (_, id, at) in order {
            let (seat, pose) = self.seating.take_any(&layout, id);
            let Some(participant) = stage.participants.get_mut(at) else {
                continue;
            };
            if (participant.seat, participant.pose) != (Some(seat), pose) {
                let participant = Arc::make_mut(participant);
                (participant.seat, participant.pose) = (Some(seat), pose);
                moved.push(id);
            }
        }
        stage.layout = layout;
        moved
    }
}
