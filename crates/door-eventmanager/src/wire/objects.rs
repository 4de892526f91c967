//! Rooms, participants and places as clients see them (event-manager.md §6.6).

use std::collections::BTreeMap;

use api::spatial;
use api::view;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::symbols;
use crate::config::Dialect;

/// A point, centimetres.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct Position {
    x: i32,
    y: i32,
    z: i32,
}

/// A direction, degrees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct Heading {
    azimuth_heading: i16,
    elevation_heading: i16,
}

/// A seat and where it is; −1: placed by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct Seat {
    pub(crate) id: i32,
    position: Position,
    heading: Heading,
}

/// Everything about a participant.
#[derive(serde::Serialize)]
pub(crate) struct Participant<'a> {
    participant_id: i32,
    participant_name: &'a str,
    input_sampling_rate: u32,
    input_number_channels: u8,
    r#type: i32,
    seat: Seat,
    states: States,
}

/// What one participant has set a control to.
#[derive(serde::Serialize)]
pub(crate) struct Participation {
    pub(crate) participant_id: i32,
    pub(crate) value: i32,
}

/// Everything about a room.
#[derive(serde::Serialize)]
pub(crate) struct Room<'a> {
    room_id: i32,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    layout_id: i32,
    open_room: bool,
    participant_count: usize,
    participants: Vec<Participant<'a>>,
}

/// Values by the full names of their controls, in the order of their numbers.
struct States(Vec<(String, i32)>);

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<spatial::Position> for Position {
    fn from(position: spatial::Position) -> Self {
        let spatial::Position { x, y, z } = position;
        Self { x, y, z }
    }
}

impl From<spatial::Heading> for Heading {
    fn from(heading: spatial::Heading) -> Self {
        Self {
            azimuth_heading: heading.azimuth,
            elevation_heading: heading.elevation,
        }
    }
}

impl From<&view::Participant> for Seat {
    fn from(participant: &view::Participant) -> Self {
        Self {
            id: participant.seat.map_or(-1, |seat| seat.0),
            position: participant.pose.position.into(),
            heading: participant.pose.heading.into(),
        }
    }
}

impl<'a> Participant<'a> {
    pub(crate) fn of(participant: &'a view::Participant, dialect: &Dialect) -> Self {
        let states = symbols::shown(dialect).map(|control| {
            (
                symbols::full_name(control),
                participant.controls.get(control),
            )
        });
        Self {
            participant_id: participant.id.0,
            participant_name: &participant.name,
            input_sampling_rate: participant.rate_hz,
            input_number_channels: participant.channels,
            r#type: participant.kind.number(),
            seat: participant.into(),
            states: States(states.collect()),
        }
    }

    pub(crate) fn all(stage: &'a view::Stage, dialect: &Dialect) -> Vec<Self> {
        let participants = stage.participants.iter();
        participants.map(|p| Self::of(p, dialect)).collect()
    }
}

impl<'a> Room<'a> {
    pub(crate) fn of(stage: &'a view::Stage, dialect: &Dialect) -> Self {
        Self {
            room_id: stage.number.0,
            name: &stage.name,
            description: &stage.description,
            layout_id: stage.layout.id.0,
            open_room: stage.layout.open,
            participant_count: stage.participants.len(),
            participants: Participant::all(stage, dialect),
        }
    }
}

/// A layout as its file has it (event-manager.md §9.2).
#[derive(serde::Serialize)]
pub(crate) struct LayoutMember<'a> {
    id: i32,
    desc: &'a str,
    #[serde(rename = "allowParticipantStacking")]
    stacking: bool,
    #[serde(rename = "stackDelta")]
    stack_delta: i32,
    #[serde(rename = "openRoom")]
    open: bool,
    #[serde(rename = "centerPoint")]
    centre: Position,
    #[serde(rename = "defaultStates")]
    defaults: BTreeMap<String, i32>,
    seats: Vec<Position>,
}

impl<'a> From<&'a spatial::Layout> for LayoutMember<'a> {
    fn from(layout: &'a spatial::Layout) -> Self {
        let defaults = layout.defaults.iter();
        Self {
            id: layout.id.0,
            desc: &layout.description,
            stacking: layout.stacking,
            stack_delta: layout.stack_delta,
            open: layout.open,
            centre: layout.centre.into(),
            defaults: defaults
                .map(|(control, value)| (symbols::full_name(*control), *value))
                .collect(),
            seats: layout.seats.iter().map(|seat| (*seat).into()).collect(),
        }
    }
}
