//! Session descriptions: whatever is understood is printed and understood again, and its keys can be read or not.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(description) = sip::sdp::parse(bytes) {
        for crypto in description.media.iter().flat_map(|line| line.crypto()) {
            let _read = (crypto.key(), crypto.is_plain());
        }
        let printed = description.print();
        assert!(sip::sdp::parse(&printed).is_ok(), "{printed:?}");
    }
});
