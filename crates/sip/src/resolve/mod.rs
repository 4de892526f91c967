//! Where a request goes when all there is, is a domain: RFC 3263, without IO.
//!
//! A [`Lookup`] is made for a [`Destination`]. It says which records it needs next and is told what the DNS has, until
//! it has a list of [`Hop`]s in the order they are to be tried.

mod destination;
mod lookup;
mod order;

pub use destination::{BadDestination, Destination};
pub use lookup::{Lookup, Naptr, Question, Records, Srv, Step};

use std::net::SocketAddr;

use crate::transport::Transport;

/// One place a request can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// Address and port.
    pub address: SocketAddr,
}

/// Most hops of one destination. Whoever lists more is served by these.
pub const MAX_HOPS: usize = 16;
