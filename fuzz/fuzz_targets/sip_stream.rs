//! SIP over a stream, cut at an arbitrary place.
#![no_main]

use sip::transport::Framer;

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| {
    let (cut, bytes) = input;
    let (first, second) = bytes.split_at(cut % (bytes.len() + 1));
    let mut framer = Framer::new();
    for part in [first, second] {
        framer.push(part);
        while let Ok(Some(_)) = framer.next_frame() {}
    }
});
