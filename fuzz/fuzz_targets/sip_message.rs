//! One SIP message in a datagram, with every typed view of its headers.
#![no_main]

use sip::message::parse_datagram;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = parse_datagram(bytes.to_vec()) {
        let _ = (message.via(), message.from(), message.to(), message.contact());
        let _ = (message.cseq(), message.call_id(), message.max_forwards());
        let _ = (message.content_type(), message.defect(), message.sdp());
        assert!(message.body().len() <= bytes.len());
    }
});
