//! Conferences: rooms that channels join and leave, heard as one mix.
//!
//! A room lives from its first member to its last. Its picture in the view is the truth about members, floor and
//! switches; beside it stands only what the media side and the running commands need. Events come in the order of
//! event-socket.md §5.3 S7.

mod announce;
mod control;
mod dial;
mod enter;
mod floor;
mod keys;
mod leave;
mod member;
mod parameters;
mod play;
mod playing;
mod record;
mod relate;
mod settings;
mod sounds;
mod stage;
mod video;

pub(crate) use video::conference_of;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use api::event::{EventKind, RoomAction, RoomEvent};
use api::id::MemberId;
use api::view::{Member, Room};
use api::{ChannelId, JobId};
use media::control::{LegId, PlayId, RecordId, RoomId as MixId};

use crate::Switch;
use enter::PinEntry;
use play::RoomPlay;
use record::RoomRecord;
use settings::Settings;

/// Every room there is.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    /// By the number of its mix; rooms that only wait for their last file to close among them.
    all: HashMap<MixId, LiveRoom>,
    /// Rooms that can be joined.
    names: HashMap<Arc<str>, MixId>,
    places: HashMap<ChannelId, Place>,
    /// Which room a file is played to.
    files: HashMap<PlayId, MixId>,
    /// Which room a recording is of.
    recordings: HashMap<RecordId, MixId>,
    /// Channels called into a room that begins with them, and the job to be told.
    announced_on_entry: HashMap<ChannelId, Option<JobId>>,
}

/// Where a channel that runs `conference` is.
#[derive(Debug)]
enum Place {
    Member(MixId, MemberId),
    /// At the door, typing the PIN.
    Door(PinEntry),
}

/// One room.
#[derive(Debug)]
struct LiveRoom {
    /// Media thread of the mix.
    worker: usize,
    /// What clients see of it.
    seen: Arc<Room>,
    settings: Arc<Settings>,
    /// In the order of `seen.members`, which is that of their numbers.
    members: Vec<LiveMember>,
    plays: Vec<RoomPlay>,
    records: Vec<RoomRecord>,
    /// Its own recording has begun, or could not.
    recorded: bool,
    /// Music for somebody alone, as far as commands changed it.
    music: sounds::Music,
    /// Nobody is in it any more; it ends with its last file.
    closing: bool,
    /// When it ends because the last member it ends with has left.
    ends: Option<Instant>,
}

/// What only we need to know of a member.
#[derive(Debug)]
struct LiveMember {
    id: MemberId,
    channel: ChannelId,
    leg: LegId,
    /// The media side hears it, muted or not.
    heard: bool,
    /// Keys pressed that may become a longer control.
    keys: String,
    /// No music while alone.
    no_music: bool,
    /// Its digits go to the others.
    spreads_digits: bool,
}

impl Rooms {
    /// Rooms alive, those included that only wait for a file to close.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn by_name(&self, name: &str) -> Option<MixId> {
        self.names.get(name).copied()
    }
}

impl LiveRoom {
    fn seen_mut(&mut self) -> &mut Room {
        Arc::make_mut(&mut self.seen)
    }

    fn member_mut(&mut self, id: MemberId) -> Option<&mut Member> {
        let at = self.seen.place_of(id)?;
        let members = &mut Arc::make_mut(&mut self.seen).members;
        members.get_mut(at).map(Arc::make_mut)
    }

    fn live_mut(&mut self, id: MemberId) -> Option<&mut LiveMember> {
        let at = self.place_of(id)?;
        self.members.get_mut(at)
    }

    fn live(&self, id: MemberId) -> Option<&LiveMember> {
        self.members.get(self.place_of(id)?)
    }

    /// Where among `members` the one with this number is; by its number, because in a conference of thousands all may be
    /// looked up at once.
    fn place_of(&self, id: MemberId) -> Option<usize> {
        self.members
            .binary_search_by_key(&id, |member| member.id)
            .ok()
    }

    /// Members that count.
    fn size(&self) -> usize {
        self.seen
            .members
            .iter()
            .filter(|member| !member.ghost)
            .count()
    }
}

impl Switch {
    /// Renews a room's picture in the view without an event.
    fn renew_room(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get(&mix).filter(|room| !room.closing) else {
            return;
        };
        self.view
            .rooms
            .insert_mut(room.seen.name.clone(), room.seen.clone());
        self.view_changed();
    }

    /// Fires an event of the room alone.
    fn room_event(&mut self, mix: MixId, action: RoomAction) {
        self.publish_room(mix, None, action);
    }

    /// Fires an event about a member, with its channel as it is now.
    fn member_event(&mut self, mix: MixId, id: MemberId, action: RoomAction) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let channel = room
            .live(id)
            .and_then(|member| self.channels.get(&member.channel));
        let channel = channel.map(|live| live.seen.clone());
        let Some(member) = room.member_mut(id) else {
            return;
        };
        if let Some(channel) = channel {
            member.channel = channel;
        }
        let member = room.seen.member(id).cloned();
        self.publish_room(mix, member, action);
    }

    /// Fires an event about somebody who may be a member no more.
    fn publish_room(&mut self, mix: MixId, member: Option<Arc<Member>>, action: RoomAction) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if !room.closing {
            self.view
                .rooms
                .insert_mut(room.seen.name.clone(), room.seen.clone());
        }
        let channel = member.as_ref().map(|member| member.channel.clone());
        let event = RoomEvent {
            room: room.seen.clone(),
            member,
            action,
        };
        self.publish(EventKind::Room(Box::new(event)), channel);
    }
}

#[cfg(test)]
mod tests;
