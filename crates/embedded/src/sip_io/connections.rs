//! The open connections, and messages for those being opened.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use net::{Cause, Outbox, Refused};
use sip::transport::{FlowId, Transmit, Transport};
use tokio_util::sync::CancellationToken;

use super::tls::{Dialler, expected_name};
use super::{Shared, dial};

/// Whom a connection leads to, so that it can be used again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Peer {
    pub(super) remote: SocketAddr,
    /// Over TLS: which [`Dialler`] checked the certificate, and for which name (RFC 5922 §7.3).
    pub(super) secure: Option<(usize, Box<str>)>,
}

impl Peer {
    pub(super) fn plain(remote: SocketAddr) -> Self {
        Self {
            remote,
            secure: None,
        }
    }
}

/// All connections. The lock protects the tables and is held for a look or a change, never across IO.
pub(super) struct Connections {
    pub(super) diallers: Vec<Dialler>,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    open: HashMap<FlowId, Open>,
    /// Connections by the peer, to use one again. The youngest stays.
    by_peer: HashMap<Peer, FlowId>,
    /// Messages that wait for a connection to open.
    dialling: HashMap<Peer, Vec<Transmit>>,
    dialled: usize,
}

struct Open {
    /// `None`: a peer over TLS that has not said who it is.
    peer: Option<Peer>,
    outbox: Arc<Outbox>,
    cut: CancellationToken,
}

impl Connections {
    pub(super) fn new(diallers: Vec<Dialler>) -> Self {
        Self {
            diallers,
            tables: Mutex::new(Tables::default()),
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.tables().open.len()
    }

    pub(super) fn insert(
        &self,
        flow: FlowId,
        peer: Option<Peer>,
        outbox: Arc<Outbox>,
        cut: CancellationToken,
    ) {
        let mut tables = self.tables();
        if let Some(peer) = &peer {
            tables.by_peer.insert(peer.clone(), flow);
        }
        tables.open.insert(flow, Open { peer, outbox, cut });
    }

    pub(super) fn remove(&self, flow: FlowId) {
        let mut tables = self.tables();
        let Some(open) = tables.open.remove(&flow) else {
            return;
        };
        if let Some(peer) = open.peer
            && tables.by_peer.get(&peer) == Some(&flow)
        {
            tables.by_peer.remove(&peer);
        }
    }

    /// Queues a message on its flow, on another connection to the same peer, or opens one.
    pub(super) fn send(self: &Arc<Self>, transmit: Transmit, shared: &Shared) {
        let mut tables = self.tables();
        // A message on its own connection goes to whoever is there.
        let own = transmit.target.flow;
        let own = own.filter(|flow| tables.open.contains_key(flow));
        let peer = match (own, transmit.target.transport) {
            (None, Transport::Tls) => match self.secure_peer(&transmit) {
                Some(peer) => peer,
                None => {
                    drop(tables);
                    return shared.report_failed(transmit);
                }
            },
            (_, _) => Peer::plain(transmit.target.remote),
        };
        let flow = own.or_else(|| tables.by_peer.get(&peer).copied());
        if let Some(open) = flow.and_then(|flow| tables.open.get(&flow)) {
            match open.outbox.push(transmit.bytes.clone()) {
                Ok(()) => return,
                Err(Refused::SlowReader(reason)) => {
                    shared
                        .counters
                        .count(net::Outcome::SlowReader { reason }.cause());
                    open.cut.cancel();
                }
                Err(Refused::Ended(_)) => {}
            }
            drop(tables);
            return shared.report_failed(transmit);
        }
        let backlog = shared.config.dial_backlog;
        if let Some(waiting) = tables.dialling.get_mut(&peer) {
            if waiting.len() < backlog {
                waiting.push(transmit);
                return;
            }
        } else if tables.dialled < shared.config.dialled && peer.remote.port() != 0 {
            tables.dialled += 1;
            let local = transmit.target.local;
            tables.dialling.insert(peer.clone(), vec![transmit]);
            drop(tables);
            shared
                .tasks
                .spawn(dial::open(peer, local, shared.clone(), self.clone()));
            return;
        } else {
            shared.counters.count(Cause::TooMany);
        }
        drop(tables);
        shared.report_failed(transmit);
    }

    /// Whom a message is for that has to find its way over TLS; `None`: it does not say, or we have no TLS there.
    fn secure_peer(&self, transmit: &Transmit) -> Option<Peer> {
        let local = transmit.target.local;
        let dialler = self.diallers.iter().position(|known| known.is_of(local))?;
        Some(Peer {
            remote: transmit.target.remote,
            secure: Some((dialler, expected_name(&transmit.bytes)?)),
        })
    }

    /// The messages that waited for a connection that is now open, or never will be.
    pub(super) fn dialled(&self, peer: &Peer) -> Vec<Transmit> {
        self.tables().dialling.remove(peer).unwrap_or_default()
    }

    /// A connection opened by us, or the attempt, is over.
    pub(super) fn dial_ended(&self) {
        self.tables().dialled -= 1;
    }
}
