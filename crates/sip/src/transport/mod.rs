//! What the crate knows of transports: flows, stream framing, the next hop of a request.

mod flow;
mod framing;
mod next_hop;

pub use flow::{Flow, FlowId, Target, Transmit, Transport};
pub use framing::{Frame, FrameError, Framer, MAX_HEAD};

pub(crate) use next_hop::next_hop;
