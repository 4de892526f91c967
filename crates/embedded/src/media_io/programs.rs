//! Sockets to programs beside channels (event-socket.md §2.12, unicast): one each, connected, so that the system
//! drops what others send.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use media::control::{LegId, TransportFailure, Unicast, UnicastTransport};
use media::id_map::IdMap;
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// Tokens from here on stand for programs; those of legs never come so far.
const FIRST_TOKEN: usize = usize::MAX / 2;
/// What a stream that is not taken may have waiting, bytes; what is said beyond is dropped a frame at a time. A second
/// at 48 kHz.
const KEPT: usize = 96_000;

/// The sockets of one worker.
pub(super) struct Programs {
    registry: Registry,
    slots: Vec<Option<Program>>,
    by_leg: IdMap<LegId, usize>,
}

struct Program {
    leg: LegId,
    remote: SocketAddr,
    wire: Wire,
}

enum Wire {
    Datagrams(UdpSocket),
    Stream { stream: TcpStream, kept: Vec<u8> },
}

/// What came from a program.
pub(super) enum Heard {
    Bytes(usize),
    Nothing,
    /// The stream is over.
    End,
}

impl Programs {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            slots: Vec::new(),
            by_leg: IdMap::default(),
        }
    }

    /// Whether a token stands for a program.
    pub(super) fn owns(token: Token) -> bool {
        token.0 >= FIRST_TOKEN && token.0 < usize::MAX
    }

    /// Binds and connects a socket. A stream may be still on its way when this returns.
    pub(super) fn connect(&mut self, leg: LegId, link: &Unicast) -> Result<(), TransportFailure> {
        let wire = open(link).map_err(|_| TransportFailure::Refused)?;
        let slot = match self.slots.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        let mut program = Program {
            leg,
            remote: link.remote,
            wire,
        };
        let token = Token(FIRST_TOKEN + slot);
        let registered = match &mut program.wire {
            Wire::Datagrams(socket) => self.registry.register(socket, token, Interest::READABLE),
            Wire::Stream { stream, .. } => {
                // When it can be written, it is connected, or never will be.
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.registry.register(stream, token, interest)
            }
        };
        registered.map_err(|_| TransportFailure::Refused)?;
        self.slots[slot] = Some(program);
        self.by_leg.insert(leg, slot);
        Ok(())
    }

    /// Reads once; `None`: the token stands for nothing any more.
    pub(super) fn read(
        &mut self,
        token: Token,
        into: &mut [u8],
    ) -> Option<(LegId, SocketAddr, Heard)> {
        let slot = token.0.checked_sub(FIRST_TOKEN)?;
        let program = self.slots.get_mut(slot)?.as_mut()?;
        let heard = match &mut program.wire {
            Wire::Datagrams(socket) => match socket.recv(into) {
                Ok(length) => Heard::Bytes(length),
                // Nobody listens there yet (ICMP): the next datagrams may still be good.
                Err(_) => Heard::Nothing,
            },
            Wire::Stream { stream, .. } => match stream.read(into) {
                Ok(0) => Heard::End,
                Ok(length) => Heard::Bytes(length),
                Err(error) if is_early(&error) => match stream.take_error() {
                    Ok(None) => Heard::Nothing,
                    Ok(Some(_)) | Err(_) => Heard::End,
                },
                Err(_) => Heard::End,
            },
        };
        Some((program.leg, program.remote, heard))
    }

    /// Sends what one tick brought. `false`: it was dropped.
    pub(super) fn send(&mut self, leg: LegId, bytes: &[u8]) -> bool {
        let slot = self.by_leg.get(&leg).copied();
        let Some(program) = slot
            .and_then(|slot| self.slots.get_mut(slot))
            .and_then(Option::as_mut)
        else {
            return false;
        };
        match &mut program.wire {
            Wire::Datagrams(socket) => socket.send(bytes).is_ok(),
            Wire::Stream { stream, kept } => {
                let fits = kept.len() + bytes.len() <= KEPT;
                if fits {
                    kept.extend_from_slice(bytes);
                }
                // Of what failed for good, reading tells.
                while !kept.is_empty() {
                    match stream.write(kept) {
                        Ok(0) | Err(_) => break,
                        Ok(written) => drop(kept.drain(..written)),
                    }
                }
                fits
            }
        }
    }

    /// Closes the socket of a leg, if it has one.
    pub(super) fn close(&mut self, leg: LegId) {
        let Some(slot) = self.by_leg.remove(&leg) else {
            return;
        };
        let Some(mut program) = self.slots.get_mut(slot).and_then(Option::take) else {
            return;
        };
        let gone = match &mut program.wire {
            Wire::Datagrams(socket) => self.registry.deregister(socket),
            Wire::Stream { stream, .. } => self.registry.deregister(stream),
        };
        if let Err(error) = gone {
            tracing::debug!(%error, "The socket of a program could not be taken out of the poll");
        }
    }
}

/// It is not connected yet, or nothing is there.
fn is_early(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected | io::ErrorKind::Interrupted
    )
}

fn open(link: &Unicast) -> io::Result<Wire> {
    let domain = if link.local.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let (kind, protocol) = match link.transport {
        UnicastTransport::Udp => (Type::DGRAM, Protocol::UDP),
        UnicastTransport::Tcp => (Type::STREAM, Protocol::TCP),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if link.transport == UnicastTransport::Tcp {
        // A stream that ended a moment ago still holds the port.
        socket.set_reuse_address(true)?;
        socket.set_tcp_nodelay(true)?;
    }
    socket.bind(&link.local.into())?;
    match socket.connect(&link.remote.into()) {
        Ok(()) => {}
        Err(error) if is_on_its_way(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(match link.transport {
        UnicastTransport::Udp => Wire::Datagrams(UdpSocket::from_std(socket.into())),
        UnicastTransport::Tcp => Wire::Stream {
            stream: TcpStream::from_std(socket.into()),
            kept: Vec::with_capacity(KEPT),
        },
    })
}

/// `EINPROGRESS`: connecting takes its time.
fn is_on_its_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS)
}

/// Of Linux; elsewhere it is told as `WouldBlock` or the connection is there at once.
const EINPROGRESS: i32 = 115;
