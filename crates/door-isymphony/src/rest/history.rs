//! Calls that have ended, out of the server's records of them (ours; docs/protocols/event-api.md).

use std::time::Duration;

use serde_json::json;
use store::{CallPlace, CallRecord, CallSearch, StoreError};

use axum::http::StatusCode;

use super::call::{Answer, Call};
use super::live::core_of;
use crate::error::Refusal;
use crate::start::Shared;
use crate::wire::Value;

/// What may be asked, with its type in OpenAPI.
pub(super) const PARAMETERS: &[(&str, &str)] = &[
    ("search", "string"),
    ("limit", "integer"),
    ("before", "string"),
];

/// Calls of a page, unless another number is asked for, and at the most.
const PAGE: (usize, usize) = (50, 500);

/// Longest text that is searched for, in bytes.
const LONGEST: usize = 128;

/// Longest time a page may take: those who search for a text read many records.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers with a page of calls, each by the leg with which it began.
pub(super) async fn perform(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    core_of(&objects, call.named(0))?;
    let person = call.person();
    if person.is_some_and(|person| !person.reads_history()) {
        return Err(Refusal::forbidden());
    }
    if !shared.config.call_history {
        return Err(Refusal::not_found("Records of calls are not kept."));
    }
    let parameters = call.parameters()?;
    let text = |name: &str| match parameters.get(name) {
        Some(Value::String(text)) => Ok(text.trim()),
        Some(_) => Err(Refusal::invalid(name)),
        None => Ok(""),
    };
    let search = text("search")?;
    if search.len() > LONGEST {
        return Err(Refusal::invalid("search"));
    }
    let limit = match text("limit")? {
        "" => PAGE.0,
        limit => limit
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE.1).contains(limit))
            .ok_or_else(|| Refusal::invalid("limit"))?,
    };
    let after = match text("before")? {
        "" => None,
        place => Some(CallPlace::parse(place).ok_or_else(|| Refusal::invalid("before"))?),
    };
    // Given back when the search has ended, whether or not anybody still waits for it.
    let _place = match call.asker().filter(|_| !search.is_empty()) {
        Some(asker) => Some(
            asker
                .searching
                .try_acquire()
                .map_err(|_| still_searching())?,
        ),
        None => None,
    };
    let search = CallSearch {
        text: (!search.is_empty()).then(|| search.into()),
        of: person.and_then(|person| person.history(&objects, &shared.switch.view())),
        within: Some(PATIENCE),
        first_legs: true,
        after,
        limit,
        ..CallSearch::default()
    };
    let page = shared.configuration.store().calls(search).await;
    let page = page.map_err(|error| match error {
        StoreError::TooLong => too_long(),
        StoreError::Full | StoreError::Failed => Refusal::failed("The records cannot be read."),
    })?;
    let next = page.next.map(|place| place.to_string());
    let calls: Vec<Value> = page.calls.iter().map(show).collect();
    Ok(Answer::Json(json!({"calls": calls, "next": next})))
}

fn still_searching() -> Refusal {
    let text = "Your last search has not ended yet.";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, text)
}

fn too_long() -> Refusal {
    let text = "There are too many records to search them for that in time. Search for the beginning of the list, without a text, or try again later.";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
}

fn show(call: &CallRecord) -> Value {
    let number = call.user.split('@').next().filter(|user| !user.is_empty());
    json!({
        "id": &*call.uuid,
        "start": call.started / 1000,
        "answer": call.answered.map(|at| at / 1000),
        "end": call.ended / 1000,
        "durationSeconds": call.duration_s,
        "billedSeconds": call.billed_s,
        "direction": call.direction.name(),
        "callerIdName": &*call.caller_name,
        "callerIdNumber": &*call.caller_number,
        "destination": &*call.destination,
        "extensionNumber": number,
        "hangupCause": &*call.cause,
        "queue": call.queue.as_deref(),
        "recorded": call.recording.is_some(),
    })
}
