//! Push tokens, for the operator (sylkrtc.md §7.2).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::json;
use crate::start::Shared;
use crate::store::{Device, key};
use crate::wire::Json;

pub(super) async fn tokens(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !may(&shared, &headers) {
        return denied();
    }
    match shared.store.devices(&key(&account)).await {
        Ok(devices) => {
            let devices = devices
                .iter()
                .map(|device| (device.key.to_string().into(), shown(device)));
            let tokens = Json::Object(devices.collect());
            json(Json::object([("tokens", tokens)]).print())
        }
        Err(error) => failed(&error.to_string()),
    }
}

pub(super) async fn delete_token(
    State(shared): State<Arc<Shared>>,
    Path((account, token)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !may(&shared, &headers) {
        return denied();
    }
    match shared.store.delete_token(&key(&account), &token).await {
        Ok(success) => json(Json::object([("success", success.into())]).print()),
        Err(error) => failed(&error.to_string()),
    }
}

fn shown(device: &Device) -> Json {
    let push = &device.push;
    Json::object([
        ("token", (&push.token).into()),
        ("platform", (&push.platform).into()),
        ("device_id", (&push.device).into()),
        ("silent", push.silent.into()),
        ("app_id", (&push.app).into()),
    ])
}

/// Without a secret the interface is open; it listens on loopback then.
fn may(shared: &Shared, headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .map(|value| value.as_bytes());
    match &shared.config.admin_secret {
        Some(secret) => given.is_some_and(|given| secret.matches(given)),
        None => true,
    }
}

fn denied() -> Response {
    (StatusCode::FORBIDDEN, "Authentication error").into_response()
}

fn failed(what: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, what.to_owned()).into_response()
}
