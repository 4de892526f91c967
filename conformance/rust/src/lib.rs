//! What the programs beside this have in common: they say what they saw as one JSON object per line; the test judges.

use std::io::Write;

use serde_json::Value;

/// What is played to whoever the program talks to.
pub const TONE: &str = "tone_stream://%(1500,0,850)";

/// Says one thing.
pub fn say(what: Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}")
        .and_then(|()| out.flush())
        .expect("somebody listens");
}

/// One argument of the program.
pub fn argument(place: usize) -> String {
    std::env::args().nth(place).expect("too few arguments")
}
