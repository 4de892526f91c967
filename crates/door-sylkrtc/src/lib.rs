//! The sylkRTC door: web pages written for SylkServer's webrtcgateway connect here, unchanged.
//!
//! [`start`] opens the listeners; each connection is one session with a reader and an outbox of its own. Everything
//! inside speaks the newest dialect; one translator per connection serves the others. A door holds no truth about
//! calls: end it, and nothing but its connections is lost. Wire facts: `docs/protocols/sylkrtc.md`.

#![warn(missing_docs)]

mod accounts;
mod calls;
mod commands;
mod config;
mod cpim;
mod dialect;
mod error;
mod events;
mod file_name;
mod folder;
mod guesses;
mod http;
mod imdn;
mod inbox;
mod ini;
mod messages;
mod resume;
mod rooms;
mod roster;
mod session;
mod start;
mod store;
mod timestamp;
mod transfer;
mod turn;
#[doc(hidden)]
pub mod untrusted;
mod wire;

pub use config::{Config, ConfigError, Rate, Secret};
pub use ini::{Imported, import};
pub use net::OriginPattern;
pub use rooms::{AccessOrder, AccessPolicy, RoomConfig, RoomsConfig, VideoCodec, Who};
pub use start::{Door, StartError, start};
pub use store::{StoreLimits, StorePlace};
pub use transfer::TransfersConfig;
pub use turn::{IceUrl, TurnAccess, TurnConfig, TurnError};
