//! Asking: tries, times, the signature, and what counts as an answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use net::http_client::{self, HttpAnswer};
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Target;
use crate::counters::Outcome;
use crate::error::Failure;
use crate::signature::sign;
use crate::start::Shared;
use crate::wire::{self, Answer, Wrong};

/// What to do next, as the application says.
pub(crate) async fn ask(
    shared: &Shared,
    target: &Target,
    id: &str,
    body: &Bytes,
) -> Result<Answer, Failure> {
    let answer = tries(shared, target, id, body).await?;
    if answer.status != 200 {
        return Err(Failure::Status(answer.status));
    }
    let json = answer.content_type.as_deref().is_some_and(|given| {
        let kind = given.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    });
    if !json || answer.encoded {
        return Err(Failure::Type);
    }
    let answer = wire::read(&answer.body)?;
    if let Some(next) = &answer.next {
        let next = target.url.next(next);
        next.map_err(|error| Wrong::new(&format!("next: {error}")))?;
    }
    Ok(answer)
}

/// The last report about a call; any 2xx will do.
pub(crate) async fn tell(
    shared: &Shared,
    target: &Target,
    id: &str,
    body: &Bytes,
) -> Result<(), Failure> {
    let answer = tries(shared, target, id, body).await?;
    if (200..300).contains(&answer.status) {
        Ok(())
    } else {
        Err(Failure::Status(answer.status))
    }
}

async fn tries(
    shared: &Shared,
    target: &Target,
    id: &str,
    body: &Bytes,
) -> Result<HttpAnswer, Failure> {
    let config = &shared.config;
    let end = Instant::now() + config.answer_time;
    let mut pause = config.retry_pause;
    let mut left = config.retries;
    let mut attempt = 1_u32;
    loop {
        let by = end.min(Instant::now() + config.request_time);
        let headers = headers(target, id, attempt, body);
        let posted = http_client::post(
            &target.url,
            &shared.tls,
            &headers,
            body.clone(),
            config.connect_time,
            config.max_answer,
        );
        let failure = match timeout_at(by, posted).await {
            Ok(Ok(answer)) if answer.status < 500 => return Ok(answer),
            Ok(Ok(answer)) => Failure::Status(answer.status),
            Ok(Err(error)) => error.into(),
            Err(_) => Failure::Late,
        };
        if left == 0 || !failure.may_pass() || Instant::now() + pause >= end {
            return Err(failure);
        }
        tracing::info!(url = %target.url, request = id, %failure, "Asking a web application again");
        shared.counters.count(Outcome::Retried);
        sleep(pause).await;
        pause = pause.saturating_mul(2);
        left -= 1;
        attempt += 1;
    }
}

fn headers(target: &Target, id: &str, attempt: u32, body: &[u8]) -> Vec<(&'static str, String)> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let timestamp = since.unwrap_or(Duration::ZERO).as_secs().to_string();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
        ("accept-encoding", "identity".to_owned()),
        (
            "user-agent",
            concat!("jackfield/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("jackfield-request", id.to_owned()),
        ("jackfield-attempt", attempt.to_string()),
    ];
    let secret = target.application.as_ref().and_then(|a| a.secret.as_ref());
    if let Some(secret) = secret {
        headers.push(("jackfield-signature", sign(secret, &timestamp, body)));
    }
    headers.push(("jackfield-timestamp", timestamp));
    headers
}
