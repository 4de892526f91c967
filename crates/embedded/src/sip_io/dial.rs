//! Opening connections.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::connection::{dialled_flow, serve};
use super::connections::{Connections, Peer};
use super::tls::{self, Side};

/// Opens a connection for the messages that wait, and serves it to its end.
pub(super) async fn open(
    peer: Peer,
    local: SocketAddr,
    shared: Shared,
    connections: Arc<Connections>,
) {
    let connected = tokio::select! {
        () = shared.stop.cancelled() => None,
        connected = timeout(shared.config.dial_timeout, TcpStream::connect(peer.remote)) => {
            match connected {
                Ok(Ok(stream)) => Some(stream),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "A connection could not be opened");
                    None
                }
                Err(_elapsed) => {
                    tracing::debug!("A connection did not open in time");
                    None
                }
            }
        }
    };
    let Some(stream) = connected else {
        return failed(&peer, &shared, &connections);
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "Small messages may be delayed");
    }
    let flow = dialled_flow(shared.new_flow(), local, &peer);
    match &peer.secure {
        Some((dialler, name)) => {
            let Some(dialler) = connections.diallers.get(*dialler) else {
                return failed(&peer, &shared, &connections);
            };
            let within = shared.config.handshake_deadline;
            let greeted = tokio::select! {
                () = shared.stop.cancelled() => return failed(&peer, &shared, &connections),
                greeted = net::tls::greet(&dialler.connector, name, stream, within) => greeted,
            };
            tls::count(Side::Dialled, &greeted);
            match greeted {
                Ok(stream) => {
                    let first = first(&peer, &connections);
                    let (shared, connections) = (shared.clone(), connections.clone());
                    serve(
                        tokio::io::split(stream),
                        flow,
                        Some(peer.clone()),
                        first,
                        shared,
                        connections,
                    )
                    .await;
                }
                Err(error) => {
                    shared.counters.count(error.cause());
                    tracing::warn!(%error, peer = %peer.remote, name = %name, "A peer is not called over TLS");
                    return failed(&peer, &shared, &connections);
                }
            }
        }
        None => {
            let first = first(&peer, &connections);
            let (shared, connections) = (shared.clone(), connections.clone());
            serve(
                stream.into_split(),
                flow,
                Some(peer),
                first,
                shared,
                connections,
            )
            .await;
        }
    }
    connections.dial_ended();
}

/// What waited for the connection.
fn first(peer: &Peer, connections: &Connections) -> Vec<bytes::Bytes> {
    let waiting = connections.dialled(peer).into_iter();
    waiting.map(|transmit| transmit.bytes).collect()
}

fn failed(peer: &Peer, shared: &Shared, connections: &Connections) {
    for transmit in connections.dialled(peer) {
        shared.report_failed(transmit);
    }
    connections.dial_ended();
}
