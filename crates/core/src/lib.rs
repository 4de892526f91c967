//! The switch: state machine, dialplan, directory, registrar, rooms. Pure: `(now, input)` in, effects out.
//!
//! [`Switch`] owns every channel, call, room and binding. It has no sockets, threads, clock or async; the shell in
//! `embedded` feeds it [`Input`]s and carries out its [`Effect`]s, and a test can do the same in virtual time.

mod aliases;
mod bridge;
mod broadcast;
mod channel;
pub mod config;
pub mod config_xml;
pub mod dialplan;
pub mod directory;
mod directory_view;
mod displace;
mod dtmf;
mod effect;
pub mod expand;
mod fifo;
mod file_jobs;
mod functions;
mod gateway;
mod globals;
mod heartbeat;
mod input;
mod jobs;
mod kept_tables;
mod lamps;
mod leg;
mod lifecycle;
pub mod lookup;
mod media_report;
mod menus;
mod message;
mod mutexes;
mod next_hop;
mod originate;
mod parking;
mod phrases;
mod profiles;
mod programs;
mod queue;
mod rates;
mod record;
mod registrar;
mod registration_client;
mod request;
#[cfg(test)]
mod rig;
mod room;
mod schedule;
mod script;
mod stage;
mod streams;
mod switch;
mod tables;
mod timers;
mod tones;
mod transfer;
mod unicast;
mod user_state;
mod video_room;
mod voicemail;
mod web;
mod work;

pub use channel::lookup_of;
pub use effect::Effect;
pub use file_jobs::FileJob;
pub use input::{Input, Reloaded};
pub use kept_tables::{KeptFifoMember, KeptMember, KeptTables, TableChange, TableNote};
pub use leg::is_secure_media;
pub use next_hop::LookupId;
pub use registrar::{BindingNote, KeptBinding};
pub use script::app::applications;
pub use sip::transport::Transport;
pub use streams::{
    MAX_CHIME_S, MAX_INTERVAL_MS, STREAM_RATES, StreamJob, StreamOutcome, StreamSettings,
    streams_of_xml,
};
pub use switch::{Census, Switch};
pub use voicemail::{MAX_VOICEMAIL_JOBS, VoicemailJob, VoicemailWork};
