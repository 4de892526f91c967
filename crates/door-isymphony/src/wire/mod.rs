//! What goes over the WebSocket: client messages, replies, events (event-api.md §3, §5).

mod json;
mod lenient;
mod line;
mod message;

pub(crate) use json::{Map, Value, parse};
pub(crate) use line::{Line, members};
pub(crate) use message::{Entry, MOST_FILTERS, Message, Problem, failure, read, success};

pub(crate) use lenient::tolerant;
