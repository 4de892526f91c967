//! `imm_adapter …`: rooms with places, as the adapter of the original product had them (event-manager.md §12.2).

use super::call::Call;
use crate::serialise::json_tree::Json;
use api::command::server::ChangeSettings;
use api::command::stage::{
    PlaceParticipant, RenameParticipant, SeatParticipant, SetControl, SetLayout,
};
use api::id::{LayoutId, ParticipantId, RoomNumber, SeatId};
use api::spatial::{Control, Heading, INTERFACE_VERSION, Layout, Output, Pose, Position};
use api::view::{Participant, Stage, View};
use std::sync::Arc;

/// The adapter whose console this is.
const ADAPTER_VERSION: &str = "v0.02.009";

/// Most words of a command.
const MAX_WORDS: usize = 10;

/// What a client reads who says it wrong.
const USAGE: &str = "Usage: \n\
    imm_adapter get_version\n\
    imm_adapter get_license_info\n\
    imm_adapter get_library_configuration\n\
    imm_adapter get_json_all_room_layouts\n\
    imm_adapter get_room_count\n\
    imm_adapter get_room_layout <room_id>\n\
    imm_adapter set_room_layout <room_id> <layout_id>\n\
    imm_adapter get_participant_count <room_id>\n\
    imm_adapter get_participant_position <room_id> <participant_id>\n\
    imm_adapter set_participant_position <room_id> <participant_id> <x> <y> <z> <azimuth> <elevation>\n\
    imm_adapter get_participant_seat <room_id> <participant_id>\n\
    imm_adapter set_participant_seat <room_id> <participant_id> <seat_id>\n\
    imm_adapter get_participant_state <room_id> <participant_id> <control>\n\
    imm_adapter set_participant_state <room_id> <participant_id> <control> <value>\n\
    imm_adapter set_all_participants_state <room_id> <control> <value>\n\
    imm_adapter get_participant_configuration <room_id> <participant_id>\n\
    imm_adapter get_participant_name <room_id> <participant_id>\n\
    imm_adapter set_participant_name <room_id> <participant_id> <name>\n\
    imm_adapter get_participant_spherical <room_id> <listener_id> <source_id>\n";

/// Why nothing is printed.
enum Silence {
    /// The words make no command.
    Usage,
    /// What is asked for is not there, or a setter has done its work or could not.
    Nothing,
}

type Printed = Result<String, Silence>;

pub(super) async fn imm_adapter(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let printed = if words.len() > MAX_WORDS {
        Err(Silence::Usage)
    } else if words.first().is_some_and(|word| word.starts_with("set_")) {
        set(call, &words).await
    } else {
        get(&call.view(), &words)
    };
    match printed {
        Ok(text) => text,
        Err(Silence::Usage) => USAGE.to_owned(),
        Err(Silence::Nothing) => String::new(),
    }
}

fn get(view: &View, words: &[&str]) -> Printed {
    Ok(match words {
        ["get_version"] => format!(
            "Immersitech Library Version: {INTERFACE_VERSION}\nEngage Freeswitch Adapter Version: {ADAPTER_VERSION}"
        ),
        ["get_license_info"] => license().compact(),
        ["get_library_configuration"] => configuration(view.output),
        ["get_json_all_room_layouts"] => layouts(view).compact(),
        ["get_room_count"] => view.stages.size().to_string(),
        ["get_room_layout", id] => room(view, id)?.layout.id.to_string(),
        ["get_participant_count", id] => room(view, id)?.participants.len().to_string(),
        ["get_participant_position", id, who] => {
            let (room, participant) = participant(view, id, who)?;
            let (head, pose) = (header(room, participant), pose(participant.pose));
            format!("{head}{pose}")
        }
        ["get_participant_seat", id, who] => {
            let (room, participant) = participant(view, id, who)?;
            let seat = participant.seat.map_or(-1, |seat| seat.0);
            let (head, pose) = (header(room, participant), pose(participant.pose));
            format!("{head}ID: {seat}\n{pose}")
        }
        ["get_participant_state", id, who, name] => {
            let (_, participant) = participant(view, id, who)?;
            participant.controls.get(control(name)?).to_string()
        }
        ["get_participant_configuration", id, who] => {
            let (_, participant) = participant(view, id, who)?;
            format!(
                "Participant {}\ninput_sampling_rate {}\ninput_number_channels {}\ntype {}\n",
                participant.id,
                participant.rate_hz,
                participant.channels,
                participant.kind.number()
            )
        }
        ["get_participant_name", id, who] => participant(view, id, who)?.1.name.to_string(),
        ["get_participant_spherical", id, listener, source] => {
            let (_, listener) = participant(view, id, listener)?;
            let (_, source) = participant(view, id, source)?;
            let heard = listener.pose.hears(source.pose.position);
            format!(
                "azimuth: {}\nelevation: {}\ndistance: {}\n",
                heard.azimuth, heard.elevation, heard.distance
            )
        }
        _ => return Err(Silence::Usage),
    })
}

