//! Events as clients read them (event-manager.md §7).

use api::event::{CustomEvent, RoomAction, RoomEvent, StageAction, StageEvent};
use api::id::RoomNumber;
use api::view;
use serde::Serialize;

use super::{Heading, Members, Object, Position, Seat, symbols};
use crate::config::{Dialect, EventNames, ReplyShape};
use crate::events::{ROOM_ID, ROOM_NAME};

/// `IMM_EVENT_CREATE_ROOM` or `create_room`.
fn name_of(event: &str, dialect: &Dialect) -> String {
    match dialect.event_names {
        EventNames::Full => format!("IMM_EVENT_{event}"),
        EventNames::Short => event.to_ascii_lowercase(),
    }
}

/// A number, or the same as a text for the older generation, whose ids are texts.
fn id(number: i32, dialect: &Dialect) -> impl Serialize + use<> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Id {
        Number(i32),
        Text(String),
    }
    match dialect.reply_shape {
        ReplyShape::Union | ReplyShape::V1 => Id::Number(number),
        ReplyShape::Legacy => Id::Text(number.to_string()),
    }
}

/// `room_id`, and `room_name` when the room is not only called by its number. True when it is.
fn about_room(object: &mut Object, number: RoomNumber, name: &str, dialect: &Dialect) -> bool {
    object.add("room_id", id(number.0, dialect));
    let has_name = !name.is_empty() && name != number.0.to_string();
    if has_name {
        object.add("room_name", name);
    }
    has_name
}

/// The message about something that happened on a stage; `None` when it is about a control the dialect hides.
pub(crate) fn stage(event: &StageEvent, dialect: &Dialect) -> Option<String> {
    let StageEvent {
        stage,
        participant,
        action,
    } = event;
    let hidden = match action {
        StageAction::ControlSet { control, .. } | StageAction::AllControlsSet { control, .. } => {
            control.is_ours() && !dialect.extended_controls
        }
        StageAction::Created
        | StageAction::Destroyed
        | StageAction::Added
        | StageAction::Removed
        | StageAction::Seated
        | StageAction::Placed
        | StageAction::LayoutSet
        | StageAction::Renamed => false,
    };
    if hidden {
        return None;
    }
    let mut values = Object::new();
    about_room(&mut values, stage.number, &stage.name, dialect);
    if let Some(participant) = participant {
        values.add("participant_id", id(participant.id.0, dialect));
    }
    let name = match (action, participant.as_deref()) {
        (StageAction::Created, _) => "CREATE_ROOM",
        (StageAction::Destroyed, _) => "DESTROY_ROOM",
        (StageAction::LayoutSet, _) => {
            layout(&mut values, stage.layout.id.0, dialect);
            "SET_ROOM_LAYOUT"
        }
        (StageAction::AllControlsSet { control, value }, _) => {
            control_set(&mut values, *control, *value, dialect);
            "SET_ALL_PARTICIPANTS_STATE"
        }
        (StageAction::ControlSet { control, value }, _) => {
            control_set(&mut values, *control, *value, dialect);
            "SET_PARTICIPANT_STATE"
        }
        (StageAction::Removed, _) => "REMOVE_PARTICIPANT",
        (StageAction::Added, participant) => {
            added(&mut values, participant?);
            "ADD_PARTICIPANT"
        }
        (StageAction::Seated, participant) => {
            let seat = Seat::from(participant?);
            values.add("seat", seat);
            values.add("seat_id", seat.id);
            "SET_PARTICIPANT_SEAT"
        }
        (StageAction::Placed, participant) => {
            let pose = participant?.pose;
            values.add("position", Position::from(pose.position));
            values.add("heading", Heading::from(pose.heading));
            "SET_PARTICIPANT_POSITION"
        }
        (StageAction::Renamed, participant) => {
            values.add("name", &*participant?.name);
            "SET_NAME"
        }
    };
    let mut message = Object::new().with("Event", name_of(name, dialect));
    message.add_text("values", &values.print());
    if dialect.event_flat {
        message.append(&values);
    }
    Some(message.print())
}

fn layout(values: &mut Object, layout: i32, dialect: &Dialect) {
    let (newer, older) = match dialect.reply_shape {
        ReplyShape::Union => (true, true),
        ReplyShape::V1 => (true, false),
        ReplyShape::Legacy => (false, true),
    };
    if newer {
        values.add("layout_id", layout);
    }
    if older {
        values.add("room_config_id", layout);
    }
}

fn control_set(values: &mut Object, control: api::spatial::Control, value: i32, dialect: &Dialect) {
    let control = symbols::control_number(control, dialect);
    values.add("control_to_edit", control);
    values.add("value", value);
}

