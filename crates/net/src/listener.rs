//! Accepts TCP connections, within limits, and never gives up.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::counters::{Cause, Counters};
use crate::places::{Place, Places};

/// What a listener is opened with.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Where; `[::]` listens for IPv4 too, and for IPv4 alone where the system has no IPv6.
    pub address: SocketAddr,
    /// Connections the system may hold ready.
    pub backlog: i32,
    /// Most connections at one time; more are closed at once.
    pub max_connections: usize,
    /// Most connections from one address.
    pub max_per_address: usize,
    /// Bytes the system buffers per connection towards the peer; `None`: the system decides.
    pub send_buffer: Option<usize>,
    /// Idle time after which the system asks whether the peer is still there, and the time between questions.
    pub keepalive: Duration,
}

impl ListenerConfig {
    /// Usual values for an address.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            backlog: 1024,
            max_connections: 10_000,
            max_per_address: 2_000,
            send_buffer: None,
            keepalive: Duration::from_secs(30),
        }
    }
}

/// Says whether an address may not connect now.
pub type Gate = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// An open listener.
pub struct Listener {
    socket: TcpListener,
    locked_out: Option<Gate>,
    config: ListenerConfig,
    places: Arc<Places>,
    counters: Arc<Counters>,
    address: SocketAddr,
}

/// A connection with its place among the listener's connections.
pub struct Accepted {
    /// The connection; small writes go out at once.
    pub stream: TcpStream,
    /// Who it is.
    pub peer: SocketAddr,
    /// To be kept as long as the connection.
    pub place: Place,
}

/// First and longest wait between attempts to bind an address in use.
const BIND_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// First and longest wait after accepting failed. The usual reason is too many open files, which passes.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

impl Listener {
    /// Opens a listener. Must be called within a runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(config: ListenerConfig, counters: Arc<Counters>) -> io::Result<Self> {
        let socket = or_ipv4(config.address, |address| open(&config, address))?;
        let socket = TcpListener::from_std(socket.into())?;
        Ok(Self {
            address: socket.local_addr()?,
            socket,
            locked_out: None,
            places: Places::new(
                config.max_connections,
                config.max_per_address,
                counters.clone(),
            ),
            config,
            counters,
        })
    }

    /// Opens a listener as soon as its address is free; `None` once `stop` is cancelled.
    pub async fn bind_when_free(
        config: ListenerConfig,
        counters: Arc<Counters>,
        stop: &CancellationToken,
    ) -> Option<Self> {
        let mut wait = BIND_RETRY.0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(BIND_RETRY.1);
            if let Ok(listener) = Self::bind(config.clone(), counters.clone()) {
                return Some(listener);
            }
        }
    }

    /// Closes connections of such addresses before a byte is exchanged.
    #[must_use]
    pub fn refusing(mut self, locked_out: Gate) -> Self {
        self.locked_out = Some(locked_out);
        self
    }

    /// Where it listens; the port is the real one when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection within the limits; `None` once `stop` is cancelled. Cancel-safe.
    pub async fn accept(&self, stop: &CancellationToken) -> Option<Accepted> {
        let mut backoff = BACKOFF.0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(accepted) = self.admit(stream, peer) {
                        return Some(accepted);
                    }
                }
                Err(error) => {
                    self.counters.count(Cause::AcceptError);
                    tracing::warn!(%error, address = %self.address, "Accepting a connection failed");
                    tokio::select! {
                        () = stop.cancelled() => return None,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(BACKOFF.1);
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Option<Accepted> {
        if self.locked_out.as_ref().is_some_and(|gate| gate(peer.ip())) {
            self.counters.count(Cause::LoginLockedOut);
            return None;
        }
        let place = match self.places.take(peer.ip()) {
            Ok(place) => place,
            Err(cause) => {
                self.counters.count(cause);
                tracing::debug!(cause = cause.name(), "Connection refused");
                return None;
            }
        };
        if let Err(error) = self.prepare(&stream) {
            // The peer is gone already.
            self.counters.count(Cause::AcceptError);
            tracing::debug!(%error, "Connection could not be set up");
            return None;
        }
        self.counters.count(Cause::Accepted);
        Some(Accepted {
            stream,
            peer,
            place,
        })
    }

    fn prepare(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let keepalive = TcpKeepalive::new()
            .with_time(self.config.keepalive)
            .with_interval(self.config.keepalive);
        SockRef::from(stream).set_tcp_keepalive(&keepalive)
    }
}

fn open(config: &ListenerConfig, address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A restart must not wait for connections of the former run to time out.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if let Some(bytes) = config.send_buffer {
        // Connections inherit it.
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(&address.into())?;
    socket.listen(config.backlog)?;
    Ok(socket)
}

/// Every address is every IPv4 address where the system knows no others, whatever it says then.
fn or_ipv4<T>(address: SocketAddr, open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let is_every = address.is_ipv6() && address.ip().is_unspecified();
    match open(address) {
        Err(error) if is_every && error.kind() != io::ErrorKind::AddrInUse => {
            tracing::info!(%error, %address, "Listening for IPv4 alone");
            open((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ipv6_every_address_is_one_of_ipv4() {
        let opened = |address: &str, error: fn() -> io::Error| {
            let open = |address: SocketAddr| match address {
                SocketAddr::V6(_) => Err(error()),
                SocketAddr::V4(_) => Ok(address.to_string()),
            };
            or_ipv4(address.parse().unwrap(), open).map_err(|error| error.kind())
        };
        // EAFNOSUPPORT has no kind of its own.
        let none = || io::Error::other("address family not supported");
        let taken = || io::ErrorKind::AddrInUse.into();
        assert_eq!(opened("[::]:9002", none), Ok("0.0.0.0:9002".to_owned()));
        assert_eq!(opened("[::]:9002", taken), Err(io::ErrorKind::AddrInUse));
        assert_eq!(opened("[::1]:9002", none), Err(io::ErrorKind::Other));
        assert_eq!(opened("10.0.0.1:1", none), Ok("10.0.0.1:1".to_owned()));
    }
}
