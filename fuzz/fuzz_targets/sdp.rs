//! Session descriptions: whatever is understood is printed and understood again.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(description) = sip::sdp::parse(bytes) {
        let printed = description.print();
        assert!(sip::sdp::parse(&printed).is_ok(), "{printed:?}");
    }
});