fn added(values: &mut Object, participant: &view::Participant) {
    values.add("participant_name", &*participant.name);
    values.add("input_sampling_rate", participant.rate_hz);
    values.add("input_number_channels", participant.channels);
    values.add("type", participant.kind.number());
}

/// What a custom event carries for the clients: the members of an object, or a text under `message`.
pub(crate) fn custom(event: &CustomEvent, dialect: &Dialect) -> Option<String> {
    let header = |name: &str| {
        let mut headers = event.headers.iter();
        headers.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(&**value))
    };
    let number = RoomNumber(header(ROOM_ID)?.trim().parse().ok()?);
    let body = event.body.as_deref().unwrap_or_default();
    let name = header(ROOM_NAME).unwrap_or_default();
    Some(custom_message(number, name, body, dialect))
}

fn custom_message(number: RoomNumber, name: &str, text: &str, dialect: &Dialect) -> String {
    let mut message = Object::new().with("Event", "custom_event");
    let is_named = about_room(&mut message, number, name, dialect);
    let Some(members) = Members::parse(text) else {
        if !text.is_empty() {
            message.add("message", text);
        }
        return message.print();
    };
    let has_named = members.get("custom_Event").is_some();
    for (name, value) in members.iter() {
        match name {
            "Command" | "room_id" => {}
            "room_name" if is_named => {}
            "Event" if !has_named => message.add_raw("custom_Event", value),
            "Event" => {}
            _ => message.add_raw(name, value),
        }
    }
    message.print()
}

/// A client's own message as the body of a custom event: without its command.
pub(crate) fn body_of(members: &Members<'_>) -> String {
    let command = if members.get("Command").is_some() {
        "Command"
    } else {
        "command"
    };
    let mut body = Object::new();
    for (name, value) in members.iter().filter(|(name, _)| *name != command) {
        body.add_raw(name, value);
    }
    body.print()
}

/// Somebody begins or stops to talk in the room of that number (event-manager.md §7.1).
pub(crate) fn talking(event: &RoomEvent, number: RoomNumber, dialect: &Dialect) -> Option<String> {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "everything else is told otherwise"
    )]
    let action = match event.action {
        RoomAction::TalkingStarted => "start-talking",
        RoomAction::TalkingStopped => "stop-talking",
        _ => return None,
    };
    let member = event.member.as_ref()?;
    let text = Object::new()
        .with("participant_id", member.id.to_string())
        .with("action", action)
        .print();
    Some(custom_message(number, &event.room.name, &text, dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        custom_message(RoomNumber(12), "12", text, &Dialect::default())
    }

    #[test]
    fn custom_events_carry_the_members_of_a_message() {
        // The examples of event-manager.md §7.1, letter by letter.
        assert_eq!(
            message(r#"{"topic":"hand","participant_id":3}"#),
            r#"{"Event":"custom_event","room_id":12,"topic":"hand","participant_id":3}"#
        );
        assert_eq!(
            message(r#"{"participant_id": "3", "action": "start-talking"}"#),
            r#"{"Event":"custom_event","room_id":12,"participant_id":"3","action":"start-talking"}"#
        );
        assert_eq!(
            message(r#"{"Command":"x","Event":1.50,"room_id":7,"a":{"b" : null}}"#),
            r#"{"Event":"custom_event","room_id":12,"custom_Event":1.50,"a":{"b" : null}}"#
        );
        assert_eq!(
            message("Wake up!"),
            r#"{"Event":"custom_event","room_id":12,"message":"Wake up!"}"#
        );
        assert_eq!(message("{}"), r#"{"Event":"custom_event","room_id":12}"#);
        assert_eq!(
            message("[1]"),
            r#"{"Event":"custom_event","room_id":12,"message":"[1]"}"#
        );
    }

    #[test]
    fn ids_of_the_older_generation_are_texts() {
        let legacy = Dialect {
            reply_shape: ReplyShape::Legacy,
            ..Dialect::default()
        };
        assert_eq!(
            custom_message(RoomNumber(12), "sales", r#"{"participant_id":3}"#, &legacy),
            r#"{"Event":"custom_event","room_id":"12","room_name":"sales","participant_id":3}"#
        );
    }

    #[test]
    fn a_clients_command_is_not_passed_on() {
        let body = |text: &str| body_of(&Members::parse(text).unwrap());
        assert_eq!(
            body(r#"{"Command":"custom_event","room_id":1,"command":"x"}"#),
            r#"{"room_id":1,"command":"x"}"#
        );
        assert_eq!(
            body(r#"{"command":"custom_event","room_id":1}"#),
            r#"{"room_id":1}"#
        );
    }
}
