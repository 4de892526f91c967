//! Commands out of messages, with the names and keys of both generations (event-manager.md §6).

use api::id::{ParticipantId, SeatId};
use api::spatial::{Control, Heading, ParticipantKind, Position};

use super::fields::{Fields, RoomKey, integer};
use super::{Members, symbols};
use crate::config::Dialect;
use crate::error::{Code, Refusal};

/// What a client asks for. Rooms, participants and seats are not looked up yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    Version,
    License,
    LibraryConfiguration,
    AllLayouts,
    DefinedStates,
    RoomCount,
    SetLogLevel(LogLevel),
    EnableLogging(bool),
    CreateRoom(NewRoom),
    DestroyRoom(RoomKey),
    Layout(RoomKey),
    SetLayout(RoomKey, i32),
    ParticipantCount(RoomKey),
    AllRooms,
    Room(RoomKey),
    Custom(RoomKey),
    AddParticipant(RoomKey, NewParticipant),
    AllParticipants(RoomKey),
    SetAllStates(RoomKey, Control, i64),
    AllStates(RoomKey, Control),
    Spherical {
        room: RoomKey,
        listener: i64,
        source: i64,
    },
    /// About one participant.
    One(RoomKey, i64, About),
}

/// What is asked of one participant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum About {
    Remove,
    Name,
    SetName(String),
    Configuration,
    Seat,
    SetSeat(SeatId),
    Position,
    /// An angle that is missing stays as it is.
    SetPosition {
        position: Position,
        azimuth: Option<i32>,
        elevation: Option<i32>,
    },
    State(Control),
    SetState(Control, i64),
    Flush,
}

/// A room to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NewRoom {
    pub(crate) key: RoomKey,
    pub(crate) layout: Option<i32>,
    pub(crate) name: Option<String>,
    pub(crate) description: String,
}

/// A participant to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NewParticipant {
    pub(crate) id: ParticipantId,
    pub(crate) name: String,
    pub(crate) rate_hz: Option<i32>,
    pub(crate) channels: i32,
    pub(crate) kind: ParticipantKind,
}

/// How much the door writes into the log about its clients; the number of the protocol (event-manager.md §6.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum LogLevel {
    Verbose = 0,
    Debug = 1,
    Info = 2,
    Warning = 3,
    Error = 4,
}

impl LogLevel {
    pub(crate) const ALL: [Self; 5] = [
        Self::Verbose,
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
    ];
}

/// Names a key has had, the newest first.
const LAYOUT: &[&str] = &["layout_id", "room_config_id"];
const RATE: &[&str] = &["input_sampling_rate", "input_sample_rate"];
const CHANNELS: &[&str] = &["input_number_channels", "num_channels"];
const CONTROL: &[&str] = &["control_to_edit", "control"];
const NAME: &[&str] = &["participant_name", "name"];

