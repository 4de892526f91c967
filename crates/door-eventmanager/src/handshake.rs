//! The handshake: one header decides (event-manager.md §3).

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use net::Cause;
use net::http::Peer;
use net::origin::is_from_here;

use crate::config::Credential;
use crate::language::Language;
use crate::session;
use crate::start::Shared;

/// Bytes read from a connection at once, and written at once.
const BUFFER: usize = 4096;

/// A message that is too long is read whole up to so many times its limit: a peer that is still sending when the
/// connection ends would not find the close frame that says why.
const READ_ALL_THE_SAME: usize = 4;

/// What a refused client reads.
const REFUSAL: &str = "Event Manager: handshake authentication failed.";

/// What a page from elsewhere reads, if its visitor looks.
const STRANGER: &str = "Event Manager: pages of this origin may not connect.";

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
    // Asked when the connection was accepted, and again: who opened many beforehand has no guess for each.
    let admitted = if shared.is_locked_out(peer.address.ip()) {
        Err(Denied::LockedOut)
    } else {
        // There are no pages on the door's own address, but some programs say they are one.
        let from_here = is_from_here(&shared.config.origins, &headers, peer.secure);
        admit(credential, from_here, &headers, &uri)
    };
    if let Err(denied) = admitted {
        return deny(&shared, &peer, denied);
    }
    let wants_token = credential.is_none_or(|credential| credential.in_subprotocol);
    let token = wants_token && offers_token(&headers);
    let language = Language::of_clients(&shared.config);
    open(shared, language, peer, token, upgrade)
}

/// Whether the client wants to be told that its subprotocol was looked at.
pub(crate) fn offers_token(headers: &HeaderMap) -> bool {
    offered(headers).any(|token| token == SUBPROTOCOL.as_bytes())
}

/// Why a handshake is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Denied {
    /// Too many before it had no value or a wrong one.
    LockedOut,
    /// It has no header, and is of a page from elsewhere.
    Stranger,
    /// No value, or a wrong one.
    Value {
        /// What is the matter with the header.
        header: &'static str,
    },
}

/// Who may come in. A header cannot be set by a page, so who has the right one is asked nothing more. Without it a page
/// must be of an origin that may connect: every page a browser shows can reach us, and with a value everybody knows, or
/// none, could command rooms (RFC 6455 §10.2).
fn admit(
    credential: Option<&Credential>,
    from_here: bool,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<(), Denied> {
    let Some(credential) = credential else {
        return from_here.then_some(()).ok_or(Denied::Stranger);
    };
    if in_header(credential, headers) {
        return Ok(());
    }
    let is_given = headers.contains_key(credential.header());
    let header = if is_given { "wrong" } else { "absent" };
    // What a page of a stranger says is not looked at, nor held against its visitor's address.
    if !from_here && header == "absent" {
        return Err(Denied::Stranger);
    }
    let elsewhere = (credential.in_query && in_query(credential, uri))
        || (credential.in_subprotocol && in_subprotocol(credential, headers));
    (from_here && elsewhere)
        .then_some(())
        .ok_or(Denied::Value { header })
}

fn deny(shared: &Shared, peer: &Peer, denied: Denied) -> Response {
    match denied {
        Denied::LockedOut => {
            shared.counters.count(Cause::LoginLockedOut);
            refusal(REFUSAL)
        }
        Denied::Stranger => {
            shared.counters.count(Cause::AclDenied);
            tracing::warn!(peer = %peer.address, "A page of an origin that may not connect was refused");
            refusal(STRANGER)
        }
        Denied::Value { header } => {
            shared.refused(peer, header);
            refusal(REFUSAL)
        }
    }
}

/// Begins a session; whoever asks has been let in. `token`: it is to be told that its subprotocol was looked at.
pub(crate) fn open(
    shared: Arc<Shared>,
    language: Language,
    peer: Peer,
    token: bool,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let mut upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            shared.counters.count(Cause::Malformed);
            tracing::debug!(peer = %peer.address, %rejection, "WebSocket handshake refused");
            return rejection.into_response();
        }
    };
    if token {
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
            let session = session::run(shared.clone(), language, socket, peer, leaving);
            // The door waits for its own tasks when it closes.
            shared.spawn(session).await.ok();
        })
}

pub(crate) fn in_header(credential: &Credential, headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(credential.header()).iter();
    given.any(|value| credential.matches(value.as_bytes().trim_ascii()))
}

fn in_query(credential: &Credential, uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    pairs.any(|(key, value)| key == credential.key() && credential.matches(value.as_bytes()))
}

/// The value stands behind the subprotocol's name (event-manager.md §3.3).
pub(crate) fn in_subprotocol(credential: &Credential, headers: &HeaderMap) -> bool {
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

fn refusal(text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain"),
        (header::CONNECTION, "close"),
    ];
    (StatusCode::FORBIDDEN, headers, text).into_response()
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
        let from_here = is_from_here(&[], &headers, true);
        admit(
            Some(&credential),
            from_here,
            &headers,
            &uri.parse().unwrap(),
        )
        .is_ok()
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

    #[test]
    fn the_header_is_no_page_and_anything_else_may_be_one() {
        let mut credential = Credential::new("Immersitech", "value").unwrap();
        credential.in_query = true;
        let query: Uri = "/?Immersitech=value".parse().unwrap();
        let judge = |credential, from_here, header: Option<&str>, uri: &Uri| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.append("immersitech", header.parse().unwrap());
            }
            admit(credential, from_here, &headers, uri)
        };
        let known = Some(&credential);
        let wrong = Err(Denied::Value { header: "wrong" });
        assert_eq!(judge(known, false, Some("value"), &query), Ok(()));
        assert_eq!(judge(known, true, None, &query), Ok(()));
        assert_eq!(judge(known, false, None, &query), Err(Denied::Stranger));
        // Who guesses is counted, whatever page they say they are.
        assert_eq!(judge(known, false, Some("guess"), &query), wrong);
        assert_eq!(judge(None, false, None, &query), Err(Denied::Stranger));
        assert_eq!(judge(None, true, None, &query), Ok(()));
    }
}
