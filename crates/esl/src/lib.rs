//! The event-socket language, pure: framing, commands, replies, serialisation, subscriptions.
//!
//! Nothing here does IO. A door feeds bytes into [`frame::Decoder`], turns each [`frame::Request`]
//! into a [`command::Command`], and writes what the functions of [`reply`] and [`serialise`] print. Events of the
//! switch become headers in [`view`]; the commands of `api` and `bgapi` run in [`console`].
//!
//! Source of the wire facts: `docs/protocols/event-socket.md`.

#![warn(missing_docs)]

pub mod catalogue;
pub mod clock;
pub mod command;
pub mod console;
pub mod document;
pub mod encode;
pub mod filter;
pub mod frame;
pub mod headers;
pub mod kept;
pub mod names;
pub mod outbound;
pub mod reply;
pub mod serialise;
pub mod splitter;
pub mod subscription;
pub mod view;

pub use command::Command;
pub use console::{Console, Host};
pub use frame::{Decoder, Request};
pub use headers::Headers;
pub use names::EventName;
pub use serialise::Format;
pub use view::Server;
