//! What a conference does is seen on its stage, and the other way round.

use std::sync::Arc;

use api::event::StageAction;
use api::id::{MemberId, ParticipantId};
use api::spatial::{Control, ParticipantKind};
use api::view::Channel;
use media::control::{LegId, RecordId, RoomId as MixId};

use super::FIRST_GIVEN_NUMBER;
use super::come_and_go::Newcomer;
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
        let Ok(participant) = self.stages.live(name).and_then(|live| live.participant(id)) else {
            return;
        };
        let value = i32::from(muted);
        if participant.controls.set(Control::Mute, value) == Ok(true) {
            let control = Control::Mute;
            self.stage_event(name, Some(id), StageAction::ControlSet { control, value });
        }
    }

    /// A recording runs: it is a participant that only listens.
    pub(crate) fn recorder_came(&mut self, name: &str, record: RecordId, rate_hz: u32) {
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
            channels: 1,
            member: None,
            muted: false,
        };
        if self.add_to_stage(name, newcomer).is_ok() {
            self.stages.recorders.insert(record, id);
        }
    }

    /// A recording is over.
    pub(crate) fn recorder_went(&mut self, name: &str, record: RecordId) {
        if let Some(id) = self.stages.recorders.remove(&record) {
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
        &mut self,
        room: &str,
        id: ParticipantId,
    ) -> Option<(MixId, MemberId)> {
        let member = self.stages.live(room).ok()?.participant(id).ok()?.member?;
        Some((self.conference_mix(room)?, member))
    }

    /// Media thread, mix and leg of a participant that is a member.
    pub(super) fn leg_of_participant(
        &mut self,
        room: &str,
        id: ParticipantId,
    ) -> Option<(usize, MixId, LegId)> {
        let (mix, member) = self.member_of_participant(room, id)?;
        let (worker, leg) = self.member_leg(mix, member)?;
        Some((worker, mix, leg))
    }

    /// The recording a participant is.
    pub(super) fn is_recorder(&self, room: &str, id: ParticipantId) -> bool {
        let seen = self.stages.all.get(room).map(|live| &live.seen);
        seen.and_then(|seen| seen.participant(id))
            .is_some_and(|p| p.member.is_none() && self.stages.recorders.values().any(|r| *r == id))
    }
}
