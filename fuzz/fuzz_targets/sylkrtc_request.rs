//! A frame of a web page, as each dialect reads it.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    door_sylkrtc::untrusted::request(text);
});
