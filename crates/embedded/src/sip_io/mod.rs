//! SIP over real sockets: datagrams and connections, read and parsed here, decided elsewhere.
//!
//! Readers send [`SipInput`]s into one bounded queue; when the switch falls behind, they stop reading
//! and the system's buffers fill, which the senders notice. [`SipTransports::transmit`] never waits:
//! what a peer does not take in time is that peer's loss and nobody else's.

mod connection;
mod connections;
mod dial;
mod tls;
mod udp;
mod unreachable;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use net::{Cause, Counters, Listener, ListenerConfig, OutboxLimits};
use sip::message::Message;
use sip::transport::{Flow, FlowId, Transmit, Transport};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connections::Connections;
use tls::Dialler;
pub use tls::TlsListen;
use udp::UdpPort;

/// What the transports tell the switch.
#[derive(Debug)]
pub enum SipInput {
    /// A message arrived.
    Message {
        /// On which flow.
        flow: Flow,
        /// Parsed.
        message: Message,
    },
    /// A connection is gone.
    FlowClosed(FlowId),
    /// A message could not be sent, for `sip::Endpoint::handle_transmit_failed`.
    TransmitFailed(Transmit),
}

/// One address to listen on.
#[derive(Clone, Copy, Debug)]
pub struct SipListen {
    /// UDP or TCP.
    pub transport: Transport,
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// What peers are told to reach us at, when it differs from the address bound.
    pub advertise: Option<IpAddr>,
}

/// What is opened, and how much one peer may cost.
#[derive(Clone, Debug)]
pub struct SipIoConfig {
    /// The addresses of UDP and TCP.
    pub listen: Vec<SipListen>,
    /// The addresses of TLS.
    pub tls: Vec<TlsListen>,
    /// Receive buffer of a datagram socket in bytes: 4 MiB, so that a burst of calls outlasts a slow
    /// moment of the switch. The system may grant less (`net.core.rmem_max`).
    pub receive_buffer: usize,
    /// Datagrams that wait when a socket takes no more. Above, the newest is dropped: its sender
    /// repeats it.
    pub datagram_backlog: usize,
    /// Connections per listener.
    pub connections: usize,
    /// Connections per listener from one address.
    pub connections_per_address: usize,
    /// Connections we open ourselves.
    pub dialled: usize,
    /// How far a connection's peer may fall behind before it is cut off.
    pub outbox: OutboxLimits,
    /// A message must be complete this long after its first byte; a new connection must bring one.
    pub message_deadline: Duration,
    /// Longest time to open a connection.
    pub dial_timeout: Duration,
    /// Longest time of a TLS handshake, in either direction.
    pub handshake_deadline: Duration,
    /// Messages that wait for one connection to open. Above, they fail.
    pub dial_backlog: usize,
}

impl SipIoConfig {
    /// Usual values for addresses.
    pub fn new(listen: Vec<SipListen>) -> Self {
        Self {
            listen,
            tls: Vec::new(),
            receive_buffer: 4 << 20,
            datagram_backlog: 4_096,
            connections: 10_000,
            connections_per_address: 2_000,
            dialled: 10_000,
            outbox: OutboxLimits {
                messages: 1_024,
                bytes: 1 << 20,
                low_bytes: 64 << 10,
                write_deadline: Duration::from_secs(10),
                notice_deadline: Duration::from_secs(1),
            },
            message_deadline: Duration::from_secs(32),
            dial_timeout: Duration::from_secs(5),
            handshake_deadline: Duration::from_secs(10),
            dial_backlog: 64,
        }
    }
}

/// Every socket of the switch's SIP side.
pub struct SipTransports {
    udp: Vec<UdpPort>,
    connections: Arc<Connections>,
    shared: Shared,
}

/// What every reader and writer holds.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: Arc<SipIoConfig>,
    pub(crate) inputs: mpsc::Sender<SipInput>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    next_flow: Arc<AtomicU64>,
}

impl Shared {
    pub(crate) fn new_flow(&self) -> FlowId {
        FlowId(self.next_flow.fetch_add(1, Ordering::Relaxed))
    }

    /// Reports a message that could not be sent; called where nobody may wait. When the queue is
    /// full, the transaction's own timer finds out.
    pub(crate) fn report_failed(&self, transmit: Transmit) {
        if self
            .inputs
            .try_send(SipInput::TransmitFailed(transmit))
            .is_err()
        {
            tracing::debug!("A failed transmit goes unreported");
        }
    }
}

