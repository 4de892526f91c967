//! What a member is to the mix, and the switches of a member.

use api::event::RoomAction;
use api::id::MemberId;
use media::control::{MediaCommand, MemberSettings, RoomId as MixId};

use super::LiveRoom;
use crate::Switch;

/// Decibels per step of `volume_in` and `volume_out`.
const VOLUME_STEP_DB: f32 = 3.0;
/// Volume steps go from −4 to 4.
pub(super) const MAX_VOLUME: i8 = 4;
/// The highest energy there is: a 16-bit sample.
pub(super) const MAX_ENERGY: i32 = 32_767;
/// The same, of levels that cannot be less than nothing.
pub(super) const MAX_LEVEL: u16 = 32_767;

impl LiveRoom {
    /// What the mix is told about a member. While the room waits for its moderator nobody else hears or is heard.
    pub(super) fn mix_settings(&self, id: MemberId) -> MemberSettings {
        let Some(member) = self.seen.member(id) else {
            return MemberSettings::default();
        };
        let shut = member.hold || (self.seen.flags.wait_mod && !member.moderator);
        let gates = !self.seen.flags.audio_always;
        MemberSettings {
            mute: !member.can_speak || shut,
            deaf: !member.can_hear || shut,
            energy: if gates {
                u16::try_from(member.energy_level.clamp(0, MAX_ENERGY)).unwrap_or_default()
            } else {
                0
            },
            auto_energy: if gates { member.auto_energy } else { 0 },
            max_energy: if gates { member.max_energy } else { 0 },
            automatic_gain: member.automatic_gain,
            gain_in_db: f32::from(member.volume_in) * VOLUME_STEP_DB,
            gain_out_db: f32::from(member.volume_out) * VOLUME_STEP_DB,
            ..MemberSettings::default()
        }
    }
}

impl Switch {
    /// Tells the mix how a member is set now.
    pub(super) fn apply_member(&mut self, mix: MixId, id: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let (worker, settings) = (room.worker, room.mix_settings(id));
        let Some((leg, channel)) = room
            .live(id)
            .map(|member| (member.leg, member.channel.clone()))
        else {
            return;
        };
        self.media(
            worker,
            MediaCommand::SetMember {
                room: mix,
                leg,
                settings,
            },
        );
        self.settle_flow(&channel);
    }

    /// Mutes a member or lets it speak again.
    pub(crate) fn mute_member(&mut self, mix: MixId, id: MemberId, muted: bool) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let heard = room.live(id).is_some_and(|member| member.heard);
        let Some(member) = room.member_mut(id) else {
            return;
        };
        let was_talking = member.talking;
        member.can_speak = !muted;
        self.apply_member(mix, id);
        if muted && was_talking {
            self.set_talking(mix, id, false);
        }
        self.member_event(
            mix,
            id,
            if muted {
                RoomAction::Muted
            } else {
                RoomAction::Unmuted
            },
        );
        if let Some(name) = self.rooms.all.get(&mix).map(|room| room.seen.name.clone()) {
            self.member_mute_changed(&name, id, muted);
        }
        if muted && was_talking {
            self.member_event(mix, id, RoomAction::TalkingStopped);
        }
        if !muted && heard {
            self.set_talking(mix, id, true);
            self.member_event(mix, id, RoomAction::TalkingStarted);
        }
        self.play_sound_to(mix, id, |sounds| {
            if muted {
                &sounds.muted
            } else {
                &sounds.unmuted
            }
        });
    }

    /// Lets a member hear nothing, or the others again.
    pub(super) fn deafen_member(&mut self, mix: MixId, id: MemberId, deaf: bool) {
        let Some(member) = self
            .rooms
            .all
            .get_mut(&mix)
            .and_then(|room| room.member_mut(id))
        else {
            return;
        };
        member.can_hear = !deaf;
        self.apply_member(mix, id);
        self.member_event(
            mix,
            id,
            if deaf {
                RoomAction::Deafened
            } else {
                RoomAction::Undeafened
            },
        );
    }

    /// Puts a member on hold within the conference: it neither hears nor is heard, but for music.
    pub(super) fn hold_member(&mut self, mix: MixId, id: MemberId, held: bool) {
        let Some(member) = self
            .rooms
            .all
            .get_mut(&mix)
            .and_then(|room| room.member_mut(id))
        else {
            return;
        };
        let before = member.hold;
        member.hold = held;
        self.apply_member(mix, id);
        if held && !before {
            self.start_hold_music(mix, id);
        } else if !held && before {
            self.stop_hold_music(mix, id);
        }
        self.member_event(
            mix,
            id,
            if held {
                RoomAction::Held
            } else {
                RoomAction::Unheld
            },
        );
    }

    /// Changes something of a member and tells mix and clients.
    pub(super) fn tune_member(
        &mut self,
        mix: MixId,
        id: MemberId,
        change: impl FnOnce(&mut api::view::Member) -> RoomAction,
    ) {
        let Some(member) = self
            .rooms
            .all
            .get_mut(&mix)
            .and_then(|room| room.member_mut(id))
        else {
            return;
        };
        let action = change(member);
        self.apply_member(mix, id);
        self.member_event(mix, id, action);
    }

    /// Every member is set anew: the room began or ceased to wait for its moderator.
    pub(super) fn apply_all_members(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let ids: Vec<MemberId> = room.members.iter().map(|member| member.id).collect();
        for id in ids {
            self.apply_member(mix, id);
        }
    }
}
