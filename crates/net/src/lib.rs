//! Connections and their limits, for every door: listeners, TLS, HTTP, WebSocket, access lists, outboxes, login
//! limits, drain.
//!
//! Moves bytes and enforces limits. It knows no protocol above HTTP and WebSocket, and nothing of the switch.

#![warn(missing_docs)]

pub mod acl;
pub mod counters;
pub mod drain;
pub mod http;
pub mod limits;
pub mod listener;
pub mod outbox;
mod places;
pub mod tls;
pub mod websocket;

pub use acl::{Acl, Acls, Network, Rule};
pub use counters::{Cause, Counters};
pub use drain::{Drain, Drained};
pub use limits::{LoginLimiter, LoginPolicy, TokenBucket};
pub use listener::{Accepted, Gate, Listener, ListenerConfig};
pub use outbox::{Outbox, OutboxLimits, Outcome, Refused, SlowReason};
pub use places::Place;
