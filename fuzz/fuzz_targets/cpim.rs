//! The wrapping of SIP messages, and the reports inside.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    door_sylkrtc::untrusted::cpim(bytes);
});
