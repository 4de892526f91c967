//! Media of the switch as a pure machine: RTP and RTCP, jitter buffer, codecs, tones, bridges, rooms.
//!
//! Nothing here opens a socket or a file, reads a clock or starts a thread. The shell owns an
//! [`Engine`] per media thread and calls it in four ways:
//!
//! * [`Engine::handle`] — a [`MediaCommand`] from the switch;
//! * [`Engine::answer`] — the outcome of something the engine asked the shell for ([`Request`]);
//! * [`Engine::receive`] — a datagram that arrived on a leg's socket;
//! * [`Engine::tick`] — the 20 ms clock.
//!
//! Each call fills an [`Output`]: datagrams to send, requests to the shell, reports to the switch.
//! `receive` and `tick` do not allocate, lock or log once legs are set up; `handle` and `answer` may.
#![warn(missing_docs)]

mod bridge;
pub mod codec;
pub mod control;
pub mod dsp;
pub mod engine;
pub mod file;
pub mod frame;
pub mod id_map;
mod leg;
pub mod level;
pub mod output;
mod room;
pub mod rtp;
pub mod source;
pub mod spatial;
pub mod srtp;
pub mod tone;
mod video_line;
pub mod voice;
pub mod webrtc;

pub use control::{MediaCommand, MediaReport};
pub use engine::{DetachedLeg, Engine, EngineConfig};
pub use output::{Answer, Output, Port, Request};
pub use video_line::{LineHappening, VideoLine};
