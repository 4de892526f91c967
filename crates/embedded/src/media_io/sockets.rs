//! Pairs of UDP sockets for RTP and RTCP: those of the legs of one worker, those of the video of phones.

use std::hash::Hash;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use media::Port;
use media::control::TransportFailure;
use media::id_map::IdMap;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::port_pool::PortPool;

/// Pairs tried before giving up: others on the machine may hold a few of our range.
const ATTEMPTS: usize = 64;
/// Expedited forwarding, DSCP 46. RFC 3246; every media switch marks its audio so.
pub(crate) const AUDIO_CLASS: u32 = 46 << 2;
/// Assured forwarding 41, DSCP 34: video people talk by. RFC 4594 §4.3
pub(crate) const VIDEO_CLASS: u32 = 34 << 2;

/// The two sockets of a leg or line, with the pair of ports they hold.
pub(crate) struct LegSockets<K> {
    leg: K,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    pair: u16,
}

/// All such sockets of a thread, by what they are of. A slot gives each its two readiness tokens.
pub(crate) struct Sockets<K> {
    registry: Registry,
    pool: PortPool,
    first_token: usize,
    traffic_class: u32,
    slots: Vec<Option<LegSockets<K>>>,
    free: Vec<usize>,
    by_leg: IdMap<K, usize>,
}

impl<K: Copy + Eq + Hash> Sockets<K> {
    /// Tokens from `first_token` on are its own; what is sent is marked with `traffic_class`.
    pub(crate) fn new(
        registry: Registry,
        pool: PortPool,
        first_token: usize,
        traffic_class: u32,
    ) -> Self {
        Self {
            registry,
            pool,
            first_token,
            traffic_class,
            slots: Vec::new(),
            free: Vec::new(),
            by_leg: IdMap::default(),
        }
    }

    /// Binds both ports of a leg, or neither.
    pub(crate) fn bind(
        &mut self,
        now: Instant,
        leg: K,
        address: IpAddr,
    ) -> Result<(SocketAddr, SocketAddr), TransportFailure> {
        let class = self.traffic_class;
        for _ in 0..ATTEMPTS {
            let pair = self.pool.take(now).ok_or(TransportFailure::NoPorts)?;
            let at = |port| SocketAddr::new(address, port);
            let bound = open(at(pair), class).and_then(|rtp| Ok((rtp, open(at(pair + 1), class)?)));
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
    pub(crate) fn insert(&mut self, mut sockets: LegSockets<K>) -> Result<(), LegSockets<K>> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let registered = self
            .registry
            .register(
                &mut sockets.rtp,
                self.token(slot, Port::Rtp),
                Interest::READABLE,
            )
            .and_then(|()| {
                self.registry.register(
                    &mut sockets.rtcp,
                    self.token(slot, Port::Rtcp),
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
    pub(crate) fn remove(&mut self, leg: K) -> Option<LegSockets<K>> {
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
    pub(crate) fn release(&mut self, now: Instant, leg: K) {
        if let Some(sockets) = self.remove(leg) {
            self.pool.give_back(now, sockets.pair);
        }
    }

    /// Whose datagrams a token stands for, and the socket to read them from.
    pub(crate) fn at(&self, token: Token) -> Option<(K, Port, &UdpSocket)> {
        let number = token.0.checked_sub(self.first_token)?;
        let sockets = self.slots.get(number / 2)?.as_ref()?;
        Some(if number.is_multiple_of(2) {
            (sockets.leg, Port::Rtp, &sockets.rtp)
        } else {
            (sockets.leg, Port::Rtcp, &sockets.rtcp)
        })
    }

    fn token(&self, slot: usize, port: Port) -> Token {
        Token(self.first_token + slot * 2 + usize::from(port == Port::Rtcp))
    }

    /// Sends a datagram from a leg's port. `false`: the system would not take it.
    pub(crate) fn send(&self, leg: K, port: Port, to: SocketAddr, bytes: &[u8]) -> bool {
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
            // What goes by the lane has no socket, and programs have others.
            Port::Web | Port::Unicast => return false,
        };
        socket.send_to(bytes, to).is_ok()
    }
}

fn open(address: SocketAddr, traffic_class: u32) -> io::Result<UdpSocket> {
    let domain = if address.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // Routers may ignore the mark, and some systems refuse it: neither stops a call.
    let marked = if address.is_ipv4() {
        socket.set_tos_v4(traffic_class)
    } else {
        socket.set_tclass_v6(traffic_class)
    };
    if let Err(error) = marked {
        tracing::debug!(%error, "Media could not be marked for the network");
    }
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
