//! Static files, for a page that is served with its switch (sylkrtc.md §7.3).

use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::start::Shared;

/// Largest file served, in bytes. Ours: pages, scripts and tones are far below.
const MAX: u64 = 32 << 20;

pub(super) async fn index(State(shared): State<Arc<Shared>>) -> Response {
    serve(&shared, "index.html").await
}

pub(super) async fn file(State(shared): State<Arc<Shared>>, Path(path): Path<String>) -> Response {
    serve(&shared, &path).await
}

async fn serve(shared: &Shared, path: &str) -> Response {
    let found = shared
        .config
        .static_root
        .as_deref()
        .and_then(|root| within(root, path));
    let Some(file) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = kind(&file);
    let read = tokio::task::spawn_blocking(move || read(&file)).await;
    match read.ok().flatten() {
        Some(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The file below the root; nothing that leads out of it.
fn within(root: &FilePath, path: &str) -> Option<PathBuf> {
    let path = if path.is_empty() || path.ends_with('/') {
        format!("{path}index.html")
    } else {
        path.to_owned()
    };
    let plain = FilePath::new(&path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    (plain && !hidden && !path.contains(['\\', '\0'])).then(|| root.join(path))
}

fn read(file: &FilePath) -> Option<Vec<u8>> {
    let about = std::fs::metadata(file).ok()?;
    if !about.is_file() || about.len() > MAX {
        return None;
    }
    std::fs::read(file).ok()
}

/// The media type of a file, by its name.
pub(super) fn kind(file: &FilePath) -> &'static str {
    match file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out() {
        let root = FilePath::new("/srv/page");
        assert_eq!(within(root, "a/b.js"), Some("/srv/page/a/b.js".into()));
        assert_eq!(within(root, "a/"), Some("/srv/page/a/index.html".into()));
        for out in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            ".git/config",
            "a/./b/../..",
            "a\\b",
        ] {
            assert_eq!(within(root, out), None, "{out}");
        }
    }
}
