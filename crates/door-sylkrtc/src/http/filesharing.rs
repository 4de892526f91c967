//! Files shared in rooms (sylkrtc.md §6.3). Knowing a session of the room is the credential.

use std::sync::Arc;
use std::time::Duration;

use api::command::video_room::ShareFile;
use api::{ErrorKind, ObjectKind};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::rooms::{Begin, FileInfo, NotShared, SharedFiles};
use crate::start::Shared;

/// Longest pause of an upload.
const PAUSE: Duration = Duration::from_secs(30);

/// Bytes read from the disk at once.
const PIECE: usize = 64 << 10;

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
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let answer = match length {
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
    receive(&begun, length, body).await?;
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

/// Writes exactly `length` bytes of the body where they belong.
async fn receive(begun: &Begin, length: u64, body: Body) -> Result<(), StatusCode> {
    let failed = |error: std::io::Error| {
        tracing::warn!(%error, "A shared file cannot be kept");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let (folder, part) = begun.part();
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    // What is there already is not opened, and so not followed.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(part)
        .await
        .map_err(failed)?;
    let mut left = length;
    let mut pieces = body.into_data_stream();
    loop {
        let piece = timeout(PAUSE, pieces.next()).await;
        match piece.map_err(|_| StatusCode::REQUEST_TIMEOUT)? {
            Some(Ok(piece)) => {
                left = left
                    .checked_sub(piece.len() as u64)
                    .ok_or(StatusCode::BAD_REQUEST)?;
                file.write_all(&piece).await.map_err(failed)?;
            }
            Some(Err(_)) => return Err(StatusCode::BAD_REQUEST),
            None if left == 0 => break,
            None => return Err(StatusCode::BAD_REQUEST),
        }
    }
    file.flush().await.map_err(failed)
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
    let failed = |error: std::io::Error| {
        tracing::warn!(%error, "A shared file cannot be read");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let about = tokio::fs::symlink_metadata(&path).await.map_err(failed)?;
    if !about.is_file() {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let file = File::open(&path).await.map_err(failed)?;
    let pieces = stream::try_unfold(file.take(info.size), |mut file| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, info.size.into());
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&disposition(&info.name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// An attachment with its name, for old browsers in ASCII (RFC 6266 §4.3).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// Any page may read the answer.
fn allowed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let content_type = HeaderValue::from_static("content-type");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers_are_harmless() {
        assert_eq!(
            disposition("größe \"1\".pdf"),
            "attachment; filename=\"gr__e _1_.pdf\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.pdf"
        );
    }
}
