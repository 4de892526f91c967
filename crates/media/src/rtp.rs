//! RTP as one leg speaks it: packets, what is known about both directions, jitter buffer, RFC 4733
//! digits, RTCP.

pub mod evenness;
pub mod jitter;
pub mod latch;
pub mod packet;
pub mod protection;
pub mod reception;
pub mod rtcp;
pub mod sending;
pub mod telephone_event;

pub use evenness::Evenness;
pub use jitter::JitterBuffer;
pub use latch::{Circumstances, Latch};
pub use packet::Packet;
pub use protection::Protection;
pub use reception::Reception;
pub use sending::Sending;
