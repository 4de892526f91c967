//! Files from one account to another (sylkrtc.md §7.3). Who sends one must be signed in as the sender from the same
//! address; who knows the id of a transfer may fetch it.

use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use net::http::Peer;
use net::origin;

use super::body::{self, allowed};
use super::files;
use crate::error::Refusal;

use crate::start::Shared;
use crate::store::key;
use crate::timestamp;
use crate::transfer::{Address, Announcement, Begin, Details, NotTaken, Transfer, shortened};
use crate::wire::{Party, fields};

/// Longest id of a transfer, in bytes. Ours: clients use UUIDs.
const MAX_ID: usize = 128;

/// What follows the base: sender, receiver, id of the transfer, name.
type Parts = Path<(String, String, String, String)>;

pub(super) async fn preflight() -> Response {
    allowed(StatusCode::OK.into_response())
}

pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path(parts): Parts,
    headers: HeaderMap,
    body: Body,
) -> Response {
    allowed(match take(&shared, &peer, parts, &headers, body).await {
        Ok(()) => (StatusCode::OK, "OK").into_response(),
        Err(status) => status.into_response(),
    })
}

/// Takes a file in and tells both accounts.
async fn take(
    shared: &Arc<Shared>,
    peer: &Peer,
    (sender, receiver, id, name): (String, String, String, String),
    headers: &HeaderMap,
    body: Body,
) -> Result<(), StatusCode> {
    let transfers = shared.transfers.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    // Ours: a page of somebody else comes from the same address as the user's own.
    if !origin::allowed(&shared.config.origins, origin) {
        return Err(StatusCode::FORBIDDEN);
    }
    let aor = |text: &str| fields::aor(text).map_err(|_| StatusCode::BAD_REQUEST);
    let (sender, receiver) = (aor(&sender)?, aor(&receiver)?);
    if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let source = peer.address.ip();
    let client = shared.roster.proven_client_at(&sender, source);
    let client = client.ok_or(StatusCode::FORBIDDEN)?;
    let length = body::length(headers).ok_or(StatusCode::LENGTH_REQUIRED)?;
    let mut is_known = false;
    for account in [&sender, &receiver] {
        let known = shared.store.knows(&key(account)).await;
        is_known |= known.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    }
    if !is_known {
        return Err(StatusCode::NOT_FOUND);
    }
    let transfer = Transfer::new(&sender, &receiver, &id, &name, length);
    let begun = transfers.begin(transfer, source).map_err(status_of)?;
    let sha1 = receive(&begun, length, body).await?;
    let from = Party {
        uri: sender,
        display_name: client.display_name,
    };
    let media_type = media_type(headers, &begun.transfer().name);
    // All of it has come: from here on it does not matter whether the uploader stays to hear the answer.
    let by_task = shared.clone();
    let completing = shared.spawn(async move {
        let now = timestamp::now_micros();
        let transfer = begun.transfer().clone();
        let finished = tokio::task::spawn_blocking(move || begun.finish(now)).await;
        let until = finished
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
            .map_err(status_of)?;
        let details = Details {
            sender: &from,
            receiver: &receiver,
            sha1,
            media_type: &media_type,
            now,
            until,
        };
        let announcement = Announcement::new(&by_task.config.public_url(), &transfer, &details);
        let told = by_task.tell_of_transfer(client.id, &from, &receiver, announcement);
        if let Err(Refusal(why)) = told.await {
            tracing::warn!(why, "A transferred file cannot be announced");
            by_task.forget_transfer(&transfer.address());
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Ok(())
    });
    let completed = completing.await;
    completed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
}

/// Writes the body where it belongs, unless it is cancelled, and says what its SHA-1 is.
async fn receive(begun: &Begin, length: u64, body: Body) -> Result<[u8; 20], StatusCode> {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    let (folder, part) = begun.part();
    tokio::select! {
        () = begun.cancelled() => return Err(StatusCode::GONE),
        received = body::receive(folder, &part, length, body, |piece| digest.update(piece)) => received?,
    }
    let digest = digest.finish();
    let digest = digest.as_ref().try_into();
    digest.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// What the uploader says the file is, or else what its name says.
fn media_type(headers: &HeaderMap, name: &str) -> String {
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|said| said.to_str().ok());
    let said = said.map(crate::cpim::bare_type).filter(|said| {
        let form = [
            "application/octet-stream",
            "application/x-www-form-urlencoded",
        ];
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+/".contains(c);
        said.len() <= 100
            && said.split('/').filter(|part| !part.is_empty()).count() == 2
            && said.chars().all(token)
            && !form.iter().any(|form| form.eq_ignore_ascii_case(said))
    });
    match said {
        Some(said) => said.to_ascii_lowercase(),
        None => crate::cpim::bare_type(files::kind(name.as_ref())).to_owned(),
    }
}

fn status_of(why: NotTaken) -> StatusCode {
    match why {
        NotTaken::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        NotTaken::Full => StatusCode::INSUFFICIENT_STORAGE,
        NotTaken::Exists => StatusCode::CONFLICT,
        NotTaken::Cancelled => StatusCode::GONE,
        NotTaken::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path((sender, receiver, id, name)): Parts,
) -> Response {
    let found = shared.transfers.as_ref().and_then(|transfers| {
        let whose = |part: &str| match part.contains('@') {
            true => shortened(&key(part)),
            false => part.into(),
        };
        let address = Address {
            sender: whose(&sender),
            receiver: whose(&receiver),
            id: id.as_str().into(),
            name: name.as_str().into(),
        };
        let mut found = None;
        shared
            .transfer_guesses
            .judge(peer.address.ip(), Instant::now(), || {
                found = transfers.find(&address, timestamp::now_micros());
                found.is_some()
            });
        found
    });
    allowed(match found {
        Some((transfer, path)) => {
            let given = body::give(&path, transfer.size, &transfer.name).await;
            given.unwrap_or_else(IntoResponse::into_response)
        }
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Response {
    let transfers = shared.transfers.as_ref();
    let is_cancelled = transfers.is_some_and(|all| all.cancel(&id, peer.address.ip()));
    allowed(match is_cancelled {
        true => (StatusCode::OK, "OK").into_response(),
        false => StatusCode::NOT_FOUND.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_said_by_the_uploader_or_the_name() {
        let said = |said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, said.parse().unwrap());
            media_type(&headers, "cat.jpg")
        };
        assert_eq!(said("Image/PNG; x=y"), "image/png");
        for none in ["application/octet-stream", "nonsense", "a/b/c", "a/<b>", ""] {
            assert_eq!(said(none), "image/jpeg", "{none}");
        }
        assert_eq!(
            media_type(&HeaderMap::new(), "x"),
            "application/octet-stream"
        );
    }
}
