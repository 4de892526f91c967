//! The same events as server-sent events, which browsers and `curl` read without a WebSocket. Ours.
//!
//! `GET /communication_manager/sse/event?type=dial&type=hangup&username=*`: pairs of the query are filters, as in a filter
//! message. Each event has an id; with the last one in `Last-Event-ID` a client goes on where it was, as far back as the
//! switch keeps events. Where that is not far enough the answer is 410, and the client has to look at the Live API.

use std::collections::VecDeque;
use std::sync::Arc;

use api::bus::{Ended, Interest, Subscription};
use api::{EventId, NodeId, Seq};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use net::Cause;
use net::drain::Leaving;
use net::http::Peer;
use tokio::time::{Instant, sleep_until};

use crate::access::plain;
use crate::events;
use crate::filter::Filter;
use crate::start::Shared;
use crate::wire::{Entry, MOST_FILTERS};

/// Keys of the query that are no properties.
const NO_PROPERTIES: [&str; 2] = ["access", "lastEventId"];

/// Where a client was: an event of the switch, and how many of those it became.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    event: EventId,
    told: usize,
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (node, seq, told) = (parts.next()?, parts.next()?, parts.next()?);
        let mark = Self {
            event: EventId {
                node: node.parse::<NodeId>().ok()?,
                seq: Seq(seq.parse().ok()?),
            },
            told: told.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let EventId { node, seq } = self.event;
        write!(f, "{node}:{seq}:{}", self.told)
    }
}

/// One stream on its way.
struct Stream {
    shared: Arc<Shared>,
    filter: Filter,
    events: Subscription,
    /// Not sent before this.
    after: Option<Mark>,
    waiting: VecDeque<Bytes>,
    leaving: Leaving,
    _peer: Peer,
}

/// Begins a stream.
pub(crate) async fn open(
    shared: Arc<Shared>,
    peer: Peer,
    query: &str,
    headers: &HeaderMap,
) -> Response {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let entries = pairs.filter(|(key, _)| !NO_PROPERTIES.contains(&&**key));
    let entries: Vec<Entry> = entries
        .map(|(property, value)| Entry {
            property: property.into_owned(),
            value: value.into_owned(),
        })
        .take(MOST_FILTERS + 1)
        .collect();
    if entries.len() > MOST_FILTERS {
        return plain(StatusCode::PRECONDITION_FAILED, "Too many filters.");
    }
    let filter = Filter::new(entries);
    let in_header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let in_query = || {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == "lastEventId")
            .map(|(_, id)| id.into_owned())
    };
    let last = in_header.map(str::to_owned).or_else(in_query);
    let after = match last.as_deref().filter(|id| !id.is_empty()).map(Mark::parse) {
        None => None,
        Some(Some(mark)) => Some(mark),
        Some(None) => return plain(StatusCode::PRECONDITION_FAILED, "Invalid Last-Event-ID."),
    };
    let gone = || {
        plain(
            StatusCode::GONE,
            "The events after that one are not kept any more.",
        )
    };
    let (interest, limits) = (Interest::families(filter.families()), shared.queue_limits());
    let events = match after {
        None => match shared.switch.observe(interest, limits).await {
            Ok((_, events)) => events,
            Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR, "The switch has stopped."),
        },
        Some(mark) => {
            // From that event on, as it may have become several and not all were sent.
            let Some(before) = mark.event.seq.0.checked_sub(1) else {
                return gone();
            };
            let from = EventId {
                seq: Seq(before),
                ..mark.event
            };
            match shared.switch.resume(from, interest, limits).await {
                Ok(events) => events,
                Err(_) => return gone(),
            }
        }
    };
    let stream = Stream {
        leaving: shared.leaving(),
        shared,
        filter,
        events,
        after,
        waiting: VecDeque::new(),
        _peer: peer,
    };
    let body = Body::from_stream(stream::unfold(stream, |mut stream| async {
        let bytes = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), stream))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

impl Stream {
    /// What is sent next; `None` at the end, after which a client asks again from where it was.
    async fn next(&mut self) -> Option<Bytes> {
        let ping_at = Instant::now() + self.shared.config.ping;
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Some(bytes);
            }
            let event = tokio::select! {
                biased;
                () = self.leaving.told.cancelled() => return None,
                event = self.events.next() => event,
                () = sleep_until(ping_at) => return Some(Bytes::from_static(b":\n\n")),
            };
            let event = match event {
                Ok(event) => event,
                Err(Ended::Overrun(_)) => {
                    self.shared.counters.count(Cause::LostEvents);
                    return None;
                }
                Err(Ended::Stopped) => return None,
            };
            let encoded = events::encoded(&event, &self.shared);
            for (index, line) in events::lines(&encoded).enumerate() {
                let mark = Mark {
                    event: event.id,
                    told: index + 1,
                };
                let seen = self
                    .after
                    .is_some_and(|after| after.event == mark.event && mark.told <= after.told);
                let text = String::from_utf8_lossy(&line);
                if !seen && self.filter.passes(&text) {
                    self.waiting
                        .push_back(format!("id: {mark}\ndata: {text}\n\n").into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let text = "6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101:17:2";
        let mark = Mark::parse(text).unwrap();
        assert_eq!((mark.event.seq.0, mark.told), (17, 2));
        assert_eq!(mark.to_string(), text);
        for wrong in [
            "",
            "17",
            "a:17:1",
            "6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101:x:1",
            &format!("{text}:1"),
        ] {
            assert_eq!(Mark::parse(wrong), None, "{wrong}");
        }
    }
}
