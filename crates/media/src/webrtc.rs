//! One WebRTC peer as a pure machine: ICE, DTLS and SRTP with a browser, plain RTP on our side.
//!
//! Nothing here opens a socket or reads a clock. The shell owns the peers, feeds them datagrams and
//! time, and carries out what each call leaves in its list of [`Happening`]s. Unlike the engine, a
//! peer allocates with every packet (its library does), so it lives on a thread beside the media
//! threads, never on one of them.
//!
//! [`peer`] and its parts alone know the library; [`sdp_rules`] and its part for video alone know what browsers want of
//! descriptions. What one peer sends goes to others as [`AudioPacket`] and [`VideoPacket`]; each who gets it decides for
//! itself what goes out (`viewing`) and under which numbers (`continuity`).

mod agreement;
mod continuity;
mod happening;
mod keyframe;
pub(crate) mod keyframe_wishes;
mod layers;
mod loss_report;
pub mod peer;
mod picture_ids;
pub mod sdp_rules;
mod section;
mod stage;
mod video_rules;
pub(crate) mod viewing;

pub use agreement::NOWHERE;
pub use happening::{AudioPacket, Forwarding, Happening, VideoPacket};
pub use layers::Rates;
pub use peer::{Identity, LocalAddress, Peer, PeerSettings, Sending};
pub use sdp_rules::Refusal;
