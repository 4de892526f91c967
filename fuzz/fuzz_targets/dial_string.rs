//! Dial strings as a client may write them into `originate` and `bridge`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = api::dial::DialString::parse(text);
});
