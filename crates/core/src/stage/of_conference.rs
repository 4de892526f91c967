//! What a conference does is seen on its stage, and the other way round.

use std::sync::Arc;

use api::CommandError;
use api::command::stage::SetControl;
use api::event::StageAction;
use api::id::{MemberId, ParticipantId};
use api::spatial::{Control, Heading, ParticipantKind, Pose, Position};
use api::view::Channel;
use media::control::{LegId, MediaCommand, RecordId, RoomId as MixId};

use super::FIRST_GIVEN_NUMBER;
use super::arrange::place_in_the_mix;
use super::come_and_go::Newcomer;
use super::control::in_the_mix;
use crate::Switch;

/// The number of a member as a participant; member numbers are counted up from 1.
fn number(member: MemberId) -> ParticipantId {
    ParticipantId(i32::try_from(member.0).unwrap_or(i32::MAX))
}

/// What others see of a caller.
fn name_of(channel: &Channel) -> Arc<str> {
    let profile = channel.profile.as_ref();
    let name = profile.map(|profile| &profile.caller_id_name);
    let number = profile.map(|profile| &profile.caller_id_number);
    [name, number]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .cloned()
        .unwrap_or_default()
}

impl Switch {
    /// A conference begins. It has no stage only when there are too many.
    pub(crate) fn conference_began(&mut self, name: &Arc<str>) {
        if self.stages.all.contains_key(name) {
            return;
        }
        let layout = self.view.default_layout.clone();
        if let Err(error) = self.open_stage(name, None, "".into(), layout, false) {
            tracing::warn!(room = %name, %error, "Conference has no places");
        }
    }

    /// The number of the next member: one no participant of the stage has.
    pub(crate) fn next_member_number(&mut self, name: &str) -> MemberId {
        loop {
            self.serials.member += 1;
            let member = MemberId(self.serials.member);
            let live = self.stages.all.get(name);
            if live.is_none_or(|live| live.seen.participant(number(member)).is_none()) {
                return member;
            }
        }
    }

    /// A member was added.
    pub(crate) fn member_came(&mut self, name: &Arc<str>, mix: MixId, member: MemberId) {
        let Some((channel, rate_hz)) = self.conference_member(mix, member) else {
            return;
        };
        let codec = channel.read_codec.as_ref();
        let newcomer = Newcomer {
            id: number(member),
            name: name_of(&channel),
            kind: ParticipantKind::Regular,
            rate_hz: codec.map_or(rate_hz, |codec| codec.rate_hz),
            channels: 1,
            member: Some((member, channel.id.clone())),
            muted: self.is_muted_member(mix, member) == Some(true),
        };
        if let Err(error) = self.add_to_stage(name, newcomer) {
            tracing::warn!(room = %name, %error, "Member has no place");
        }
    }

    /// A member was removed.
    pub(crate) fn member_went(&mut self, name: &str, member: MemberId) {
        self.remove_from_stage(name, number(member));
    }

    /// A member was muted or may speak again, whoever wished it.
    pub(crate) fn member_mute_changed(&mut self, name: &str, member: MemberId, muted: bool) {
        let id = number(member);
        let Ok(participant) = self.stages.live(name).and_then(|live| live.change(id)) else {
            return;
        };
        let value = i32::from(muted);
        if participant.controls.set(Control::Mute, value) == Ok(true) {
            let control = Control::Mute;
            self.stage_event(name, Some(id), StageAction::ControlSet { control, value });
        }
    }

    /// Puts a member somewhere, whatever the layout says: telephone conferences know positions only. It looks at the
    /// layout's centre. Whether that changed anything.
    pub(crate) fn stand(&mut self, name: &str, member: MemberId, position: Position) -> bool {
        let Ok(live) = self.stages.live(name) else {
            return false;
        };
        let heading = position.towards(live.seen.layout.centre);
        self.stand_at(name, number(member), Pose { position, heading })
            .unwrap_or(false)
    }

    /// Where a member is.
    pub(crate) fn standing(&self, name: &str, member: MemberId) -> Option<Position> {
        let live = self.stages.all.get(name)?;
        Some(live.seen.participant(number(member))?.pose.position)
    }

