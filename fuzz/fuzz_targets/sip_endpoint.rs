//! A whole SIP endpoint under datagrams, pauses and its owner's calls; nothing may be left at the end.
#![no_main]

libfuzzer_sys::fuzz_target!(|steps: &[u8]| {
    sip::endpoint::exercise(std::time::Instant::now(), steps);
});
