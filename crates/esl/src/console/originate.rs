//! `originate` (event-socket.md §6.4).

use super::call::{Call, usage};
use crate::splitter::split;
use api::command::call::{Originate, Then};
use api::dial::DialString;
use api::{Application, HangupCause};
use std::time::Duration;

/// Fewer than two words, or more than this, print the usage.
const MAX_WORDS: usize = 7;

pub(super) async fn originate(call: &Call<'_>) -> String {
    let words = split(call.args, MAX_WORDS + 1);
    if !(2..=MAX_WORDS).contains(&words.len()) {
        return usage(
            "<call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]",
        );
    }
    // A bracket that is never closed swallows the destination (golden originate-02-usage).
    let Ok(dial) = DialString::parse(&words[0]) else {
        return failed(HangupCause::DestinationOutOfOrder);
    };
    let given = |index: usize| {
        words
            .get(index)
            .filter(|word| !word.eq_ignore_ascii_case("undef"))
    };
    let text = |index: usize, default: &str| given(index).map_or(default, String::as_str).into();
    let then = match words[1].strip_prefix('&') {
        // A lone `&` is accepted; the channel then has no application to run.
        Some(_) => Then::Run(
            Application::parse_ampersand(&words[1]).unwrap_or_else(|| Application::new("", "")),
        ),
        None => Then::Route {
            extension: words[1].as_str().into(),
            dialplan: text(2, "XML"),
            context: text(3, "default"),
        },
    };
    let command = Originate {
        dial,
        then,
        caller_id_name: given(4).map(|word| word.as_str().into()),
        caller_id_number: given(5).map(|word| word.as_str().into()),
        timeout: given(6)
            .and_then(|word| word.parse().ok())
            .filter(|&seconds| seconds > 0)
            .map(Duration::from_secs),
    };
    match call.ask(command).await {
        Ok(channel) => format!("+OK {channel}\n"),
        Err(error) => failed(error.cause.unwrap_or(HangupCause::DestinationOutOfOrder)),
    }
}

fn failed(cause: HangupCause) -> String {
    format!("-ERR {}\n", cause.name())
}
