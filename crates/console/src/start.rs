//! Opening the console and serving its pages.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use net::{Counters, Listener, ListenerConfig};
use tokio_util::sync::CancellationToken;

use crate::connection::Connections;
use crate::contents::Contents;
use crate::pages::{self, Page};

/// Browsers at one time, and from one address. A page needs a handful of connections for a second.
const MOST: (usize, usize) = (1_000, 100);

/// Said with every answer.
///
/// Scripts and styles come from here alone and never from the page's text. `connect-src` is open because
/// the telephone's user may name another server; a script of a stranger still cannot be loaded.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' ws: wss:; media-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "microphone=(self), camera=(self), geolocation=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
];

/// An open listener for the pages.
pub struct Console {
    listener: Listener,
}

impl Console {
    /// Opens it. Must be called within a runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let config = ListenerConfig {
            max_connections: MOST.0,
            max_per_address: MOST.1,
            ..ListenerConfig::new(address)
        };
        let listener = Listener::bind(config, Arc::new(Counters::new("console")))?;
        Ok(Self { listener })
    }

    /// Where it listens; the port is the real one when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Serves until `stop`.
    pub async fn serve(self, contents: &Contents, stop: CancellationToken) {
        let connections = Connections {
            listener: self.listener,
            stop: stop.clone(),
        };
        let served = axum::serve(connections, router(contents))
            .with_graceful_shutdown(async move { stop.cancelled().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "The console is no longer served");
        }
    }
}

fn router(contents: &Contents) -> Router {
    let pages: BTreeMap<String, Arc<Page>> = pages::all(contents)
        .into_iter()
        .map(|page| (page.path.to_owned(), Arc::new(page)))
        .collect();
    let mut router = Router::new();
    for (path, page) in pages {
        router = router.route(
            &path,
            get(move |request: Request| {
                let page = page.clone();
                async move { answer(&page, request.headers()) }
            }),
        );
    }
    router
        // Relative addresses inside the page would lead elsewhere.
        .route("/phone/", get(|| async { Redirect::permanent("../phone") }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "There is no such page.\n") })
        .layer(map_response(with_headers))
}

/// The page, or word that the browser has it already (RFC 9110 §13.1.2).
fn answer(page: &Page, asked: &HeaderMap) -> Response {
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == page.etag);
    let headers = [
        (header::ETAG, page.etag.clone()),
        // Kept, but asked for every time: a new server must not meet an old page.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::CONTENT_TYPE, page.form.to_owned()),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, page.body.clone()).into_response()
    }
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}
