//! What the door serves over HTTP beside its WebSocket (sylkrtc.md §7.2, §7.3).

mod admin;
mod body;
mod files;
mod filesharing;
mod filetransfer;
mod history;
mod upgrade;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get};

use crate::start::Shared;
pub(crate) use history::ApiTokens;

/// Routes of the public listeners.
pub(crate) fn public(shared: &Arc<Shared>) -> Router {
    let socket = shared.config.path.clone();
    let base = match socket.rsplit_once('/') {
        Some((base, _)) => base.to_owned(),
        None => String::new(),
    };
    let history = format!("{base}/messages/history/{{account}}");
    let mut router = Router::new()
        .route(&socket, get(upgrade::upgrade))
        .route(&history, get(history::all).options(history::preflight))
        .route(
            &format!("{history}/{{message_id}}"),
            get(history::after).options(history::preflight),
        );
    if shared.files.is_some() {
        let sharing = format!("{base}/filesharing/{{room}}/{{session}}/{{filename}}");
        let methods = get(filesharing::download).post(filesharing::upload);
        router = router.route(&sharing, methods.options(filesharing::preflight));
    }
    if shared.transfers.is_some() {
        let cancel = get(filetransfer::cancel).post(filetransfer::cancel);
        let methods = get(filetransfer::download).post(filetransfer::upload);
        let base = format!("{base}/filetransfer");
        router = router
            .route(
                &format!("{base}/cancel/{{transfer_id}}"),
                cancel.options(filetransfer::preflight),
            )
            .route(
                &format!("{base}/{{sender}}/{{receiver}}/{{transfer_id}}/{{filename}}"),
                methods.options(filetransfer::preflight),
            );
    }
    if shared.config.static_root.is_some() {
        router = router
            .route(&format!("{base}/"), get(files::index))
            .route(&format!("{base}/{{*path}}"), get(files::file));
    }
    router.with_state(shared.clone())
}

/// Routes of the admin listener.
pub(crate) fn admin(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/tokens/{account}", get(admin::tokens))
        .route("/tokens/{account}/{token}", delete(admin::delete_token))
        .with_state(shared.clone())
}

/// An answer of JSON.
fn json(text: String) -> axum::response::Response {
    use axum::response::IntoResponse;
    (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        text,
    )
        .into_response()
}
