//! Who talks, and who has the floor.

use api::event::RoomAction;
use api::id::MemberId;
use media::control::{LegId, RoomId as MixId};

use crate::Switch;

impl Switch {
    /// The mix heard a member begin or cease to talk.
    pub(crate) fn room_talking(&mut self, mix: MixId, leg: LegId, on: bool, energy: u16) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(live) = room.members.iter_mut().find(|member| member.leg == leg) else {
            return;
        };
        live.heard = on;
        let id = live.id;
        let now = self.now.wall;
        let Some(member) = room.member_mut(id) else {
            return;
        };
        member.current_energy = energy.into();
        if !member.can_speak {
            let watched = on && member.mute_detect;
            if watched {
                self.member_event(mix, id, RoomAction::MuteDetected);
            }
            return;
        }
        if member.talking == on {
            return;
        }
        member.last_talking = now;
        self.set_talking(mix, id, on);
        if on {
            self.take_silent_floor(mix, id);
        }
        self.member_event(
            mix,
            id,
            if on {
                RoomAction::TalkingStarted
            } else {
                RoomAction::TalkingStopped
            },
        );
    }

    pub(super) fn set_talking(&mut self, mix: MixId, id: MemberId, on: bool) {
        if let Some(member) = self
            .rooms
            .all
            .get_mut(&mix)
            .and_then(|room| room.member_mut(id))
        {
            member.talking = on;
        }
    }

    /// A talker gets the floor when its holder is silent.
    fn take_silent_floor(&mut self, mix: MixId, id: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let held = room.seen.floor;
        let holder_talks = held
            .and_then(|held| room.seen.member(held))
            .is_some_and(|member| member.talking);
        if held != Some(id) && !holder_talks {
            self.give_floor(mix, Some(id));
        }
    }

    /// Gives the floor to somebody or nobody.
    pub(super) fn give_floor(&mut self, mix: MixId, new: Option<MemberId>) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let old = std::mem::replace(&mut room.seen_mut().floor, new);
        let action = RoomAction::FloorChanged { old, new };
        match new {
            Some(id) => self.member_event(mix, id, action),
            None => self.room_event(mix, action),
        }
    }

    /// A floor nobody has goes to the first member that may speak.
    pub(super) fn fill_floor(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if room.seen.floor.is_some() {
            return;
        }
        let next = room
            .seen
            .members
            .iter()
            .find(|member| member.can_speak && !member.hold && !member.ghost);
        if let Some(id) = next.map(|member| member.id) {
            self.give_floor(mix, Some(id));
        }
    }

    /// The holder of the floor leaves. Recorded: both numbers are `none`, whoever had it.
    pub(super) fn drop_floor(&mut self, mix: MixId, id: MemberId) {
        let Some(room) = self
            .rooms
            .all
            .get_mut(&mix)
            .filter(|room| room.seen.floor == Some(id))
        else {
            return;
        };
        room.seen_mut().floor = None;
        self.room_event(
            mix,
            RoomAction::FloorChanged {
                old: None,
                new: None,
            },
        );
    }
}
