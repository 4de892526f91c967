//! Files shared in rooms (sylkrtc.md §6.3). Knowing a session of the room is the credential.

use std::sync::Arc;

use api::command::video_room::ShareFile;
use api::{ErrorKind, ObjectKind};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::body::{self, allowed};
use crate::rooms::{FileInfo, NotShared, SharedFiles};
use crate::start::Shared;

/// What follows the base: room, own session, name.
type Address = Path<(String, String, String)>;

pub(super) async fn preflight() -> Response {
    allowed(StatusCode::OK.into_response())
}

pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((room, session, name)): Address,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = match body::length(&headers) {
        Some(length) => take(&shared, &room, &session, &name, length, body).await,
        None => Err(StatusCode::LENGTH_REQUIRED),
    };
    allowed(match answer {
        Ok(()) => (StatusCode::OK, "OK").into_response(),
        Err(status) => status.into_response(),
    })
}

/// Takes a file in and tells the room.
async fn take(
    shared: &Arc<Shared>,
    room: &str,
    session: &str,
    name: &str,
    length: u64,
    body: Body,
) -> Result<(), StatusCode> {
    let files = shared.files.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let room: Arc<str> = room.to_lowercase().into();
    let entry = shared.rooms.participant(&room, session);
    let entry = entry.ok_or(StatusCode::FORBIDDEN)?;
    let channel = entry.channel.ok_or(StatusCode::FORBIDDEN)?;
    let begun = files
        .begin(&room, name, length, entry.party, session.into())
        .map_err(status_of)?;
    let (folder, part) = begun.part();
    body::receive(folder, part, length, body, |_| {}).await?;
    // All of it has come: from here on it does not matter whether the uploader stays to hear the answer.
    let by_task = (shared.clone(), files.clone());
    let completing = shared.spawn(async move {
        let (shared, files) = by_task;
        let finished = tokio::task::spawn_blocking(move || begun.finish()).await;
        let file = finished
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
            .map_err(status_of)?;
        tell(&shared, &files, &room, channel, file).await
    });
    let completed = completing.await;
    completed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
}

async fn tell(
    shared: &Shared,
    files: &SharedFiles,
    room: &str,
    channel: api::ChannelId,
    file: FileInfo,
) -> Result<(), StatusCode> {
    let share = ShareFile {
        channel,
        name: file.name.clone(),
        size: file.size,
    };
    let Err(error) = shared.switch.ask(share, shared.origin(0)).await else {
        return Ok(());
    };
    tracing::debug!(%error, "A file was not shared");
    if let Some(path) = files.withdraw(room, &file.name) {
        tokio::fs::remove_file(path).await.ok();
    }
    if error.kind == ErrorKind::NotFound(ObjectKind::Member) {
        Err(StatusCode::FORBIDDEN)
    } else if error.kind == ErrorKind::LimitReached {
        Err(StatusCode::INSUFFICIENT_STORAGE)
    } else {
        Err(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn status_of(why: NotShared) -> StatusCode {
    match why {
        NotShared::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        NotShared::Full => StatusCode::INSUFFICIENT_STORAGE,
        NotShared::Gone => StatusCode::FORBIDDEN,
        NotShared::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Path((room, session, name)): Address,
) -> Response {
    allowed(match give(&shared, &room, &session, &name).await {
        Ok(response) => response,
        Err(status) => status.into_response(),
    })
}

async fn give(
    shared: &Shared,
    room: &str,
    session: &str,
    name: &str,
) -> Result<Response, StatusCode> {
    let files = shared.files.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let room = room.to_lowercase();
    let entry = shared.rooms.participant(&room, session);
    entry.ok_or(StatusCode::FORBIDDEN)?;
    let (info, path) = files.find(&room, name).ok_or(StatusCode::NOT_FOUND)?;
    body::give(&path, info.size, &info.name).await
}
