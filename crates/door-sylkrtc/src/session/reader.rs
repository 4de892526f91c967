//! The read side: frames to requests, pings answered at once, rates kept.

use std::time::Instant;

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use net::websocket::{Broken, Signals};
use net::{Outbox, Outcome, Refused, SlowReason, TokenBucket};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::config::{Config, Rate};
use crate::wire::fields::MAX_ID;
use crate::wire::{ack, error};

/// A request that can be answered; what is in it was not looked at yet.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) name: String,
    pub(crate) transaction: String,
    pub(crate) members: Map<String, Value>,
}

/// Why no more requests come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadEnd {
    /// The peer said goodbye.
    Closed,
    /// It is gone without a word.
    Gone,
    /// It sent what no WebSocket may carry.
    Malformed,
    /// It sent more than one message may have.
    TooBig,
    /// It does not read its answers.
    Slow(SlowReason),
    /// The write side has ended by itself.
    WriteEnded(Outcome),
}

impl From<Broken> for ReadEnd {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Gone,
            Broken::Malformed => Self::Malformed,
            Broken::TooBig => Self::TooBig,
        }
    }
}

pub(crate) struct Reader<'a> {
    pub(crate) connection: u64,
    pub(crate) outbox: &'a Outbox,
    pub(crate) signals: Signals,
    pub(crate) requests: mpsc::Sender<Box<Incoming>>,
    pub(crate) trace: bool,
    pub(crate) buckets: Buckets,
}

/// What is left of the rates.
pub(crate) struct Buckets {
    requests: TokenBucket,
    trickles: TokenBucket,
}

impl Buckets {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        let bucket = |rate: Rate| TokenBucket::new(rate.burst, rate.per_second, now);
        Self {
            requests: bucket(config.requests),
            trickles: bucket(config.trickles),
        }
    }
}

impl Reader<'_> {
    /// Reads until the connection ends. The queue of requests is bounded: when it is full, nothing more is read.
    pub(crate) async fn run(mut self, mut stream: SplitStream<WebSocket>) -> ReadEnd {
        loop {
            let text = match stream.next().await {
                None => return ReadEnd::Gone,
                Some(Err(error)) => {
                    tracing::debug!(connection = self.connection, %error, "WebSocket ended");
                    return Broken::of(&error).into();
                }
                Some(Ok(message)) => {
                    self.signals.heard();
                    match message {
                        Message::Text(text) => text,
                        Message::Close(_) => return ReadEnd::Closed,
                        Message::Binary(_) => {
                            tracing::debug!(connection = self.connection, "Binary message ignored");
                            continue;
                        }
                        Message::Ping(_) | Message::Pong(_) => continue,
                    }
                }
            };
            let Some(incoming) = parse(&text) else {
                tracing::debug!(
                    connection = self.connection,
                    "Message without request ignored"
                );
                continue;
            };
            if self.trace {
                let frame = without_secrets(&incoming.members);
                tracing::info!(connection = self.connection, %frame, "Received");
            }
            match Box::pin(self.pass_on(incoming)).await {
                Ok(()) => {}
                Err(Refused::SlowReader(reason)) => return ReadEnd::Slow(reason),
                Err(Refused::Ended(outcome)) => return ReadEnd::WriteEnded(outcome),
            }
        }
    }

    async fn pass_on(&mut self, incoming: Incoming) -> Result<(), Refused> {
        if incoming.name == "ping" {
            return self.outbox.push(ack(&incoming.transaction, Vec::new()));
        }
        let bucket = if is_trickle(&incoming) {
            &mut self.buckets.trickles
        } else {
            &mut self.buckets.requests
        };
        if !bucket.take(Instant::now()) {
            metrics::counter!("jackfield_sylkrtc_requests_refused_total").increment(1);
            return self
                .outbox
                .push(error(&incoming.transaction, "Too many requests"));
        }
        // The session has ended; why, it says itself.
        self.requests
            .send(Box::new(incoming))
            .await
            .map_err(|_| Refused::Ended(Outcome::PeerGone))
    }
}

/// An object with a name and a usable transaction; anything else cannot be answered and is ignored (sylkrtc.md §1.5).
pub(crate) fn parse(text: &str) -> Option<Incoming> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return None;
    };
    let name = members.get("sylkrtc")?.as_str()?.to_owned();
    let transaction = members.get("transaction")?.as_str()?.to_owned();
    let usable = transaction.chars().count() <= MAX_ID;
    usable.then_some(Incoming {
        name,
        transaction,
        members,
    })
}

fn is_trickle(incoming: &Incoming) -> bool {
    match incoming.name.as_str() {
        "session-trickle" | "trickle" | "videoroom-session-trickle" => true,
        "videoroom-ctl" => incoming
            .members
            .get("option")
            .is_some_and(|option| option == "trickle"),
        _ => false,
    }
}

fn without_secrets(members: &Map<String, Value>) -> Value {
    let mut shown = members.clone();
    for secret in ["password", "previous_session_token"] {
        if let Some(value) = shown.get_mut(secret) {
            *value = "…".into();
        }
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_answered_is_a_request() {
        assert!(parse(r#"{"sylkrtc":"x","transaction":"1"}"#).is_some());
        for ignored in [
            "",
            "no json",
            "[]",
            "\"text\"",
            "5",
            "null",
            "{}",
            r#"{"transaction":"1"}"#,
            r#"{"sylkrtc":"x"}"#,
            r#"{"sylkrtc":"x","transaction":5}"#,
            r#"{"sylkrtc":["x"],"transaction":"1"}"#,
        ] {
            assert!(parse(ignored).is_none(), "{ignored}");
        }
        let long = format!(r#"{{"sylkrtc":"x","transaction":"{}"}}"#, "x".repeat(129));
        assert!(parse(&long).is_none());
    }

    #[test]
    fn deep_nesting_is_no_request() {
        let deep = format!(
            r#"{{"sylkrtc":"x","transaction":"1","a":{}}}"#,
            "[".repeat(100_000)
        );
        assert!(parse(&deep).is_none());
    }

    #[test]
    fn secrets_are_not_traced() {
        let incoming =
            parse(r#"{"sylkrtc":"account-add","transaction":"1","password":"geheim"}"#).unwrap();
        assert!(
            !without_secrets(&incoming.members)
                .to_string()
                .contains("geheim")
        );
    }
}
