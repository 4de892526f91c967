//! Pages: calls between WebRTC and SIP, and connections that only wait. Beside Jackfield stands Janus with its SIP
//! plugin, driven by the same browsers and the same telephone.

mod browser;
mod calls;
mod gateway;
mod idle;
mod phone;
mod socket;

pub(crate) use calls::{PageCodec, Wanted, run as calls};
pub(crate) use gateway::Which;
pub(crate) use idle::run as idle;
pub(crate) use socket::{JsonSocket, Stream, trusting};
