//! Connections and their limits, for every door: listeners, TLS, HTTP, WebSocket, access lists, outboxes, login
//! limits, drain.
//!
//! Beside them: programs of the machine, within limits. Moves bytes and enforces limits. It knows no protocol above HTTP and WebSocket, and nothing of the switch.

#![warn(missing_docs)]

pub mod acl;
pub mod counters;
pub mod dial;
pub mod drain;
pub mod http;
pub mod http_client;
pub mod http_url;
pub mod limits;
pub mod listener;
pub mod opening;
pub mod origin;
pub mod outbox;
pub mod own_page;
mod places;
pub mod programs;
pub mod stream;
pub mod tls;
pub mod websocket;
mod write_deadline;

pub use acl::{Acl, Acls, Network, Rule};
pub use counters::{Cause, Counters};
pub use dial::{NotReached, dial, dial_secure};
pub use drain::{Drain, Drained};
pub use http_url::{HttpUrl, Site, UrlError};
pub use limits::{LoginLimiter, LoginPolicy, TokenBucket};
pub use listener::{Accepted, Gate, Listener, ListenerConfig};
pub use opening::{CannotListen, Opening, Wanted};
pub use origin::OriginPattern;
pub use outbox::{Outbox, OutboxLimits, Outcome, Refused, SlowReason};
pub use own_page::{NotOurs, PageHosts};
pub use places::Place;
pub use programs::Programs;
pub use stream::Stream;
