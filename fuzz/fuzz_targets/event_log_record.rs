//! What a disk gives back of the log of events: a record, and the event inside it.
#![no_main]

use eventlog::{Decoded, decode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Decoded::Record(record, length) = decode(bytes) {
        assert!(length <= bytes.len());
        esl::kept::decode(record.payload);
    }
    esl::kept::decode(bytes);
});
