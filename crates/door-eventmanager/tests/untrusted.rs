//! What strangers write is read without harm: damaged requests and arbitrary text. `fuzz/` goes on from here.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::path::Path;

use jackfield_door_eventmanager::untrusted::{files, request};
use proptest::collection::vec;
use proptest::prelude::*;

fn seeds() -> Vec<String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/eventmanager_request");
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn every_seed_is_a_request() {
    for seed in seeds() {
        assert!(request(&seed), "{seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_requests(
        seed in prop::sample::select(seeds()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = seed.into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        request(&String::from_utf8_lossy(&bytes));
        bytes.truncate(end.index(bytes.len()));
        request(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arbitrary_values(command in "[a-z_]{3,30}", key in "[a-z_]{1,12}", value in "\\PC{0,40}") {
        request(&format!(r#"{{"Command":"{command}","{key}":{value},"room_id":{value}}}"#));
        files(&format!(r#"{{"{key}":{value},"room_list":{{"a":{{"seats":{value}}}}}}}"#));
    }

    #[test]
    fn arbitrary_text(text in "\\PC{0,300}") {
        request(&text);
        files(&text);
    }
}
