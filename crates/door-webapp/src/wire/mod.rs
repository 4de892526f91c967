//! The JSON of both directions.

mod answer;
mod check;
mod request;

pub(crate) use answer::{
    Action, Answer, Bridge, Collect, Conference, Hangup, Play, Record, Say, Sleep, Sound, Transfer,
    Wrong, read,
};
pub(crate) use check::{is_context, is_extension, variable_names};
pub(crate) use request::{Call, Caller, Done, Happening, Request};
