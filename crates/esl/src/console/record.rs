//! `uuid_record` (event-socket.md §6.5).

use super::call::{Call, usage};
use api::command::channel::{Record, RecordAction};
use api::dial::parse_variables;

pub(super) async fn uuid_record(call: &Call<'_>) -> String {
    let syntax = "<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]";
    let words = call.words();
    let [uuid, action, path, more @ ..] = words.as_slice() else {
        return usage(syntax);
    };
    let Some(channel) = call.live(uuid) else {
        return "-ERR Cannot locate session!\n".to_owned();
    };
    let (action, failure) = match action.as_str() {
        "start" => (start(more), "record session"),
        "stop" => (RecordAction::Stop, "stop record session"),
        "mask" => (RecordAction::Mask, "mask recording session"),
        "unmask" => (RecordAction::Unmask, "unmask recording session"),
        "pause" => (RecordAction::Pause, "pause recording session"),
        "resume" => (RecordAction::Resume, "resume recording session"),
        _ => return usage(syntax),
    };
    match call
        .ask(Record {
            channel,
            path: path.as_str().into(),
            action,
        })
        .await
    {
        Ok(()) => "+OK Success\n".to_owned(),
        Err(_) => format!("-ERR Cannot {failure}!\n"),
    }
}

fn start(words: &[String]) -> RecordAction {
    let limit_s = words
        .first()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    let mut variables = Vec::new();
    for word in words {
        if let Some(inner) = word
            .strip_prefix('{')
            .and_then(|word| word.strip_suffix('}'))
        {
            parse_variables(inner, &mut variables);
        }
    }
    RecordAction::Start { limit_s, variables }
}
