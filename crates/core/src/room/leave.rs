//! Leaving a room, by whatever door, and the end of a room.

use std::sync::Arc;

use api::ChannelId;
use api::event::RoomAction;
use api::id::MemberId;
use media::control::{MediaCommand, RoomId as MixId};

use super::Place;
use crate::Switch;
use crate::script::app::App;

impl Switch {
    /// A channel leaves the room it is in, or its door: hangup, transfer, the end of the application.
    pub(crate) fn leave_room(&mut self, id: &ChannelId) {
        self.rooms.announced_on_entry.remove(id);
        match self.rooms.places.remove(id) {
            Some(Place::Member(mix, number)) => self.member_left(mix, number, id),
            Some(Place::Door(_)) | None => {}
        }
    }

    /// A member goes, and its channel goes on in its dialplan.
    pub(crate) fn evict(&mut self, mix: MixId, number: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let Some(id) = room.live(number).map(|member| member.channel.clone()) else {
            return;
        };
        self.leave_room(&id);
        self.end_conference_app(&id);
    }

    /// The application `conference` is over, and whatever a client has put on top of it.
    pub(super) fn end_conference_app(&mut self, id: &ChannelId) {
        loop {
            let Some(run) = self
                .channels
                .get_mut(id)
                .and_then(|live| live.script.innermost())
            else {
                return;
            };
            if matches!(run.app, App::Conference) {
                self.application_done(id, None);
                return;
            }
            if matches!(run.app, App::Starting) {
                // The application itself is on the stack right now and ends by its own return.
                return;
            }
            run.loops_left = 0;
            let app = std::mem::replace(&mut run.app, App::Starting);
            self.abort_app(id, app);
            self.application_done(id, None);
        }
    }

    /// `floor-change`, `del-member`, and what the others notice of it.
    fn member_left(&mut self, mix: MixId, number: MemberId, id: &ChannelId) {
        self.drop_floor(mix, number);
        self.stop_plays_to(mix, number);
        let channel = self.channels.get(id).map(|live| live.seen.clone());
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(at) = room.place_of(number) else {
            return;
        };
        let leg = room.members.remove(at).leg;
        let worker = room.worker;
        let wait_again = room.settings.wait_for_moderator;
        let seen = room.seen_mut();
        let Some(at) = seen.place_of(number) else {
            return;
        };
        let mut member = seen.members.remove(at);
        if let Some(channel) = channel {
            Arc::make_mut(&mut member).channel = channel;
        }
        seen.relations
            .retain(|rule| rule.member != number && rule.other != number);
        let ended = member.end_conference && !seen.members.iter().any(|other| other.end_conference);
        let waits = wait_again && !seen.members.iter().any(|other| other.moderator);
        let waiting_changed = waits && !seen.flags.wait_mod;
        seen.flags.wait_mod |= waits;
        let empty = seen.members.is_empty();
        let name = seen.name.clone();
        let ghost = member.ghost;
        if !ghost && room.size() == 1 {
            self.play_sound(mix, |sounds| &sounds.alone);
        }
        self.publish_room(mix, Some(member.clone()), RoomAction::MemberRemoved);
        self.member_went(&name, number);
        self.media(worker, MediaCommand::LeaveRoom { room: mix, leg });
        if let Some(live) = self.channels.get_mut(id) {
            live.seen_mut().room = None;
            self.touch(id);
        }
        self.left_conference(&name, id);
        if empty {
            self.close_room(mix);
            return;
        }
        if waiting_changed {
            self.apply_all_members(mix);
        }
        if !ghost {
            self.say_goodbye(mix, &member);
        }
        self.fill_floor(mix);
        self.settle_music(mix);
        if ended {
            self.end_room_after_grace(mix);
        }
    }

    /// Nobody is in the room any more. It can no longer be joined; it ends once its files are closed, so that
    /// `conference-destroy` comes last.
    fn close_room(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        room.closing = true;
        let (worker, name) = (room.worker, room.seen.name.clone());
        let records: Vec<_> = room.records.iter().map(|record| record.id()).collect();
        self.rooms.names.remove(&name);
        self.view.rooms.remove_mut(&name);
        self.drop_waiting_plays(mix);
        self.media(worker, MediaCommand::CloseRoom { room: mix });
        for record in records {
            self.recorder_went(&name, record);
        }
        self.conference_ended(&name);
        self.finish_room(mix);
    }

    /// `conference-destroy`, when nothing of the room is left.
    pub(super) fn finish_room(&mut self, mix: MixId) {
        let over = |room: &&super::LiveRoom| {
            room.closing && room.plays.is_empty() && room.records.is_empty()
        };
        let Some(room) = self.rooms.all.get(&mix).filter(over) else {
            return;
        };
        tracing::info!(room = %room.seen.name, "Conference is over");
        self.room_event(mix, RoomAction::Destroyed);
        self.rooms.all.remove(&mix);
    }
}
