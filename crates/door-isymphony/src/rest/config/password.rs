//! Passwords of users and administrators: kept as SHA-1, because clients of this interface compare hashes
//! (event-api.md §8.2). They open nothing but what is written for this interface.

use std::time::SystemTime;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::objects::Kind;
use crate::wire::{Map, Value};

const PASSWORD: &str = "password";
const CHANGED_AT: &str = "lastPasswordChangedAt";

/// The hash in lower-case hexadecimal digits.
fn sha1(text: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn given_password(given: &Map) -> Option<&str> {
    given.get(PASSWORD).and_then(Value::as_str)
}

/// Hashes the password of a new object, unless it is `hashed` already.
pub(crate) fn of_new(kind: Kind, given: &Map, members: &mut Map, hashed: bool) {
    if !matches!(kind, Kind::User | Kind::Administrator) {
        return;
    }
    let Some(password) = given_password(given).filter(|password| !password.is_empty()) else {
        return;
    };
    if !hashed {
        members.insert(PASSWORD.to_owned(), sha1(password).into());
    }
    note_time(given, members);
}

/// Hashes a password that was given anew. Where hashes are `hidden` an empty one is what clients were shown, and changes
/// nothing; and what they were shown as a hash they may send back as it is.
pub(crate) fn of_changed(before: &Map, given: &Map, members: &mut Map, hashed: bool, hidden: bool) {
    let Some(password) = given_password(given) else {
        return;
    };
    let old = before.get(PASSWORD).cloned();
    let shown = if hidden {
        Some("")
    } else {
        old.as_ref().and_then(Value::as_str)
    };
    if Some(password) == shown {
        members.extend(old.map(|old| (PASSWORD.to_owned(), old)));
        return;
    }
    if !hashed {
        members.insert(PASSWORD.to_owned(), sha1(password).into());
    }
    if members.get(PASSWORD) != old.as_ref() {
        note_time(given, members);
    }
}

/// When the password changed, unless the client says so itself.
fn note_time(given: &Map, members: &mut Map) {
    let says = given.get(CHANGED_AT).is_some_and(|at| !at.is_null());
    if members.contains_key(CHANGED_AT) && !says {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        members.insert(CHANGED_AT.to_owned(), now.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";

    fn map(value: &Value) -> Map {
        value.as_object().unwrap().clone()
    }

    fn user(given: &Value, hashed: bool) -> Map {
        let given = map(given);
        let mut members = crate::objects::complete(Kind::User, &given).unwrap();
        of_new(Kind::User, &given, &mut members, hashed);
        members
    }

    #[test]
    fn clear_text_is_hashed_and_hashes_are_kept() {
        let clear = user(&json!({"username": "a", "password": "password"}), false);
        assert_eq!(clear["password"], HASH);
        assert!(clear["lastPasswordChangedAt"].is_i64());
        let hashed = user(
            &json!({"username": "a", "password": HASH, "lastPasswordChangedAt": 7}),
            true,
        );
        assert_eq!(
            (&hashed["password"], &hashed["lastPasswordChangedAt"]),
            (&json!(HASH), &json!(7))
        );
        assert_eq!(user(&json!({"username": "a"}), false)["password"], "");
    }

    #[test]
    fn what_was_shown_may_come_back() {
        let before = user(&json!({"username": "a", "password": HASH}), true);
        let changed = |password: &str, hashed, hidden| {
            let given = map(&json!({"password": password}));
            let mut members = before.clone();
            crate::objects::overlay(Kind::User, &mut members, &given).unwrap();
            of_changed(&before, &given, &mut members, hashed, hidden);
            members["password"].as_str().unwrap().to_owned()
        };
        assert_eq!(changed(HASH, false, false), HASH);
        assert_eq!(changed("", false, true), HASH);
        assert_eq!(changed("password", false, false), HASH);
        assert_eq!(changed("other", true, false), "other");
        assert_eq!(changed("other", false, false), sha1("other"));
    }
}
