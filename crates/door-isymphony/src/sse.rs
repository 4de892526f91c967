//! The same events as server-sent events, which browsers and `curl` read without a WebSocket. Ours.
//!
//! `GET /communication_manager/sse/event?type=dial&type=hangup&username=*`: pairs of the query are filters, as in a filter
//! message. Each event has an id; with the last one in `Last-Event-ID` a client goes on where it was: as far back as the
//! switch keeps events in memory, or, where there is a log of events, as far as that goes, also over a restart. Where that is
//! not far enough the answer is 410, and the client has to look at the Live API.

mod mark;
mod tail;

use std::collections::VecDeque;
use std::sync::Arc;

use api::bus::{Ended, Interest, Subscription};
use api::{EventId, Seq};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use eventlog::{Entry as Logged, EventLog, Missed};
use futures_util::stream;
use net::Cause;
use net::drain::Leaving;
use net::http::Peer;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use mark::{Mark, Place};
use tail::{Tail, Unreadable};

use crate::access::plain;
use crate::event_log::KIND;
use crate::events;
use crate::filter::Filter;
use crate::start::Shared;
use crate::wire::{Entry, MOST_FILTERS};

/// Keys of the query that are no properties.
const NO_PROPERTIES: [&str; 2] = ["access", "lastEventId"];

/// One stream on its way.
struct Stream {
    shared: Arc<Shared>,
    filter: Filter,
    source: Source,
    /// Not sent before this.
    after: Option<Mark>,
    waiting: VecDeque<Bytes>,
    leaving: Leaving,
    _peer: Peer,
}

/// Where events come from.
enum Source {
    /// The switch, as they happen.
    Bus(Subscription),
    /// The log of events, as they are written.
    Log(Tail),
}

/// What came out of it: the events of clients one of the switch's became, one in each line.
enum Told {
    Lines(Place, Bytes),
    /// Events that are not in the log.
    Missed(Missed),
    /// Of no interest here.
    Nothing,
}

/// Nothing more comes.
enum End {
    Lost,
    Stopped,
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
    let source = match shared.event_log() {
        Some(log) => of_log(log, &shared, after),
        None => of_bus(&shared, &filter, after).await,
    };
    let source = match source {
        Ok(source) => source,
        Err(refusal) => return refusal.answer(),
    };
    let stream = Stream {
        leaving: shared.leaving(),
        shared,
        filter,
        source,
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
            let told = tokio::select! {
                biased;
                () = self.leaving.told.cancelled() => return None,
                told = self.source.next(&self.shared) => told,
                () = sleep_until(ping_at) => return Some(Bytes::from_static(b":\n\n")),
            };
            match told {
                Ok(Told::Lines(place, lines)) => self.take(place, &lines),
                Ok(Told::Missed(missed)) => self.waiting.push_back(said_missed(missed)),
                Ok(Told::Nothing) => {}
                Err(End::Lost) => {
                    self.shared.counters.count(Cause::LostEvents);
                    return None;
                }
                Err(End::Stopped) => return None,
            }
        }
    }

    /// Queues those that pass the filter and were not sent before.
    fn take(&mut self, place: Place, lines: &Bytes) {
        for (index, line) in events::lines(lines).enumerate() {
            let mark = Mark {
                place,
                told: index + 1,
            };
            let seen = self
                .after
                .is_some_and(|after| after.place == mark.place && mark.told <= after.told);
            let text = String::from_utf8_lossy(&line);
            if !seen && self.filter.passes(&text) {
                self.waiting
                    .push_back(format!("id: {mark}\ndata: {text}\n\n").into());
            }
        }
    }
}

impl Source {
    /// Cancel-safe.
    async fn next(&mut self, shared: &Shared) -> Result<Told, End> {
        match self {
            Self::Bus(events) => match events.next().await {
                Ok(event) => Ok(Told::Lines(
                    Place::Run(event.id),
                    events::encoded(&event, shared),
                )),
                Err(Ended::Overrun(_)) => Err(End::Lost),
                Err(Ended::Stopped) => Err(End::Stopped),
            },
            Self::Log(tail) => match tail.next().await {
                Ok(Logged::Event {
                    sequence,
                    kind: KIND,
                    payload,
                    ..
                }) => Ok(Told::Lines(Place::Log(sequence), payload.into())),
                Ok(Logged::Event { .. }) => Ok(Told::Nothing),
                Ok(Logged::Missed(missed)) => Ok(Told::Missed(missed)),
                Err(Unreadable) => Err(End::Lost),
            },
        }
    }
}

/// Why a stream does not begin.
enum Refusal {
    Gone,
    Stopped,
}

impl Refusal {
    fn answer(self) -> Response {
        match self {
            Self::Gone => plain(
                StatusCode::GONE,
                "The events after that one are not kept any more.",
            ),
            Self::Stopped => plain(StatusCode::INTERNAL_SERVER_ERROR, "The switch has stopped."),
        }
    }
}

async fn of_bus(shared: &Shared, filter: &Filter, after: Option<Mark>) -> Result<Source, Refusal> {
    let (interest, limits) = (Interest::families(filter.families()), shared.queue_limits());
    let events = match after.map(|mark| mark.place) {
        None => {
            let observed = shared.switch.observe(interest, limits).await;
            observed.map_err(|_| Refusal::Stopped)?.1
        }
        Some(Place::Run(event)) => {
            // From that event on, as it may have become several and not all were sent.
            let before = event.seq.0.checked_sub(1).ok_or(Refusal::Gone)?;
            let from = EventId {
                seq: Seq(before),
                ..event
            };
            let resumed = shared.switch.resume(from, interest, limits).await;
            resumed.map_err(|_| Refusal::Gone)?
        }
        // There was a log then.
        Some(Place::Log(_)) => return Err(Refusal::Gone),
    };
    Ok(Source::Bus(events))
}

fn of_log(log: &EventLog, shared: &Shared, after: Option<Mark>) -> Result<Source, Refusal> {
    let cursor = match after {
        // What has happened by now is not told, whether it is written yet or not.
        None => log.cursor_from(log.sequence_at(shared.switch.view().as_of)),
        Some(Mark {
            place: Place::Log(sequence),
            told,
        }) => {
            let behind = if told == 0 {
                Some(sequence)
            } else {
                sequence.checked_sub(1)
            };
            let cursor = log.cursor(behind.ok_or(Refusal::Gone)?);
            cursor.map_err(|_| Refusal::Gone)?
        }
        // There was no log then.
        Some(Mark {
            place: Place::Run(_),
            ..
        }) => return Err(Refusal::Gone),
    };
    Ok(Source::Log(Tail::new(log, cursor)))
}

/// Clients that listen for `missed` know that they have to look at the Live API; others pass it over.
fn said_missed(missed: Missed) -> Bytes {
    let Missed { first, last, count } = missed;
    let mark = Mark {
        place: Place::Log(last),
        told: 0,
    };
    let data = json!({"first": first, "last": last, "count": count});
    format!("id: {mark}\nevent: missed\ndata: {data}\n\n").into()
}
