//! Metrics and health over HTTP, for machines that watch the server.

use std::net::SocketAddr;
use std::sync::Arc;

use api::Switch;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use embedded::Embedded;
use eventlog::EventLog;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// What the pages show.
pub(crate) struct Watched {
    pub(crate) switch: Switch,
    pub(crate) embedded: Arc<Embedded>,
    pub(crate) store: Store,
    pub(crate) event_log: Option<EventLog>,
    pub(crate) prometheus: PrometheusHandle,
}

/// An open listener for the pages.
pub(crate) struct Admin {
    listener: TcpListener,
    address: SocketAddr,
}

impl Admin {
    /// Opens it.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`.
    pub(crate) async fn serve(self, watched: Watched, stop: CancellationToken) {
        let pages = Router::new()
            .route("/metrics", get(show_metrics))
            .route("/health", get(show_health))
            .with_state(Arc::new(watched));
        let served = axum::serve(self.listener, pages)
            .with_graceful_shutdown(async move { stop.cancelled().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "Metrics and health are no longer served");
        }
    }
}

async fn show_metrics(State(watched): State<Arc<Watched>>) -> Response {
    metrics::refresh(
        &watched.switch,
        &watched.embedded,
        &watched.store,
        watched.event_log.as_ref(),
    );
    // Old measurements of histograms are folded together here; nobody looks at them in between.
    watched.prometheus.run_upkeep();
    let form = (
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    ([form], watched.prometheus.render()).into_response()
}

/// 200 while calls are taken, 503 once they are not.
async fn show_health(State(watched): State<Arc<Watched>>) -> Response {
    let view = watched.switch.view();
    let stopped = watched.embedded.stopped().is_cancelled();
    let (status, word) = match (stopped, view.settings.draining) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, false) => (StatusCode::OK, "ready"),
    };
    let body = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "channels": view.channels.size(),
        "registrations": view.registrations.size(),
        "rooms": view.rooms.size(),
        "as_of": view.as_of.0,
    });
    let form = (header::CONTENT_TYPE, "application/json");
    (status, [form], body.to_string()).into_response()
}
