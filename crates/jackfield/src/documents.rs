//! What the event socket says of itself: printed by `jackfield document`, and served by the console.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use serde_json::Value;

/// Where the console serves the documents.
const FOLDER: &str = "/event-socket";

/// A document of the event socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Document {
    /// AsyncAPI 3.0: events, requests and replies.
    Asyncapi,
    /// JSON Schema 2020-12 of events in JSON.
    Schema,
}

impl Document {
    /// The document itself.
    pub(crate) fn made(self) -> Value {
        match self {
            Self::Asyncapi => esl::document::asyncapi(),
            Self::Schema => esl::document::schema(),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Asyncapi => "application/json",
            Self::Schema => "application/schema+json",
        }
    }
}

/// Routes for the console.
pub(crate) fn routes() -> Router {
    let serve = |which: Document| {
        get(move || async move {
            let kind = [(header::CONTENT_TYPE, which.media_type())];
            (kind, which.made().to_string())
        })
    };
    Router::new()
        .route(
            &format!("{FOLDER}/asyncapi.json"),
            serve(Document::Asyncapi),
        )
        .route(&format!("{FOLDER}/schema.json"), serve(Document::Schema))
}
