//! The way in for the pages this server comes with: the door's sessions on the listener that serves the pages.
//!
//! A browser sets no header on a WebSocket and tells a page nothing of a certificate it does not trust, so the door's own
//! listener is out of a page's reach. What it asks for is asked for here too, and more: pages of strangers run in the
//! same browsers (docs/decisions/0016-room-page-speaks-event-manager.md).

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use net::http::Peer;
use net::own_page::is_loopback;
use net::{NotOurs, PageHosts};

use crate::config::Credential;
use crate::handshake::{in_header, in_subprotocol, offers_token, open};
use crate::language::Language;
use crate::start::Shared;

struct Pages {
    shared: Arc<Shared>,
    hosts: PageHosts,
}

pub(crate) fn route(shared: &Arc<Shared>, path: &str, hosts: PageHosts) -> Router {
    let pages = Pages {
        shared: shared.clone(),
        hosts,
    };
    Router::new()
        .route(path, get(upgrade).post(ask))
        .with_state(Arc::new(pages))
}

/// Whether the page may come in: browsers do not tell pages why a WebSocket was refused.
async fn ask(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    match pages.admit(&peer, &headers) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn upgrade(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match pages.admit(&peer, &headers) {
        Ok(()) => {
            let token = offers_token(&headers);
            let shared = pages.shared.clone();
            open(shared, Language::of_pages(), peer, token, upgrade)
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Why a page is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// It is none of ours.
    Stranger,
    /// It was fetched under a name that is not known to be ours.
    Host,
    /// Everybody knows the value, and the page is not on this machine.
    WellKnown,
    /// Too often the wrong value.
    LockedOut,
    /// No value, or a wrong one.
    Value,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Stranger => (
                StatusCode::FORBIDDEN,
                "Only this server's own pages may do this.",
            ),
            Self::Host => (
                StatusCode::FORBIDDEN,
                "This server does not know itself by this name. Open the page by its address, or add the name to [console] names.",
            ),
            Self::WellKnown => (
                StatusCode::FORBIDDEN,
                "The key of the Event Manager door is the one everybody knows, so rooms are shown on the server's own \
                 machine only. Set value in [door.eventmanager] to open them to others.",
            ),
            Self::LockedOut => (
                StatusCode::TOO_MANY_REQUESTS,
                "The key was wrong too often. Wait a minute.",
            ),
            Self::Value => (StatusCode::UNAUTHORIZED, "The key is not the right one."),
        };
        (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
    }
}

impl Pages {
    fn admit(&self, peer: &Peer, headers: &HeaderMap) -> Result<(), Refusal> {
        let credential = self.shared.config.credential.as_ref();
        let admitted = self.check(peer, headers, credential);
        match admitted {
            Ok(()) => {}
            Err(Refusal::Value) => {
                let given =
                    credential.is_some_and(|credential| headers.contains_key(credential.header()));
                let given = given || offers_token(headers);
                self.shared
                    .refused(peer, if given { "wrong" } else { "absent" });
            }
            // Not held against the address: what a stranger's page does is not its visitor's fault, nor the door's
            // clients' beside it.
            Err(why) => {
                tracing::debug!(peer = %peer.address, ?why, "Page is not let in");
            }
        }
        admitted
    }

    fn check(
        &self,
        peer: &Peer,
        headers: &HeaderMap,
        credential: Option<&Credential>,
    ) -> Result<(), Refusal> {
        let host = self.hosts.own(headers, peer.secure);
        let host = host.map_err(|why| match why {
            NotOurs::Stranger => Refusal::Stranger,
            NotOurs::Host => Refusal::Host,
        })?;
        let here = peer.address.ip().to_canonical().is_loopback() && is_loopback(host);
        let known_to_all = credential.is_none_or(Credential::is_well_known);
        if known_to_all && !here {
            return Err(Refusal::WellKnown);
        }
        let Some(credential) = credential else {
            return Ok(());
        };
        if self.shared.is_locked_out(peer.address.ip()) {
            return Err(Refusal::LockedOut);
        }
        if in_header(credential, headers) || in_subprotocol(credential, headers) {
            Ok(())
        } else {
            Err(Refusal::Value)
        }
    }
}
