//! Opening connections.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::connection::{dialled_flow, serve};
use super::connections::Connections;

/// Opens a connection for the messages that wait, and serves it to its end.
pub(super) async fn open(
    remote: SocketAddr,
    local: SocketAddr,
    shared: Shared,
    connections: Arc<Connections>,
) {
    let connected = tokio::select! {
        () = shared.stop.cancelled() => None,
        connected = timeout(shared.config.dial_timeout, TcpStream::connect(remote)) => {
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
    let waiting = connections.dialled(remote);
    match connected {
        Some(stream) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "Small messages may be delayed");
            }
            let first = waiting.into_iter().map(|transmit| transmit.bytes).collect();
            let flow = dialled_flow(shared.new_flow(), local, remote);
            serve(stream, flow, first, shared, connections.clone()).await;
        }
        None => {
            for transmit in waiting {
                shared.report_failed(transmit);
            }
        }
    }
    connections.dial_ended();
}