/// Setters print nothing, whether they could or not.
async fn set(call: &Call<'_>, words: &[&str]) -> Printed {
    let view = call.view();
    let there = |id: &str, who: &str| {
        let (room, participant) = participant(&view, id, who)?;
        Ok::<_, Silence>((room.name.clone(), participant.id))
    };
    let done = match words {
        ["set_room_layout", id, layout] => {
            let set = SetLayout {
                room: room(&view, id)?.name.clone(),
                layout: LayoutId(number(layout)?),
            };
            call.ask(set).await
        }
        ["set_participant_seat", id, who, seat] => {
            let (room, participant) = there(id, who)?;
            let seat = SeatId(number(seat)?);
            let set = SeatParticipant {
                room,
                participant,
                seat,
            };
            call.ask(set).await.map(drop)
        }
        ["set_participant_name", id, who, name] => {
            let (room, participant) = there(id, who)?;
            let set = RenameParticipant {
                room,
                participant,
                name: (*name).into(),
            };
            call.ask(set).await
        }
        [
            "set_participant_position",
            id,
            who,
            x,
            y,
            z,
            azimuth,
            elevation,
        ] => {
            let (room, participant) = there(id, who)?;
            let heading = Heading::new(number(azimuth)?, number(elevation)?);
            let set = PlaceParticipant {
                room,
                participant,
                position: Position {
                    x: number(x)?,
                    y: number(y)?,
                    z: number(z)?,
                },
                heading: Some(heading.ok_or(Silence::Nothing)?),
            };
            call.ask(set).await.map(drop)
        }
        ["set_participant_state", id, who, name, value] => {
            let (room, participant) = there(id, who)?;
            let set = state(room, Some(participant), name, value)?;
            call.ask(set).await
        }
        ["set_all_participants_state", id, name, value] => {
            let room = room(&view, id)?.name.clone();
            call.ask(state(room, None, name, value)?).await
        }
        // The usage of the original does not tell of it.
        ["set_log_level", level] => {
            let level = number(level)?;
            let level = u8::try_from(level).ok().filter(|level| *level <= 4);
            let set = ChangeSettings::RoomLogLevel(level.ok_or(Silence::Nothing)?);
            call.ask(set).await
        }
        _ => return Err(Silence::Usage),
    };
    done.map(|()| String::new()).map_err(|_| Silence::Nothing)
}

fn state(
    room: Arc<str>,
    participant: Option<ParticipantId>,
    name: &str,
    value: &str,
) -> Result<SetControl, Silence> {
    Ok(SetControl {
        room,
        participant,
        control: control(name)?,
        value: number(value)?,
    })
}

fn number(word: &str) -> Result<i32, Silence> {
    word.parse().map_err(|_| Silence::Nothing)
}

