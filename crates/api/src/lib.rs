//! The contract between the switch and everything that talks to it.
//!
//! Doors send [`command`]s through a [`Switch`] handle, receive totally ordered, self-contained
//! [`event`]s through a [`bus::Subscription`], and read immutable [`view`]s. Whoever holds the
//! [`BackendPort`] is the switch. This crate spawns nothing, does no IO, and its types do not
//! serialise: every wire form belongs to the crate of that wire.
//!
//! Guarantees (each a test in `tests/guarantees.rs`):
//!
//! * **read your writes**: after an answer, `view().as_of >= done.as_of`;
//! * **no gap**: an observer gets every matching event after its view and none before;
//! * **total order** per node;
//! * **no silent loss**: a subscription that cannot keep up ends with [`bus::Overrun`], it never skips.

#![warn(missing_docs)]

pub mod application;
pub mod bus;
pub mod capability;
pub mod cause;
pub mod command;
pub mod dial;
pub mod error;
pub mod event;
mod handle;
pub mod id;
pub mod log;
pub mod log_levels;
pub mod origin;
mod pair;
pub mod secret;
pub mod spatial;
pub mod time;
pub mod variables;
pub mod view;

pub use application::Application;
pub use capability::Capabilities;
pub use cause::HangupCause;
pub use command::{Answer, Ask, Command};
pub use error::{CommandError, ErrorKind, ObjectKind};
pub use event::{Event, EventKind};
pub use handle::{Done, Switch, SwitchGone};
pub use id::{ChannelId, EventId, JobId, NodeId, Seq, Uuid};
pub use origin::Origin;
pub use pair::{BackendPort, BusLimits, Publisher, Request, RequestId, Responder, pair};
pub use secret::Ha1;
pub use time::Timestamp;
pub use variables::{Value, Variables};
pub use view::View;
