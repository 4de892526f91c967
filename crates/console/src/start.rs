//! Opening the console and serving its pages.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use net::http::{self, HttpTimes};
use net::tls::{self, TlsAcceptor, TlsError, TlsSource};
use net::{Counters, Drain, Listener, ListenerConfig};
use tokio_util::sync::CancellationToken;

use crate::contents::Contents;
use crate::pages::{self, Frames, Page};

/// Where the room page opens its WebSocket; whose routes are served there, [`Console::serve`] is told.
pub const ROOMS_SOCKET: &str = "/rooms/socket";

/// Where the panel is; below it are the routes of its door, which [`Console::serve`] is given.
pub const PANEL: &str = "/panel";

/// Browsers at one time, and from one address. A page needs a handful of connections for a second.
const MOST: (usize, usize) = (1_000, 100);

/// The Content Security Policy of every answer, but for what it says of frames.
///
/// Scripts and styles come from here alone and never from the page's text. `connect-src` is open because
/// the telephone's user may name another server; a script of a stranger still cannot be loaded.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self' ws: wss:; media-src 'self'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'";

/// Said with every answer, beside the policy.
const HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "microphone=(self), camera=(self), geolocation=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Time for a TLS handshake, and for a browser to say what it wants. Browsers open connections ahead.
const TIMES: HttpTimes = HttpTimes {
    handshake: Duration::from_secs(60),
    write: None,
};

/// Time for answers under way when the console closes.
const GRACE: Duration = Duration::from_secs(1);

/// Where the console is served.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Without encryption; port 0 picks one.
    pub listen: Option<SocketAddr>,
    /// With encryption: browsers give the microphone to pages of other machines only there.
    pub tls_listen: Option<SocketAddr>,
    /// Certificate and key; needed when `tls_listen` has an address.
    pub tls: Option<TlsSource>,
    /// What the server is called in browsers, beside its addresses and `localhost`.
    pub names: Vec<String>,
}

/// Why the console did not open.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An address cannot be bound.
    #[error("{address} cannot be bound: {source}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// There is an address for encryption and nothing to encrypt with.
    #[error("certificate and key are missing")]
    NoCertificate,
}

/// Open listeners for the pages.
pub struct Console {
    plain: Option<Listener>,
    secure: Option<(Listener, TlsAcceptor)>,
    counters: Arc<Counters>,
}

impl Console {
    /// Opens them. Must be called within a runtime. May make a certificate.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(config: &Config) -> Result<Self, BindError> {
        let counters = Arc::new(Counters::new("console"));
        let secure = match (config.tls_listen, &config.tls) {
            (None, _) => None,
            (Some(_), None) => return Err(BindError::NoCertificate),
            (Some(address), Some(source)) => {
                let acceptor = tls::acceptor(source)?;
                Some((listener(address, &counters)?, acceptor))
            }
        };
        let plain = config.listen.map(|address| listener(address, &counters));
        Ok(Self {
            plain: plain.transpose()?,
            secure,
            counters,
        })
    }

    /// Where it listens without encryption; the port is the real one when 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.plain.as_ref().map(Listener::local_addr)
    }

    /// Where it listens with encryption.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.secure
            .as_ref()
            .map(|(listener, _)| listener.local_addr())
    }

    /// Both as a browser wants them, without a path.
    pub fn urls(&self) -> Vec<String> {
        let plain = self.address().map(|address| format!("http://{address}"));
        let secure = self.tls_address();
        let secure = secure.map(|address| format!("https://{address}"));
        plain.into_iter().chain(secure).collect()
    }

    /// Serves the pages until `stop`, and beside them `sockets`, routes of doors that pages speak with.
    pub async fn serve(self, contents: &Contents, sockets: Router, stop: CancellationToken) {
        let app = router(contents).merge(sockets);
        let drain = Drain::new(&CancellationToken::new());
        let plain = self.plain.map(|listener| (listener, None));
        let secure = self.secure.map(|(listener, tls)| (listener, Some(tls)));
        for (listener, tls) in [plain, secure].into_iter().flatten() {
            let (app, counters) = (app.clone(), self.counters.clone());
            drain.spawn(http::serve(
                listener,
                tls,
                app,
                TIMES,
                counters,
                drain.clone(),
            ));
        }
        stop.cancelled().await;
        drain.run(GRACE).await;
    }
}

fn listener(address: SocketAddr, counters: &Arc<Counters>) -> Result<Listener, BindError> {
    let config = ListenerConfig {
        max_connections: MOST.0,
        max_per_address: MOST.1,
        ..ListenerConfig::new(address)
    };
    Listener::bind(config, counters.clone())
        .map_err(|source| BindError::Address { address, source })
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
        .route("/rooms/", get(|| async { Redirect::permanent("../rooms") }))
        .route("/panel/", get(|| async { Redirect::permanent("../panel") }))
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
        (header::CONTENT_SECURITY_POLICY, policy(&page.frames)),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, page.body.clone()).into_response()
    }
}

/// The policy of a page. A frame is of exactly one origin, and no page but our own shows ours.
fn policy(frames: &Frames) -> String {
    match frames {
        Frames::None => format!("{POLICY}; frame-ancestors 'none'"),
        Frames::Inside => format!("{POLICY}; frame-ancestors 'self'"),
        Frames::Shows(source) => format!("{POLICY}; frame-ancestors 'none'; frame-src {source}"),
    }
}

async fn with_headers(mut response: Response) -> Response {
    // What is no page has a policy too.
    if !response
        .headers()
        .contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(usual) = HeaderValue::from_str(&policy(&Frames::None))
    {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, usual);
    }
    for (name, value) in HEADERS {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}
