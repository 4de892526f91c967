//! Keys members press: the caller controls of `conference.conf`.

use std::sync::Arc;

use api::ChannelId;
use api::event::RoomAction;
use api::id::MemberId;
use media::control::RoomId as MixId;

use super::Place;
use super::member::{MAX_ENERGY, MAX_VOLUME};
use super::settings::Control;
use crate::Switch;

/// What one key changes the energy level by (recorded: 100 becomes 300).
const ENERGY_STEP: i32 = 200;
/// Length of a digit passed on to the others, in samples at 8 kHz.
const DIGIT_SAMPLES: u32 = 2000;

impl Switch {
    /// A key pressed by a channel in a room or at its door. False: the channel is in neither.
    pub(crate) fn room_digit(&mut self, id: &ChannelId, digit: char) -> bool {
        match self.rooms.places.get(id) {
            Some(Place::Door(_)) => self.pin_digit(id, digit),
            Some(&Place::Member(mix, member)) => {
                self.spread_digit(mix, member, digit);
                self.press(mix, member, digit);
            }
            None => return false,
        }
        true
    }

    /// Passes a digit on to the others, for members that asked for it.
    fn spread_digit(&mut self, mix: MixId, member: MemberId, digit: char) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if !room
            .live(member)
            .is_some_and(|member| member.spreads_digits)
        {
            return;
        }
        let others: Vec<ChannelId> = room
            .members
            .iter()
            .filter(|other| other.id != member)
            .map(|other| other.channel.clone())
            .collect();
        for other in others {
            self.send_digits(&other, &[(digit, DIGIT_SAMPLES)]);
        }
    }

    /// Finds the control the keys pressed so far mean; a longer one may still come of them.
    fn press(&mut self, mix: MixId, member: MemberId, digit: char) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let settings = room.settings.clone();
        let moderates = room
            .seen
            .member(member)
            .is_some_and(|member| member.moderator);
        let controls = if moderates {
            &settings.moderator_controls
        } else {
            &settings.controls
        };
        let Some(live) = room.live_mut(member) else {
            return;
        };
        let before = std::mem::take(&mut live.keys);
        let find = |keys: &str| controls.iter().find(|control| *control.digits == *keys);
        let goes_on = |keys: &str| {
            controls
                .iter()
                .any(|c| c.digits.len() > keys.len() && c.digits.starts_with(keys))
        };
        let keys = format!("{before}{digit}");
        if goes_on(&keys) {
            live.keys = keys;
            return;
        }
        match find(&keys) {
            Some(control) => self.control_pressed(mix, member, control),
            None if !before.is_empty() => {
                // Nothing longer came of them: what they meant alone counts, and this key begins anew.
                if let Some(control) = find(&before) {
                    self.control_pressed(mix, member, control);
                }
                self.press(mix, member, digit);
            }
            None => {}
        }
    }

    fn control_pressed(&mut self, mix: MixId, id: MemberId, control: &Control) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let Some(member) = room.seen.member(id) else {
            return;
        };
        let (can_speak, can_hear) = (member.can_speak, member.can_hear);
        let (locked, energy) = (room.seen.flags.locked, room.seen.energy_level);
        let volume = |now: i8, step: i8| (now + step).clamp(-MAX_VOLUME, MAX_VOLUME);
        match &*control.action {
            "mute" => self.mute_member(mix, id, can_speak),
            "mute on" => self.mute_member(mix, id, true),
            "mute off" => self.mute_member(mix, id, false),
            "deaf" => self.deafen_member(mix, id, can_hear),
            "deaf mute" => {
                let quiet = can_speak || can_hear;
                self.mute_member(mix, id, quiet);
                self.deafen_member(mix, id, quiet);
            }
            "energy up" => self.step_energy(mix, id, |now| (now + ENERGY_STEP).min(MAX_ENERGY)),
            "energy dn" => self.step_energy(mix, id, |now| (now - ENERGY_STEP).max(0)),
            "energy equ" => self.step_energy(mix, id, |_| energy),
            "vol talk up" => self.step_talk(mix, id, |now| volume(now, 1)),
            "vol talk dn" => self.step_talk(mix, id, |now| volume(now, -1)),
            "vol talk zero" => self.step_talk(mix, id, |_| 0),
            "vol listen up" => self.step_listen(mix, id, |now| volume(now, 1)),
            "vol listen dn" => self.step_listen(mix, id, |now| volume(now, -1)),
            "vol listen zero" => self.step_listen(mix, id, |_| 0),
            "lock" => self.lock_room(mix, !locked),
            "event" => {
                let (key, data): (Arc<str>, Arc<str>) =
                    ((*control.digits).into(), (*control.data).into());
                self.member_event(mix, id, RoomAction::DigitPressed { key, data });
            }
            "hangup" => self.evict(mix, id),
            other => tracing::info!(action = other, "Conference control has no effect"),
        }
    }

    fn step_energy(&mut self, mix: MixId, id: MemberId, step: impl FnOnce(i32) -> i32) {
        self.tune_member(mix, id, |member| {
            member.energy_level = step(member.energy_level);
            RoomAction::EnergyStepped {
                level: member.energy_level,
            }
        });
    }

    /// Recorded: the volume of what a member says is `volume-level`.
    fn step_talk(&mut self, mix: MixId, id: MemberId, step: impl FnOnce(i8) -> i8) {
        self.tune_member(mix, id, |member| {
            member.volume_in = step(member.volume_in);
            RoomAction::VolumeStepped {
                level: member.volume_in,
            }
        });
    }

    fn step_listen(&mut self, mix: MixId, id: MemberId, step: impl FnOnce(i8) -> i8) {
        self.tune_member(mix, id, |member| {
            member.volume_out = step(member.volume_out);
            RoomAction::GainStepped {
                level: member.volume_out,
            }
        });
    }

    /// Lets nobody in any more, or everybody again.
    pub(super) fn lock_room(&mut self, mix: MixId, locked: bool) {
        self.play_sound(mix, |sounds| {
            if locked {
                &sounds.is_locked
            } else {
                &sounds.is_unlocked
            }
        });
        if let Some(room) = self.rooms.all.get_mut(&mix) {
            room.seen_mut().flags.locked = locked;
        }
        self.room_event(
            mix,
            if locked {
                RoomAction::Locked
            } else {
                RoomAction::Unlocked
            },
        );
    }
}
