//! HTTP/1.1 on a [`Listener`], plain or over TLS, with the listener's limits and the door's drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use crate::counters::Counters;
use crate::drain::Drain;
use crate::listener::{Accepted, Listener};
use crate::places::Place;
use crate::tls::handshake;
use crate::write_deadline::WriteDeadline;

/// Who sent a request; an extension of each. What outlives the request, as a WebSocket does, keeps a clone.
#[derive(Clone)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The connection's place among those of its listener.
    pub place: Arc<Place>,
}

/// Longer than servers run.
const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Time for a TLS handshake, and for the headers of each request.
#[derive(Clone, Copy, Debug)]
pub struct HttpTimes {
    /// Both.
    pub handshake: Duration,
    /// Longest time in which a peer takes nothing of an answer, or of what a WebSocket says; `None`: whoever writes looks
    /// to that.
    pub write: Option<Duration>,
}

/// Serves `app` to every connection until the drain stops accepting. Requests under way end in peace.
pub async fn serve(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    app: Router,
    times: HttpTimes,
    counters: Arc<Counters>,
    drain: Drain,
) {
    let stop = drain.accepting().clone();
    while let Some(accepted) = listener.accept(&stop).await {
        let Accepted {
            stream,
            peer: address,
            place,
        } = accepted;
        let peer = Peer {
            address,
            secure: tls.is_some(),
            place: Arc::new(place),
        };
        let app = app.clone().layer(Extension(peer));
        let tls = tls.clone();
        let counters = counters.clone();
        let leaving = drain.connection();
        drain.spawn(async move {
            let work = async {
                match tls {
                    None => converse(stream, app, times, leaving.told).await,
                    Some(tls) => match handshake(&tls, stream, times.handshake).await {
                        Ok(stream) => converse(stream, app, times, leaving.told).await,
                        Err(error) => {
                            counters.count(error.cause());
                            tracing::debug!(%error, "No TLS");
                        }
                    },
                }
            };
            tokio::select! {
                () = leaving.closed.cancelled() => {}
                () = work => {}
            }
        });
    }
}

async fn converse<S>(
    stream: S,
    app: Router,
    times: HttpTimes,
    told: tokio_util::sync::CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Without a deadline of ours there is one that is never reached.
    let stream = WriteDeadline::new(stream, times.write.unwrap_or(NEVER));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(times.handshake)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "HTTP connection ended");
    }
}
