//! The door of web applications: what the application `webapp` of a channel is told and asked, over HTTP in JSON.
//!
//! The switch says that a program is wanted for a channel, as it does for `socket`; this door asks the web application
//! what to do, has it done, and tells what came of it. [`start`] opens it; each call is one task. It holds no truth about
//! calls: end it, and they go on in their dialplan. What applications see: `docs/http-ivr.md`; why: decision 0034.

#![warn(missing_docs)]

mod address;
mod commands;
mod config;
mod counters;
mod error;
mod events;
mod farewell;
mod post;
mod session;
mod signature;
mod start;
pub mod untrusted;
mod wire;

pub use config::{Application, Config, ConfigError, Host, Secret};
pub use counters::{Counters, Outcome};
pub use start::{Door, StartError, start};
