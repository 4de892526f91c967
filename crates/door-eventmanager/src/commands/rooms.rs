//! Rooms (event-manager.md §6.2).

use std::sync::Arc;

use api::command::server::Fire;
use api::command::stage::{CreateStage, DestroyStage, SetLayout};
use api::event::CustomEvent;
use api::id::{LayoutId, RoomNumber};
use api::view::Stage;
use api::{ErrorKind, ObjectKind};

use crate::error::Refusal;
use crate::events::{ROOM_ID, ROOM_NAME, SUBCLASS};
use crate::session::Session;
use crate::wire::{Members, NewRoom, Object, Participant, Room, RoomKey, body_of};

impl Session {
    /// A room as it is now.
    pub(super) fn find_room(&self, key: &RoomKey) -> Result<Arc<Stage>, Refusal> {
        key.find(&self.shared.switch.view()).cloned()
    }

    pub(super) fn room_count(&self) -> Object {
        let count = self.shared.switch.view().stages.size();
        Object::new().with("room_count", count).with("value", count)
    }

    /// By its number a room is called like it, unless it is given a name.
    pub(super) async fn create_room(&self, new: NewRoom) -> Result<Object, Refusal> {
        let key = new.key;
        let number = key.number.map(i32::try_from).transpose();
        let number = number.map_err(|_| Refusal::value("room_id is out of range"))?;
        let name = match (number, &key.text, new.name) {
            (Some(_), _, Some(name)) => name,
            (Some(_), Some(text), None) => text.clone(),
            (Some(number), None, None) => number.to_string(),
            (None, text, name) => {
                let text = text.clone().unwrap_or_default();
                if name.is_some_and(|name| name != text) {
                    let why = "a room whose room_id is a name has no other one";
                    return Err(Refusal::value(why));
                }
                text
            }
        };
        let create = CreateStage {
            room: name.into(),
            number: number.map(RoomNumber),
            description: new.description.into(),
            layout: new.layout.map(LayoutId),
        };
        let made = self.ask(create).await?;
        Ok(Object::new().with("room_id", made.0))
    }

    pub(super) async fn destroy_room(&self, key: &RoomKey) -> Result<Object, Refusal> {
        let room = self.find_room(key)?.name.clone();
        self.ask(DestroyStage { room }).await?;
        Ok(Object::new())
    }

    pub(super) fn layout(&self, key: &RoomKey) -> Result<Object, Refusal> {
        let layout = self.find_room(key)?.layout.id.0;
        Ok(Object::new()
            .with("layout_id", layout)
            .with("room_layout_id", layout)
            .with("value", layout))
    }

    pub(super) async fn set_layout(&self, key: &RoomKey, layout: i32) -> Result<Object, Refusal> {
        let set = SetLayout {
            room: self.find_room(key)?.name.clone(),
            layout: LayoutId(layout),
        };
        self.ask(set).await.map_err(|error| {
            if error.kind == ErrorKind::NotFound(ObjectKind::Layout) {
                return Refusal::value(format!("layout {layout} does not exist"));
            }
            error.into()
        })?;
        Ok(Object::new())
    }

    pub(super) fn participant_count(&self, key: &RoomKey) -> Result<Object, Refusal> {
        let count = self.find_room(key)?.participants.len();
        let results = Object::new().with("participant_count", count);
        Ok(results.with("value", count))
    }

    /// All rooms by number.
    pub(super) fn all_rooms(&self) -> Object {
        let view = self.shared.switch.view();
        let stages = view.stage_names.values();
        let stages = stages.filter_map(|name| view.stages.get(name));
        let dialect = self.dialect();
        let rooms: Vec<_> = stages.map(|stage| Room::of(stage, dialect)).collect();
        Object::new().with("rooms", rooms)
    }

    pub(super) fn room(&self, key: &RoomKey) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let room = Room::of(&stage, self.dialect());
        Ok(Object::new().with("room", room))
    }

    pub(super) fn all_participants(&self, key: &RoomKey) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let all = Participant::all(&stage, self.dialect());
        Ok(Object::new().with("participants", all))
    }

    /// Fires the message on the bus, where scripts can fire the like; from there it comes to every client.
    pub(super) async fn custom_event(
        &self,
        key: &RoomKey,
        members: &Members<'_>,
    ) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let event = CustomEvent {
            name: "CUSTOM".into(),
            subclass: Some(SUBCLASS.into()),
            headers: vec![
                (ROOM_ID.into(), stage.number.to_string().into()),
                (ROOM_NAME.into(), stage.name.clone()),
            ],
            body: Some(body_of(members).into()),
            from_client: true,
        };
        self.ask(Fire { event }).await?;
        Ok(Object::new())
    }
}
