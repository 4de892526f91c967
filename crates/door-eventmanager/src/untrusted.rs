//! Everything that reads what a stranger wrote, for the fuzzer.

use std::path::Path;

use crate::config::{ControlNumbering, Dialect, ReplyShape};
use crate::error::Refusal;
use crate::layouts::LayoutFile;
use crate::wire::{self, Echo, Members, Object, Request};

/// Reads a message as it is read from a client, and answers it. True when it is a request.
///
/// # Panics
/// When an answer is no JSON.
pub fn request(text: &str) -> bool {
    let newer = Dialect::default();
    let older = Dialect {
        reply_shape: ReplyShape::Legacy,
        control_numbering: ControlNumbering::Legacy0,
        extended_controls: true,
        seat_index_base: 0,
        ..newer
    };
    let mut any = false;
    for dialect in [newer, older] {
        let shape = dialect.reply_shape;
        let answer = match Members::parse(text) {
            None => wire::error(shape, &Echo::text(text), &Refusal::value("not an object")),
            Some(members) => {
                let echo = Echo::object(text);
                let body = wire::body_of(&members);
                assert!(
                    Members::parse(&body).is_some(),
                    "a body is an object: {body}"
                );
                match Request::read(&members, &dialect) {
                    Ok(_) => {
                        any = true;
                        wire::ok(shape, &echo, &Object::new())
                    }
                    Err(refusal) => wire::error(shape, &echo, &refusal),
                }
            }
        };
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            serde_json::from_str::<&serde_json::value::RawValue>(&answer).is_ok(),
            "an answer is JSON: {answer}"
        );
    }
    any
}

/// Reads a text as each of the files that are taken over.
pub fn files(text: &str) {
    LayoutFile::parse(text).ok();
    // Nothing that a text names is there.
    let nowhere = Path::new("/nonexistent");
    crate::import::import_socket(text, nowhere).ok();
    crate::import::import_adapter(text, nowhere).ok();
}
