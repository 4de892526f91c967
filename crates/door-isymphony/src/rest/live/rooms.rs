//! Conference rooms: those of the configuration, running or not, and those that run without being there.

use std::sync::Arc;

use api::view::{self, View};
use uuid::Uuid;

use crate::objects::{Kind, Object, Objects};

/// A conference room, as clients see it.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) live: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// Its number, as `3000`.
    pub(crate) identifier: String,
    /// `None`: nobody configured it.
    pub(crate) object: Option<Arc<Object>>,
    /// `None`: nobody is in it.
    pub(crate) running: Option<Arc<view::Room>>,
}

/// The number of a running conference: its name without the domain our dialplans put behind it (`3000-127.0.0.1`).
fn identifier<'a>(room: &'a view::Room, view: &View) -> &'a str {
    let name = &*room.name;
    let domains = view.directory.domains.iter();
    let mut names =
        domains.filter_map(|domain| name.strip_suffix(&*domain.name)?.strip_suffix('-'));
    names.next().unwrap_or(name)
}

/// What a conference of the switch is to clients. One life of a room nobody configured is one room of theirs.
pub(crate) fn find(room: &Arc<view::Room>, objects: &Objects, view: &View) -> Room {
    let identifier = identifier(room, view);
    let mut configured = objects.cores().filter_map(|core| {
        objects.having(Kind::ConferenceRoom, &core.id, "identifier", identifier)
    });
    match configured.next() {
        Some(object) => of_object(object, Some(room.clone())),
        None => Room {
            live: room.id.0,
            name: identifier.to_owned(),
            identifier: identifier.to_owned(),
            object: None,
            running: Some(room.clone()),
        },
    }
}

fn of_object(object: &Arc<Object>, running: Option<Arc<view::Room>>) -> Room {
    let identifier = object.text("identifier").to_owned();
    let name = object.text("name");
    Room {
        live: object.live,
        name: if name.is_empty() {
            identifier.clone()
        } else {
            name.to_owned()
        },
        identifier,
        object: Some(object.clone()),
        running,
    }
}

/// All rooms of a core server: the configured ones, then the others, which belong to the first core server.
pub(crate) fn all(objects: &Objects, view: &View, core: &Object) -> Vec<Room> {
    let running: Vec<Room> = view
        .rooms
        .values()
        .map(|room| find(room, objects, view))
        .collect();
    let configured = objects.of(Kind::ConferenceRoom, &core.id);
    let mut rooms: Vec<Room> = configured
        .map(|object| {
            let mut running = running.iter();
            let own = running.find(|room| room.live == object.live);
            of_object(object, own.and_then(|room| room.running.clone()))
        })
        .collect();
    if objects
        .cores()
        .next()
        .is_some_and(|first| first.id == core.id)
    {
        rooms.extend(running.into_iter().filter(|room| room.object.is_none()));
    }
    rooms
}
