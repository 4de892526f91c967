//! The UDP ports all browsers send to: one per configured address.

use std::io;
use std::net::SocketAddr;

use media::webrtc::LocalAddress;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::WebConfig;

/// Room for what comes while the thread works: a second of a few dozen videos. The system may give less.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// The sockets, in the order of the configuration.
#[derive(Default)]
pub(super) struct Sockets {
    sockets: Vec<(UdpSocket, LocalAddress)>,
}

impl Sockets {
    pub(super) fn bind(config: &WebConfig, registry: &Registry, first: Token) -> io::Result<Self> {
        let mut sockets = Vec::new();
        for (at, wanted) in config.listen.iter().enumerate() {
            if wanted.ip().is_unspecified() || wanted.ip().is_multicast() {
                let error = format!("{wanted} is no address that browsers can send to");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
            }
            let mut socket = open(*wanted)?;
            registry.register(&mut socket, Token(first.0 + at), Interest::READABLE)?;
            let bound = socket.local_addr()?;
            let same_family = |ip: &std::net::IpAddr| ip.is_ipv4() == bound.is_ipv4();
            let advertised = config
                .advertise
                .filter(same_family)
                .map(|ip| SocketAddr::new(ip, bound.port()))
                .filter(|advertised| *advertised != bound);
            sockets.push((socket, LocalAddress { bound, advertised }));
        }
        Ok(Self { sockets })
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn addresses(&self) -> Vec<LocalAddress> {
        self.sockets.iter().map(|(_, address)| *address).collect()
    }

    /// Reads one datagram from a socket, by its place.
    pub(super) fn read(
        &self,
        at: usize,
        buffer: &mut [u8],
    ) -> Option<io::Result<(usize, SocketAddr, SocketAddr)>> {
        let (socket, address) = self.sockets.get(at)?;
        Some(
            socket
                .recv_from(buffer)
                .map(|(length, from)| (length, from, address.bound)),
        )
    }

    /// Sends a datagram from one of our addresses. `false`: the system would not take it.
    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        let socket = self.sockets.iter().find(|(_, own)| own.bound == from);
        socket.is_some_and(|(socket, _)| socket.send_to(bytes, to).is_ok())
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = if address.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let grown = socket
        .set_recv_buffer_size(BUFFER_BYTES)
        .and_then(|()| socket.set_send_buffer_size(BUFFER_BYTES));
    if let Err(error) = grown {
        tracing::debug!(%error, "The buffers of a port for browsers stay small");
    }
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
