//! Where a message came from and where one goes: transports, flows, targets, transmits.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// A SIP transport (RFC 3261 §18, RFC 7118 for WebSocket).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// WebSocket frames.
    Ws,
    /// WebSocket frames under TLS.
    Wss,
}

impl Transport {
    /// The token of a Via header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The value of a URI's `transport` parameter; `None` for UDP, which is the default.
    pub fn uri_param(self) -> Option<&'static str> {
        match self {
            Self::Udp => None,
            Self::Tcp => Some("tcp"),
            Self::Tls => Some("tls"),
            Self::Ws => Some("ws"),
            Self::Wss => Some("wss"),
        }
    }

    /// Reads a Via token or a `transport` parameter, without regard to case.
    pub fn parse(token: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss]
            .into_iter()
            .find(|transport| transport.as_str().eq_ignore_ascii_case(token))
    }

    /// Whether the transport retransmits by itself, so that the timers A, E and G stay silent and
    /// D, I, J and K are zero (RFC 3261 table 4).
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls | Self::Ws | Self::Wss => true,
        }
    }

    /// The port assumed when a URI or sent-by names none (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Number of a bound datagram socket or of one connection, given by the shell and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// The flow a message arrived on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The socket or connection.
    pub id: FlowId,
    /// Its transport.
    pub transport: Transport,
    /// Our address on it as the peer can reach it; printed into Via and Contact.
    pub local: SocketAddr,
    /// The source address of the message.
    pub remote: SocketAddr,
}

impl Flow {
    /// The way back along this flow.
    pub fn target(&self) -> Target {
        Target {
            flow: Some(self.id),
            transport: self.transport,
            local: self.local,
            remote: self.remote,
        }
    }
}

/// Where a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The flow to use while it lives; `None` lets the shell pick a socket or dial.
    pub flow: Option<FlowId>,
    /// Transport to use.
    pub transport: Transport,
    /// Our address as the peer can reach it; printed into Via.
    pub local: SocketAddr,
    /// Address of the peer.
    pub remote: SocketAddr,
}

/// One message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub target: Target,
    /// The printed message.
    pub bytes: Bytes,
}
