//! The server itself: brand, core servers by slug, licences (event-api.md §8.1).

use serde_json::json;

use super::{Answer, Call, core, list, shown};
use crate::error::Refusal;
use crate::objects::Kind;
use crate::start::Shared;

pub(super) fn brand() -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    Answer::Json(json!({"name": "Jackfield", "version": version, "build": version}))
}

pub(super) fn by_slug(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let core = objects.having(Kind::CoreServer, "", "slug", call.last_place());
    let core = core.ok_or_else(|| Refusal::no_such(Kind::CoreServer.noun(), "slug"))?;
    Ok(Answer::Json(shown(shared, core)))
}

/// Nothing is limited.
pub(super) fn license(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    core(&shared.configuration.now(), call)?;
    Ok(Answer::Json(json!({
        "licensedTo": "open",
        "serial": "0",
        "type": "Open",
        "expirationDate": null,
        "maintenanceExpirationDate": null,
        "clientConnections": -1,
        "configuredUsers": -1,
    })))
}

pub(super) fn module_licenses(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    core(&shared.configuration.now(), call)?;
    Ok(list(std::iter::empty()))
}

pub(super) fn module_properties(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    core(&shared.configuration.now(), call)?;
    Err(Refusal::no_such("A module license", "id"))
}

/// There is nothing to be activated; serials and bindings are read and forgotten.
pub(super) fn activate(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    core(&shared.configuration.now(), call)?;
    let body = call.json()?;
    let is_one = body.is_string() || body.is_object();
    is_one.then_some(Answer::Done).ok_or_else(Refusal::json)
}
