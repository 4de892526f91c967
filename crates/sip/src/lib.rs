//! SIP and SDP without IO: messages, transactions, dialogs, INVITE sessions, registrations.
//!
//! [`Endpoint`] is the way in. Its methods are of three kinds, as in other sans-IO stacks:
//!
//! * **inputs** `handle_message`, `handle_timeout`, `handle_flow_closed`, and what the owner wants:
//!   `invite`, `accept`, `hangup`, …;
//! * **outputs** `poll_transmit`, `poll_event`, `poll_timeout`: after every input, take transmits and
//!   events until there are none, then arm one timer for the deadline;
//! * **views** `dialog`, `counts`.
//!
//! Time is always an argument. Randomness comes from the seed given at the start. The crate opens no
//! socket and asks no DNS: [`resolve`] says what to ask; messages are read by [`message::parse_datagram`] and
//! [`transport::Framer`].

#![warn(missing_docs)]

pub mod auth;
mod dialog;
pub mod endpoint;
pub mod event;
pub mod message;
pub mod register;
pub mod resolve;
pub mod sdp;
mod session;
mod subscribe;
mod transaction;
pub mod transport;

pub use endpoint::{
    Counts, DialogView, Endpoint, EndpointConfig, EndpointError, Extensions, InviteRequest, Limits,
    Party, TimerTerms, Timers,
};
pub use event::{
    Event, IncomingRequest, OutOfDialogRequest, RequestId, SessionId, SubscriptionId, TransactionId,
};