    /// Seats everybody as the layout says and lets them hear each other from there, whoever comes later too; or no longer.
    ///
    /// # Errors
    /// `NotFound(Room)`.
    pub(crate) fn arrange(&mut self, name: &str, on: bool) -> Result<(), CommandError> {
        self.stages.live(name)?.arranged = on;
        if on {
            self.seat_all(name)?;
        }
        self.set_for_all(name, Control::Mixing3d, i32::from(on))
    }

    /// A recording runs: it is a participant that only listens. One with two channels stands in the middle, looks ahead and
    /// hears in three dimensions, until a client wants otherwise.
    pub(crate) fn recorder_came(
        &mut self,
        name: &str,
        record: RecordId,
        rate_hz: u32,
        stereo: bool,
    ) {
        let Some(live) = self.stages.all.get(name) else {
            return;
        };
        let first = FIRST_GIVEN_NUMBER;
        let free = (first..).find(|n| live.seen.participant(ParticipantId(*n)).is_none());
        let Some(id) = free.map(ParticipantId) else {
            return;
        };
        let newcomer = Newcomer {
            id,
            name: "recorder".into(),
            kind: ParticipantKind::ListenerOnly,
            rate_hz,
            channels: 1 + u8::from(stereo),
            member: None,
            muted: false,
        };
        let middle = live.seen.layout.centre;
        if self.add_to_stage(name, newcomer).is_err() {
            return;
        }
        if let Ok(live) = self.stages.live(name) {
            live.recorders.insert(record, id);
        }
        if stereo {
            let pose = Pose {
                position: middle,
                heading: Heading::default(),
            };
            let three_d = SetControl {
                room: name.into(),
                participant: Some(id),
                control: Control::Mixing3d,
                value: 1,
            };
            let placed = self.stand_at(name, id, pose).map(drop);
            if let Err(error) = placed.and_then(|()| self.set_control(&three_d)) {
                tracing::warn!(room = %name, %error, "Recording has no place");
            }
            self.listen_on_tape(name, id);
        }
    }

    /// Tells the mix from where, and how, a recording with two channels listens.
    pub(super) fn listen_on_tape(&mut self, name: &str, id: ParticipantId) {
        let Some(mix) = self.conference_mix(name) else {
            return;
        };
        let Some(live) = self.stages.all.get(name) else {
            return;
        };
        let found = live.recorders.iter().find_map(|(record, who)| {
            let worker = self.stereo_recording(mix, *record)?;
            (*who == id).then_some((worker, *record))
        });
        let (Some((worker, record)), Ok(participant)) = (found, live.seen(id)) else {
            return;
        };
        let command = MediaCommand::RecordFrom {
            room: mix,
            record,
            place: place_in_the_mix(participant.pose),
            controls: in_the_mix(&participant.controls),
        };
        self.media(worker, command);
    }

    /// A recording is over.
    pub(crate) fn recorder_went(&mut self, name: &str, record: RecordId) {
        let Ok(live) = self.stages.live(name) else {
            return;
        };
        if let Some(id) = live.recorders.remove(&record) {
            self.remove_from_stage(name, id);
        }
    }

    /// A conference is over; its stage stays if a client made it.
    pub(crate) fn conference_ended(&mut self, name: &Arc<str>) {
        let Some(live) = self.stages.all.get(name).filter(|live| !live.seen.kept) else {
            return;
        };
        // Those who are no members go with it.
        let left: Vec<_> = live.seen.participants.iter().map(|p| p.id).collect();
        for id in left {
            self.remove_from_stage(name, id);
        }
        self.close_stage(name);
    }

    /// The member of the conference a participant is, with its mix.
    pub(super) fn member_of_participant(
        &self,
        room: &str,
        id: ParticipantId,
    ) -> Option<(MixId, MemberId)> {
        let member = self.stages.participant(room, id).ok()?.member?;
        Some((self.conference_mix(room)?, member))
    }

    /// Media thread, mix and leg of a participant that is a member.
    pub(super) fn leg_of_participant(
        &self,
        room: &str,
        id: ParticipantId,
    ) -> Option<(usize, MixId, LegId)> {
        let (mix, member) = self.member_of_participant(room, id)?;
        let (worker, leg) = self.member_leg(mix, member)?;
        Some((worker, mix, leg))
    }

    /// Whether a participant is a recording of the room's conference.
    pub(super) fn is_recorder(&self, room: &str, id: ParticipantId) -> bool {
        let live = self.stages.all.get(room);
        live.is_some_and(|live| live.recorders.values().any(|recorder| *recorder == id))
    }
}
