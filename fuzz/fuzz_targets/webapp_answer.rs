//! What a web application answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    door_webapp::untrusted::answer(body).ok();
});
