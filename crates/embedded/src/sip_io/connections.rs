//! The open connections, and messages for those being opened.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use net::{Cause, Outbox, Refused};
use sip::transport::{FlowId, Transmit};
use tokio_util::sync::CancellationToken;

use super::{Shared, dial};

/// All connections. The lock protects the tables and is held for a look or a change, never across IO.
pub(super) struct Connections {
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    open: HashMap<FlowId, Open>,
    /// Connections by the address of the peer, to use one again. The youngest stays.
    by_peer: HashMap<SocketAddr, FlowId>,
    /// Messages that wait for a connection to open.
    dialling: HashMap<SocketAddr, Vec<Transmit>>,
    dialled: usize,
}

struct Open {
    peer: SocketAddr,
    outbox: Arc<Outbox>,
    cut: CancellationToken,
}

impl Connections {
    pub(super) fn new() -> Self {
        Self {
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
        peer: SocketAddr,
        outbox: Arc<Outbox>,
        cut: CancellationToken,
    ) {
        let mut tables = self.tables();
        tables.by_peer.insert(peer, flow);
        tables.open.insert(flow, Open { peer, outbox, cut });
    }

    pub(super) fn remove(&self, flow: FlowId) {
        let mut tables = self.tables();
        let Some(open) = tables.open.remove(&flow) else {
            return;
        };
        if tables.by_peer.get(&open.peer) == Some(&flow) {
            tables.by_peer.remove(&open.peer);
        }
    }

    /// Queues a message on its flow, on another connection to the same peer, or opens one.
    pub(super) fn send(self: &Arc<Self>, transmit: Transmit, shared: &Shared) {
        let mut tables = self.tables();
        let remote = transmit.target.remote;
        let flow = transmit
            .target
            .flow
            .filter(|flow| tables.open.contains_key(flow))
            .or_else(|| tables.by_peer.get(&remote).copied());
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
        if let Some(waiting) = tables.dialling.get_mut(&remote) {
            if waiting.len() < backlog {
                waiting.push(transmit);
                return;
            }
        } else if tables.dialled < shared.config.dialled && remote.port() != 0 {
            tables.dialled += 1;
            let local = transmit.target.local;
            tables.dialling.insert(remote, vec![transmit]);
            drop(tables);
            shared
                .tasks
                .spawn(dial::open(remote, local, shared.clone(), self.clone()));
            return;
        } else {
            shared.counters.count(Cause::TooMany);
        }
        drop(tables);
        shared.report_failed(transmit);
    }

    /// The messages that waited for a connection that is now open, or never will be.
    pub(super) fn dialled(&self, remote: SocketAddr) -> Vec<Transmit> {
        self.tables().dialling.remove(&remote).unwrap_or_default()
    }

    /// A connection opened by us, or the attempt, is over.
    pub(super) fn dial_ended(&self) {
        self.tables().dialled -= 1;
    }
}
