//! The tone grammar, and a second of what it plays.
#![no_main]

use media::source::FrameSource;
use media::tone::{Script, ToneStream};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(script) = Script::parse(text) {
        let mut stream = ToneStream::new(script, 8000, Some(1));
        let mut frame = [0; 160];
        for _ in 0..50 {
            let _ = stream.read(&mut frame);
        }
    }
});
