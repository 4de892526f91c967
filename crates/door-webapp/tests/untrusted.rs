//! What strangers write is read without harm: damaged answers and arbitrary bytes. `fuzz/` goes on from here.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::path::Path;

use jackfield_door_webapp::untrusted::answer;
use proptest::collection::vec;
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/webapp_answer");
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn every_seed_is_an_answer() {
    let seeds = seeds();
    assert!(seeds.len() > 5);
    for seed in seeds {
        let read = answer(&seed);
        assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(&seed));
    }
}

/// Whatever is read has as many actions as it may; whatever is not is said in a short line.
fn check(body: &[u8]) {
    match answer(body) {
        Ok(actions) => assert!((1..=32).contains(&actions)),
        Err(wrong) => {
            assert!(wrong.chars().count() <= 240, "{wrong}");
            assert!(!wrong.chars().any(char::is_control), "{wrong:?}");
        }
    }
}

/// JSON of any shape with words that answers have.
fn json() -> impl Strategy<Value = String> {
    let words = [
        "actions", "play", "file", "collect", "max", "set", "hangup", "next", "bridge", "to",
        "continue",
    ];
    let word = prop::sample::select(words.to_vec()).prop_map(|word| format!("{word:?}"));
    let leaf = prop_oneof![
        word.clone(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        prop::sample::select(vec!["null", "true", "{}", "[]"]).prop_map(str::to_owned),
        any::<String>().prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let pairs = vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            pairs.prop_map(|pairs| {
                let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                format!("{{{}}}", pairs.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn damaged_answers(
        mut seed in prop::sample::select(seeds()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        for (at, byte) in damage {
            let at = at.index(seed.len());
            seed[at] = byte;
        }
        if cut {
            seed.truncate(end.index(seed.len()));
        }
        check(&seed);
    }

    #[test]
    fn any_json(text in json()) {
        check(text.as_bytes());
        check(format!(r#"{{"actions": [{text}]}}"#).as_bytes());
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..512)) {
        check(&bytes);
    }
}
