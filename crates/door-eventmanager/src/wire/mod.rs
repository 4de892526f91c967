//! The protocol's JSON: requests read leniently, replies and events written exactly.

mod event;
mod fields;
mod json;
mod members;
mod objects;
mod reply;
mod request;
mod symbols;

pub(crate) use event::{body_of, custom, stage, talking};
pub(crate) use fields::RoomKey;
pub(crate) use json::Object;
pub(crate) use members::Members;
pub(crate) use objects::{Heading, LayoutMember, Participant, Participation, Position, Room, Seat};
pub(crate) use reply::{Echo, error, ok};
pub(crate) use request::{About, LogLevel, NewParticipant, NewRoom, Request};
pub(crate) use symbols::{control_of_name, full_name, shown};
