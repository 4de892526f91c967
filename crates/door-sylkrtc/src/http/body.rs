//! Files as the bodies of requests and answers.

use std::path::Path;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::transfer::escaped;

/// Longest pause of an upload.
const PAUSE: Duration = Duration::from_secs(30);

/// Bytes read from the disk at once.
const PIECE: usize = 64 << 10;

/// How many bytes a request announces.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Writes exactly `length` bytes of a body into a new file `part` in `folder`, and waits until they are on the disk.
/// `seen` sees all of them in their order. Cancelled, it leaves a part of the file.
///
/// # Errors
/// The status to answer with.
pub(super) async fn receive(
    folder: &Path,
    part: &Path,
    length: u64,
    body: Body,
    mut seen: impl FnMut(&[u8]),
) -> Result<(), StatusCode> {
    let failed = |error: std::io::Error| {
        tracing::warn!(%error, "A file that a client sends cannot be kept");
        StatusCode::INTERNAL_SERVER_ERROR
    };
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
                seen(&piece);
                file.write_all(&piece).await.map_err(failed)?;
            }
            Some(Err(_)) => return Err(StatusCode::BAD_REQUEST),
            None if left == 0 => break,
            None => return Err(StatusCode::BAD_REQUEST),
        }
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)
}

/// A file of `size` bytes to be kept under a name, whatever it is.
///
/// # Errors
/// The status to answer with.
pub(super) async fn give(path: &Path, size: u64, name: &str) -> Result<Response, StatusCode> {
    let failed = |error: std::io::Error| {
        tracing::warn!(%error, "A file of a client cannot be read");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let about = tokio::fs::symlink_metadata(path).await.map_err(failed)?;
    if !about.is_file() {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let file = File::open(path).await.map_err(failed)?;
    let pieces = stream::try_unfold(file.take(size), |mut file| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, size.into());
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&disposition(name)) {
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
    let exact = escaped(name);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// Any page may read the answer.
pub(super) fn allowed(mut response: Response) -> Response {
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
