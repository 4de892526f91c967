//! The journal for SIP devices (sylkrtc.md §7.3). A token for it comes by a MESSAGE (sylkrtc.md §3.3).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::json;
use crate::start::Shared;
use crate::store::{After, key};
use crate::wire::Json;
use crate::wire::message::{Entry, MAX_SYNC};

/// How long a token is good (sylkrtc.md §7.3).
const LIFETIME: Duration = Duration::from_secs(31 * 24 * 3_600);

/// Most accounts with a token; beyond, the oldest token goes.
const MOST: usize = 10_000;

/// One token per account, in memory: a new one replaces the old one.
#[derive(Default)]
pub(crate) struct ApiTokens {
    /// Held for one look or change.
    tokens: Mutex<Issued>,
}

/// By account: the token, and since when.
type Issued = HashMap<Arc<str>, (Arc<str>, Instant)>;

impl ApiTokens {
    fn tokens(&self) -> MutexGuard<'_, Issued> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new token for an account.
    pub(crate) fn issue(&self, account: &str, now: Instant) -> Arc<str> {
        let token: Arc<str> = api::Uuid::new_v4().simple().to_string().into();
        let mut tokens = self.tokens();
        if tokens.len() >= MOST && !tokens.contains_key(account) {
            let oldest = tokens.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(account) = oldest.map(|(account, _)| account.clone()) {
                tokens.remove(&account);
            }
        }
        tokens.insert(account.into(), (token.clone(), now));
        token
    }

    fn is_good(&self, account: &str, given: &str, now: Instant) -> bool {
        let tokens = self.tokens();
        let issued = tokens.get(account);
        issued.is_some_and(|(token, since)| {
            bool::from(token.as_bytes().ct_eq(given.as_bytes()))
                && now.saturating_duration_since(*since) < LIFETIME
        })
    }
}

pub(super) async fn all(
    state: State<Arc<Shared>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(&state, &account, After::Beginning, &headers).await
}

pub(super) async fn after(
    state: State<Arc<Shared>>,
    Path((account, message_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(
        &state,
        &account,
        After::Message(message_id.into(), None),
        &headers,
    )
    .await
}

pub(super) async fn preflight() -> Response {
    let allow = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"),
    ];
    (StatusCode::OK, allow).into_response()
}

async fn answer(shared: &Shared, account: &str, after: After, headers: &HeaderMap) -> Response {
    let own = key(account);
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = given.and_then(|given| given.strip_prefix("Apikey "));
    let now = Instant::now();
    if !token.is_some_and(|token| shared.api_tokens.is_good(&own, token.trim(), now)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let entries = match shared.store.journal(&own, after, MAX_SYNC).await {
        Ok(entries) => entries,
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return (status, error.to_string()).into_response();
        }
    };
    let messages = Json::List(entries.iter().map(Entry::json).collect());
    let mut response =
        json(Json::object([("account", account.into()), ("messages", messages)]).print());
    let any = axum::http::HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_account_and_a_month() {
        let tokens = ApiTokens::default();
        let now = Instant::now();
        let old = tokens.issue("a@b", now);
        let token = tokens.issue("a@b", now);
        assert!(tokens.is_good("a@b", &token, now) && !tokens.is_good("a@b", &old, now));
        assert!(!tokens.is_good("c@d", &token, now) && !tokens.is_good("a@b", "", now));
        assert!(!tokens.is_good("a@b", &token, now + LIFETIME));
    }
}
