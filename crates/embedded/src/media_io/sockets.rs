//! The UDP sockets of the legs of one worker.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use media::Port;
use media::control::{LegId, TransportFailure};
use media::id_map::IdMap;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::port_pool::PortPool;

/// Pairs tried before giving up: others on the machine may hold a few of our range.
const ATTEMPTS: usize = 64;
/// Expedited forwarding, DSCP 46. RFC 3246; every media switch marks its audio so.
const TRAFFIC_CLASS: u32 = 46 << 2;
/// Token 0 is the worker's waker.
const FIRST_TOKEN: usize = 1;

/// The two sockets of a leg, with the pair of ports they hold.
pub(super) struct LegSockets {
    leg: LegId,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    pair: u16,
}

/// All sockets of a worker. A slot gives each leg its two readiness tokens.
pub(super) struct Sockets {
    registry: Registry,
    pool: PortPool,
    slots: Vec<Option<LegSockets>>,
    free: Vec<usize>,
    by_leg: IdMap<LegId, usize>,
}

impl Sockets {
    pub(super) fn new(registry: Registry, pool: PortPool) -> Self {
        Self {
            registry,
            pool,
            slots: Vec::new(),
            free: Vec::new(),
            by_leg: IdMap::default(),
        }
    }

    /// Binds both ports of a leg, or neither.
    pub(super) fn bind(
        &mut self,
        now: Instant,
        leg: LegId,
        address: IpAddr,
    ) -> Result<(SocketAddr, SocketAddr), TransportFailure> {
        for _ in 0..ATTEMPTS {
            let pair = self.pool.take(now).ok_or(TransportFailure::NoPorts)?;
            let at = |port| SocketAddr::new(address, port);
            let bound = open(at(pair)).and_then(|rtp| Ok((rtp, open(at(pair + 1))?)));
            match bound {
                Ok((rtp, rtcp)) => {
                    let sockets = LegSockets {
                        leg,
                        rtp,
                        rtcp,
                        pair,
                    };
                    return match self.insert(sockets) {
                        Ok(()) => Ok((at(pair), at(pair + 1))),
                        Err(sockets) => {
                            self.pool.give_back(now, sockets.pair);
                            Err(TransportFailure::Refused)
                        }
                    };
                }
                Err(error) => {
                    self.pool.give_back(now, pair);
                    if error.kind() != io::ErrorKind::AddrInUse {
                        return Err(TransportFailure::Refused);
                    }
                }
            }
        }
        Err(TransportFailure::NoPorts)
    }

    /// Takes over sockets, of a new leg or of another worker's.
    pub(super) fn insert(&mut self, mut sockets: LegSockets) -> Result<(), LegSockets> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let registered = self
            .registry
            .register(&mut sockets.rtp, token(slot, Port::Rtp), Interest::READABLE)
            .and_then(|()| {
                self.registry.register(
                    &mut sockets.rtcp,
                    token(slot, Port::Rtcp),
                    Interest::READABLE,
                )
            });
        if registered.is_err() {
            self.free.push(slot);
            return Err(sockets);
        }
        self.by_leg.insert(sockets.leg, slot);
        self.slots[slot] = Some(sockets);
        Ok(())
    }

    /// Hands the sockets of a leg out, to go to another worker.
    pub(super) fn remove(&mut self, leg: LegId) -> Option<LegSockets> {
        let slot = self.by_leg.remove(&leg)?;
        self.free.push(slot);
        let mut sockets = self.slots[slot].take()?;
        for socket in [&mut sockets.rtp, &mut sockets.rtcp] {
            if let Err(error) = self.registry.deregister(socket) {
                tracing::debug!(%error, "A media socket could not be taken out of the poll");
            }
        }
        Some(sockets)
    }

    /// Closes the sockets of a leg; its ports rest.
    pub(super) fn release(&mut self, now: Instant, leg: LegId) {
        if let Some(sockets) = self.remove(leg) {
            self.pool.give_back(now, sockets.pair);
        }
    }

    /// Whose datagrams a token stands for, and the socket to read them from.
    pub(super) fn at(&self, token: Token) -> Option<(LegId, Port, &UdpSocket)> {
        let number = token.0.checked_sub(FIRST_TOKEN)?;
        let sockets = self.slots.get(number / 2)?.as_ref()?;
        Some(if number.is_multiple_of(2) {
            (sockets.leg, Port::Rtp, &sockets.rtp)
        } else {
            (sockets.leg, Port::Rtcp, &sockets.rtcp)
        })
    }

    /// Sends a datagram from a leg's port. `false`: the system would not take it.
    pub(super) fn send(&self, leg: LegId, port: Port, to: SocketAddr, bytes: &[u8]) -> bool {
        let Some(sockets) = self
            .by_leg
            .get(&leg)
            .and_then(|&slot| self.slots[slot].as_ref())
        else {
            return false;
        };
        let socket = match port {
            Port::Rtp => &sockets.rtp,
            Port::Rtcp => &sockets.rtcp,
            // What goes by the lane has no socket.
            Port::Web => return false,
        };
        socket.send_to(bytes, to).is_ok()
    }
}

fn token(slot: usize, port: Port) -> Token {
    Token(FIRST_TOKEN + slot * 2 + usize::from(port == Port::Rtcp))
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = if address.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // Routers may ignore the mark, and some systems refuse it: neither stops a call.
    let marked = if address.is_ipv4() {
        socket.set_tos_v4(TRAFFIC_CLASS)
    } else {
        socket.set_tclass_v6(TRAFFIC_CLASS)
    };
    if let Err(error) = marked {
        tracing::debug!(%error, "Audio could not be marked for the network");
    }
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
