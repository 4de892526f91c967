//! A message of an iSymphony client; a path and a body of its requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    door_isymphony::untrusted::message(text);
    door_isymphony::untrusted::request(text);
});
