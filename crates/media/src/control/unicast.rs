//! The sound of a channel for a program beside it (event-socket.md §2.12, unicast).

use std::net::SocketAddr;

/// How a program is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnicastTransport {
    /// A datagram holds what is said in 20 ms, or one packet of the codec.
    Udp,
    /// The samples in a stream; the program listens.
    Tcp,
}

/// Between which addresses sound goes, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unicast {
    /// Ours, to be bound.
    pub local: SocketAddr,
    /// The program's; nobody else is heard.
    pub remote: SocketAddr,
    /// How.
    pub transport: UnicastTransport,
    /// Payloads of the codec as they come from the phone and go to it; otherwise samples of 16 bits, little-endian, at
    /// the rate of the leg the program was added to. Of datagrams only.
    pub native: bool,
}
