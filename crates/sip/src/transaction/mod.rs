//! Transactions (RFC 3261 §17): one machine per file, one table for each side in the endpoint.

pub(crate) mod client;
mod client_invite;
pub(crate) mod derived;
mod key;
mod outputs;
mod response;
pub(crate) mod server;
mod server_invite;
mod timer;

pub(crate) use client::{ClientOwner, ClientStep, ClientTransaction, Sent};
pub(crate) use key::{ClientKey, ServerKey, merge_key};
pub(crate) use outputs::Outputs;
pub(crate) use response::ResponseTemplate;
pub(crate) use server::{ServerStep, ServerTransaction};
pub(crate) use timer::{Due, SessionTimer, TimerId, TimerQueue};
