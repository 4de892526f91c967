//! One WebRTC peer as a pure machine: ICE, DTLS and SRTP with a browser, plain RTP on our side.
//!
//! Nothing here opens a socket or reads a clock. The shell owns the peers, feeds them datagrams and
//! time, and carries out what each call leaves in its list of [`Happening`]s. Unlike the engine, a
//! peer allocates with every packet (its library does), so it lives on a thread beside the media
//! threads, never on one of them.
//!
//! [`peer`] alone knows the library; [`sdp_rules`] alone knows what browsers want of descriptions.

mod agreement;
mod continuity;
mod happening;
mod loss_report;
pub mod peer;
pub mod sdp_rules;
mod section;
mod stage;

pub use agreement::NOWHERE;
pub use happening::{Happening, VideoFormat, VideoPacket};
pub use peer::{Identity, LocalAddress, Peer, PeerSettings};
pub use sdp_rules::Refusal;
