//! What the crate knows of transports: flows, stream framing, the next hop of a request.

mod flow;

pub use flow::{Flow, FlowId, Target, Transmit, Transport};