/// By number, then by name.
fn room<'v>(view: &'v View, word: &str) -> Result<&'v Arc<Stage>, Silence> {
    let by_number = word.parse().ok().map(RoomNumber);
    let by_number = by_number.and_then(|number| view.stage_numbered(number));
    let found = by_number.or_else(|| view.stages.get(word));
    found.ok_or(Silence::Nothing)
}

fn participant<'v>(
    view: &'v View,
    room_word: &str,
    word: &str,
) -> Result<(&'v Arc<Stage>, &'v Arc<Participant>), Silence> {
    let stage = room(view, room_word)?;
    let found = stage.participant(ParticipantId(number(word)?));
    found.map(|found| (stage, found)).ok_or(Silence::Nothing)
}

/// Ours begin with `PBX_CONTROL_`.
fn control(name: &str) -> Result<Control, Silence> {
    let theirs = name.strip_prefix("IMM_CONTROL_").map(|name| (name, false));
    let known = theirs.or_else(|| name.strip_prefix("PBX_CONTROL_").map(|name| (name, true)));
    let found = known.and_then(|(name, is_ours)| {
        Control::from_name(name).filter(|control| control.is_ours() == is_ours)
    });
    found.ok_or(Silence::Nothing)
}

fn header(room: &Stage, participant: &Participant) -> String {
    let (id, room) = (participant.id, room.number);
    format!("Participant {id} in Room {room} position:\n")
}

fn pose(pose: Pose) -> String {
    let Position { x, y, z } = pose.position;
    let Heading { azimuth, elevation } = pose.heading;
    format!("X: {x}\nY: {y}\nZ: {z}\nAzimuth Heading: {azimuth}\nElevation Heading: {elevation}\n")
}

fn configuration(output: Output) -> String {
    let Output {
        rate_hz,
        frames,
        channels,
        interleaved,
        quality,
    } = output;
    format!(
        "output_sampling_rate: {rate_hz}\noutput_number_channels: {channels}\noutput_number_frames: {frames}\n\
         spatial_quality: {quality}\ninterleaved: {}\n",
        i32::from(interleaved)
    )
}

/// Nobody needs one (event-manager.md §6.1).
fn license() -> Json {
    let texts = [
        ("name", "none"),
        ("department", "open"),
        ("minimum_version", "v0.0.0"),
        ("maximum_version", "v999.999.999"),
        ("creation_date", "1/1/1970"),
        ("expiration_date", "12/31/9999"),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), Json::text(text)));
    let valid = ("valid".to_owned(), Json::Bool(true));
    Json::Object(std::iter::once(valid).chain(texts).collect())
}

/// The file of layouts there would be (event-manager.md §9.2).
fn layouts(view: &View) -> Json {
    let list = view.layouts.iter();
    let list = list.map(|layout| (layout.name.to_string(), layout_json(layout)));
    Json::Object(vec![
        ("default".to_owned(), Json::text(&*view.default_layout.name)),
        ("room_list".to_owned(), Json::Object(list.collect())),
    ])
}

fn layout_json(layout: &Layout) -> Json {
    let number = |value: i32| Json::Number(value.into());
    let point = |Position { x, y, z }: Position| {
        let members = [("x", x), ("y", y), ("z", z)];
        Json::Object(members.map(|(n, v)| (n.to_owned(), number(v))).into())
    };
    let default = |(control, value): &(Control, i32)| {
        let prefix = if control.is_ours() { "PBX" } else { "IMM" };
        (
            format!("{prefix}_CONTROL_{}", control.name()),
            number(*value),
        )
    };
    let members = [
        ("id", number(layout.id.0)),
        ("desc", Json::text(&*layout.description)),
        ("allowParticipantStacking", Json::Bool(layout.stacking)),
        ("stackDelta", number(layout.stack_delta)),
        ("openRoom", Json::Bool(layout.open)),
        ("centerPoint", point(layout.centre)),
        (
            "defaultStates",
            Json::Object(layout.defaults.iter().map(default).collect()),
        ),
        (
            "seats",
            Json::List(layout.seats.iter().map(|seat| point(*seat)).collect()),
        ),
    ];
    Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}
