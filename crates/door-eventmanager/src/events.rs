//! What happens in the switch, as all clients read it.

use api::bus::{Families, Interest};
use api::event::{Event, EventKind, Family, RoomEvent};
use api::id::RoomNumber;
use bytes::Bytes;

use crate::config::Dialect;
use crate::language::Language;
use crate::start::Shared;
use crate::wire;

/// Subclass of the events that become custom events of clients, whoever fires them (event-manager.md §7.1).
pub(crate) const SUBCLASS: &str = "immersitech::custom_event";
/// Header with the number of the room.
pub(crate) const ROOM_ID: &str = "Room-Id";
/// Header with the name of the room, when it has another one than its number.
pub(crate) const ROOM_NAME: &str = "Room-Name";

/// What is told to clients.
pub(crate) fn interest() -> Interest {
    let families = Families::NONE
        .with(Family::Stage)
        .with(Family::Room)
        .with(Family::Custom);
    Interest::families(families)
}

/// The message about an event; empty when it is none for clients. It is encoded once for all who speak alike.
pub(crate) fn message(event: &Event, shared: &Shared, language: &Language) -> Bytes {
    event.frame(language.format, |event| {
        let text = encode(event, shared, &language.dialect);
        text.unwrap_or_default().into()
    })
}

fn encode(event: &Event, shared: &Shared, dialect: &Dialect) -> Option<String> {
    match &event.kind {
        EventKind::Stage(stage) => wire::stage(stage, dialect),
        EventKind::Room(room) => wire::talking(room, number(room, shared)?, dialect),
        EventKind::Custom(custom) if custom.subclass.as_deref() == Some(SUBCLASS) => {
            let message = wire::custom(custom, dialect);
            if message.is_none() {
                tracing::warn!("An event {SUBCLASS} has no number in its header {ROOM_ID}");
            }
            message
        }
        EventKind::Custom(_)
        | EventKind::Channel(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Web(_)
        | EventKind::Message(_)
        | EventKind::VideoRoom(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_) => None,
    }
}

/// The number of a conference's room. One that has just ended is known by its number only; clients have been told then
/// that everybody is gone.
fn number(event: &RoomEvent, shared: &Shared) -> Option<RoomNumber> {
    let name = &event.room.name;
    let view = shared.switch.view();
    let known = view.stages.get(name).map(|stage| stage.number);
    known.or_else(|| name.parse().ok().map(RoomNumber))
}
