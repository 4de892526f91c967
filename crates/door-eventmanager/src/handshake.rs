//! The handshake: one header decides (event-manager.md §3).

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use net::Cause;
use net::http::Peer;

use crate::config::Credential;
use crate::session;
use crate::start::Shared;

/// Bytes read from a connection at once, and written at once.
const BUFFER: usize = 4096;

/// A message that is too long is read whole up to so many times its limit: a peer that is still sending when the
/// connection ends would not find the close frame that says why.
const READ_ALL_THE_SAME: usize = 4;

/// What a refused client reads.
const REFUSAL: &str = "Event Manager: handshake authentication failed.";

/// The subprotocol that carries the value for clients that can set no header.
const SUBPROTOCOL: &str = "imm-auth";

/// Any path is served.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new().fallback(upgrade).with_state(shared.clone())
}

async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let credential = shared.config.credential.as_ref();
    if let Some(credential) = credential
        && !is_allowed(credential, &headers, &uri)
    {
        let given = headers.contains_key(credential.header());
        let header = if given { "wrong" } else { "absent" };
        shared.counters.count(Cause::LoginFailed);
        shared.failed(peer.address.ip(), Instant::now());
        tracing::warn!(peer = %peer.address, header, "Event Manager client is not authorised");
        return refusal();
    }
    let mut upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            shared.counters.count(Cause::Malformed);
            tracing::debug!(peer = %peer.address, %rejection, "WebSocket handshake refused");
            return rejection.into_response();
        }
    };
    let wants_token = credential.is_none_or(|credential| credential.in_subprotocol);
    if wants_token && offered(&headers).any(|token| token == SUBPROTOCOL.as_bytes()) {
        upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    }
    let most = shared.config.max_message.saturating_mul(READ_ALL_THE_SAME);
    upgrade
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(BUFFER)
        // What waits for a slow reader waits in the outbox, where it is counted.
        .write_buffer_size(BUFFER)
        .on_failed_upgrade(|error| tracing::debug!(%error, "WebSocket handshake failed"))
        .on_upgrade(move |socket| async move {
            let leaving = shared.leaving();
            let session = session::run(shared.clone(), socket, peer, leaving);
            // The door waits for its own tasks when it closes.
            shared.spawn(session).await.ok();
        })
}

/// Whether the value is there, wherever it may be.
fn is_allowed(credential: &Credential, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut given = headers.get_all(credential.header()).iter();
    given.any(|value| credential.matches(value.as_bytes().trim_ascii()))
        || (credential.in_query && in_query(credential, uri))
        || (credential.in_subprotocol && in_subprotocol(credential, headers))
}

fn in_query(credential: &Credential, uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    pairs.any(|(key, value)| key == credential.key() && credential.matches(value.as_bytes()))
}

/// The value stands behind the subprotocol's name (event-manager.md §3.3).
fn in_subprotocol(credential: &Credential, headers: &HeaderMap) -> bool {
    use subtle::ConstantTimeEq;
    let token = credential.token();
    let mut tokens = offered(headers);
    tokens.any(|offer| offer == SUBPROTOCOL.as_bytes())
        && tokens.any(|offer| token.as_bytes().ct_eq(offer).into())
}

fn offered(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
}

fn refusal() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain"),
        (header::CONNECTION, "close"),
    ];
    (StatusCode::FORBIDDEN, headers, REFUSAL).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(change: impl Fn(&mut Credential), uri: &str, given: &[(&str, &str)]) -> bool {
        let mut credential = Credential::new("Immersitech", "I am/valid").unwrap();
        change(&mut credential);
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        is_allowed(&credential, &headers, &uri.parse().unwrap())
    }

    #[test]
    fn a_header_of_any_case_with_exactly_the_value() {
        let header = |given: &[(&str, &str)]| allowed(|_| {}, "/", given);
        assert!(header(&[("immersitech", "I am/valid")]));
        assert!(header(&[("IMMERSITECH", "\t I am/valid ")]));
        assert!(header(&[
            ("Immersitech", "no"),
            ("Immersitech", "I am/valid")
        ]));
        for wrong in ["i am/valid", "I am/vali", "I am/valid!", ""] {
            assert!(!header(&[("Immersitech", wrong)]), "{wrong}");
        }
        assert!(!header(&[]));
    }

    #[test]
    fn browsers_have_other_ways_when_allowed() {
        let query = "/?a=b&Immersitech=I+am%2Fvalid";
        assert!(!allowed(|_| {}, query, &[]));
        assert!(allowed(|c| c.in_query = true, query, &[]));
        for wrong in ["/?immersitech=I+am%2Fvalid", "/?Immersitech=", "/", "/?%ff"] {
            assert!(!allowed(|c| c.in_query = true, wrong, &[]), "{wrong}");
        }
        let right = [("Sec-WebSocket-Protocol", "imm-auth, SSBhbS92YWxpZA")];
        assert!(!allowed(|_| {}, "/", &right));
        let token = |c: &mut Credential| c.in_subprotocol = true;
        assert!(allowed(token, "/", &right));
        for wrong in ["imm-auth", "SSBhbS92YWxpZA", "imm-auth, SSBhbS92YWxpZB"] {
            assert!(
                !allowed(token, "/", &[("Sec-WebSocket-Protocol", wrong)]),
                "{wrong}"
            );
        }
    }
}
