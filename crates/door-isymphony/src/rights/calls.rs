//! Whose a call is: of the extensions on either side of it, and of the place it is in.

use std::collections::HashMap;

use api::ChannelId;
use api::view::{Channel, Lot, Queue, View};

use super::{Person, Rights};
use crate::events::{dialler, number_of};
use crate::objects::{Kind, Objects};
use crate::rest::live_rooms;

/// What has to be known of all calls to judge one; made once for a request.
pub(crate) struct Calls<'a> {
    objects: &'a Objects,
    view: &'a View,
    /// Those each channel has dialled.
    dialled: HashMap<ChannelId, Vec<&'a Channel>>,
    waiting: HashMap<&'a ChannelId, &'a Queue>,
    parked: HashMap<&'a ChannelId, &'a Lot>,
}

impl<'a> Calls<'a> {
    pub(crate) fn new(objects: &'a Objects, view: &'a View) -> Self {
        let mut dialled: HashMap<_, Vec<_>> = HashMap::new();
        for channel in view.channels.values() {
            if let Some(by) = dialler(channel) {
                dialled.entry(by).or_default().push(&**channel);
            }
        }
        let queues = view.queues.values();
        let waiting = queues.flat_map(|queue| {
            let callers = queue.waiting();
            callers.map(move |caller| (&caller.channel, &**queue))
        });
        let lots = view.lots.values();
        let parked = lots.flat_map(|lot| {
            let parked = lot.parked.iter();
            parked.map(move |parked| (&parked.channel, &**lot))
        });
        Self {
            objects,
            view,
            dialled,
            waiting: waiting.collect(),
            parked: parked.collect(),
        }
    }

    /// Rights of somebody to a call: those to any extension it is a call of, and to the queue, the parking lot or the
    /// conference it is in.
    pub(crate) fn rights(&self, person: &Person, channel: &Channel) -> Rights {
        let by_id = |id: &ChannelId| self.view.channels.get(id).map(|other| &**other);
        let linked = channel.bridged_to.as_ref().and_then(by_id);
        let dialled_by = dialler(channel);
        let dialled_by = dialled_by.as_ref().and_then(by_id);
        let dialled = self.dialled.get(&channel.id).into_iter().flatten().copied();
        let sides = [Some(channel), linked, dialled_by];
        let sides = sides.into_iter().flatten().chain(dialled);
        let extensions = sides.filter_map(|side| {
            let owner = self.objects.owner(number_of(side)?)?;
            Some(person.rights(&person.extension(&owner.extension, self.objects)))
        });
        let rights = extensions.fold(person.anywhere(), Rights::or);
        self.places(person, channel).fold(rights, Rights::or)
    }

    /// Rights to the places a channel is in.
    fn places(&self, person: &Person, channel: &Channel) -> impl Iterator<Item = Rights> {
        let room = channel.room.as_ref();
        let room = room.and_then(|name| self.view.rooms.get(name));
        let room = room.map(|room| {
            let room = live_rooms::find(room, self.objects, self.view);
            person.rights(&room.thing())
        });
        let queue = self.waiting.get(&channel.id).map(|queue| {
            let names = [&*queue.settings.number, &*queue.name];
            person.rights(&person.in_switch(Kind::Queue, &names, self.objects))
        });
        let lot = self.parked.get(&channel.id).map(|lot| {
            person.rights(&person.in_switch(Kind::ParkingLot, &[&lot.name], self.objects))
        });
        [room, queue, lot].into_iter().flatten()
    }

    /// Whether a channel waits for somebody, in a queue or a parking lot.
    pub(crate) fn waits(&self, channel: &Channel) -> bool {
        self.waiting.contains_key(&channel.id) || self.parked.contains_key(&channel.id)
    }
}
