//! One step of a route.

use std::sync::Arc;

/// An application to run and what to run it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionItem {
    /// Name as written; application names do not care about case.
    pub application: Arc<str>,
    /// Argument; `${…}` in it is expanded when the application runs.
    pub data: Arc<str>,
}

/// An action as configured.
#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) item: ActionItem,
    /// Run during the hunt instead of being queued.
    pub(super) inline: bool,
    /// The data mentions `$1` and the like.
    pub(super) mentions_captures: bool,
}

impl Action {
    pub(super) fn new(application: &str, data: &str, inline: bool) -> Self {
        let digit_follows =
            |(at, _): (usize, &str)| data[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        Self {
            item: ActionItem {
                application: application.into(),
                data: data.into(),
            },
            inline,
            mentions_captures: data.match_indices('$').any(digit_follows),
        }
    }
}
