//! What strangers write is read without harm: damaged conversations and arbitrary bytes. `fuzz/` goes on from here.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::path::Path;

use jackfield_door_sylkrtc::untrusted::{cpim, request};
use proptest::collection::vec;
use proptest::prelude::*;

fn seeds(of: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(of);
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

/// A seed with some bytes replaced, and cut or not.
fn damaged(of: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let seed = prop::sample::select(seeds(of));
    (seed, damage, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut seed, damage, end, cut)| {
            for (at, byte) in damage {
                let at = at.index(seed.len());
                seed[at] = byte;
            }
            if cut {
                seed.truncate(end.index(seed.len()));
            }
            seed
        },
    )
}

#[test]
fn every_seed_is_a_request() {
    for seed in seeds("sylkrtc_request") {
        let text = String::from_utf8(seed).unwrap();
        assert!(request(&text), "{text}");
    }
}

/// Found by the fuzzer: a control character hides the blank behind it.
#[test]
fn what_goes_out_again_is_clean() {
    cpim(
        b"From: <sip:a@b>\r\nimdn.Message-ID: \0 4b\r\n\r\nContent-Type: \x01 text/plain\r\n\r\nx",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_requests(bytes in damaged("sylkrtc_request")) {
        request(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn damaged_messages(bytes in damaged("cpim")) {
        cpim(&bytes);
    }

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        cpim(&bytes);
        request(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arbitrary_headers(name in "[ -~]{0,20}", value in "\\PC{0,60}", content in "\\PC{0,60}") {
        let text = format!("From: {value}\r\n{name}: {value}\r\n\r\nContent-Type: text/plain\r\n\r\n{content}");
        cpim(text.as_bytes());
    }
}
