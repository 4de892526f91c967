//! The Event Manager door: clients written for Immersitech's Event Manager connect here, unchanged.
//!
//! [`start`] opens the listeners; each connection is one session with a reader and an outbox of its own. A client is
//! bound to nothing: it may command every room and sees every event. Wire facts: `docs/protocols/event-manager.md`.

#![warn(missing_docs)]

mod commands;
mod config;
mod error;
mod events;
mod handshake;
mod import;
mod language;
mod layouts;
mod pages;
mod session;
mod start;
#[doc(hidden)]
pub mod untrusted;
mod wire;

pub use config::{
    Config, ConfigError, ControlNumbering, Credential, Dialect, EventNames, Rate, ReplyShape,
};
pub use import::{
    Adapter, ImportError, Imported, import_adapter, import_socket, read_adapter, read_socket,
};
pub use layouts::{LayoutFile, LayoutFileError};
pub use start::{Door, StartError, start};