impl SipTransports {
    /// Opens every address and starts reading into `inputs`. Returns the addresses in the order of
    /// the configuration, those of TLS last, with their real ports.
    ///
    /// # Errors
    /// When an address cannot be bound, or a transport of [`SipIoConfig::listen`] is neither UDP nor TCP; then nothing is
    /// open.
    pub fn bind(
        config: SipIoConfig,
        inputs: mpsc::Sender<SipInput>,
    ) -> io::Result<(Self, Vec<SocketAddr>)> {
        let shared = Shared {
            config: Arc::new(config),
            inputs,
            counters: Arc::new(Counters::new("sip")),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            next_flow: Arc::new(AtomicU64::new(1)),
        };
        let mut transports = Self {
            udp: Vec::new(),
            connections: Arc::new(Connections::new(Vec::new())),
            shared: shared.clone(),
        };
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for listen in &shared.config.listen {
            match listen.transport {
                Transport::Udp => {
                    let port = UdpPort::bind(&shared, listen)?;
                    addresses.push(port.bound());
                    transports.udp.push(port);
                }
                Transport::Tcp => {
                    let listener = listener(&shared, listen.address)?;
                    addresses.push(listener.local_addr());
                    listeners.push((listener, listen.advertise, None));
                }
                Transport::Tls | Transport::Ws | Transport::Wss => {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        "only UDP and TCP are served",
                    ));
                }
            }
        }
        let mut diallers = Vec::new();
        for listen in &shared.config.tls {
            let listener = listener(&shared, listen.address)?;
            let bound = listener.local_addr();
            addresses.push(bound);
            diallers.push(Dialler {
                bound,
                connector: listen.connector.clone(),
            });
            listeners.push((listener, listen.advertise, Some(listen.acceptor.clone())));
        }
        transports.connections = Arc::new(Connections::new(diallers));
        // Everything is bound: now read.
        for port in &transports.udp {
            port.start(&shared);
        }
        for (listener, advertise, acceptor) in listeners {
            let (shared, connections) = (shared.clone(), transports.connections.clone());
            shared.tasks.clone().spawn(connection::accept(
                listener,
                advertise,
                acceptor,
                shared,
                connections,
            ));
        }
        Ok((transports, addresses))
    }

    /// Sends a message. Never waits: see [`SipIoConfig`] for what happens when a peer takes nothing.
    pub fn transmit(&mut self, transmit: Transmit) {
        match transmit.target.transport {
            Transport::Udp => match self.port_for(&transmit) {
                Some(port) => port.send(transmit, &self.shared),
                None => self.shared.report_failed(transmit),
            },
            Transport::Tcp | Transport::Tls => self.connections.send(transmit, &self.shared),
            Transport::Ws | Transport::Wss => self.shared.report_failed(transmit),
        }
    }

    /// What happened to connections, by cause.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Closes every socket and waits for the readers. What connections have queued is not waited for:
    /// drain calls first.
    pub async fn shutdown(self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// The socket of a datagram: its flow's, else the one with that local address, else one of the
    /// same family.
    fn port_for(&self, transmit: &Transmit) -> Option<&UdpPort> {
        let target = transmit.target;
        let by_flow = self
            .udp
            .iter()
            .find(|port| Some(port.flow()) == target.flow);
        by_flow
            .or_else(|| self.udp.iter().find(|port| port.is_at(target.local)))
            .or_else(|| {
                self.udp
                    .iter()
                    .find(|port| port.bound().is_ipv4() == target.remote.is_ipv4())
            })
    }
}

impl Drop for SipTransports {
    /// Whoever forgets `shutdown` does not leave readers behind.
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

fn listener(shared: &Shared, address: SocketAddr) -> io::Result<Listener> {
    let config = ListenerConfig {
        max_connections: shared.config.connections,
        max_per_address: shared.config.connections_per_address,
        ..ListenerConfig::new(address)
    };
    Listener::bind(config, shared.counters.clone())
}

/// Our address as a peer can reach it: the advertised one, the bound one, or for a socket bound to
/// every address the one the system would send from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnAddress {
    bound: SocketAddr,
    advertise: Option<IpAddr>,
    /// Source address towards the world.
    outward: IpAddr,
}

impl OwnAddress {
    pub(crate) fn new(bound: SocketAddr, advertise: Option<IpAddr>) -> Self {
        Self {
            bound,
            advertise,
            outward: outward(bound),
        }
    }

    pub(crate) fn towards(&self, remote: SocketAddr) -> SocketAddr {
        let loopback = if remote.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        };
        let address = if remote.ip().is_loopback()
            && (self.bound.ip().is_unspecified() || self.bound.ip().is_loopback())
        {
            if self.bound.ip().is_unspecified() {
                loopback
            } else {
                self.bound.ip()
            }
        } else if let Some(advertise) = self.advertise {
            advertise
        } else if self.bound.ip().is_unspecified() {
            self.outward
        } else {
            self.bound.ip()
        };
        SocketAddr::new(address, self.bound.port())
    }
}

/// The address the system would send from: asked by connecting a datagram socket to a documentation
/// address, which sends nothing.
fn outward(bound: SocketAddr) -> IpAddr {
    if !bound.ip().is_unspecified() {
        return bound.ip();
    }
    let probe: SocketAddr = match bound {
        SocketAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        SocketAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1), 9).into(),
    };
    std::net::UdpSocket::bind(SocketAddr::new(bound.ip(), 0))
        .and_then(|socket| socket.connect(probe).and_then(|()| socket.local_addr()))
        .map_or(bound.ip(), |address| address.ip())
}

/// Counts a message that could not be read.
pub(crate) fn malformed(shared: &Shared, transport: Transport) {
    shared.counters.count(Cause::Malformed);
    tracing::debug!(%transport, "Unreadable bytes");
}

#[cfg(test)]
mod tests;
