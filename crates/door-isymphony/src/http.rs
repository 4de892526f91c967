//! Requests: past the gates, to whoever answers them.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use net::Cause;
use net::http::Peer;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::access::{self, plain};
use crate::error::Refusal;
use crate::rest::{self, Answer, Asker, path};
use crate::rights::Sight;
use crate::start::Shared;
use crate::{session, sse};

/// Bytes read from a WebSocket at once, and written at once.
const BUFFER: usize = 4096;

/// A message that is too long is read whole up to so many times its limit: a peer that is still sending when the
/// connection ends would not find the close frame that says why.
const READ_ALL_THE_SAME: usize = 4;

/// Any path is looked at: gates come before it is known whether something is there.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new().fallback(answer).with_state(shared.clone())
}

/// Counts what was answered.
async fn answer(
    shared: State<Arc<Shared>>,
    peer: Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let response = answer_one(shared, peer, upgrade, request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("jackfield_isymphony_requests_total", "status" => status).increment(1);
    response
}

async fn answer_one(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(refusal) = access::refuse(&shared, &peer, &parts.headers, &parts.uri) {
        return refusal;
    }
    let Some(segments) = path::segments(parts.uri.path()) else {
        return refusal(&Refusal::not_found("There is nothing."));
    };
    let query = parts.uri.query().unwrap_or_default();
    let place: Vec<&str> = segments.iter().map(String::as_str).collect();
    match place.as_slice() {
        ["communication_manager", "ws", "event"] => {
            // Who knows the password of the door stays as long as they like.
            open(shared, peer, upgrade, CancellationToken::new(), Sight::All).await
        }
        ["communication_manager", "sse", "event"] if parts.method == Method::GET => {
            sse::open(shared, peer, query, &parts.headers).await
        }
        ["communication_manager", "sse", "event"] => no_such_method("GET"),
        ["communication_manager", "rest", "openapi.json"] if parts.method == Method::GET => {
            reply(Ok(Answer::Json(rest::openapi())), false)
        }
        ["communication_manager", "rest", "asyncapi.json"] if parts.method == Method::GET => {
            reply(Ok(Answer::Json(rest::asyncapi(&shared.config))), false)
        }
        [
            "communication_manager",
            "rest",
            "openapi.json" | "asyncapi.json",
        ] => no_such_method("GET"),
        ["communication_manager", rest @ ..] => {
            self::rest(&shared, &peer, &parts, rest, body, None).await
        }
        _ => refusal(&Refusal::not_found("There is nothing.")),
    }
}

/// A request of the REST interfaces; `place` is its path behind `communication_manager`, `asker` somebody who is signed in.
pub(crate) async fn rest(
    shared: &Arc<Shared>,
    peer: &Peer,
    parts: &Parts,
    place: &[&str],
    body: Body,
    asker: Option<Asker>,
) -> Response {
    let body = match whole(shared, &parts.headers, body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Some(found) = rest::find(&parts.method, place) else {
        return refusal(&Refusal::not_found("There is nothing."));
    };
    let call = match found {
        Ok(call) => call,
        Err(allowed) => return no_such_method(&allowed),
    };
    let call = call
        .with(body, parts.uri.query().unwrap_or_default(), peer)
        .by(asker);
    let head = parts.method == Method::HEAD;
    // What was begun is done, whether or not who asked still waits.
    let worker = shared.clone();
    let work = shared.spawn(async move { rest::perform(&worker, call).await });
    match work.await {
        Ok(answer) => reply(answer, head),
        Err(_) => refusal(&Refusal::failed("The request failed.")),
    }
}

/// The body, within its bounds.
async fn whole(shared: &Shared, headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
    let most = shared.config.max_body;
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let too_large = || plain(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.");
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    match timeout(shared.config.handshake, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        // The library does not tell a body that is too long from one that breaks off.
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(plain(
            StatusCode::REQUEST_TIMEOUT,
            "The body came too slowly.",
        )),
    }
}

/// Begins an event session, which goes on until `ended` at the most, of what `sight` sees.
pub(crate) async fn open(
    shared: Arc<Shared>,
    peer: Peer,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    ended: CancellationToken,
    sight: Sight,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            shared.counters.count(Cause::Malformed);
            tracing::debug!(peer = %peer.address, %rejection, "WebSocket handshake refused");
            return rejection.into_response();
        }
    };
    // From before the client learns that it is connected: nothing it causes then is lost to it.
    let told = session::join(&shared, sight).await;
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
            let session = session::run(shared.clone(), told, socket, peer, leaving, ended);
            // The door waits for its own tasks when it closes.
            shared.spawn(session).await.ok();
        })
}

fn reply(answer: Result<Answer, Refusal>, head: bool) -> Response {
    match answer {
        Ok(Answer::Json(value)) => {
            let headers = [(header::CONTENT_TYPE, "application/json")];
            let text = value.to_string();
            let body = if head {
                Body::empty()
            } else {
                Body::from(text)
            };
            (StatusCode::OK, headers, body).into_response()
        }
        Ok(Answer::Done) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refusal(&refused),
    }
}

pub(crate) fn refusal(refusal: &Refusal) -> Response {
    plain(refusal.status(), refusal.text())
}

fn no_such_method(allowed: &str) -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "That cannot be done here.");
    if let Ok(allowed) = allowed.parse() {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
