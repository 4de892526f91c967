//! Everything that reads what a stranger wrote, for the fuzzer.

use crate::filter::Filter;
use crate::import;
use crate::objects::{Kind, complete};
use crate::rest::path;
use crate::wire::{self, Message, Value};

/// Reads a message as one of a client, answers it, and asks a filter made of it about an event. True when it is a
/// request.
///
/// # Panics
/// When an answer is no JSON, or both readers disagree.
pub fn message(text: &str) -> bool {
    let (done, id, tolerated) = wire::read(text, true);
    let strict = wire::parse(text.as_bytes());
    assert!(
        !tolerated || strict.is_none(),
        "the tolerant reader is asked last"
    );
    if let Some(strict) = strict {
        // Where numbers are too large for the one they are for the other; deeper nesting only one of them reads.
        let tolerant = wire::tolerant(text);
        assert!(
            tolerant.is_none_or(|tolerant| tolerant == strict),
            "what is JSON means the same to both readers"
        );
    }
    let reply = match &done {
        Ok(_) => wire::success(&id, 0),
        Err(problem) => wire::failure(&id, problem, 0),
    };
    assert!(wire::parse(&reply).is_some(), "a reply is JSON");
    let Ok(Message::Filter(entries)) = done else {
        return false;
    };
    let filter = Filter::new(entries);
    let mut line = wire::Line::new("userStatus", 1);
    line.set("name", text);
    line.set_or_null("did", None::<&str>);
    let line = line.finish();
    assert!(wire::parse(line.as_bytes()).is_some(), "an event is JSON");
    assert_eq!(wire::members(&line).count(), 4, "an event has its members");
    filter.passes(&line);
    filter.families();
    true
}

/// Reads a path and a body of a request.
pub fn request(text: &str) {
    let (target, body) = text.split_once('\n').unwrap_or((text, ""));
    path::segments(target);
    if let Some(Value::Object(members)) = wire::parse(body.as_bytes()) {
        for kind in Kind::ALL {
            complete(*kind, &members).ok();
        }
    }
}

/// Reads a file of an older installation as either kind there is.
pub fn import(text: &str) {
    import::security(text).ok();
    import::version_2(text).ok();
}
