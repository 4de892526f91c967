//! A stream of event-socket requests, cut at an arbitrary place: framing and every command's grammar.
#![no_main]

use esl::command::{Command, Gates};
use esl::frame::Decoder;

const EVERYTHING: Gates = Gates {
    authenticated: true,
    controls_channel: true,
    full: true,
};

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| {
    let (cut, bytes) = input;
    let (first, second) = bytes.split_at(cut % (bytes.len() + 1));
    let mut decoder = Decoder::new();
    for part in [first, second] {
        decoder.push(part);
        while let Ok(Some(request)) = decoder.next_request() {
            let _ = Command::parse(&request, EVERYTHING);
        }
    }
});