impl Request {
    /// The name under which a message asks, and what it asks for.
    ///
    /// # Errors
    /// No command, an unknown one, or one with a bad parameter.
    pub(crate) fn read(members: &Members<'_>, dialect: &Dialect) -> Result<Self, Refusal> {
        let fields = Fields(members);
        if fields.find(&["Command", "command"]).is_none() {
            return Err(Refusal::value("missing Command"));
        }
        let command = fields.text(&["Command", "command"])?;
        let room = || fields.room();
        let one = |about| Ok(Self::One(fields.room()?, participant(fields)?, about));
        match command.as_str() {
            "get_version" => Ok(Self::Version),
            "get_license_info" => Ok(Self::License),
            "get_library_configuration" => Ok(Self::LibraryConfiguration),
            "get_json_all_room_layouts" | "show_room_configs" => Ok(Self::AllLayouts),
            "get_defined_states" => Ok(Self::DefinedStates),
            "get_room_count" => Ok(Self::RoomCount),
            "set_log_level" => log_level(fields).map(Self::SetLogLevel),
            "enable_logging" => match fields.control_value(&["value", "enable"])? {
                0 => Ok(Self::EnableLogging(false)),
                1 => Ok(Self::EnableLogging(true)),
                _ => Err(Refusal::value("value is neither 0 nor 1")),
            },
            "create_room" => new_room(fields).map(Self::CreateRoom),
            "destroy_room" => room().map(Self::DestroyRoom),
            "get_room_layout" => room().map(Self::Layout),
            "set_room_layout" | "change_room_config" => {
                Ok(Self::SetLayout(room()?, fields.int(LAYOUT)?))
            }
            "get_participant_count" => room().map(Self::ParticipantCount),
            "get_all_rooms" | "show_rooms" => Ok(Self::AllRooms),
            "get_room" | "show_room_by_id" => room().map(Self::Room),
            "custom_event" => room().map(Self::Custom),
            "add_participant" => Ok(Self::AddParticipant(room()?, new_participant(fields)?)),
            "get_all_participants" => room().map(Self::AllParticipants),
            "set_all_participants_state" => {
                let (room, control) = (room()?, control(fields, dialect)?);
                Ok(Self::SetAllStates(room, control, value(fields)?))
            }
            "get_all_participants_state" => Ok(Self::AllStates(room()?, control(fields, dialect)?)),
            "get_participant_spherical" => Ok(Self::Spherical {
                room: room()?,
                listener: fields.integer(&["listener_id"])?,
                source: fields.integer(&["source_id"])?,
            }),
            "remove_participant" => one(About::Remove),
            "get_participant_name" => one(About::Name),
            "set_participant_name" => {
                let (room, id) = (room()?, participant(fields)?);
                Ok(Self::One(room, id, About::SetName(fields.text(NAME)?)))
            }
            "get_participant_configuration" => one(About::Configuration),
            "get_participant_seat" => one(About::Seat),
            "set_participant_seat" | "move_seat" => {
                let (room, id) = (room()?, participant(fields)?);
                Ok(Self::One(room, id, About::SetSeat(seat(fields, dialect)?)))
            }
            "get_participant_position" => one(About::Position),
            "set_participant_position" => {
                let (room, id) = (room()?, participant(fields)?);
                Ok(Self::One(room, id, position(fields)?))
            }
            "get_participant_state" => {
                let (room, id) = (room()?, participant(fields)?);
                let control = control(fields, dialect)?;
                Ok(Self::One(room, id, About::State(control)))
            }
            "set_participant_state" => {
                let (room, id) = (room()?, participant(fields)?);
                let (control, value) = (control(fields, dialect)?, value(fields)?);
                Ok(Self::One(room, id, About::SetState(control, value)))
            }
            "flush_data" => one(About::Flush),
            unknown => Err(Refusal::value(format!("unknown command {unknown}"))),
        }
    }
}

fn participant(fields: Fields<'_>) -> Result<i64, Refusal> {
    fields.integer(&["participant_id"])
}

fn value(fields: Fields<'_>) -> Result<i64, Refusal> {
    fields.control_value(&["value"])
}

fn log_level(fields: Fields<'_>) -> Result<LogLevel, Refusal> {
    let number = fields.integer(&["value", "level"])?;
    let level = usize::try_from(number).ok();
    let level = level.and_then(|number| LogLevel::ALL.get(number));
    level
        .copied()
        .ok_or_else(|| Refusal::value(format!("value takes 0 to 4, not {number}")))
}

fn new_room(fields: Fields<'_>) -> Result<NewRoom, Refusal> {
    Ok(NewRoom {
        key: fields.room()?,
        layout: fields.optional_int(LAYOUT)?,
        name: fields.optional_text(&["name"])?.filter(|n| !n.is_empty()),
        description: fields.optional_text(&["description"])?.unwrap_or_default(),
    })
}

fn new_participant(fields: Fields<'_>) -> Result<NewParticipant, Refusal> {
    let kind = fields.optional_int(&["type"])?.unwrap_or(1);
    Ok(NewParticipant {
        id: ParticipantId(fields.int(&["participant_id"])?),
        name: fields.optional_text(NAME)?.unwrap_or_default(),
        rate_hz: fields.optional_int(RATE)?,
        channels: fields.optional_int(CHANNELS)?.unwrap_or(1),
        kind: ParticipantKind::from_number(kind)
            .ok_or_else(|| Refusal::value(format!("type takes 1 to 3, not {kind}")))?,
    })
}

/// A seat's number; that of the older key counts from where the configuration says.
fn seat(fields: Fields<'_>, dialect: &Dialect) -> Result<SeatId, Refusal> {
    let names = &["seat_id", "seat_index"];
    let given = fields.int(names)?;
    let from_zero = dialect.seat_index_base == 0
        && fields
            .find(names)
            .is_some_and(|(name, _)| name == "seat_index");
    Ok(SeatId(given.saturating_add(i32::from(from_zero))))
}

