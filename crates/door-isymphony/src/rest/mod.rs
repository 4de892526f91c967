//! Queries, actions and configuration over HTTP (event-api.md §6 to §8).

mod asyncapi;
mod call;
mod config;
mod history;
mod live;
mod openapi;
pub(crate) mod path;
mod shapes;
mod table;

pub(crate) use asyncapi::asyncapi;
pub(crate) use call::{Answer, Asker, Call, find, perform};
pub(crate) use config::password;
pub(crate) use live::rooms as live_rooms;
pub(crate) use live::{
    LotFound, QueueFound, channel_of, core_of, extension_of, lot_of, queue_of, room_of,
};
pub(crate) use openapi::openapi;
pub(crate) use path::Place;
pub(crate) use table::Act;
