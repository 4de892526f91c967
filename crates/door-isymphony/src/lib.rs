//! The door for clients of iSymphony 3.2 and later: events over a WebSocket (Event API), queries and actions (Live API)
//! and configuration (Configuration API) over HTTP.
//!
//! [`start`] opens the listeners. Every request passes the same gates; each event connection is one session with a
//! reader and an outbox of its own. Wire facts: `docs/protocols/event-api.md`.

#![warn(missing_docs)]

mod access;
mod audience;
mod commands;
mod config;
mod crm;
mod error;
mod event_log;
mod events;
mod filter;
mod following;
mod http;
pub mod import;
mod objects;
mod pages;
mod rest;
mod rights;
mod session;
mod sse;
mod start;
mod statuses;
#[doc(hidden)]
pub mod untrusted;
mod wire;

pub use config::{Config, ConfigError, Credentials, Licensing, loopback};
pub use crm::{Crm, CrmError};
pub use event_log::EventEncoder;
pub use objects::{KeepError, Place};
pub use rights::{DEFAULT_GROUP, Group, GroupError, Right, Rights};
pub use start::{Door, Prepared, StartError, prepare, start};
pub use statuses::{MAX_STATUSES, OfferedStatus};
