//! The event-socket door: programs written for FreeSWITCH's event socket connect here, unchanged.
//!
//! The language itself is the crate `esl`; this one holds the connections. [`start`] opens the listeners; each
//! connection is one session task with an outbox of its own. A door holds no truth about calls: end it, and nothing
//! but its connections is lost. Wire facts: `docs/protocols/event-socket.md`.

#![warn(missing_docs)]

mod commands;
mod config;
mod console_lines;
mod ending;
mod error;
mod event_log;
mod events;
mod host;
mod jobs;
mod log_lines;
mod outbound;
mod password;
mod permissions;
mod reader;
mod session;
mod slow_reader;
mod start;
mod stream;
mod system_events;

pub use config::{Config, ConfigError, Secret};
pub use event_log::EventEncoder;
pub use host::{Environment, Rotate, Rotations};
pub use password::{BadHash, NoRandom, PasswordHash};
pub use permissions::{NO_LOG, Permissions, User, Verb};
pub use start::{Door, StartError, start};
