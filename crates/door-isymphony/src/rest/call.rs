//! One request, from its path to its answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use net::http::Peer;
use tokio::sync::Semaphore;

use super::path::{Place, matches};
use super::table::{CONFIG, LIVE, Op, Route};
use super::{config, history, live};
use crate::commands;
use crate::error::Refusal;
use crate::rights::Person;
use crate::start::Shared;
use crate::wire::{Map, Value, parse};

/// What was asked.
pub(crate) struct Call {
    op: Op,
    places: Vec<Place>,
    body: Bytes,
    query: String,
    peer: Option<Peer>,
    asker: Option<Asker>,
}

/// Somebody who is signed in at the panel page; programs are nobody.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) person: Person,
    /// One place: who searches through texts has to wait until that has ended before searching again.
    pub(crate) searching: Arc<Semaphore>,
}

/// What is answered when it is done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Answer {
    /// 200.
    Json(Value),
    /// 204.
    Done,
}

/// The route of a path without `communication_manager`: `None` when there is none, the methods there are when that one
/// is none of them.
pub(crate) fn find(method: &Method, path: &[&str]) -> Option<Result<Call, String>> {
    let (table, rest): (&[Route], _) = match path {
        ["rest", "live", rest @ ..] => (LIVE, rest),
        ["rest", "config", rest @ ..] | ["api", "resource", rest @ ..] => (CONFIG, rest),
        _ => return None,
    };
    let wanted = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut allowed: Vec<&str> = Vec::new();
    // The first pattern that fits has what is named; an id of that name is hidden by it, whatever the method.
    let mut pattern = None;
    for route in table {
        if pattern.is_some_and(|pattern| pattern != route.path) {
            continue;
        }
        let Some(places) = matches(route.path, rest) else {
            continue;
        };
        pattern = Some(route.path);
        if route.method == wanted {
            return Some(Ok(Call {
                op: route.op,
                places,
                body: Bytes::new(),
                query: String::new(),
                peer: None,
                asker: None,
            }));
        }
        if !allowed.contains(&route.method) {
            allowed.push(route.method);
        }
    }
    (!allowed.is_empty()).then(|| Err(allowed.join(", ")))
}

/// Does what was asked.
///
/// # Errors
/// Why not.
pub(crate) async fn perform(shared: &Arc<Shared>, call: Call) -> Result<Answer, Refusal> {
    match call.op {
        Op::Config(_) if call.asker.is_some() => Err(Refusal::forbidden()),
        Op::Config(op) => config::perform(shared, op, &call).await,
        Op::Live(op) => live::perform(shared, op, &call),
        Op::History => history::perform(shared, &call).await,
        Op::Act(op) => commands::perform(shared, op, &call).await,
    }
}

impl Call {
    /// With what came with it.
    pub(crate) fn with(self, body: Bytes, query: &str, peer: &Peer) -> Self {
        Self {
            body,
            query: query.to_owned(),
            peer: Some(peer.clone()),
            ..self
        }
    }

    /// Asked by somebody who is signed in.
    pub(crate) fn by(self, asker: Option<Asker>) -> Self {
        Self { asker, ..self }
    }

    /// Who asks; `None`: a program.
    pub(crate) fn asker(&self) -> Option<&Asker> {
        self.asker.as_ref()
    }

    /// Whose rights count; `None`: a program's, which may do everything.
    pub(crate) fn person(&self) -> Option<&Person> {
        self.asker.as_ref().map(|asker| &asker.person)
    }

    /// What stands in the path at that place, from 0; the table says how many there are.
    pub(crate) fn place(&self, index: usize) -> &str {
        self.places.get(index).map_or("", Place::text)
    }

    /// The same, as an id or a name.
    pub(crate) fn named(&self, index: usize) -> Option<&Place> {
        self.places.get(index)
    }

    /// The last place of the path.
    pub(crate) fn last_place(&self) -> &str {
        self.places.last().map_or("", Place::text)
    }

    pub(crate) fn peer(&self) -> Result<&Peer, Refusal> {
        self.peer
            .as_ref()
            .ok_or_else(|| Refusal::failed("The request has no sender."))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        parse(&self.body).ok_or_else(Refusal::json)
    }

    /// The body as an object.
    pub(super) fn object(&self) -> Result<Map, Refusal> {
        if let Value::Object(members) = self.json()? {
            return Ok(members);
        }
        Err(Refusal::json())
    }

    /// The body as a text, as `"local-vm"`.
    pub(super) fn text(&self) -> Result<String, Refusal> {
        if let Value::String(text) = self.json()? {
            return Ok(text);
        }
        Err(Refusal::json())
    }

    /// Parameters of an action: of the query, and of the body where both have one (event-api.md §7.3).
    pub(crate) fn parameters(&self) -> Result<Map, Refusal> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        let mut all: Map = pairs
            .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
            .collect();
        if !self.body.iter().all(u8::is_ascii_whitespace) {
            all.append(&mut self.object()?);
        }
        Ok(all)
    }
}
