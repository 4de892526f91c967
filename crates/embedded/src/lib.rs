//! The shell of the switch: its task, SIP sockets, media threads, and the reading of its configuration.
//!
//! [`start`] joins the pure `core::Switch` with the world and gives out an [`api::Switch`] for the doors. Decisions
//! are made in `core`; this crate moves bytes and time.

mod budget;
mod config;
mod cpu;
mod files;
pub mod media_io;
mod reload;
mod resolver;
pub mod sip_io;
mod start;
mod switch_task;
mod voicemail;
pub mod web_io;
mod written_behind;

pub use config::{Config, GatewaySource, SipTls, XmlSource};
pub use cpu::IdleCpu;
pub use media::spatial::Quality;
pub use media_io::{BadEars, Ears, MediaConfig, SpatialConfig};
pub use reload::DiskFiles;
pub use start::{BoundProfile, Embedded, StartError, UNBOUND, is_sound, speaks_codec, start};
pub use switch_core::is_secure_media;
pub use voicemail::{Keeper, Order, keeper, wav_length_ms};
pub use web_io::WebConfig;
pub use written_behind::{Note, NoteKeeper, Notes, note_keeper};