fn control(fields: Fields<'_>, dialect: &Dialect) -> Result<Control, Refusal> {
    let unknown = |what: &dyn std::fmt::Display| {
        Refusal::new(Code::Control, format!("there is no control {what}"))
    };
    if let Some(number) = fields.find(CONTROL).and_then(|(_, raw)| integer(raw)) {
        return symbols::control_of_number(number, dialect).ok_or_else(|| unknown(&number));
    }
    let name = fields.text(CONTROL)?;
    symbols::control_of_name(&name, dialect).ok_or_else(|| unknown(&name))
}

fn position(fields: Fields<'_>) -> Result<About, Refusal> {
    let position = fields.optional_object("position")?.unwrap_or_default();
    let heading = fields.optional_object("heading")?.unwrap_or_default();
    let within = |inside| {
        move |name: &'static str| match fields.find(&[name]) {
            Some(_) => fields.int(&[name]),
            None => Fields(inside).int(&[name]),
        }
    };
    let coordinate = within(&position);
    let position = Position {
        x: coordinate("x")?,
        y: coordinate("y")?,
        z: coordinate("z")?,
    };
    let angle = |name: &'static str, range: std::ops::RangeInclusive<i32>| {
        let inside = Fields(&heading);
        let there = fields.find(&[name]).or_else(|| inside.find(&[name]));
        let Some((_, raw)) = there else {
            return Ok(None);
        };
        let given =
            integer(raw).ok_or_else(|| Refusal::value(format!("{name} is not an integer")))?;
        let fits = i32::try_from(given).ok().filter(|a| range.contains(a));
        let (from, to) = range.clone().into_inner();
        fits.map(Some).ok_or_else(|| {
            let why = format!("{name} takes {from} to {to}, not {given}");
            Refusal::new(Code::Heading, why)
        })
    };
    Ok(About::SetPosition {
        position,
        azimuth: angle("azimuth_heading", Heading::AZIMUTHS)?,
        elevation: angle("elevation_heading", Heading::ELEVATIONS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ControlNumbering;

    fn read_in(text: &str, dialect: &Dialect) -> Result<Request, (i32, String)> {
        let members = Members::parse(text).unwrap();
        Request::read(&members, dialect).map_err(|r| (r.code.number(), r.detail))
    }

    fn read(text: &str) -> Result<Request, (i32, String)> {
        read_in(text, &Dialect::default())
    }

    fn key(number: i64) -> RoomKey {
        RoomKey {
            number: Some(number),
            text: None,
        }
    }

    #[test]
    fn a_state_is_set_in_many_spellings() {
        let expected = Ok(Request::One(
            key(12),
            3,
            About::SetState(Control::NoiseSuppression, 1),
        ));
        for text in [
            // The example of event-manager.md §4.
            r#"{ "Command": "set_participant_state", "room_id": 12, "participant_id": 3, "control_to_edit": 3, "value": 1 }"#,
            r#"{"command":"set_participant_state","room_id":12.0,"participant_id":"3","control":"3","value":true}"#,
            r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":"IMM_CONTROL_ANC_ENABLE","value":"True","seq":[1,{}]}"#,
            r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":3.0,"value":"1"}"#,
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn older_names_and_keys_mean_the_same() {
        let seat = |text: &str, base| {
            let dialect = Dialect {
                seat_index_base: base,
                ..Dialect::default()
            };
            match read_in(text, &dialect) {
                Ok(Request::One(_, 3, About::SetSeat(seat))) => seat.0,
                other => panic!("{other:?}"),
            }
        };
        let older = r#"{"Command":"move_seat","room_id":"77","participant_id":"3","seat_index":2}"#;
        let newer =
            r#"{"Command":"set_participant_seat","room_id":77,"participant_id":3,"seat_id":2}"#;
        assert_eq!((seat(older, 1), seat(older, 0)), (2, 3));
        assert_eq!((seat(newer, 1), seat(newer, 0)), (2, 2));
        assert_eq!(
            read(r#"{"Command":"change_room_config","room_id":1,"room_config_id":2}"#),
            Ok(Request::SetLayout(key(1), 2))
        );
        assert_eq!(read(r#"{"Command":"show_rooms"}"#), Ok(Request::AllRooms));
        let legacy0 = Dialect {
            control_numbering: ControlNumbering::Legacy0,
            ..Dialect::default()
        };
        let all = r#"{"Command":"get_all_participants_state","room_id":1,"control_to_edit":3}"#;
        assert_eq!(
            read_in(all, &legacy0),
            Ok(Request::AllStates(key(1), Control::AutomaticGain))
        );
    }

    #[test]
    fn positions_are_flat_or_objects() {
        let at = Position { x: 1, y: -2, z: 3 };
        for (rest, azimuth, elevation) in [
            (r#""x":1,"y":-2,"z":3"#, None, None),
            (
                r#""x":1,"y":-2,"z":3,"azimuth_heading":135,"elevation_heading":-90"#,
                Some(135),
                Some(-90),
            ),
            (
                r#""position":{"x":1,"y":-2,"z":3},"heading":{"azimuth_heading":-180}"#,
                Some(-180),
                None,
            ),
        ] {
            let text = format!(
                r#"{{"Command":"set_participant_position","room_id":1,"participant_id":2,{rest}}}"#
            );
            let about = About::SetPosition {
                position: at,
                azimuth,
                elevation,
            };
            assert_eq!(read(&text), Ok(Request::One(key(1), 2, about)));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("{}", -9990, "missing Command"),
            (r#"{"Command":null}"#, -9990, "missing Command"),
            (r#"{"Command":5}"#, -9990, "Command is not a string"),
            (
                r#"{"Command":"Get_Version"}"#,
                -9990,
                "unknown command Get_Version",
            ),
            (r#"{"Command":"get_room"}"#, -9990, "missing room_id"),
            (
                r#"{"Command":"flush_data","room_id":1}"#,
                -9990,
                "missing participant_id",
            ),
            (
                r#"{"Command":"flush_data","room_id":1,"participant_id":"Ana"}"#,
                -9990,
                "participant_id is not an integer",
            ),
            (
                r#"{"Command":"get_participant_state","room_id":1,"participant_id":1}"#,
                -9990,
                "missing control_to_edit",
            ),
            (
                r#"{"Command":"get_participant_state","room_id":1,"participant_id":1,"control_to_edit":0}"#,
                -9991,
                "there is no control 0",
            ),
            (
                r#"{"Command":"get_participant_state","room_id":1,"participant_id":1,"control_to_edit":15}"#,
                -9991,
                "there is no control 15",
            ),
            (
                r#"{"Command":"get_participant_state","room_id":1,"participant_id":1,"control_to_edit":"IMM_CONTROL_END"}"#,
                -9991,
                "there is no control IMM_CONTROL_END",
            ),
            (
                r#"{"Command":"set_participant_state","room_id":1,"participant_id":1,"control_to_edit":2,"value":1.5}"#,
                -9990,
                "value is not a number or a word for one",
            ),
            (
                r#"{"Command":"set_participant_position","room_id":1,"participant_id":1,"x":1,"y":2}"#,
                -9990,
                "missing z",
            ),
            (
                r#"{"Command":"set_participant_position","room_id":1,"participant_id":1,"x":1,"y":2,"z":3000000000}"#,
                -9990,
                "z is out of range",
            ),
            (
                r#"{"Command":"set_participant_position","room_id":1,"participant_id":1,"x":1,"y":2,"z":3,"azimuth_heading":181}"#,
                -9989,
                "azimuth_heading takes -180 to 180, not 181",
            ),
            (
                r#"{"Command":"set_participant_position","room_id":1,"participant_id":1,"x":1,"y":2,"z":3,"heading":{"elevation_heading":-91}}"#,
                -9989,
                "elevation_heading takes -90 to 90, not -91",
            ),
            (
                r#"{"Command":"add_participant","room_id":1,"participant_id":1,"type":4}"#,
                -9990,
                "type takes 1 to 3, not 4",
            ),
            (
                r#"{"Command":"set_log_level","value":5}"#,
                -9990,
                "value takes 0 to 4, not 5",
            ),
            (
                r#"{"Command":"enable_logging","enable":2}"#,
                -9990,
                "value is neither 0 nor 1",
            ),
        ];
        for (text, code, detail) in cases {
            assert_eq!(read(text), Err((code, detail.to_owned())), "{text}");
        }
    }
}
