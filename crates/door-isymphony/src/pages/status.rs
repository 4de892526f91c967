//! Where somebody who has signed in says they are (event-api.md §5.1, `userStatus`).

use std::sync::Arc;

use api::Timestamp;
use api::command::user::SetUserStatus;
use api::view::{StatusType, UserStatus};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use net::http::Peer;

use super::{Login, Pages, SIGN_IN, read, refused};
use crate::access::plain;
use crate::commands::directory_user;
use crate::error::Refusal;
use crate::http;
use crate::objects::{Kind, Object};
use crate::statuses::{OfferedStatus, is_offered};
use crate::wire::Value;

/// What a status is called when its user gives it no name of their own.
const fn usual_name(kind: StatusType) -> &'static str {
    match kind {
        StatusType::Available => "Available",
        StatusType::Unavailable => "Unavailable",
        StatusType::Away => "Away",
        StatusType::ExtendedAway => "Away for long",
        StatusType::DoNotDisturb => "Do not disturb",
        StatusType::Chat => "Ready to chat",
        StatusType::AltBlue => "Blue",
        StatusType::AltGreen => "Green",
        StatusType::AltPink => "Pink",
        StatusType::AltPurple => "Purple",
        StatusType::AltRed => "Red",
    }
}

/// `{"statusType": "away", "name": …, "note": …, "returnTime": …}`; all but the first may be missing. 204.
pub(super) async fn set(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(why) = pages.hosts.own(&headers, peer.secure) {
        return refused(why);
    }
    let Some(login) = pages.login(&headers) else {
        return plain(StatusCode::UNAUTHORIZED, SIGN_IN);
    };
    let body = match read(&pages, body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    match say(&pages, &login, &peer, &body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(why) => http::refusal(&why),
    }
}

async fn say(pages: &Pages, login: &Login, peer: &Peer, body: &Value) -> Result<(), Refusal> {
    let status = status(body, &pages.shared.config.statuses)?;
    let objects = pages.shared.configuration.now();
    let view = pages.shared.switch.view();
    let is_own = |extension: &&Arc<Object>| {
        let bound = objects.managing_user(extension);
        bound.is_some_and(|bound| *bound.id == *login.user)
    };
    let mut own = objects.of(Kind::Extension, &login.core).filter(is_own);
    let user = own.find_map(|extension| directory_user(&view, extension));
    let none = || Refusal::not_found("The switch has no user of an extension of yours.");
    let command = SetUserStatus {
        user: user.ok_or_else(none)?,
        status: Some(status),
    };
    Ok(pages.shared.ask(command, peer).await?)
}

fn status(body: &Value, offered: &[OfferedStatus]) -> Result<UserStatus, Refusal> {
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(Refusal::missing(name)),
    };
    let kind = StatusType::parse(text("statusType")?);
    let kind = kind.ok_or_else(|| Refusal::missing("statusType"))?;
    let name = text("name")?;
    let returns_at = match body.get("returnTime") {
        None | Some(Value::Null) => None,
        Some(time) => {
            let time = time
                .as_i64()
                .ok_or_else(|| Refusal::missing("returnTime"))?;
            let micros = time.checked_mul(1_000).map(Timestamp);
            // -1 is how nothing is said here.
            micros.filter(|_| time >= 0)
        }
    };
    Ok(UserStatus {
        name: if name.is_empty() {
            usual_name(kind)
        } else {
            name
        }
        .into(),
        kind,
        note: text("note")?.into(),
        returns_at,
        own: !name.is_empty() && !is_offered(offered, name, kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_somebody_says() {
        let away = status(&json!({"statusType": "away"}), &[]).unwrap();
        assert_eq!((&*away.name, away.kind), ("Away", StatusType::Away));
        assert_eq!((&*away.note, away.returns_at, away.own), ("", None, false));
        let said = json!({"statusType": "xa", "name": "At sea", "note": "n", "returnTime": 1_700_000_000_000_i64});
        let at_sea = OfferedStatus {
            name: "At sea".to_owned(),
            kind: StatusType::ExtendedAway,
        };
        assert!(!status(&said, &[at_sea]).unwrap().own);
        let said = status(&said, &[]).unwrap();
        assert_eq!((&*said.name, said.own), ("At sea", true));
        assert_eq!(said.returns_at, Some(Timestamp(1_700_000_000_000_000)));
        assert_eq!(
            status(&json!({"statusType": "chat", "returnTime": -1}), &[])
                .unwrap()
                .returns_at,
            None
        );
        for wrong in [
            json!({}),
            json!([]),
            json!({"statusType": "sleepy"}),
            json!({"statusType": "away", "note": 5}),
            json!({"statusType": "away", "returnTime": "soon"}),
        ] {
            assert!(status(&wrong, &[]).is_err(), "{wrong}");
        }
    }
}
