//! Ids and names in paths become what they stand for (event-api.md §7). What is not there is 404.

use std::sync::Arc;

use api::ChannelId;
use api::view::{Channel, Lot, Queue, View};
use uuid::Uuid;

use super::rooms::{self, Room};
use crate::error::Refusal;
use crate::events::number_of;
use crate::objects::{Kind, Object, Objects};
use crate::rest::path::Place;

/// A queue, as clients see it: configured, in the switch, or both.
#[derive(Clone, Debug)]
pub(crate) struct QueueFound {
    pub(crate) live: Uuid,
    pub(crate) object: Option<Arc<Object>>,
    pub(crate) running: Option<Arc<Queue>>,
}

/// A parking lot, the same way.
#[derive(Clone, Debug)]
pub(crate) struct LotFound {
    pub(crate) live: Uuid,
    pub(crate) object: Option<Arc<Object>>,
    pub(crate) running: Option<Arc<Lot>>,
}

/// A configured object by its live id, or its symbolic name, which is the member `name`.
pub(super) fn instance(
    objects: &Objects,
    kind: Kind,
    parent: &str,
    name: &'static str,
    place: Option<&Place>,
) -> Result<Arc<Object>, Refusal> {
    let found = match place {
        Some(Place::Id(id)) => {
            let id = Uuid::parse_str(id).ok();
            id.and_then(|id| objects.live(kind, parent, id))
        }
        Some(Place::Name(text)) => objects.having(kind, parent, name, text),
        None => None,
    };
    let by = if matches!(place, Some(Place::Name(_))) {
        "name"
    } else {
        "id"
    };
    found
        .cloned()
        .ok_or_else(|| Refusal::no_such(kind.noun(), by))
}

/// A core server.
pub(crate) fn core_of(objects: &Objects, place: Option<&Place>) -> Result<Arc<Object>, Refusal> {
    instance(objects, Kind::CoreServer, "", "slug", place)
}

/// An extension of a core server.
pub(crate) fn extension_of(
    objects: &Objects,
    core: &Object,
    place: Option<&Place>,
) -> Result<Arc<Object>, Refusal> {
    instance(objects, Kind::Extension, &core.id, "extension", place)
}

/// Whether calls of a channel are shown with a core server: with that of its extension, else with the first.
pub(crate) fn is_of_core(channel: &Channel, objects: &Objects, core: &Object) -> bool {
    let owner = number_of(channel).and_then(|user| objects.owner(user));
    match owner {
        Some(owner) => owner.core.id == core.id,
        None => objects
            .cores()
            .next()
            .is_some_and(|first| first.id == core.id),
    }
}

/// A call segment of a core server.
pub(crate) fn channel_of(
    objects: &Objects,
    view: &View,
    core: &Object,
    id: &str,
) -> Result<Arc<Channel>, Refusal> {
    let channel = ChannelId::from_text(id).and_then(|id| view.channels.get(&id));
    let own = channel.filter(|channel| is_of_core(channel, objects, core));
    own.cloned()
        .ok_or_else(|| Refusal::no_such("A call segment", "id"))
}

/// A conference room of a core server.
pub(crate) fn room_of(
    objects: &Objects,
    view: &View,
    core: &Object,
    place: Option<&Place>,
) -> Result<Room, Refusal> {
    let rooms = rooms::all(objects, view, core);
    let found = rooms.into_iter().find(|room| match place {
        Some(Place::Id(id)) => Uuid::parse_str(id).is_ok_and(|id| id == room.live),
        Some(Place::Name(name)) => room.identifier == *name,
        None => false,
    });
    found.ok_or_else(|| Refusal::no_such(Kind::ConferenceRoom.noun(), "id"))
}

/// Enabled queues of a core server; those nobody configured belong to the first one.
pub(super) fn queues(objects: &Objects, view: &View, core: &Object) -> Vec<QueueFound> {
    let configured = objects.of(Kind::Queue, &core.id);
    let mut queues: Vec<QueueFound> = configured
        .filter(|object| object.flag("enabled"))
        .map(|object| QueueFound {
            live: object.live,
            object: Some(object.clone()),
            running: view.queue(object.text("identifier")).cloned(),
        })
        .collect();
    if is_first(objects, core) {
        let is_configured = |queue: &Queue| {
            objects.cores().any(|core| {
                let by = |value: &str| objects.having(Kind::Queue, &core.id, "identifier", value);
                by(&queue.settings.number)
                    .or_else(|| by(&queue.name))
                    .is_some()
            })
        };
        let others = view
            .queues
            .values()
            .filter(|queue| queue.enabled && !is_configured(queue));
        queues.extend(others.map(|queue| QueueFound {
            live: queue.id.0,
            object: None,
            running: Some(queue.clone()),
        }));
    }
    queues
}

/// An enabled queue of a core server.
pub(crate) fn queue_of(
    objects: &Objects,
    view: &View,
    core: &Object,
    place: Option<&Place>,
) -> Result<QueueFound, Refusal> {
    let found = queues(objects, view, core)
        .into_iter()
        .find(|queue| match place {
            Some(Place::Id(id)) => Uuid::parse_str(id).is_ok_and(|id| id == queue.live),
            Some(Place::Name(name)) => queue.identifier() == name,
            None => false,
        });
    found.ok_or_else(|| Refusal::no_such(Kind::Queue.noun(), "id"))
}

impl QueueFound {
    /// As `5001`.
    pub(crate) fn identifier(&self) -> &str {
        match (&self.object, &self.running) {
            (Some(object), _) => object.text("identifier"),
            (None, Some(queue)) => &queue.settings.number,
            (None, None) => "",
        }
    }
}

/// Parking lots of a core server; those nobody configured belong to the first one.
pub(super) fn lots(objects: &Objects, view: &View, core: &Object) -> Vec<LotFound> {
    let configured = objects.of(Kind::ParkingLot, &core.id);
    let mut lots: Vec<LotFound> = configured
        .map(|object| LotFound {
            live: object.live,
            object: Some(object.clone()),
            running: view.lots.get(object.text("identifier")).cloned(),
        })
        .collect();
    if is_first(objects, core) {
        let is_configured = |lot: &Lot| {
            let mut cores = objects.cores();
            cores.any(|core| {
                objects
                    .having(Kind::ParkingLot, &core.id, "identifier", &lot.name)
                    .is_some()
            })
        };
        let others = view.lots.values().filter(|lot| !is_configured(lot));
        lots.extend(others.map(|lot| LotFound {
            live: lot.id.0,
            object: None,
            running: Some(lot.clone()),
        }));
    }
    lots
}

/// A parking lot of a core server.
pub(crate) fn lot_of(
    objects: &Objects,
    view: &View,
    core: &Object,
    place: Option<&Place>,
) -> Result<LotFound, Refusal> {
    let found = lots(objects, view, core)
        .into_iter()
        .find(|lot| match place {
            Some(Place::Id(id)) => Uuid::parse_str(id).is_ok_and(|id| id == lot.live),
            Some(Place::Name(name)) => lot.identifier() == name,
            None => false,
        });
    found.ok_or_else(|| Refusal::no_such(Kind::ParkingLot.noun(), "id"))
}

impl LotFound {
    /// Its name in the switch.
    pub(crate) fn identifier(&self) -> &str {
        match (&self.object, &self.running) {
            (Some(object), _) => object.text("identifier"),
            (None, Some(lot)) => &lot.name,
            (None, None) => "",
        }
    }
}

fn is_first(objects: &Objects, core: &Object) -> bool {
    objects
        .cores()
        .next()
        .is_some_and(|first| first.id == core.id)
}
