//! A message of an Event Manager client, and the files taken over from the original products.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    door_eventmanager::untrusted::request(text);
    door_eventmanager::untrusted::files(text);
});
