//! The handshake (sylkrtc.md §1.2, §1.3).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use net::Cause;
use net::http::Peer;

use crate::dialect::Dialect;
use crate::session;
use crate::start::Shared;
use net::origin;

/// Bytes read from a connection at once, and written at once.
const BUFFER: usize = 1024;

pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let refuse = |status, phrase: &str| {
        shared.counters.count(Cause::Malformed);
        tracing::debug!(%status, phrase, "WebSocket handshake refused");
        with_phrase(status, phrase)
    };
    let Ok(upgrade) = upgrade else {
        return refuse(StatusCode::BAD_REQUEST, "Bad Request");
    };
    if [
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::ORIGIN,
        header::HOST,
    ]
    .iter()
    .any(|name| is_twice(&headers, name))
    {
        return refuse(StatusCode::BAD_REQUEST, "Bad Request");
    }
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    if !origin::allowed(&shared.config.origins, origin) {
        let origin = origin.unwrap_or_default();
        let phrase = format!("WebSocket connection denied: origin '{origin}' not allowed");
        return refuse(StatusCode::BAD_REQUEST, &phrase);
    }
    let Some((token, dialect)) = chosen(&headers) else {
        return refuse(
            StatusCode::NOT_ACCEPTABLE,
            "No compatible protocol specified",
        );
    };
    let mut upgrade = upgrade
        .max_message_size(shared.config.max_frame)
        .max_frame_size(shared.config.max_frame)
        // Most pages wait most of the time, and this is memory of every one of them.
        .read_buffer_size(BUFFER)
        // What waits for a slow reader waits in the outbox, where it is counted.
        .write_buffer_size(BUFFER)
        .on_failed_upgrade(|error| tracing::debug!(%error, "WebSocket handshake failed"));
    upgrade.set_selected_protocol(HeaderValue::from_static(token));
    upgrade.on_upgrade(move |socket| async move {
        let leaving = shared.leaving();
        let session = session::run(shared.clone(), socket, dialect, peer, leaving);
        // The door waits for its own tasks when it closes.
        shared.spawn(session).await.ok();
    })
}

/// The best of the offered tokens, matched whole and with its case.
fn chosen(headers: &HeaderMap) -> Option<(&'static str, Dialect)> {
    let offered: Vec<&str> = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    Dialect::PREFERENCE
        .into_iter()
        .find(|(token, _)| offered.contains(token))
}

fn is_twice(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The reference says what is wrong in the status line.
fn with_phrase(status: StatusCode, phrase: &str) -> Response {
    let mut response = (status, phrase.to_owned()).into_response();
    if let Ok(phrase) = ReasonPhrase::try_from(phrase.as_bytes().to_vec()) {
        response.extensions_mut().insert(phrase);
    }
    response
}
